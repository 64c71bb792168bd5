"""One page with all kept figures: a table and plots for each measurement, and the targets reached or missed.

The page is a single file with the plots as SVG, so it can be sent by mail.
"""

from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple

import click
import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.report.findings import alike, results_option, shown_figure, shown_name, shown_setting
from benchmarks.report.results import Kept, Row, Target, read_kept
from common.errors import UsageError
from common.terminal.output import say

PAGE: Final = "report.html"
BARS_MAX: Final = 24
"""The most rows in one plot; more can't be read."""
_COLOURS: Final = ("#2b6cb0", "#dd6b20", "#2f855a", "#805ad5", "#b83280")
_WIDE_RANGE: Final = 30.0
"""The ratio of the largest to the smallest value above which a plot has a logarithmic scale."""
_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a202c; max-width: 1080px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.7em } h2 { font-size: 1.3em; margin-top: 2.4em; border-bottom: 1px solid #cbd5e0 }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; display: block; overflow-x: auto }
th, td { padding: 3px 9px; border-bottom: 1px solid #e2e8f0; text-align: right; vertical-align: bottom }
th { font-weight: 600 } .word { text-align: left } .range { color: #718096; font-size: 11px; display: block }
.reached::before { content: "reached"; color: #fff; background: #2f855a }
.missed::before { content: "missed"; color: #fff; background: #c53030 }
.reached::before, .missed::before { border-radius: 3px; padding: 1px 6px; margin-right: 8px; font-size: 12px }
ul.targets { list-style: none; padding: 0 } li { margin: 3px 0 } .about { color: #4a5568; font-size: 13px }
svg { max-width: 100%; height: auto }
"""


class Plot(NamedTuple):
    """Figures drawn together: they share a unit, and each row and figure has a bar."""

    unit: str
    names: tuple[str, ...]


PLOTS: Final[dict[str, tuple[Plot, ...]]] = {
    "latency": (
        Plot("ms", ("house_p50_ms", "echo_p50_ms", "fdatasync_p50_ms")),
        Plot("ms", ("verdict_p50_ms", "verdict_p99_ms", "verdict_p999_ms")),
        Plot("ms", ("screen_p50_ms", "screen_p99_ms", "screen_p999_ms")),
    ),
    "fanout": (Plot("ms", ("p99_ms", "bare_p99_ms")),),
    "fairness": (Plot("ms", ("calm_p99_ms", "elsewhere_p99_ms", "p99_ms")),),
}
"""The plots of each measurement. For a measurement not listed, the first figure with a spread is drawn."""


@click.command(short_help="Write one page with all figures that are kept.")
@results_option
def report(results_folder: Path) -> None:
    """Write a page with tables and plots from the figures that measurements have kept.

    Measure first, for example with `make bench`. The page is written to the directory of the figures.
    """
    kept = read_kept(results_folder)
    if not kept:
        raise UsageError(f"No figures are kept in {results_folder}. Measure first: make bench")
    path = results_folder / PAGE
    path.write_text(page(kept), encoding="utf-8")
    say(f"Written to {path}: {len(kept)} measurements, {_score(kept)}")


def page(kept: Sequence[Kept]) -> str:
    """Return the whole page."""
    contents = "".join(f'<li><a href="#{one.finding.name}">{escape(one.finding.name)}</a></li>' for one in kept)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Measurements of the auction house</title><style>{_STYLE}</style></head><body>"
        f"<h1>Measurements of the auction house</h1><p>{escape(_score(kept))}.</p><ul>{contents}</ul>"
        + "".join(_section(one) for one in kept)
        + "</body></html>\n"
    )


def _score(kept: Sequence[Kept]) -> str:
    targets = [target for one in kept for target in one.finding.targets]
    return f"{sum(target.reached for target in targets)} of {len(targets)} targets reached"


def _section(kept: Kept) -> str:
    finding = kept.finding
    machine = ", ".join(f"{escape(name)} {escape(str(value))}" for name, value in kept.machine.items())
    groups = alike(finding.rows)
    return (
        f'<h2 id="{escape(finding.name)}">{escape(finding.name)}</h2><p>{escape(finding.question)}</p>'
        + _targets(finding.targets)
        + "".join(_table(group) + _plots(finding.name, group) for group in groups)
        + "".join(f'<p class="about">{escape(note)}</p>' for note in finding.notes)
        + f'<p class="about">Each row measured {finding.repeats} times; median, with lowest and highest below. '
        f"{escape(kept.made_at)}; {machine}</p>"
    )


def _targets(targets: Iterable[Target]) -> str:
    lines = (
        f'<li class="{"reached" if target.reached else "missed"}">{escape(target.what)}: '
        f"<b>{escape(target.found)}</b></li>"
        for target in targets
    )
    return f'<ul class="targets">{"".join(lines)}</ul>'


def _figure_columns(row: Row) -> list[str]:
    """Return the figures that have a column; the ends of a spread are shown in the median's column."""
    return [name for name in row.figures if not _is_end_of_spread(name, row)]


def _is_end_of_spread(name: str, row: Row) -> bool:
    return name.endswith(("_min", "_max")) and name[:-4] in row.figures


def _table(rows: Sequence[Row]) -> str:
    settings, figures = list(rows[0].setting), _figure_columns(rows[0])
    head = "".join(f'<th class="word">{escape(shown_name(name))}</th>' for name in settings)
    head += "".join(f"<th>{escape(shown_name(name))}</th>" for name in figures)
    body = "".join(
        "<tr>"
        + "".join(f'<td class="word">{escape(shown_setting(row.setting[name]))}</td>' for name in settings)
        + "".join(f"<td>{shown_figure(row.figures[name])}{_range(row, name)}</td>" for name in figures)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _range(row: Row, name: str) -> str:
    low, high = row.figures.get(f"{name}_min"), row.figures.get(f"{name}_max")
    if low is None or high is None or low == high:
        return ""
    return f'<span class="range">{shown_figure(low)} to {shown_figure(high)}</span>'


def _plots(measurement: str, rows: Sequence[Row]) -> str:
    figures = rows[0].figures
    wanted = PLOTS.get(measurement)
    if wanted is None:
        name = next((one for one in _figure_columns(rows[0]) if f"{one}_min" in figures), None)
        wanted = (Plot("", (name,)),) if name else ()
    return "".join(
        _svg(drawing(plot, rows)) for plot in wanted if set(plot.names) <= set(figures) and 1 < len(rows) <= BARS_MAX
    )


def drawing(plot: Plot, rows: Sequence[Row]) -> Figure:
    """Return horizontal bars: a group for each row, a bar for each figure, a line from lowest to highest."""
    height = 0.7 + len(rows) * (0.16 + 0.17 * len(plot.names))
    figure = Figure(figsize=(9, height), layout="constrained")
    axes = figure.subplots()
    bar = 0.8 / len(plot.names)
    values = [row.figures[name] for row in rows for name in plot.names if row.figures[name] > 0]
    is_wide = bool(values) and max(values) / min(values) > _WIDE_RANGE
    for index, name in enumerate(plot.names):
        places = [number + index * bar - 0.4 + bar / 2 for number in range(len(rows))]
        heights = [row.figures[name] for row in rows]
        axes.barh(places, heights, bar * 0.92, label=shown_name(name), color=_COLOURS[index % len(_COLOURS)])
        for place, row in zip(places, rows, strict=True):
            low, high = row.figures.get(f"{name}_min"), row.figures.get(f"{name}_max")
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color="#1a202c", linewidth=1)
            axes.annotate(
                shown_figure(row.figures[name]),
                (max(row.figures[name], high or 0), place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows], fontsize=9)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    if is_wide:
        axes.set_xscale("log")
    axes.set_xlabel(plot.unit or shown_name(plot.names[0]), fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if len(plot.names) > 1:
        figure.legend(loc="outside upper right", ncols=len(plot.names), fontsize=8, frameon=False)
    return figure


def _label(row: Row) -> str:
    return ", ".join(
        value
        if isinstance(value, str) and name in ("load", "situation")
        else f"{shown_name(name)} {shown_setting(value)}"
        for name, value in row.setting.items()
    )


def _svg(figure: Figure) -> str:
    text = StringIO()
    mpl.rcParams["svg.fonttype"] = "none"  # text stays text, in the page's font
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
