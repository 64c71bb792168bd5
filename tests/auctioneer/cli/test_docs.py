"""docs/cli.md has every command, and every code at the exit status that it really has."""

import re
from pathlib import Path

import auctioneer.process.watchdog  # noqa: F401 -- it defines one of the errors
import common.versions  # noqa: F401 -- so does this
import rehearsal.house  # noqa: F401 -- and this
from auctioneer.cli import main
from common.errors import AuctionError, RejectedError
from common.terminal.commands import CLOSED_PIPE_STATUS, STOPPED_STATUS

OURS = ("auctioneer", "common", "rehearsal")
DOCS = (Path(__file__).parents[3] / "docs" / "cli.md").read_text()


def with_subclasses(kind: type[AuctionError]) -> list[type[AuctionError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in with_subclasses(child))]


def test_every_error_stands_at_its_exit_status() -> None:
    rows = dict(re.findall(r"^\| (\d+) \|.*\| (.*) ?\|$", DOCS, re.MULTILINE))
    ours = [each for each in with_subclasses(AuctionError) if each.__module__.split(".")[0] in OURS]
    assert len(ours) > 8
    for kind in ours:
        if not issubclass(kind, RejectedError):
            assert f"`{kind.code}`" in rows[str(kind.exit_status)], kind
    assert {str(RejectedError.exit_status), str(STOPPED_STATUS), str(CLOSED_PIPE_STATUS)} <= rows.keys()


def test_every_command_is_there() -> None:
    table = DOCS.partition("## Exit statuses")[0]
    for name in main.commands:
        assert re.search(rf"`{name}[ `]", table), name
