"""docs/operations.md and deploy/ say what the code does: every metric, every log event, every alarm, the unit."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from auctioneer.cli import main
from auctioneer.monitoring.counters import Counters, StandbyVitals, Vitals
from auctioneer.monitoring.metrics import ServerCollector, StandbyCollector, new_registry
from common.lot_events import (
    AnyLotEvent,
    AnySaleEvent,
    LotAdded,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotMoved,
    LotRevised,
)

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS = (ROOT / "deploy" / "prometheus-alerts.yml").read_text()
UNIT = ROOT / "deploy" / "auctioneer.service"
LEVELS = ("debug", "info", "warning", "error")


def table(header: str) -> list[list[str]]:
    """Return the cells of the table under a header row."""
    rows = PAGE.partition(header)[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def metrics() -> dict[str, tuple[str, str]]:
    """Return what a scrape has: each metric with its kind and text."""
    vitals = Vitals(
        is_frozen=False, epoch=1, instance="", position=0, lots=(), bidders=0, turn_age_ms=0, commit_age_ms=0,
        snapshot_age_ms=0, term=1, clock_ahead_ms=0, events_since_snapshot=0,
    )  # fmt: skip
    standby = StandbyVitals("", 0, is_away=False, position=0, behind=0, look_age_ms=0, clock_ahead_ms=0)
    collectors = (
        ServerCollector(Counters(), lambda: vitals, ROOT, ROOT / "journal.sqlite3"),
        StandbyCollector(lambda: standby),
    )
    return {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, family.documentation)
        for collector in collectors
        for family in new_registry(collector).collect()
    }


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of a process's memory and files")
def test_every_metric_is_there_with_its_meaning() -> None:
    assert {name: (kind, meaning) for name, kind, meaning in table("| metric | kind | meaning |")} == metrics()


# --- the log -------------------------------------------------------------------------------------------------------


def log_calls() -> Iterator[tuple[str, str, set[str]]]:
    """Yield each log event of the house: its name, level and fields."""
    for path in (ROOT / "auctioneer").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS):
                continue
            names = [
                node.value
                for node in ast.walk(call.args[0])
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
            ]
            fields = {keyword.arg for keyword in call.keywords if keyword.arg}
            if not names:
                assert ast.unparse(call.args[0]) == "kind_of(fact)", f"{path}:{call.lineno}: which event is this?"
                yield from decisions(call.func.attr, fields)
            for name in names:
                yield name, call.func.attr, fields


def decisions(level: str, fields: set[str]) -> Iterator[tuple[str, str, set[str]]]:
    """Yield what a decision is logged as: the name and the fields of the change. Corrections have their own lines."""
    for kind in set(get_args(AnyLotEvent)) - {LotMoved, LotCorrected, LotConfirmed, LotRevised}:
        own = set(kind.__struct_fields__) - {"at_ms", "board", "results"}
        sold = {"winner", "hammer_minor"} if kind is LotClosed else set()
        yield kind.__struct_config__.tag, level, fields | {"lot"} | own | sold
    for kind in set(get_args(AnySaleEvent)) - {LotAdded}:
        yield kind.__struct_config__.tag, level, fields | set(kind.__struct_fields__) - {"at_ms"}


def test_every_log_event_is_there_with_its_level_and_fields() -> None:
    documented = {
        name: (level, {field for field in fields.split(", ") if field})
        for name, level, fields, _ in table("| event | level | fields | meaning |")
    }
    logged = {name: (level, fields) for name, level, fields in log_calls()}
    assert len(logged) > 30
    assert documented == logged


def test_every_warning_and_error_and_nothing_else_has_its_part_of_the_runbook() -> None:
    part = PAGE.partition("### Log events")[2].partition("### Alarms")[0]
    assert sorted(re.findall(r"^#### `(\w+)`$", part, re.MULTILINE)) == sorted(
        {name for name, level, _ in log_calls() if level in ("warning", "error")}
    )


# --- deploy/ -------------------------------------------------------------------------------------------------------


def test_every_alarm_has_its_part_of_the_runbook() -> None:
    part = PAGE.partition("### Alarms")[2].partition("### Other situations")[0]
    alarms = re.findall(r"- alert: (\w+)", ALERTS)
    assert len(alarms) > 10
    assert re.findall(r"^#### (\w+)$", part, re.MULTILINE) == alarms


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of a process's memory and files")
def test_alarms_watch_metrics_that_exist() -> None:
    watched = set(re.findall(r"\b(?:auctioneer|process)_[a-z_]+", " ".join(re.findall(r"expr: (.*)", ALERTS))))
    assert {name.removesuffix("_bucket") for name in watched} <= set(metrics())
    assert len(watched) > 8


def test_what_is_linked_on_the_page_is_on_it() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= anchors
    for file in re.findall(r"\]\(([\w./-]+?)(?:#[\w-]+)?\)", PAGE):
        assert (ROOT / "docs" / file).exists(), file


def setting(name: str) -> str:
    """Return the value of a setting of the unit, with its continued lines."""
    found = re.search(rf"^{name}=((?:.*\\\n)*.*)$", UNIT.read_text(), re.MULTILINE)
    assert found is not None, name
    return found[1].replace("\\\n", " ")


def test_the_unit_starts_the_program_with_options_that_it_has() -> None:
    program, command, *options = shlex.split(setting("ExecStart"))
    assert program.endswith("/bin/auctioneer")
    context = main.commands[command].make_context(command, options)
    assert context.params["metrics_port"] == 9766
    assert str(context.params["folder"].path).startswith("/var/lib/" + setting("StateDirectory"))
    assert setting("MemoryMax")
    assert setting("OOMPolicy") == "continue", "the house's own watchdog must outlive its server"


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="NOT VERIFIED: systemd-analyze is missing (apt-get install systemd)"
)
def test_systemd_accepts_the_unit_and_finds_it_closed_up(tmp_path: Path) -> None:
    """Every path in it must exist for that, so the program's is replaced by one that does."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(shlex.split(setting("ExecStart"))[0], sys.executable))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("[Service]\n", "[Service]\nNoSuchSetting=yes\n"))
    assert (
        "NoSuchSetting"
        in subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False).stderr
    ), "and this test would notice"
    exposure = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert exposure.returncode == 0, exposure.stdout[-200:]
