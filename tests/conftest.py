"""Settings and hooks for all tests."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.quick import is_quick

if TYPE_CHECKING:
    from tests.postgres_cluster import Cluster, Shared

# A slow machine is no fault. Hypothesis chooses all other settings: if `CI` is set, every run has the same examples.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# The tests start hundreds of programs. If the environment forbids Python to keep compiled code, each program and each
# worker would compile all its imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell that runs the tests in the background (`nohup make test &`) makes them and all their programs ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# `nohup` does the same with a closed terminal. A handler is set here because started programs do not inherit it.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


# All that is made while the tests are found lives until the end. Looking through it again and again for garbage would
# take a tenth of the processor time of the run.
gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage from here on, but not among the tests themselves."""
    gc.freeze()
    gc.enable()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out slow test files if only quick tests are wanted: importing them would take as long as the tests."""
    if not config.option.markexpr.startswith("quick") or not collection_path.match("test_*.py"):
        return None
    return not is_quick(collection_path) or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the quick tests if they are wanted, before pytest selects the tests by their marks."""
    if "quick" not in config.option.markexpr:
        return  # finding them takes seconds in every worker
    quick = {path for path in {item.path for item in items} if is_quick(path)}
    for item in items:
        if item.path in quick and not {"torture", "bench"} & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.quick)


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator["Shared"]:
    """Give the PostgreSQL servers that the workers of this run share; they are made at first use."""
    from tests.postgres_cluster import require_postgres, shared_cluster

    require_postgres()
    with shared_cluster() as shared:
        yield shared


@pytest.fixture
def postgres(shared_postgres: "Shared") -> Iterator["Cluster"]:
    """Give a primary and two standbys, for a test that breaks nothing."""
    with shared_postgres.together() as cluster:
        yield cluster


@pytest.fixture
def lonely_postgres(shared_postgres: "Shared") -> Iterator["Cluster"]:
    """Give a primary and two standbys, for a test that breaks something."""
    with shared_postgres.alone() as cluster:
        yield cluster
