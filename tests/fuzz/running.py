"""Runs a target on many inputs: from atheris, which searches for new paths, or random ones."""

import random
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.fuzz.mutations import BYTES_MAX, inputs

NAMES: Final = ("requests", "answers", "broadcasts", "control", "sessions", "journal", "cells", "snapshots")
"""The targets, for the command line; they are imported later, so that atheris can watch what they import."""
PACKAGES: Final = ["auctioneer", "common"]


def has_atheris() -> bool:
    """Return whether the extra `fuzz` is installed."""
    return find_spec("atheris") is not None


def run_by_chance(name: str, runs: int, seed: int) -> None:
    """Try `runs` random inputs. Raises the target's error, with a note of the input that caused it."""
    from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    for number, body in enumerate(inputs(target.seeds(), random.Random(seed), runs)):
        try:
            target.check(body)
        except Exception as error:
            error.add_note(f"{name}: seed {seed}, input {number}: {body.hex()}")
            raise


def run_by_atheris(name: str, runs: int, seed: int) -> None:
    """Try `runs` inputs that atheris makes from the seeds, and end the process, with status 0 if it found nothing."""
    import atheris

    with atheris.instrument_imports(include=PACKAGES):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as corpus:
        for number, body in enumerate(target.seeds()):
            (Path(corpus) / f"{number:04}").write_bytes(body)
        options = [
            f"-runs={runs}",
            f"-seed={seed}",
            f"-max_len={BYTES_MAX}",
            "-verbosity=0",
            f"-artifact_prefix={corpus}/",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], target.check)
        atheris.Fuzz()
