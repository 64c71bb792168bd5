"""The options of `run`: what is refused, and that a refused one changes nothing."""

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.house.budgets import REQUESTS_PER_S_MIN
from auctioneer.process import watchdog
from auctioneer.process.folder import DataFolder, MachineSettings
from auctioneer.process.options import RunOptions
from auctioneer.rules.facts import SaleDecided
from auctioneer.rules.sale_settings import AdmissionMode
from common.lot_events import SalePaused


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["run", "--data", str(data), *words])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--requests-per-second", str(REQUESTS_PER_S_MIN - 1)), "nobody could join"),
        (("--requests-per-second", "0"), "nobody could join"),
        (("--requests-per-second", "-1"), "not a number"),
        (("--requests-per-second", "1000001"), "not a number"),
        (("--advertise", "::1"), "brackets"),
        (("--advertise", "house:0"), "ports are 1 to 65535"),
        (("--host", "two words"), "neither an address nor the name"),
        (("--invite", "two words"), "1 to 64 letters"),
        (("--metrics-port", "many"), "nor off"),
        (("--metrics-port", "65536"), "nor off"),
        (("--metrics-host", "a/b"), "neither an address"),
        (("--no-encryption", "--host", "0.0.0.0"), "this machine only"),
        (("--port", "65536"), "65536"),
        ((), "no sale"),
        (("--example", "sale.toml"), "not both"),
    ],
)
def test_what_no_house_can_be_run_by_is_refused_with_a_sentence(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    refused = run(tmp_path / "data", *words)
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
    assert not (tmp_path / "data").exists()


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> list[RunOptions]:
    """Return the options by which houses would have been run."""
    taken: list[RunOptions] = []
    monkeypatch.setattr(watchdog, "run_watched", lambda options: taken.append(options))
    return taken


def test_an_option_that_is_not_given_is_as_it_was(tmp_path: Path, options: list[RunOptions]) -> None:
    folder = DataFolder(tmp_path)
    assert run(tmp_path, "--example").exit_code == 0
    assert (options[-1].machine, options[-1].admit) == (MachineSettings(), None)
    folder.machine.write(MachineSettings(host="0.0.0.0", port=8000, metrics_port=0, advertise="house:1"))
    run(tmp_path, "--example")
    assert options[-1].machine == folder.machine.read()
    given = ("--port", "7000", "--metrics-port", "off", "--advertise", "", "--admit", "INVITE", "--invite", "our-own")
    run(tmp_path, "--example", *given, "--requests-per-second", str(REQUESTS_PER_S_MIN))
    assert options[-1].machine == MachineSettings(host="0.0.0.0", port=7000, requests_per_s=REQUESTS_PER_S_MIN)
    assert (options[-1].admit, options[-1].invite) == (AdmissionMode.INVITE, "our-own")


def test_a_sale_that_begins_paused_stands_until_resume_and_is_not_paused_again(
    tmp_path: Path, options: list[RunOptions]
) -> None:
    folder = DataFolder(tmp_path)
    for words in (("--example", "--paused"), ("--example", "--paused"), ("--example",)):
        assert run(tmp_path, *words).exit_code == 0
    with closing(folder.store.read()) as journal:
        pauses = [fact for _, fact in journal.read() if isinstance(fact, SaleDecided)]
    assert [type(fact.event) for fact in pauses] == [SalePaused]
    refused = run(tmp_path, "--paused")
    assert (refused.exit_code, "give --paused with a catalogue" in refused.stderr) == (2, True)
    assert len(options) == 3


def test_a_host_of_another_run_counts_for_what_is_only_for_this_machine(
    tmp_path: Path, options: list[RunOptions]
) -> None:
    DataFolder(tmp_path).machine.write(MachineSettings(host="0.0.0.0"))
    assert run(tmp_path, "--no-encryption").exit_code == 2
    assert run(tmp_path, "--example", "--no-encryption", "--host", "[::1]").exit_code == 0
    assert [(one.host, one.is_encrypted) for one in options] == [("::1", False)]


def test_settings_that_can_not_be_read_are_told(tmp_path: Path, options: list[RunOptions]) -> None:
    (tmp_path / "machine.json").write_text("{")
    refused = run(tmp_path)
    assert (refused.exit_code, "machine.json" in refused.stderr) == (2, True)
    assert options == []
