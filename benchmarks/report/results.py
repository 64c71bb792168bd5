"""What a measurement found, and where it is kept: one JSON file for each measurement, written anew by each run.

A measurement returns `Finding`s; the command prints them and keeps them with the machine and the versions, so that a
report can be made from the files later (`python -m benchmarks report`). Figures of different runs are compared as
ratios against the ceiling of the same run, never as absolute numbers.
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
    """One measured configuration: what was set, and what was found, names with their units last."""

    setting: dict[str, str | int | float]
    figures: dict[str, float]


class Target(msgspec.Struct, frozen=True):
    """What was to be reached, and whether it was, in this run on this machine."""

    what: str
    found: str
    reached: bool


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one measurement found. `repeats` says how often each row was measured; a row's figures show the spread."""

    name: str
    question: str
    repeats: int
    rows: tuple[Row, ...]
    targets: tuple[Target, ...] = ()
    notes: tuple[str, ...] = ()


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it is kept, with where and when it was made."""

    finding: Finding
    machine: dict[str, str | int]
    made_at: str


def machine() -> dict[str, str | int]:
    """Return what the figures depend on: the processor, the system and the versions."""
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
    """Write a finding to `folder`, in place of an earlier one of that name, and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.name}.json"
    kept = Kept(finding=finding, machine=machine(), made_at=datetime.now(UTC).isoformat(timespec="seconds"))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
    return path


def read_kept(folder: Path = RESULTS_FOLDER) -> list[Kept]:
    """Return what is kept in `folder`, by name."""
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
