"""For all tests."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.quick import is_quick

# A slow machine is no fault. What else holds is Hypothesis's choice: where `CI` is set, the same examples in every run.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# The tests start hundreds of programs. Where the environment forbids Python to keep what it compiled, each of them, and
# each worker, would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Started in the background (`nohup make test &`), a shell has its programs ignore Ctrl-C, and all that they start too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# The same with `nohup` and a closed terminal; a handler, since a program that is started does not inherit it.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what is not quick where only that is asked for: importing it would take as long as the tests."""
    if not config.option.markexpr.startswith("quick") or not collection_path.match("test_*.py"):
        return None
    return not is_quick(collection_path) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the quick tests where they are asked for, before the tests are chosen by their marks."""
    if "quick" not in config.option.markexpr:
        return  # to find them takes seconds of every worker
    quick = {path for path in {item.path for item in items} if is_quick(path)}
    for item in items:
        if item.path in quick and not {"torture", "bench"} & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.quick)
