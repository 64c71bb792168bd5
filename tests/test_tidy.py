"""House rules that a tool does not know: who may import whom, what stays free of IO, how long a module may be.

A rule that is broken names the file and what to do; an exception needs a reason in this file.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("auctioneer", "bidder", "common", "rehearsal", "benchmarks")

ALLOWED_IMPORTS = {
    "common": {"common"},
    "auctioneer": {"auctioneer", "common"},
    "bidder": {"bidder", "common"},
    "rehearsal": {"rehearsal", "bidder", "common"},
    "benchmarks": {"benchmarks", "rehearsal", "bidder", "common"},
}

ROOMS: dict[str, dict[str, set[str]]] = {
    "auctioneer": {
        "rules": set(),
        "network": set(),
        "journal": {"rules"},
        "catalogue": {"rules"},
        "house": {"rules", "catalogue"},
        "audit": {"rules", "house"},
        "monitoring": {"rules", "house"},
        "process": {"rules", "house", "catalogue", "journal", "network", "monitoring"},
        "readiness": {"network", "process"},
        "cli": {"rules", "house", "audit", "catalogue", "journal", "network", "monitoring", "process", "readiness"},
    },
    "bidder": {
        "core": set(),
        "display": {"core"},
        "shells": {"core"},
        "web": {"core", "display", "shells"},
        "attending": {"core", "display", "shells"},
        "tui": {"core", "display", "shells", "attending"},
        "cli": {"core", "display", "shells", "attending", "tui", "web"},
    },
    "common": {"formats": set(), "terminal": set(), "screens": {"terminal"}},
    "rehearsal": {"bots": set(), "evening": {"bots"}},
    "benchmarks": {
        "load": set(),
        "report": set(),
        "inside": set(),
        "bots": {"load"},
        "peers": {"load"},
        "measurements": {"inside", "load", "peers", "report"},
    },
}
"""Which folders of its package a folder may import; nobody imports upwards, and only a command line imports `cli`."""

CLICK_IN = (
    *("common/terminal/", "auctioneer/cli/", "bidder/cli/"),
    *("benchmarks/__main__.py", "benchmarks/bots/", "benchmarks/measurements/", "benchmarks/report/"),
)
"""Where commands and their options are declared; everywhere else no terminal is at hand."""

FORMAT_FOLDERS = ("formats", "strategies")
"""In folders of these names each file is about one format, or is a table of them."""
KNOW_A_FORMAT = {
    "auctioneer/rules/applying.py": "the book of a flat fact",
    "auctioneer/rules/fact_events.py": "the event and the verdict of a flat fact",
    "auctioneer/rules/facts.py": "the flat fact of a bid",
    "bidder/__init__.py": "all that a program needs",
    "bidder/cli/__init__.py": "the list of commands",
    "bidder/attending/prices.py": "the price of an order that gives none",
    "bidder/core/presence.py": "whose wish ends with silence",
    "bidder/shells/bidding.py": "a method for each offer",
    "bidder/shells/blocking.py": "a method for each offer",
    "common/codec.py": "the shape of the most frequent request",
    "rehearsal/bots/crowd.py": "the names of the strategies",
}
"""All others meet a lot by the interfaces of the formats and by their tables, and what of a format these know."""

INSIDE = "benchmarks/inside"
"""Measures the rules, the memory and the journal in one process, since sockets would drown them: it alone of the
benchmarks imports what it measures. All others see the house as a process, as a user does."""


REHEARSES = "auctioneer/cli/rehearse.py"
"""It alone of the auctioneer imports `rehearsal`, and with it the bidder's client, since bots are bidders."""

SANS_IO = (
    "auctioneer/audit",
    "auctioneer/house",
    "auctioneer/journal/lease.py",
    "auctioneer/network/broadcasts.py",
    "auctioneer/network/introductions.py",
    "auctioneer/network/pacing.py",
    "auctioneer/readiness/judgement.py",
    "auctioneer/readiness/measurements.py",
    "auctioneer/rules",
    "bidder/core",
    "bidder/web/chart.py",
    "bidder/web/fanout.py",
    "bidder/web/frames.py",
    "bidder/web/interest.py",
    "bidder/web/markup.py",
    "bidder/web/origins.py",
    "bidder/web/paper.py",
    "bidder/web/public_sale.py",
    "bidder/web/quotas.py",
    "common/absentee.py",
    "common/retraction.py",
    "common/confirming.py",
    "common/codec.py",
    "common/durations.py",
    "common/errors.py",
    "common/evolve.py",
    "common/findings.py",
    "common/formats",
    "common/limits.py",
    "common/lot.py",
    "common/lot_events.py",
    "common/lot_numbers.py",
    "common/messages.py",
    "common/money.py",
    "common/names.py",
    "common/words.py",
)
IO_MODULES = {
    "asyncio",
    "click",
    "datetime",
    "os",
    "random",
    "secrets",
    "select",
    "signal",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "uuid",
    "zmq",
}

MODULE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno}: import by the full name, not a relative one"
            yield node.lineno, node.module


def sans_io_modules() -> list[Path]:
    found: list[Path] = []
    for name in SANS_IO:
        path = ROOT / name
        assert path.exists(), f"{name} is listed in SANS_IO and does not exist"
        found.extend(modules(name) if path.is_dir() else [path])
    return found


def test_packages_import_only_what_the_architecture_allows() -> None:
    broken = []
    for package, allowed_in_package in ALLOWED_IMPORTS.items():
        for path in modules(package):
            allowed = allowed_in_package | ({"auctioneer"} if path.is_relative_to(ROOT / INSIDE) else set())
            allowed |= {"rehearsal"} if path == ROOT / REHEARSES else set()
            for line, name in imports_of(path):
                top = name.split(".")[0]
                if top in PACKAGES and top not in allowed:
                    broken.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("package", ROOMS)
def test_no_folder_imports_upwards(package: str) -> None:
    rooms = ROOMS[package]
    found = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert found == set(rooms), "each folder says here what it may import"
    broken = []
    for path in modules(package):
        room, is_inside = path.relative_to(ROOT / package).parts[0], path.parent != ROOT / package
        for line, name in imports_of(path):
            top, _, inner = name.partition(".")
            other = inner.partition(".")[0]
            if is_inside and top == package and other in rooms and other not in {room} | rooms[room]:
                broken.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not broken, "\n".join(broken)


def test_nobody_else_names_a_format() -> None:
    """Else a new format would have to be taught to whoever knows the old ones (docs/formats.md)."""
    formats = {path.stem for path in (ROOT / "common" / "formats").glob("[a-z]*.py")}
    knowing: dict[str, str] = {}
    for path in modules("auctioneer", "bidder", "common", "rehearsal"):
        place = path.relative_to(ROOT)
        if place.parent.name in FORMAT_FOLDERS:
            continue
        for line, module in imports_of(path):
            *_, folder, name = module.rpartition(".")[0].rpartition(".")[2], module.rpartition(".")[2]
            if folder in FORMAT_FOLDERS and name.removesuffix("_flat") in formats:
                knowing[str(place)] = f"line {line} imports {module}"
    assert formats >= {"dutch", "english", "sealed"}
    assert knowing.keys() == KNOW_A_FORMAT.keys(), knowing


def test_click_is_imported_where_commands_are_declared() -> None:
    broken = [
        f"{name}:{line} imports {imported}"
        for path in modules(*PACKAGES)
        if not (name := str(path.relative_to(ROOT))).startswith(CLICK_IN)
        for line, imported in imports_of(path)
        if imported.partition(".")[0] == "click"
    ]
    assert not broken, "\n".join(broken)


def test_the_packages_of_pages_are_imported_where_pages_are_served() -> None:
    """All else runs without the extra `[web]`; `bidder web` says how to get it."""
    broken = [
        f"{name}:{line} imports {imported}"
        for path in modules("auctioneer", "bidder", "common", "rehearsal")
        if not (name := str(path.relative_to(ROOT))).startswith("bidder/web/")
        for line, imported in imports_of(path)
        if imported.partition(".")[0] in {"starlette", "uvicorn", "websockets"}
    ]
    assert not broken, "\n".join(broken)


def test_rules_touch_no_io() -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{line} imports {name}; take it as an argument instead"
        for path in sans_io_modules()
        for line, name in imports_of(path)
        if name.split(".")[0] in IO_MODULES
    ]
    assert not broken, "\n".join(broken)


def test_rules_load_no_io_through_others() -> None:
    """A rule must not reach IO through another module either: importing it loads neither zmq nor sqlite3."""
    # `bidder/__init__.py` is the library's front door and opens the clients, so its modules can't be loaded alone.
    paths = [path.relative_to(ROOT) for path in sans_io_modules() if not path.is_relative_to(ROOT / "bidder")]
    names = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    assert len(names) > 30
    script = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if loaded := {"zmq", "sqlite3", "click"} & set(sys.modules):
        sys.exit(f"importing {name} loads {sorted(loaded)}")
"""
    done = subprocess.run([sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_modules_and_functions_fit_the_eye() -> None:
    too_long = []
    for path in modules(*PACKAGES):
        lines = path.read_text().count("\n")
        if lines > MODULE_LINES_MAX:
            too_long.append(f"{path.relative_to(ROOT)} has {lines} lines; split it by reason to change")
        for node in nodes_of(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    too_long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines")
    assert not too_long, "\n".join(too_long)


SPEAKERS = {
    "common/terminal/output.py": "all text of both command lines leaves here, made harmless",
    "auctioneer/cli/audit.py": "a bar with words of our own",
    "auctioneer/process/serving.py": "the process of a house: its banner and its log",
    "auctioneer/process/watchdog.py": "the process around it; it has no more than these words",
    "auctioneer/monitoring/logs.py": "renders the log",
    "auctioneer/journal/snapshot_writer.py": "a forked child that has only a pipe to the house",
    "common/terminal/tables.py": "draws tables from text that was made harmless; common/terminal/output.py prints them",
    "bidder/cli/inputs.py": "the prompt, which it makes harmless",
    "rehearsal/evening/screen.py": "draws a table in place from text that was made harmless",
}
"""Who may write to a terminal, or draw for one, and why."""


def test_text_reaches_a_terminal_in_one_place() -> None:
    """What comes from the other side can steer a terminal: only `common.terminal.output` prints."""
    speaks = re.compile(
        r"(?<![\w.])(print|input)\(|click\.(echo|secho|confirm|prompt|edit|pause|echo_via_pager)\(|\bConsole\("
        r"|PromptSession\(|sys\.(stdout|stderr)\.(write|buffer)|LogWriter\(sys|os\.write\([12],"
    )
    broken = [
        f"{name}:{number}: {line.strip()}"
        for path in modules("auctioneer", "bidder", "common", "rehearsal")
        if (name := str(path.relative_to(ROOT))) not in SPEAKERS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if speaks.search(line)
    ]
    assert not broken, "print it with common.terminal.output:\n" + "\n".join(broken)


def test_money_is_never_a_float() -> None:
    suspicious = re.compile(r"\bfloat\(|_minor\s*/\s*[^/]|_minor\s*\*\s*\d+\.\d")
    broken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in [*modules("auctioneer"), ROOT / "common" / "money.py"]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if suspicious.search(line)
    ]
    assert not broken, "\n".join(broken)


def test_names_have_their_units_last() -> None:
    """Times and amounts say their unit at the end: `timeout_ms`, `price_minor`; never `ms_timeout` or `timeout`."""
    broken = []
    for path in modules("auctioneer", "bidder", "common", "rehearsal"):
        for node in nodes_of(path):
            if isinstance(node, ast.arg | ast.AnnAssign):
                name = node.arg if isinstance(node, ast.arg) else getattr(node.target, "id", "")
                if re.fullmatch(r"(ms|minor|s)_\w+|timeout", name):
                    broken.append(f"{path.relative_to(ROOT)}:{node.lineno} {name}")
    assert not broken, "\n".join(broken)


STRANGE_WORDS = {
    "anew": "again",
    "for ever": "forever",
    "the own": "its own",
    "an own": "its own",
    "mend": "correct or fix",
    "mends": "corrects or fixes",
    "mended": "corrected or fixed",
    "is had": "a verb that says what is done",
    "just those": "only those",
    "just these": "only these",
}
"""Words that a reader of plain English stumbles over, and what to write instead."""

PLAIN_ROOMS = (
    "auctioneer/audit",
    "auctioneer/catalogue",
    "auctioneer/cli",
    "auctioneer/house",
    "auctioneer/monitoring",
    "auctioneer/network",
    "auctioneer/process/backup.py",
    "auctioneer/process/clock.py",
    "auctioneer/process/folder",
    "auctioneer/process/offline.py",
    "auctioneer/process/options.py",
    "auctioneer/process/watchdog.py",
    "auctioneer/readiness",
    "auctioneer/rules",
    "benchmarks",
    "bidder/attending",
    "bidder/cli",
    "bidder/core",
    "bidder/display/__init__.py",
    "bidder/display/amounts.py",
    "bidder/display/cautions.py",
    "bidder/display/following.py",
    "bidder/display/formats/__init__.py",
    "bidder/display/formats/dutch.py",
    "bidder/display/formats/english.py",
    "bidder/display/formats/format.py",
    "bidder/display/history.py",
    "bidder/display/lines.py",
    "bidder/display/lot_table.py",
    "bidder/display/orders.py",
    "bidder/display/records.py",
    "bidder/display/shown.py",
    "bidder/display/voices.py",
    "bidder/display/watch_list.py",
    "bidder/display/wording.py",
    "bidder/shells",
    "bidder/tui",
    "bidder/web",
    "common",
    "examples",
    "rehearsal",
    "tools",
    "tests/abuse/honest_bidder.py",
    "tests/auctioneer/cli/cli_sales.py",
    "tests/auctioneer/conftest.py",
    "tests/auctioneer/house/house_examples.py",
    "tests/auctioneer/journal/journal_examples.py",
    "tests/auctioneer/process/served_sale.py",
    "tests/auctioneer/rules/keywords.py",
    "tests/auctioneer/rules/random_sales.py",
    "tests/auctioneer/rules/replays.py",
    "tests/auctioneer/rules/scenarios.py",
    "tests/benchmarks/conftest.py",
    "tests/benchmarks/programs.py",
    "tests/benchmarks/quick_finding.py",
    "tests/bidder/cli/programs.py",
    "tests/bidder/core/lossy_link.py",
    "tests/bidder/core/small_house.py",
    "tests/bidder/shells/fake_house.py",
    "tests/checking",
    "tests/conformance/conformance_house.py",
    "tests/conformance/conftest.py",
    "tests/conformance/stranger.py",
    "tests/conftest.py",
    "tests/crashes/gate.py",
    "tests/crashes/injection.py",
    "tests/crashes/snapshotting.py",
    "tests/crashes/sweep.py",
    "tests/english.py",
    "tests/fuzz/__main__.py",
    "tests/fuzz/journal_target.py",
    "tests/fuzz/mutations.py",
    "tests/fuzz/running.py",
    "tests/fuzz/session_target.py",
    "tests/fuzz/snapshot_target.py",
    "tests/fuzz/targets.py",
    "tests/house_process.py",
    "tests/live_sale.py",
    "tests/must_be.py",
    "tests/networks/fault_proxy.py",
    "tests/networks/two_hosts.py",
    "tests/power/disk.py",
    "tests/power/recording.py",
    "tests/power/recovery.py",
    "tests/power/writer.py",
    "tests/quick.py",
    "tests/rejections.py",
    "tests/scraping.py",
    "tests/shapes.py",
    "tests/simulation/__main__.py",
    "tests/simulation/disk.py",
    "tests/simulation/formats",
    "tests/simulation/links.py",
    "tests/simulation/log.py",
    "tests/simulation/mischief.py",
    "tests/simulation/person.py",
    "tests/simulation/plan.py",
    "tests/simulation/premises.py",
    "tests/simulation/run.py",
    "tests/simulation/shrinking.py",
    "tests/simulation/snapshots.py",
    "tests/simulation/sockets.py",
    "tests/simulation/sweep.py",
    "tests/simulation/test_simulation.py",
    "tests/simulation/world.py",
    "tests/strace.py",
    "tests/typed_documents.py",
)
"""Where the prose was read aloud; the list is to become PACKAGES."""


def test_prose_is_plain_english() -> None:
    between = r"(?:\s|#)+"  # a phrase may go over a line's end, also in a comment
    phrases = "|".join(between.join(phrase.split()) for phrase in STRANGE_WORDS)
    strange = re.compile(rf"\b({phrases})\b", re.IGNORECASE)
    broken = []
    for room in PLAIN_ROOMS:
        for path in modules(room) if (ROOT / room).is_dir() else [ROOT / room]:
            text = path.read_text()
            for found in strange.finditer(text):
                words = " ".join(found[0].replace("#", " ").split()).lower()
                line = text.count("\n", 0, found.start()) + 1
                broken.append(f"{path.relative_to(ROOT)}:{line} says {words!r}; write {STRANGE_WORDS[words]}")
    assert not broken, "\n".join(broken)


def test_every_ignored_rule_says_why() -> None:
    bare = re.compile(r"# noqa(?::\s*[A-Z0-9, ]+)?\s*$|# type: ignore(\[[\w-]+\])?\s*$|# pragma: no cover\s*$")
    broken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in modules(*PACKAGES)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert not broken, "an exception needs its reason in the same line:\n" + "\n".join(broken)


def test_every_test_asserts_something() -> None:
    """A test without an assertion can't fail: it has one, or calls a function of the tests that has."""
    calls: dict[str, set[str]] = {}
    can_fail: set[str] = set()
    for path in modules("tests"):
        for function in nodes_of(path):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                nodes = list(ast.walk(function))
                called = {_called(node) for node in nodes if isinstance(node, ast.Call)}
                calls.setdefault(function.name, set()).update(called)
                if called & {"raises", "check", "run_state_machine_as_test"} or any(
                    isinstance(node, ast.Assert | ast.Raise) for node in nodes
                ):
                    can_fail.add(function.name)
    while more := {name for name, called in calls.items() if name not in can_fail and called & can_fail}:
        can_fail |= more
    idle = sorted(name for name in calls if name.startswith("test_") and name not in can_fail)
    assert not idle, "\n".join(idle)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_no_test_sleeps() -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in modules("tests")
        if path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\bsleep\(", line)
    ]
    assert not broken, "wait on an event, not on time:\n" + "\n".join(broken)
