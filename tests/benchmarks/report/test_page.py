"""The report page: every figure that is kept is on it, readable, and nothing in it is taken for markup."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.report.findings import spread
from benchmarks.report.page import PAGE, page
from benchmarks.report.results import Finding, Row, Target, keep, read_kept


def finding(name: str = "latency") -> Finding:
    def load(percent: int, p99s_ms: list[float]) -> Row:
        return Row(
            {"load": f"{percent} % of peak"},
            {"verdict_p50_ms": 0.5, **spread("verdict_p99_ms", p99s_ms), "verdict_p999_ms": 1234.5},
        )

    return Finding(
        name=name,
        question="How <long>?",
        repeats=3,
        rows=(Row({"load": "peak"}, {"house_per_s": 40_000}), load(10, [1, 2, 3]), load(50, [4, 4, 4])),
        targets=(Target("p99 under 5 ms", "2 ms", reached=True), Target("p50 < 1 & ever", "7 ms", reached=False)),
        notes=("A note.",),
    )


def test_the_page_has_tables_targets_plots_and_the_machine(tmp_path: Path) -> None:
    keep(finding(), tmp_path)
    result = CliRunner().invoke(main, ["report", "--results", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "1 of 2 targets reached" in result.output
    text = (tmp_path / PAGE).read_text()
    for wanted in (
        "How &lt;long&gt;?",
        "40,000",
        '<li class="reached">p99 under 5 ms: <b>2 ms</b>',
        '<li class="missed">p50 &lt; 1 &amp; ever: <b>7 ms</b>',
        '<td>2<span class="range">1 to 3</span></td>',
        "<td>4</td>",
        "A note.",
        "libzmq",
    ):
        assert wanted in text, wanted
    assert text.count("<svg") == 1
    assert "verdict p99 ms min" not in text


def test_a_measurement_without_a_plot_of_its_own_shows_its_spread(tmp_path: Path) -> None:
    keep(finding("another"), tmp_path)
    assert page(read_kept(tmp_path)).count("<svg") == 1


def test_without_figures_the_page_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", "--results", str(tmp_path)])
    assert result.exit_code != 0
    assert not list(tmp_path.iterdir())
    with pytest.raises(StopIteration):
        next(iter(read_kept(tmp_path)))
