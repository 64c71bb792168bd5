"""Standing by: a process that follows the record of a sale which another house holds, until it takes it over.

It has no socket for bidders. It binds one only once it owns the record, by a write that a standby of the database has
confirmed. The rules of when to take over are in `auctioneer.journal.lease`; this is the loop around them.

The sale's time goes on from what the old owner last wrote, counted by this machine's steady clock: its time of day may
be an hour off, and every lot would stand still, or close, for that hour. Only where the owner was never seen alive, as
after a night, is the time of day all that there is.
"""

import select
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from auctioneer.house.settings import HouseSettings
from auctioneer.journal import DamagedJournalError, Journal
from auctioneer.journal.lease import LOOK_EVERY_MS, Advice, Watch
from auctioneer.journal.snapshots import SnapshotMaker
from auctioneer.monitoring.counters import StandbyVitals
from auctioneer.process.clock import Clock
from auctioneer.process.folder import DataFolder
from auctioneer.process.followed import Followed
from auctioneer.process.startup import OpenSale, hold, keep_known
from auctioneer.rules.sale_settings import Chosen
from common.errors import StorageError
from common.steady_time import steady_ms

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

    from auctioneer.journal.postgres.ownership import Found

NOTE_EVERY_MS: Final = 1_000
CLOCK_DIFFERENCE_MS_MAX: Final = 2_000
"""How far the sale's time may be from the time of day before somebody is told."""
_WHY: Final = {
    Advice.TAKE_SILENT: "the owner was silent",
    Advice.TAKE_RELEASED: "the owner let go",
    Advice.TAKE_OWN: "the last owner was a process of this house",
}


class TakenOver(NamedTuple):
    """A record that this process owns now, and all that was known of it before."""

    journal: Journal
    followed: Followed
    clock: Clock
    began_ms: int
    """When the take-over began, by the steady clock."""


class StandingBy:
    """One process that stands by; bidders would find it at `place`.

    `own` are the names of this house's servers, of which the last is this process's; `ahead_ms` is how far the sale's
    time was ahead of the steady clock in the last one that held the sale.
    """

    def __init__(
        self,
        folder: DataFolder,
        settings: HouseSettings,
        place: str,
        own: Sequence[str],
        ahead_ms: int | None,
        snapshots: SnapshotMaker,
        log: "FilteringBoundLogger",
    ) -> None:
        self._folder = folder
        self._place = place
        self._instance = own[-1]
        self._snapshots = snapshots
        self._looked_ms = steady_ms()
        self._term = self._position = 0
        self._log = log
        self._noted_ms: int | None = None
        self._way = folder.shared_store.stand_by(own[-1])
        self._watch = Watch(own, ahead_ms)
        self._followed = Followed(folder.snapshots, settings)
        self._clock_ahead_ms: int | None = None
        self._clock_differs = False
        self._is_away = False
        self._told = ""
        self._has_told = False

    def run(self, stop_handles: Sequence[int]) -> TakenOver | None:
        """Stand by until this process owns the record; None where it is to stop.

        Raises UsageError where this house could never hold the record, and DamagedJournalError.
        """
        try:
            wait_s = 0.0
            while not any(select.select(stop_handles, [], [], wait_s)):
                taken, wait_s = self._turn()
                if taken is not None:
                    return taken
            return None
        finally:
            self._way.close()

    def _turn(self) -> tuple[TakenOver | None, float]:
        """Look, and do what follows from it; return what was taken over, and for how long to wait before the next."""
        asked_ms = self._looked_ms = steady_ms()
        try:
            found = self._way.look()
            told_ms = steady_ms()
            if found is None:
                self._note_away(f"There is no record {self._way.place} yet. `auctioneer run` begins it.")
                return None, LOOK_EVERY_MS / 1000
            self._note_there(found)
            advice = self._watch.saw(found.seen, asked_ms, told_ms)
            self._note_clock()
            if not self._followed.fits(found.end):
                self._followed.forget()
            if advice.takes_over and self._followed.is_near(found.end):
                taken = self._take_over(found, advice)
                if taken is not None:
                    return taken, 0.0
            if self._follow(found):
                return None, 0.0
            self._note_here()
            self._make_snapshot()
        except DamagedJournalError:
            raise
        except StorageError as error:
            self._note_away(str(error))
        return None, max(0, asked_ms + LOOK_EVERY_MS - steady_ms()) / 1000

    def _follow(self, found: "Found") -> bool:
        """Read some of what is new; return whether there is more. What was followed may not be there any more."""
        followed = self._followed
        is_fresh = followed.house is None
        try:
            return followed.follow(self._way.record(), found.end.position, steady_ms())
        except DamagedJournalError:
            if is_fresh:
                raise
            followed.forget()
            return True

    def _make_snapshot(self) -> None:
        """Begin a snapshot now and then, so that the next start here has little to read."""
        followed = self._followed
        made = self._snapshots.finished()
        if made is not None and made.fault:
            self._log.warning("snapshot_failed", reason=made.fault)
        elif made is not None:
            followed.snapshot_position = made.position
        if followed.house is not None and followed.is_snapshot_due:
            followed.snapshot_position = followed.end.position
            self._snapshots.start(followed.end, followed.house.snapshot)

    def vitals(self) -> StandbyVitals:
        """Return how this house stands. Another thread may call this."""
        position = self._followed.end.position
        return StandbyVitals(
            self._instance,
            self._term,
            self._is_away,
            position,
            max(0, self._position - position),
            steady_ms() - self._looked_ms,
            self._clock_ahead_ms,
        )

    def _note_clock(self) -> None:
        """Tell, once for each time, that this machine's time is not the sale's, so that people can act in time."""
        sale_ms = self._watch.sale_ms(steady_ms())
        if sale_ms is None:
            return
        ahead_ms = self._clock_ahead_ms = Clock.going_on(sale_ms).ahead_ms()
        if abs(ahead_ms) > CLOCK_DIFFERENCE_MS_MAX and not self._clock_differs:
            self._clock_differs = True
            self._log.error("clock_differs", sale_ahead_ms=ahead_ms)
        elif abs(ahead_ms) < CLOCK_DIFFERENCE_MS_MAX / 2:  # half, so that a difference at the limit is told once
            self._clock_differs = False

    def _note_here(self) -> None:
        """Tell the owner and people, now and then, that this house stands by."""
        now_ms = steady_ms()
        if self._noted_ms is None or now_ms - self._noted_ms >= NOTE_EVERY_MS:
            self._noted_ms = now_ms
            self._way.note(self._place, self._followed.end.position)

    def _take_over(self, found: "Found", advice: Advice) -> TakenOver | None:
        began_ms = steady_ms()
        self._log.warning("taking_over", reason=_WHY[advice], term=found.seen.term, position=found.end.position)
        journal = self._way.take_over(found, advice)
        if journal is None:
            self._log.info("not_taken_over", reason="Another house was faster, or the owner lives after all.")
            return None
        return TakenOver(journal, self._followed, self._clock(journal), began_ms)

    def _clock(self, journal: Journal) -> Clock:
        """Return the clock with which the sale goes on."""
        sale_ms = self._watch.sale_ms(steady_ms())
        if sale_ms is None:
            return Clock(journal.alive_ms)
        clock = Clock.going_on(max(sale_ms, journal.alive_ms))
        difference_ms = clock.ahead_ms()
        if abs(difference_ms) > CLOCK_DIFFERENCE_MS_MAX:
            self._log.error("clock_differs", sale_ahead_ms=difference_ms)
        return clock

    def _note_there(self, found: "Found") -> None:
        self._term, self._position = found.seen.term, found.end.position
        if self._is_away or not self._has_told:
            self._is_away, self._has_told, self._told = False, True, ""
            self._log.info("standing_by", owner=found.seen.holder, term=found.seen.term, position=found.end.position)

    def _note_away(self, reason: str) -> None:
        """Tell that the store can't be used, once for each reason in turn."""
        self._is_away = True
        if reason != self._told:
            self._told = reason
            self._log.warning("store_away", reason=reason)


def continue_sale(folder: DataFolder, settings: HouseSettings, taken: TakenOver, chosen: Chosen) -> OpenSale:
    """Hold the sale whose record was taken over, run by what was chosen. Raises as `open_sale` does."""
    journal, followed, clock = taken.journal, taken.followed, taken.clock
    settings = replace(settings, term=journal.owner.term)
    try:
        alive_ms = journal.alive_ms
        house = followed.catch_up(journal, settings, clock.now_ms())
        keep_known(folder, house, followed.passed_over)
        sale = hold(journal, house, clock, chosen, clock.now_ms(), alive_ms)
    except BaseException:
        journal.close()
        raise
    return sale._replace(snapshot_position=followed.snapshot_position, passed_over=followed.passed_over)
