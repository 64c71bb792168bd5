"""The server: the only loop that touches the sockets, the journal and the clock. It decides nothing.

One turn: wait; drain what came, up to a bound; let the house decide; commit all of it in one transaction; send the
answers; broadcast what changed, in few frames. Nothing leaves before the commit. If the commit fails, nothing was
accepted: everybody in the batch hears `unavailable`, the house is dropped, and the sale stands frozen until it can be
taken up again from the journal, by the same path as after a crash. Snapshots are made beside the loop, which only
begins them and hears how they ended.
"""

from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Final

import zmq

from auctioneer.house import commands
from auctioneer.house.frozen import FrozenHouse
from auctioneer.house.house import Batch, House
from auctioneer.house.news import Parked
from auctioneer.journal import ChainEnd, DamagedJournalError, Journal, append
from auctioneer.journal.snapshots import Made, SnapshotMaker
from auctioneer.monitoring.counters import Counters, Vitals
from auctioneer.monitoring.logs import Teller
from auctioneer.network.broadcasts import frames
from auctioneer.network.endpoints import Endpoints, user_id
from auctioneer.network.floods import Floods
from auctioneer.network.introductions import Introductions
from auctioneer.network.pacing import DELIVERY_US, ENCRYPTED_DELIVERY_US, Pacer
from auctioneer.network.subscriptions import Subscriptions
from auctioneer.process.startup import OpenSale
from auctioneer.rules.facts import AnyFact, BidderAdmitted, BidTaken
from common.codec import BEAT_TOPIC, encode, encode_broadcast, topic
from common.errors import RejectCode, StorageError
from common.limits import HEARTBEAT_MS
from common.lot import SaleStatus, StreamEvent
from common.messages import Heartbeat, Probed, Rejected

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

BATCH_REQUESTS_MAX: Final = 512
"""Requests decided and committed together: about 15 ms of work, the longest that a timer waits."""
PASSED_OVER_MAX: Final = 32
"""After so many requests that get no answer, those that do need not wait longer: a flood is drained in small parts."""
STAMP_REQUESTS: Final = 16
"""So many requests that wait for the house share one receipt stamp: a fraction of a millisecond's worth."""
BATCH_COMMANDS_MAX: Final = 16
BATCH_SUBSCRIPTIONS_MAX: Final = 64
"""About half a millisecond of work: a flood of subscriptions keeps no bid waiting for longer."""
HEARTBEAT_EVERY_MS: Final = HEARTBEAT_MS * 8 // 10
"""A little more often than promised, so that a busy turn does not break the promise."""
STANDSTILL_MS: Final = 3_000
"""A turn that comes this late (a suspended machine, a stuck disk) is an outage: open lots get the time back."""
SNAPSHOT_EVERY_FACTS: Final = 100_000
"""What a restart replays at the most, about a third of a second's worth; more where the sale has very many lots."""
SNAPSHOT_FACTS_PER_ENTRY: Final = 2
"""A snapshot holds every lot and every bidder, so that a large sale takes fewer of them."""
THAW_EVERY_MS: Final = 500
EXIT_GRACE_MS: Final = 2_000
"""With `exit_when_ended`: how long clients may still fill holes after the end of the sale."""

# Plain integers: combining pyzmq's flags anew for each message costs as much as sending it.
_AT_ONCE: Final = int(zmq.DONTWAIT)
_SEND_MORE: Final = int(zmq.SNDMORE | zmq.DONTWAIT)
Addressed = tuple[bytes, object]
"""An answer, and the routing id that it goes to."""

_BEAT: Final = topic(BEAT_TOPIC)


class Server:
    """A house on the network. `run` returns after `stop`, or when the sale has ended if that was asked for."""

    def __init__(
        self,
        endpoints: Endpoints,
        sale: OpenSale,
        reopen: Callable[[ChainEnd], OpenSale],
        snapshots: SnapshotMaker,
        log: "FilteringBoundLogger",
        *,
        is_encrypted: bool,
        exit_when_ended: bool,
        facts: Teller,
        restarts: int = 0,
    ) -> None:
        self._requests = endpoints.requests
        self._publisher = endpoints.publisher
        self._control = endpoints.control
        self._subscriptions = Subscriptions(endpoints.publisher, endpoints.turned_away.add)
        self._floods = Floods(endpoints.requests, endpoints.turned_away)
        self._control_floods = Floods(endpoints.control, endpoints.turned_away)
        self._pacer = Pacer(ENCRYPTED_DELIVERY_US if is_encrypted else DELIVERY_US)
        self._reopen = reopen
        self._snapshots = snapshots
        self._log = log
        self.counters = Counters(restarts=restarts)
        self._is_encrypted = is_encrypted
        self._exit_when_ended = exit_when_ended
        self._facts = facts
        self._introductions = Introductions()
        self._answers: list[Addressed] = []
        self._control_answers: list[Addressed] = []
        self._poller = zmq.Poller()
        for one in (self._requests, self._control, self._publisher):
            self._poller.register(one, zmq.POLLIN)
        self._stop_handles: list[int] = []
        self._stopping = False
        self._seen_ms = 0
        self._committed_ms = 0
        self._heartbeat_ms = 0
        self._thaw_ms = 0
        self._ended_ms: int | None = None
        self._install(sale)

    def stop_on(self, handle: int) -> None:
        """Stop cleanly once the file handle can be read (a signal came, or the watchdog is gone)."""
        self._poller.register(handle, zmq.POLLIN)
        self._stop_handles.append(handle)

    def run(self, on_serving: Callable[[], None] = lambda: None) -> None:
        """Hold the sale, and say once that it is served: after the first turn, which has a heartbeat.

        Raises DamagedJournalError where the journal turns out to be damaged.
        """
        self._turn()
        on_serving()
        while not self._stopping:
            self._turn()
        self._close()

    # --- one turn ----------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        ready = dict(self._poller.poll(self._timeout_ms()))
        now_ms = self._now_ms()
        if self._house is None and now_ms >= self._thaw_ms:
            self._thaw(now_ms)
        if self._requests in ready:
            self.counters.drained(self._drain_requests())
        if self._control in ready:
            self._drain_control()
        if self._publisher in ready:
            self._drain_subscriptions()
        now_ms = self._now_ms()
        if self._house is not None:
            self._house.advance(now_ms)
        self._commit(now_ms)
        self._broadcast(self._pacer.pop(now_ms))
        if now_ms >= self._heartbeat_ms:
            self._heartbeat(now_ms)
        if any(handle in ready for handle in self._stop_handles) or self._is_over(now_ms):
            self._stopping = True

    def _now_ms(self) -> int:
        """Return the time. If it was last asked for long ago, nobody could bid since, and open lots get that back.

        Receipts are stamped with this, so that a standstill within a turn closes no lot, and what is given back is
        never more than has passed since the last recorded fact.
        """
        now_ms = self._clock.now_ms()
        stood_ms = now_ms - self._seen_ms
        self._seen_ms = now_ms
        if stood_ms > STANDSTILL_MS and self._house is not None:
            self.counters.standstills += 1
            self._house.stood_still(now_ms, stood_ms)
        return now_ms

    def _timeout_ms(self) -> int:
        now_ms = self._clock.now_ms()
        deadline_ms = self._heartbeat_ms
        if self._house is None:
            deadline_ms = min(deadline_ms, self._thaw_ms)
        else:
            due_ms = self._house.next_deadline_ms()
            deadline_ms = deadline_ms if due_ms is None else min(deadline_ms, due_ms)
        held_until_ms = self._pacer.next_deadline_ms()
        if held_until_ms is not None:
            deadline_ms = min(deadline_ms, held_until_ms)
        return max(0, deadline_ms - now_ms)

    def _is_over(self, now_ms: int) -> bool:
        if not self._exit_when_ended or self._house is None:
            return False
        if self._house.engine.sale.status is not SaleStatus.ENDED:
            return False
        if self._ended_ms is None:
            self._ended_ms = now_ms
        return now_ms - self._ended_ms >= EXIT_GRACE_MS

    # --- what comes in -----------------------------------------------------------------------------------------

    def _drain_requests(self) -> int:
        """Take what waits, up to a bound, and return how many requests it was."""
        receive, handle, answers = self._requests.recv, (self._house or self._frozen).handle, self._answers
        whose = None if self._is_encrypted else self._introductions.principal
        passed_over = 0
        for drained in range(BATCH_REQUESTS_MAX):
            try:
                routing_id = receive(_AT_ONCE)
            except zmq.Again:
                return drained
            frame = receive(_AT_ONCE, False)  # noqa: FBT003 -- copy; by position on the path of every bid
            if drained % STAMP_REQUESTS == 0:
                now_ms = self._now_ms()
            if frame.more:
                self._refuse_frames(routing_id, frame, now_ms)
                return drained + 1  # it may have had thousands of frames, and nothing waits for another such
            body = frame.bytes
            principal = user_id(frame) if whose is None else whose(routing_id, body)
            answer = None if principal is None else handle(principal, body, now_ms)
            if type(answer) is Parked:
                answer.routing_id = routing_id
                continue
            if answer is not None:
                answers.append((routing_id, answer))
                continue
            if principal is not None:
                self._floods.note(principal, routing_id, frame)
            passed_over += 1
            if passed_over >= PASSED_OVER_MAX and answers:
                return drained + 1
        return BATCH_REQUESTS_MAX

    def _refuse_frames(self, routing_id: bytes, first: zmq.Frame, now_ms: int) -> None:
        """Refuse a message of several frames, which is no request; who sends very many gets no answer."""
        who = user_id(first) if self._is_encrypted else self._introductions.principal(routing_id, b"")
        principal = who or ""
        if self._floods.pass_over(principal, routing_id, first) or who is None:
            return
        answer = (self._house or self._frozen).handle(principal, b"", now_ms)
        if answer is None:
            self._floods.note(principal, routing_id, first)
        else:
            self._answers.append((routing_id, answer))

    def _drain_control(self) -> None:
        for _ in range(BATCH_COMMANDS_MAX):
            try:
                routing_id = self._control.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            frame = self._control.recv(zmq.DONTWAIT, copy=False)
            body = b"" if frame.more else frame.bytes
            key = user_id(frame) or ""
            if self._control_floods.pass_over(key, routing_id, frame):
                return
            if self._house is None:
                answer: object = self._frozen.answer_command(body)
            else:
                answer = self._carry_out(self._house, key, body)
            self._control_answers.append((routing_id, answer))

    def _carry_out(self, house: House, key: str, body: bytes) -> object:
        """Carry out a command, if its sender gives commands now: a clerk who was dismissed is out at once."""
        who = house.controllers.get(key)
        if who is None:
            return Rejected(id=0, code=RejectCode.FORBIDDEN)
        return commands.carry_out(house, who, body, self._now_ms())

    def _drain_subscriptions(self) -> None:
        for _ in range(BATCH_SUBSCRIPTIONS_MAX):
            asked = self._subscriptions.receive()
            if asked is None:
                return
            principal = asked.principal or ""
            now_ms = self._now_ms()
            house = self._house
            if self._is_encrypted and not principal:
                continue
            if not (house or self._frozen).spend(principal, now_ms):
                if self._is_encrypted:
                    self._subscriptions.cut_off_sender()
                continue
            if house is None or (self._is_encrypted and not house.may_hear(principal)):
                continue
            probe = self._subscriptions.grant(principal, asked.message)
            if probe is not None:
                probed = Probed(
                    epoch=self._epoch,
                    instance=house.settings.instance,
                    term=self._term,
                    server_time_ms=now_ms,
                    subscriptions=probe.subscriptions,
                )
                self._publish([encode_broadcast(probe.topic, probed)])
                self._subscriptions.forget_probe(probe.topic)

    # --- what goes out -----------------------------------------------------------------------------------------

    def _commit(self, now_ms: int) -> None:
        """Make the batch durable, then send what it caused."""
        if self._house is not None:
            batch = self._house.flush()
            self._answers += batch.released
            if batch.facts or batch.rejections:
                started_s = perf_counter()
                try:
                    position = append(self._journal, batch.facts, batch.rejections, now_ms)
                except StorageError as error:
                    self._freeze(error, now_ms)
                    instead = self._frozen.in_place_of
                    self._answers = [(to, instead(answer)) for to, answer in self._answers]
                    self._control_answers = [(to, instead(answer)) for to, answer in self._control_answers]
                else:
                    took_s = perf_counter() - started_s
                    self._committed_ms = now_ms
                    self._sale_seq = self._house.engine.sale.seq
                    self._send_answers()
                    self._pacer.hold(batch.events, now_ms)
                    self._broadcast(self._pacer.pop(now_ms))
                    self._tell(position, batch, took_s, now_ms)
                    if position >= self._snapshot_due:
                        self._start_snapshot(self._house)
            elif batch.names_rejected:
                self._facts.tell(self._house, self._journal.position + 1, batch, (), now_ms)
        self._send_answers()

    def _send_answers(self) -> None:
        self._answer(self._requests, self._answers)
        self._answer(self._control, self._control_answers)

    def _answer(self, sender: "zmq.Socket[bytes]", answers: list[Addressed]) -> None:
        send = sender.send
        for routing_id, answer in answers:
            try:
                send(routing_id, _SEND_MORE)
                send(encode(answer), _AT_ONCE)
            except zmq.ZMQError as error:
                # Gone, or it does not read: it will ask again, and get the same verdict.
                if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                    raise
                self._log.debug("answer_not_taken", reason=error.strerror)
                self.counters.answers_not_taken += 1
        answers.clear()

    def _broadcast(self, events: list[StreamEvent]) -> None:
        if not events:
            return
        told = frames(self._epoch, events, self._subscriptions.is_followed)
        self._publish(told)
        deliveries = self._subscriptions.deliveries(len(told), {stream for stream, _ in events})
        self._pacer.sent(deliveries, self._clock.now_ms())

    def _publish(self, told: list[bytes]) -> None:
        send = self._publisher.send
        for frame in told:
            send(frame)
        self.counters.broadcast_frames += len(told)
        self.counters.broadcast_bytes += sum(map(len, told))

    def _heartbeat(self, now_ms: int) -> None:
        self.counters.heartbeat_lag_ms = now_ms - self._heartbeat_ms
        self._heartbeat_ms = now_ms + HEARTBEAT_EVERY_MS
        if self._house is not None:
            self._house.drop_silent(now_ms)
            self._commit(now_ms)
        self._broadcast(self._pacer.pop_all())
        self._facts.pause(now_ms)
        self._subscriptions.forget_gone()
        made = self._snapshots.finished()
        if made is not None:
            self._note_snapshot(made, now_ms)
        if self._house is not None:
            try:
                if now_ms - self._committed_ms >= HEARTBEAT_EVERY_MS:
                    self._journal.require_in_place()
                    append(self._journal, (), (), now_ms)
                    self._committed_ms = now_ms
                else:
                    self._journal.require_in_place()
            except StorageError as error:
                self._freeze(error, now_ms)
        if self._house is not None:
            beat = self._house.heartbeat(now_ms)
        else:
            beat = Heartbeat(
                epoch=self._epoch,
                instance=self._instance,
                term=self._term,
                server_time_ms=now_ms,
                sale_seq=self._sale_seq,
                lots=(),
                frozen=True,
            )
        self._publish([encode_broadcast(_BEAT, beat)])

    def _tell(self, position: int, batch: Batch, took_s: float, now_ms: int) -> None:
        """Count and tell of a batch that was committed."""
        facts = batch.facts
        others = [place for place, fact in enumerate(facts) if type(fact) is not BidTaken]
        self.counters.committed(len(facts) - len(others), [facts[place] for place in others], batch.rejections, took_s)
        for place in others:
            self._cut_off_if_turned_out(facts[place])
        if self._house is not None:
            self._facts.tell(self._house, position - len(facts) + 1, batch, others, now_ms)

    def _cut_off_if_turned_out(self, fact: AnyFact) -> None:
        """End the broadcasts to who was turned out: what was granted once would go on for as long as they listen."""
        if self._house is None or not isinstance(fact, BidderAdmitted) or fact.admitted:
            return
        entry = self._house.register.by_paddle(fact.paddle)
        if entry is not None:
            self._subscriptions.cut_off(entry.key)

    def vitals(self) -> Vitals:
        """Return how the server stands. Another thread may call this: it only reads, without a lock."""
        house, now_ms = self._house, self._clock.now_ms()
        return Vitals(
            is_frozen=house is None,
            epoch=self._epoch,
            instance=self._instance,
            position=0 if house is None else self._journal.position,
            lots=() if house is None else house.engine.catalogue,
            bidders=0 if house is None else len(house.register.entries),
            turn_age_ms=now_ms - self._seen_ms,
            commit_age_ms=now_ms - self._committed_ms,
            snapshot_age_ms=now_ms - self._snapshot_ms,
            events_since_snapshot=0 if house is None else self._journal.position - self._snapshot_position,
        )

    # --- the journal -------------------------------------------------------------------------------------------

    def _install(self, sale: OpenSale) -> None:
        self._journal: Journal = sale.journal
        self._stored = sale.journal.end
        """Where the record ended when the sale froze; it must go on from there."""
        self._house: House | None = sale.house
        self._clock = sale.clock
        self._epoch = sale.house.engine.epoch
        self._instance = sale.house.settings.instance
        self._term = sale.house.settings.term
        self._frozen = FrozenHouse(sale.house.settings.requests_per_s, THAW_EVERY_MS)
        """Speaks in the house's place while there is none."""
        self._sale_seq = sale.house.engine.sale.seq
        now_ms = self._clock.now_ms()
        self._seen_ms = self._committed_ms = sale.journal.alive_ms  # storing the start may have taken long
        self._heartbeat_ms = now_ms
        self._thaw_ms = now_ms
        self._snapshot_position = sale.snapshot_position
        self._snapshot_due = sale.snapshot_position + _events_between_snapshots(sale.house)
        self._snapshot_ms = now_ms
        for one in sale.passed_over:
            self._log.warning("snapshot_passed_over", reason=one.reason)
        first = sale.journal.position - len(sale.opened.facts) + 1
        self._facts.opened(sale.house, first, sale.opened, now_ms)

    def _freeze(self, error: StorageError, now_ms: int) -> None:
        """Stand still: nothing can be stored, so nothing can be decided."""
        self._log.error("frozen", reason=str(error))
        self.counters.freezes += 1
        if self._house is not None:
            self._answers += self._house.release_questions()
        self._stored = self._journal.end
        self._journal.close()
        self._house = None
        self._thaw_ms = now_ms + THAW_EVERY_MS

    def _thaw(self, now_ms: int) -> None:
        try:
            sale = self._reopen(self._stored)
        except DamagedJournalError:
            raise
        except StorageError as error:
            self._log.debug("still_frozen", reason=str(error))
            self._thaw_ms = now_ms + THAW_EVERY_MS
            return
        self._log.warning("thawed")
        self._broadcast(self._pacer.pop_all())  # of the epoch in which it was decided, and before what the outage did
        self._install(sale)
        self._broadcast(sale.opened.events)

    def _start_snapshot(self, house: House) -> None:
        """Begin a snapshot of the state that is stored; whatever becomes of it, the next is due as long after it."""
        end = self._journal.end
        self._snapshot_due = end.position + _events_between_snapshots(house)
        self._snapshots.start(end, house.snapshot)

    def _note_snapshot(self, made: Made, now_ms: int) -> None:
        if made.fault:
            self._log.warning("snapshot_failed", reason=made.fault)
            self.counters.snapshot_failures += 1
            return
        self._snapshot_position = made.position
        self._snapshot_ms = now_ms

    def _close(self) -> None:
        self._broadcast(self._pacer.pop_all())
        house = self._house
        if house is not None:
            self._note_snapshot(self._snapshots.save(self._journal.end, house.snapshot), self._clock.now_ms())
            open_lots = [lot.view.lot for lot in house.engine.catalogue if not lot.view.status.is_final]
            self._facts.write_rest(self._clock.now_ms())
            self._log.info("stopped", unfinished_lots=len(open_lots))
        self._journal.close()


def _events_between_snapshots(house: House) -> int:
    entries = len(house.engine.catalogue) + len(house.register.entries)
    return max(SNAPSHOT_EVERY_FACTS, SNAPSHOT_FACTS_PER_ENTRY * entries)
