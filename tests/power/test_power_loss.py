"""Loss of power: whatever legal image of the disk is found afterwards, all that was acknowledged is in the journal.

A real run of the journal is recorded by its system calls; images are built from the recording by a seed, and each is
taken up by the real journal. A failure names the seed; `TestTheLaw` shows that a missing sync is found.
"""

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from auctioneer.journal.sqlite import FILE_NAME
from tests import strace
from tests.power.disk import Disk, write_image
from tests.power.recording import Cut, Deed, Mark, Opened, Removed, Renamed, Synced, Written, record
from tests.power.recovery import Crash, Expected, crashes, faults, images
from tests.power.writer import RUNS

WRITER = "tests.power.writer"
RECOVERY = "tests.power.recovery"
IMAGES = 40
IMAGES_TORTURE = 4000
RECOVERIES_TORTURE = 40
IMAGES_OF_RECOVERY = 25


@pytest.fixture(scope="module", autouse=True)
def usable_strace() -> None:
    strace.require()


@cache
def recording() -> list[Deed]:
    with TemporaryDirectory() as folder:
        return record(WRITER, Path(folder), *RUNS)


def names_of(deeds: list[Deed]) -> dict[int, str]:
    return {0: ""} | {deed.handle: deed.name for deed in deeds if isinstance(deed, Opened)}


def first_faults(deeds: list[Deed], moments: list[Crash], disk: Disk, expected: Expected) -> list[str]:
    """Return the faults of the first image that has any, each with what makes it again."""
    for moment, image, wanted in images(deeds, moments, disk, expected):
        with TemporaryDirectory() as folder:
            found = faults(image, wanted, Path(folder))
        if found:
            return [f"{moment}: {fault}" for fault in found]
    return []


def first_faults_by_seed(deeds: list[Deed], count: int, seed: int) -> list[str]:
    return first_faults(deeds, crashes(deeds, count, seed), Disk(), Expected())


def test_nothing_acknowledged_is_lost_with_the_power() -> None:
    seed = random.randrange(2**32)
    assert not first_faults_by_seed(recording(), IMAGES, seed), f"seed {seed}"


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_nothing_acknowledged_is_lost_in_thousands_of_images() -> None:
    deeds = recording()
    every = [Crash(place, seed) for place in range(len(deeds) + 1) for seed in (1, 2)]
    assert not first_faults(deeds, every, Disk(), Expected())
    seed = random.randrange(2**32)
    assert not first_faults_by_seed(deeds, IMAGES_TORTURE, seed), f"seed {seed}"


def recoveries(count: int, images_of_each: int) -> None:
    """Lose the power again while a journal is taken up after a loss of power."""
    seed = random.randrange(2**32)
    deeds = recording()
    for moment, image, expected in images(deeds, crashes(deeds, count, seed), Disk(), Expected()):
        with TemporaryDirectory() as folder:
            write_image(image, Path(folder))
            recovery = record(RECOVERY, Path(folder))
        again = crashes(recovery, images_of_each, moment.seed)
        found = first_faults(recovery, again, Disk(image), expected)
        assert not found, f"seed {seed}, {moment}, and then {found}"


def test_the_power_may_go_again_while_the_journal_is_taken_up() -> None:
    recoveries(2, 5)


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_the_power_may_go_again_at_many_moments() -> None:
    recoveries(RECOVERIES_TORTURE, IMAGES_OF_RECOVERY)


class TestTheLaw:
    """The recording has what matters, and the images would show a sync that is missing."""

    def test_the_recording_has_every_kind_of_deed(self) -> None:
        deeds = recording()
        names = names_of(deeds)
        assert {type(deed) for deed in deeds} >= {Opened, Written, Cut, Synced, Mark}
        assert f"{FILE_NAME}-wal" in names.values()
        assert any(isinstance(deed, Renamed) and deed.before.startswith("snapshot-") for deed in deeds)
        assert any(isinstance(deed, Removed) and deed.name.startswith("snapshot-") for deed in deeds)
        overwritten = [deed for deed in deeds if isinstance(deed, Written) and names[deed.handle] == FILE_NAME]
        assert len(overwritten) > 1000, "a checkpoint of a full WAL is in it"

    @pytest.mark.parametrize(
        "is_dropped",
        [
            pytest.param(lambda name: name == f"{FILE_NAME}-wal", id="of the WAL"),
            pytest.param(lambda name: name == FILE_NAME, id="of the file"),
            pytest.param(lambda name: name == f"{FILE_NAME}.new", id="of the new file"),
            pytest.param(lambda name: name.startswith("snapshot-"), id="of a snapshot"),
            pytest.param(lambda name: name == "", id="of the folder"),
        ],
    )
    def test_a_missing_sync_is_noticed(self, is_dropped: Callable[[str], bool]) -> None:
        deeds = recording()
        names = names_of(deeds)
        spoilt = [deed for deed in deeds if not (isinstance(deed, Synced) and is_dropped(names[deed.handle]))]
        assert len(spoilt) < len(deeds)
        assert first_faults_by_seed(spoilt, IMAGES, seed=1)
