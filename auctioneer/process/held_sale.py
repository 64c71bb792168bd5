"""A sale in hand: journal, house and clock. It commits, freezes, thaws and makes snapshots; it has no socket.

- Nothing leaves before it is durable. An answer waits for the commit of every batch whose state it may show, whether
  it is a verdict, a read, a welcome, a repeat or a command's: of the batch that is being decided where that has
  anything in it, else of the one that is under way, if one is.
- One commit is under way at a time. A store behind a network finishes it later; meanwhile the next batch is decided,
  until it is full. A store that finishes at once never has one under way between two turns.
- A commit that failed, or is not finished `COMMIT_MS_MAX` after it began (a large one later), freezes the sale: the
  batch under way and the one that was being decided are dropped, all their answers are `unavailable`, and the sale is
  taken up again from the store by the same path as after a crash. Nothing is sent to the store a second time.
- Time in which nobody was heard is given back to the open lots. It counts from the last drain of requests, as does
  what the clock closes: the loop also turns while it waits for the store, and hears nobody then.
- A house that has others beside it holds the sale by a lease (`auctioneer.journal.lease`), which counts from the moment
  at which what was confirmed last was sent. It steps down before another house can take the sale over.
- A snapshot is of a moment in which all that was decided is durable. A full house hears nobody until that is so.
"""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final, NamedTuple

from auctioneer.house.control.carry_out import carry_out
from auctioneer.house.frozen import FrozenHouse
from auctioneer.house.house import Batch, House
from auctioneer.house.standbys import Standby
from auctioneer.journal import ChainEnd, DamagedJournalError, FencedError
from auctioneer.journal.lease import BEAT_EVERY_MS, FREEZE_AFTER_MS, STEP_DOWN_AFTER_MS, Beside
from auctioneer.journal.snapshots import Made, SnapshotMaker
from auctioneer.monitoring.counters import Counters, Vitals
from auctioneer.monitoring.logs import Teller
from auctioneer.process.startup import OpenSale
from auctioneer.rules.facts import BidTaken
from common.errors import RejectCode, StorageError
from common.limits import HEARTBEAT_MS
from common.messages import Heartbeat, Rejected

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

BATCH_REQUESTS_MAX: Final = 512
"""Requests decided and committed together: about 15 ms of work, the longest that a timer waits."""
COMMIT_MS_MAX: Final = 1_000
COMMIT_FACTS_PER_MS: Final = 10
"""A batch gets a millisecond more for each so many facts. Only the house itself makes large ones, such as the opening
of 100,000 lots; it would be dropped and made again forever if it is never stored in time."""
"""How long a commit may be under way. A store that lost its house's machine gives the sale to another one later."""
STANDSTILL_MS: Final = 3_000
"""If nobody was heard for this long (a suspended machine, a stuck disk), that is an outage: lots get the time back."""
HEARTBEAT_EVERY_MS: Final = HEARTBEAT_MS * 8 // 10
"""A little more often than promised, so that a busy turn does not break the promise."""
SNAPSHOT_EVERY_FACTS: Final = 100_000
"""What a restart replays at the most, about a third of a second's worth; more where the sale has very many lots."""
SNAPSHOT_FACTS_PER_ENTRY: Final = 2
"""A snapshot holds every lot and every bidder, so that a large sale takes fewer of them."""
THAW_EVERY_MS: Final = 500
REASONS_TOLD_MAX: Final = 20
"""So many different reasons for which a sale stays frozen are told; it tries twice a second."""

Addressed = tuple[bytes, object]
"""An answer, and the routing id that it goes to."""


class SteppedDownError(Exception):
    """The process does not hold the sale any more, and its house stands by: another one may hold it by now.

    It is between a server and its watchdog; no command ends with it.
    """


class Answers(NamedTuple):
    """Answers to requests and to commands, in the order in which they were given."""

    requests: list[Addressed]
    commands: list[Addressed]


class Released(NamedTuple):
    """Answers that may leave now. `batch` is what is durable since now; storing it took `took_s`."""

    answers: Answers
    batch: Batch | None = None
    took_s: float = 0.0
    position: int = 0
    """Of the last fact in the record, with the batch."""


class _Commit(NamedTuple):
    """A commit that is under way; a sign of life has no batch."""

    number: int
    batch: Batch | None
    answers: Answers
    own_answers: int
    """How many answers it began with; the others wait for it."""
    sale_seq: int
    """Of the sale's stream, with the batch in it."""
    began_ms: int
    began_s: float

    @property
    def more_ms(self) -> int:
        """How much longer than others it may take."""
        return 0 if self.batch is None else len(self.batch.facts) // COMMIT_FACTS_PER_MS


class HeldSale:
    """One sale, from one taking up to the next. `reopen` takes it up again from where the record ended."""

    def __init__(
        self,
        sale: OpenSale,
        reopen: Callable[[ChainEnd], OpenSale],
        snapshots: SnapshotMaker,
        log: "FilteringBoundLogger",
        facts: Teller,
        counters: Counters,
        *,
        has_others: bool = False,
        beside: Callable[[], Sequence[Beside]] = tuple,
    ) -> None:
        self.house: House | FrozenHouse = sale.house
        self.clock = sale.clock
        self.epoch = sale.house.engine.epoch
        self._journal = sale.journal
        self._heard_ms = 0
        """When requests were last drained, or nobody waited."""
        self._reopen = reopen
        self._snapshots = snapshots
        self._log = log
        self._facts = facts
        self._counters = counters
        self._has_others = has_others
        """Whether other houses may take the sale over."""
        self._beside = beside
        self._under_way: _Commit | None = None
        self._reasons: set[str] = set()
        """Why the sale is frozen, as far as it was told."""
        self.answers = Answers([], [])
        """What was answered since the last commit began; the loop adds to it."""
        self._install(sale)

    # --- what the loop asks -----------------------------------------------------------------------------------------

    @property
    def is_frozen(self) -> bool:
        """Whether nothing can be stored, so that nothing is decided."""
        return isinstance(self.house, FrozenHouse)

    @property
    def is_waiting(self) -> bool:
        """Whether a commit is under way."""
        return self._under_way is not None

    @property
    def is_full(self) -> bool:
        """Whether nobody is to be heard before the commit under way is finished."""
        commit = self._under_way
        if commit is None:
            return False
        waiting = sum(map(len, self.answers)) + sum(map(len, commit.answers)) - commit.own_answers
        return waiting >= BATCH_REQUESTS_MAX or self._is_snapshot_due

    @property
    def handle(self) -> int | None:
        """What can be read when the store has something to say; None where it says all at once, and while frozen."""
        return None if self.is_frozen else self._journal.handle

    @property
    def is_sending(self) -> bool:
        """Whether the store is to be heard too when its handle can be written to."""
        return self._journal.is_sending

    def next_deadline_ms(self) -> int | None:
        """Return when there is something to do though nobody asks; None while there is not."""
        moments = [None if self.is_full else self.house.next_deadline_ms()]
        if self._under_way is not None:
            moments.append(self._limit_ms(self._under_way))
        elif self.is_frozen:
            moments.append(self._thaw_ms)
        elif self._has_others:
            moments.append(self._confirmed_ms + BEAT_EVERY_MS)
        if self._has_others:
            moments.append(self._step_down_ms)
        return min((moment for moment in moments if moment is not None), default=None)

    # --- the lease ----------------------------------------------------------------------------------------------------

    def require_lease(self) -> None:
        """Raise SteppedDownError if another house may hold the sale by now; call it first thing in a turn."""
        silent_ms = self.clock.now_ms() - self._confirmed_ms
        if self._has_others and self.clock.now_ms() >= self._step_down_ms:
            raise SteppedDownError(
                f"The store has confirmed nothing that was sent within the last {silent_ms:,} ms, so another house may "
                "hold the sale by now. This one stands by."
            )

    @property
    def _step_down_ms(self) -> int:
        more_ms = 0 if self._under_way is None else self._under_way.more_ms
        return self._confirmed_ms + STEP_DOWN_AFTER_MS + more_ms

    def _limit_ms(self, commit: _Commit) -> int:
        """Return when a commit that is still under way freezes the sale."""
        if not self._has_others:
            return commit.began_ms + COMMIT_MS_MAX + commit.more_ms
        # After a turn that took long a beat still gets its time: nothing was acknowledged meanwhile.
        from_ms = max(self._confirmed_ms, commit.began_ms - FREEZE_AFTER_MS + BEAT_EVERY_MS)
        return from_ms + FREEZE_AFTER_MS + commit.more_ms

    @property
    def is_handed_over(self) -> bool:
        """Whether another house is to hold the sale, and all that was decided here is durable."""
        return self.house.is_handed_over and self._under_way is None and not self.house.has_batch

    def is_beat_due(self, now_ms: int) -> bool:
        """Return whether the other houses are to be told that this one lives."""
        is_idle = self._under_way is None and not self.is_frozen
        return self._has_others and is_idle and now_ms - self._confirmed_ms >= BEAT_EVERY_MS

    def heartbeat(self, now_ms: int) -> Heartbeat:
        """Return the next heartbeat. While something is not durable it names what is, and no lots."""
        if self._is_all_durable:
            return self.house.heartbeat(now_ms)
        return Heartbeat(
            epoch=self.epoch,
            instance=self.house.settings.instance,
            term=self.house.settings.term,
            server_time_ms=now_ms,
            sale_seq=self._sale_seq,
            lots=(),
        )

    @property
    def _is_all_durable(self) -> bool:
        """Whether all that the house shows is stored, but for a sign of life."""
        return (self._under_way is None or self._under_way.batch is None) and not self.house.has_batch

    # --- time -------------------------------------------------------------------------------------------------------

    def stamp(self) -> int:
        """Return the time of what is heard now; what was not heard for long before it is given back first.

        Receipts are stamped with this, so that a standstill within a turn closes no lot, and what is given back is
        never more than has passed since the last recorded fact.
        """
        now_ms = self.clock.now_ms()
        stood_ms = now_ms - self._heard_ms
        self._heard_ms = now_ms
        if stood_ms > STANDSTILL_MS and not self.is_frozen:
            self._counters.standstills += 1
            self.house.stood_still(now_ms, stood_ms)
        return now_ms

    def advance(self) -> None:
        """Do what was due when requests were last drained: a bid that waits may have come in time."""
        self.house.advance(self._heard_ms)

    def drop_silent(self) -> None:
        """Drop the maxima of those who asked for it and fell silent."""
        if not self.is_full:
            self.house.drop_silent(self._heard_ms)

    # --- commands ---------------------------------------------------------------------------------------------------

    def carry_out(self, key: str, body: bytes) -> object:
        """Carry out a command, if its sender gives commands now: a clerk who was dismissed is out at once."""
        house = self.house
        if isinstance(house, FrozenHouse):
            return house.answer_command(body)
        who = house.controllers.get(key)
        if who is None:
            return Rejected(id=0, code=RejectCode.FORBIDDEN)
        position = self._journal.position
        house.standbys = [Standby(one.place, max(0, position - one.position)) for one in self._beside()]
        return carry_out(house, who, body, self.stamp())

    # --- commits ----------------------------------------------------------------------------------------------------

    def commit(self, now_ms: int) -> Iterator[Released]:
        """Begin to store what was decided, and yield what may leave. While a commit is under way no other begins."""
        house = self.house
        if self._under_way is not None:
            if self._is_all_durable:
                yield Released(self._pop_answers())
            self._bind_answers(self._under_way)
            released = self._finished(self._under_way, now_ms)
            if released is None:
                return
            # The store works at the next batch while the answers of this one leave.
            following = self._begin_next(now_ms)
            yield from self._let_leave(released, house, now_ms)
        else:
            following = self._begin_next(now_ms)
        if following is not None:
            yield from self._let_leave(following, house, now_ms)
        if self._is_snapshot_due and self._under_way is None:
            self._start_snapshot()  # all that was decided is durable here

    def _begin_next(self, now_ms: int) -> Released | None:
        """Begin to store what was decided; return what may leave at once, if anything may."""
        house = self.house
        batch = house.flush()
        self.answers.requests.extend(batch.released)
        if batch.facts or batch.rejections or batch.contacts:
            return self._begin(batch, now_ms)
        if batch.names_rejected and isinstance(house, House):
            self._facts.tell(house, self._journal.position + 1, batch, (), now_ms)
        if self.answers.requests or self.answers.commands:
            return Released(self._pop_answers())
        return None

    def hear_store(self, now_ms: int) -> Iterator[Released]:
        """Take what the store has to say, and yield what may leave. It may wake the house with nothing under way."""
        if self._under_way is not None:
            yield from self.commit(now_ms)
        elif not self.is_frozen:
            try:
                self._journal.finished()
            except StorageError as error:
                yield self._freeze(error, now_ms)

    def keep_alive(self, now_ms: int) -> Iterator[Released]:
        """See that the journal is in its place, and store that the house is alive where nothing else tells that."""
        if self._under_way is not None or self.is_frozen:
            return
        try:
            self._journal.require_in_place()
        except StorageError as error:
            yield self._freeze(error, now_ms)
            return
        if now_ms - self._committed_ms >= HEARTBEAT_EVERY_MS or self.is_beat_due(now_ms):
            released = self._begin(None, now_ms)
            if released is not None:
                yield released

    def finish(self) -> Iterator[Released]:
        """Wait until all that was decided is durable, and yield what may leave; the house stops.

        A commit has no more time than while the house goes on. What is not stored by then is answered so.
        """
        while self._under_way is not None:
            left_ms = max(0, self._limit_ms(self._under_way) - self.clock.now_ms())
            try:
                self._journal.wait(left_ms / 1000)
            except StorageError as error:
                yield self._freeze(error, self.clock.now_ms())
                return
            yield from self.commit(self.clock.now_ms())

    def _begin(self, batch: Batch | None, now_ms: int) -> Released | None:
        """Begin a commit; return what may leave, at once where the store finishes at once."""
        facts, rejections, contacts = ((), (), ()) if batch is None else (batch.facts, batch.rejections, batch.contacts)
        answers = self._pop_answers()
        own_answers = len(answers.requests) + len(answers.commands)
        commit = _Commit(0, batch, answers, own_answers, self.house.sale_seq, now_ms, perf_counter())
        self._under_way = commit
        try:
            number = self._journal.begin(facts, rejections, self._heard_ms, contacts)
        except StorageError as error:
            return self._freeze(error, now_ms)
        self._under_way = commit = commit._replace(number=number)
        return self._finished(commit, now_ms)

    def _bind_answers(self, commit: _Commit) -> None:
        """Have answers leave with the commit under way, unless they may show what was decided after it."""
        if not self.house.has_batch:
            commit.answers.requests.extend(self.answers.requests)
            commit.answers.commands.extend(self.answers.commands)
            self._pop_answers()

    def _finished(self, commit: _Commit, now_ms: int) -> Released | None:
        """Return what may leave when the commit is finished, or the sale freezes; None while it goes on."""
        try:
            number = self._journal.finished()
        except StorageError as error:
            return self._freeze(error, now_ms)
        if number < commit.number:
            if now_ms < self._limit_ms(commit):
                return None
            what = f"The store has not finished a commit that began {now_ms - commit.began_ms:,} ms ago."
            return self._freeze(StorageError(what), now_ms)
        self._under_way = None
        self._committed_ms = now_ms
        self._confirmed_ms = commit.began_ms
        self._sale_seq = commit.sale_seq
        batch = commit.batch
        if batch is None:
            return Released(commit.answers)
        self.house.stored(batch)
        return Released(commit.answers, batch, perf_counter() - commit.began_s, self._journal.position)

    def _let_leave(self, released: Released, house: House | FrozenHouse, now_ms: int) -> Iterator[Released]:
        """Yield what may leave, and tell of it afterwards: no verdict waits for the log.

        `house` is the one that decided it. The sale may be frozen by now, if the next batch could not be begun.
        """
        yield released
        if released.batch is None:
            return
        facts = released.batch.facts
        others = tuple(place for place, fact in enumerate(facts) if type(fact) is not BidTaken)
        told = [facts[place] for place in others]
        self._counters.committed(len(facts) - len(others), told, released.batch.rejections, released.took_s)
        if isinstance(house, House):
            self._facts.tell(house, released.position - len(facts) + 1, released.batch, others, now_ms)

    def _pop_answers(self) -> Answers:
        answers, self.answers = self.answers, Answers([], [])
        return answers

    # --- frozen -----------------------------------------------------------------------------------------------------

    def _freeze(self, error: StorageError, now_ms: int) -> Released:
        """Stand still: nothing can be stored, so nothing can be decided. Return what is said instead of all answers.

        Raises FencedError where another house is known to hold the sale.
        """
        if self._has_others and isinstance(error, FencedError):
            raise error
        self._log.error("frozen", reason=str(error))
        self._counters.freezes += 1
        self._stored = self._journal.end
        self._journal.close()
        commit, self._under_way = self._under_way, None
        if isinstance(self.house, House):
            self.answers.requests.extend(self.house.release_questions())
        given = [self._pop_answers()] if commit is None else [commit.answers, self._pop_answers()]
        frozen = FrozenHouse(self.house.settings, self.epoch, self._sale_seq, THAW_EVERY_MS)
        self.house = frozen
        self._thaw_ms = now_ms + THAW_EVERY_MS
        self._reasons = {str(error)}
        return Released(
            Answers(
                [(to, frozen.in_place_of(answer)) for one in given for to, answer in one.requests],
                [(to, frozen.in_place_of(answer)) for one in given for to, answer in one.commands],
            )
        )

    def is_thaw_due(self, now_ms: int) -> bool:
        """Return whether the sale is to be taken up again."""
        return self.is_frozen and now_ms >= self._thaw_ms

    def thaw(self, now_ms: int) -> Batch | None:
        """Take the sale up again, and return what was done for that; None where it can't be yet.

        Raises DamagedJournalError, and FencedError where another process holds the sale now.
        """
        try:
            sale = self._reopen(self._stored)
        except (DamagedJournalError, FencedError):
            raise
        except StorageError as error:
            self._tell_why(str(error))
            self._thaw_ms = now_ms + THAW_EVERY_MS
            return None
        self._log.warning("thawed")
        self._install(sale)
        return sale.opened

    def _tell_why(self, reason: str) -> None:
        """Tell why the sale can't be taken up, once for each reason: it may have become another one meanwhile."""
        if reason not in self._reasons and len(self._reasons) < REASONS_TOLD_MAX:
            self._reasons.add(reason)
            self._log.warning("still_frozen", reason=reason)

    def _install(self, sale: OpenSale) -> None:
        self._journal = sale.journal
        self._stored = sale.journal.end
        """Where the record ended when the sale froze; it must go on from there."""
        self.house = sale.house
        self.clock = sale.clock
        self.epoch = sale.house.engine.epoch
        self._sale_seq = sale.house.sale_seq
        """Of the sale's stream, as far as it is durable."""
        now_ms = self.clock.now_ms()
        self._heard_ms = self._committed_ms = sale.journal.alive_ms  # storing the start may have taken long
        self._confirmed_ms = sale.confirmed_ms
        """When the last statement was sent that the store has confirmed."""
        self._thaw_ms = now_ms
        self._snapshot_position = sale.snapshot_position
        self._snapshot_due = sale.snapshot_position + facts_between_snapshots(sale.house)
        self._snapshot_ms = now_ms
        for one in sale.passed_over:
            self._log.warning("snapshot_passed_over", reason=one.reason)
        first = sale.journal.position - len(sale.opened.facts) + 1
        self._facts.opened(sale.house, first, sale.opened, now_ms)

    # --- snapshots --------------------------------------------------------------------------------------------------

    @property
    def _is_snapshot_due(self) -> bool:
        return self._journal.position >= self._snapshot_due

    def _start_snapshot(self) -> None:
        """Begin a snapshot of the state, all of which is stored; the next is due as long after it, if it fails too."""
        if isinstance(self.house, House):
            end = self._journal.end
            self._snapshot_due = end.position + facts_between_snapshots(self.house)
            self._snapshots.start(end, self.house.snapshot)

    def look_after_snapshot(self, now_ms: int) -> None:
        """Note how the last snapshot ended, if it did."""
        made = self._snapshots.finished()
        if made is not None:
            self._note_snapshot(made, now_ms)

    def _note_snapshot(self, made: Made, now_ms: int) -> None:
        if made.fault:
            self._log.warning("snapshot_failed", reason=made.fault)
            self._counters.snapshot_failures += 1
            return
        self._snapshot_position = made.position
        self._snapshot_ms = now_ms

    def close(self) -> None:
        """Make a last snapshot, tell that the house stops, and let go of the journal. `finish` comes before it.

        Where another house may be waiting, the journal comes first, and no snapshot is made.
        """
        if self._has_others:
            self._journal.close()
            self._facts.write_rest(self.clock.now_ms())
            return
        house, now_ms = self.house, self.clock.now_ms()
        if isinstance(house, House):
            self._note_snapshot(self._snapshots.save(self._journal.end, house.snapshot), self.clock.now_ms())
            unfinished = sum(not lot.view.status.is_final for lot in house.engine.catalogue)
            self._facts.write_rest(now_ms)
            self._log.info("stopped", unfinished_lots=unfinished)
        self._journal.close()

    # --- for whoever watches ----------------------------------------------------------------------------------------

    def vitals(self, turned_ms: int) -> Vitals:
        """Return how the sale stands; the loop last turned at `turned_ms`. Another thread may call this."""
        house, now_ms, position = self.house, self.clock.now_ms(), self._journal.position
        is_held = isinstance(house, House)
        return Vitals(
            is_frozen=not is_held,
            epoch=self.epoch,
            instance=house.settings.instance,
            position=position if is_held else 0,
            lots=house.engine.catalogue if isinstance(house, House) else (),
            bidders=len(house.register) if isinstance(house, House) else 0,
            turn_age_ms=now_ms - turned_ms,
            commit_age_ms=now_ms - self._committed_ms,
            snapshot_age_ms=now_ms - self._snapshot_ms,
            term=house.settings.term,
            clock_ahead_ms=self.clock.ahead_ms(),
            events_since_snapshot=position - self._snapshot_position if is_held else 0,
        )


def facts_between_snapshots(house: House) -> int:
    """Return after how many facts the next snapshot of a sale is worth making."""
    entries = len(house.engine.catalogue) + len(house.register)
    return max(SNAPSHOT_EVERY_FACTS, SNAPSHOT_FACTS_PER_ENTRY * entries)
