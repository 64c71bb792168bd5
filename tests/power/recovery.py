"""Opens a journal from the files left by a loss of power, and reports its faults."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple, Self

from auctioneer.journal import Journal, append
from auctioneer.journal.snapshots import SnapshotFiles
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from common.errors import StorageError
from common.limits import REMEMBERED_REQUESTS_MAX
from tests.power.disk import Disk, write_image
from tests.power.recording import Deed, Mark, Synced
from tests.power.writer import fact, rejection, state


class Offered(NamedTuple):
    """A batch given to the journal: the position of its last fact, and the size of its texts."""

    position: int
    is_large: bool


@dataclass
class Expected:
    """The required content of the journal by the marks so far."""

    offered: dict[int, Offered] = field(default_factory=lambda: {0: Offered(0, is_large=False)})
    acknowledged: int = 0
    saving: int = 0
    saved: int = 0

    def take(self, mark: Mark) -> None:
        match mark.words:
            case ["offered", batch, position, is_large]:
                self.offered[int(batch)] = Offered(int(position), is_large == "1")
            case ["acknowledged", batch]:
                self.acknowledged = int(batch)
            case ["saving", position]:
                self.saving = int(position)
            case ["saved", position]:
                self.saved = int(position)
            case ["opened", _]:
                pass
            case _:
                raise ValueError(f"an unknown mark: {mark.words}")

    def copy(self) -> Self:
        return type(self)(dict(self.offered), self.acknowledged, self.saving, self.saved)


class Crash(NamedTuple):
    """A loss of power: the number of deeds before it, and the choice among the possible images."""

    deeds: int
    seed: int


def crashes(deeds: Sequence[Deed], count: int, seed: int) -> list[Crash]:
    """Return `count` moments, in order: half anywhere, half right after a mark or a sync, if there is any.

    There may be none: opening a journal that was closed in order syncs nothing.
    """
    chance = Random(seed)
    turns = [number for number, deed in enumerate(deeds, 1) if isinstance(deed, Mark | Synced)] or [len(deeds)]
    places = [chance.choice(turns) if which % 2 else chance.randrange(len(deeds) + 1) for which in range(count)]
    return [Crash(place, chance.randrange(2**32)) for place in sorted(places)]


def images(
    deeds: Sequence[Deed], moments: Iterable[Crash], disk: Disk, expected: Expected
) -> Iterator[tuple[Crash, dict[str, bytes], Expected]]:
    """Yield the files after each loss of power, with their required content; the moments are in order."""
    done = 0
    for moment in moments:
        for deed in deeds[done : moment.deeds]:
            if isinstance(deed, Mark):
                expected.take(deed)
            else:
                disk.take(deed)
        done = moment.deeds
        yield moment, disk.image(Random(moment.seed)), expected.copy()


def faults(image: dict[str, bytes], expected: Expected, folder: Path) -> list[str]:
    """Return the faults of an image's journal, opened in an empty folder."""
    write_image(image, folder)
    path = folder / FILE_NAME
    try:
        with closing(SqliteStore(path).take_over("")) as journal:
            found = [*_faults(journal, expected), *_faults_of_snapshot(journal, folder, expected)]
            if not found:
                append(journal, [fact(journal.position + 1, is_large=False)], (), journal.alive_ms + 1)
        with closing(SqliteStore(path).take_over("")) as journal:
            journal.verify_chain()
    except (StorageError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        return [f"the journal can't be taken up: {error!r}"]
    return found


def _faults(journal: Journal, expected: Expected) -> Iterator[str]:
    journal.verify_chain()
    batch = journal.alive_ms
    if batch < expected.acknowledged:
        yield f"batch {expected.acknowledged} was acknowledged, and the journal ends at {batch}"
    if batch not in expected.offered:
        yield f"the journal ends at batch {batch}, which was never offered"
        return
    wanted = [
        fact(position, is_large=expected.offered[number].is_large)
        for number in range(1, batch + 1)
        for position in range(expected.offered[number - 1].position + 1, expected.offered[number].position + 1)
    ]
    if list(journal.read()) != list(enumerate(wanted, 1)):
        yield f"the events up to batch {batch} are not those that were offered"
    rejections = [rejection(number) for number in range(1, batch + 1)][-REMEMBERED_REQUESTS_MAX:]
    if list(journal.rejections()) != rejections:
        yield f"the rejections up to batch {batch} are not those that were offered"


def _faults_of_snapshot(journal: Journal, folder: Path, expected: Expected) -> Iterator[str]:
    saved, passed_over = SnapshotFiles(folder).load(journal)
    position = 0 if saved is None else saved.position
    if position not in (expected.saved, expected.saving):
        yield f"the snapshot is of event {position}; that of event {expected.saved} was saved"
    if saved is not None and saved.state != state(position):
        yield f"the snapshot of event {position} has another content"
    yield from (one.reason for one in passed_over)


if __name__ == "__main__":  # a house's acts after a loss of power, to be recorded
    with closing(SqliteStore(Path(sys.argv[1]) / FILE_NAME).take_over("")) as opened:
        opened.verify_chain()
        snapshots = SnapshotFiles(Path(sys.argv[1]))
        snapshots.tidy(snapshots.load(opened).passed_over)
