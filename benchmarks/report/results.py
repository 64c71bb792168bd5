"""The findings of measurements, and their files: one JSON file for each measurement, overwritten by each run.

A measurement returns `Finding`s. The command prints them and keeps them with the machine and the versions, so that a
later report can be made from the files (`python -m benchmarks report`). Compare figures of different runs as ratios to
the ceiling of the same run, never as absolute numbers.
"""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import zmq

RESULTS_FOLDER: Final = Path("bench-results")
_PACKAGES: Final = ("pyzmq", "msgpack", "msgspec")


class Row(msgspec.Struct, frozen=True):
    """One measured configuration: its settings and its figures. Names end with their units."""

    setting: dict[str, str | int | float]
    figures: dict[str, float]


class Target(msgspec.Struct, frozen=True):
    """A target, and whether this run on this machine reached it."""

    what: str
    found: str
    reached: bool


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one measurement. Each row was measured `repeats` times; its figures show the spread."""

    name: str
    question: str
    repeats: int
    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A finding in its kept form, with the machine and the time of the run."""

    finding: Finding
    machine: dict[str, str | int]
    made_at: str


def machine() -> dict[str, str | int]:
    """Return the processor, the system and the versions, on which the figures depend."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "system": platform.platform(),
        "python": platform.python_version(),
        "libzmq": zmq.zmq_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in _PACKAGES},
        "commit": _commit(),
    }


def keep(finding: Finding, folder: Path = RESULTS_FOLDER) -> Path:
    """Write a finding to `folder` and return its file. An earlier finding with the same name is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.name}.json"
    kept = Kept(finding=finding, machine=machine(), made_at=datetime.now(UTC).isoformat(timespec="seconds"))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    return path


def read_kept(folder: Path = RESULTS_FOLDER) -> list[Kept]:
    """Return the findings kept in `folder`, sorted by name."""
    return [msgspec.json.decode(path.read_bytes(), type=Kept) for path in sorted(folder.glob("*.json"))]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
