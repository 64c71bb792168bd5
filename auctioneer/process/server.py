"""The server: the only loop that touches the sockets. It decides nothing.

One turn: wait; drain what came, up to a bound; let the house decide; commit all of it in one transaction; send the
answers; broadcast what changed, in few frames. Nothing leaves before it is durable. What the sale does with its journal
(`auctioneer.process.held_sale`) may take several turns, or fail: the loop sends what it releases, and no more.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

import zmq

from auctioneer.house.budgets import Budgets
from auctioneer.house.news import Parked
from auctioneer.journal import ChainEnd
from auctioneer.journal.lease import Beside
from auctioneer.journal.snapshots import SnapshotMaker
from auctioneer.monitoring.counters import Counters, Vitals
from auctioneer.monitoring.logs import Teller
from auctioneer.network.broadcasts import frames
from auctioneer.network.control_lines import ControlLines
from auctioneer.network.endpoints import Endpoints, user_id
from auctioneer.network.floods import Floods
from auctioneer.network.introductions import Introductions
from auctioneer.network.pacing import DELIVERY_US, ENCRYPTED_DELIVERY_US, Pacer
from auctioneer.network.subscriptions import Subscriptions
from auctioneer.process.held_sale import BATCH_REQUESTS_MAX, HEARTBEAT_EVERY_MS, Addressed, HeldSale, Released
from auctioneer.process.startup import OpenSale
from common.codec import BEAT_TOPIC, encode, encode_broadcast, request_id_of, topic
from common.errors import RejectCode
from common.lot_events import StreamEvent
from common.messages import Probed, Rejected

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

PASSED_OVER_MAX: Final = 32
"""A drain ends after this many requests without an answer, so that the answered ones need not wait for a flood."""
STAMP_REQUESTS: Final = 16
"""So many requests that wait for the house share one receipt stamp: a fraction of a millisecond's worth."""
BATCH_COMMANDS_MAX: Final = 16
COMMANDS_PER_S: Final = 100
"""The most commands and questions of one key; far more than people and their programs need."""
BATCH_SUBSCRIPTIONS_MAX: Final = 64
"""About half a millisecond of work: a flood of subscriptions keeps no bid waiting for longer."""
EXIT_GRACE_MS: Final = 2_000
"""With `exit_when_ended`: how long clients may still fill holes after the end of the sale."""

# Plain integers, because combining pyzmq's flags for each message would cost as much as sending it.
_AT_ONCE: Final = int(zmq.DONTWAIT)
_SEND_MORE: Final = int(zmq.SNDMORE | zmq.DONTWAIT)
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
        has_others: bool = False,
        beside: Callable[[], Sequence[Beside]] = tuple,
    ) -> None:
        self._requests = endpoints.requests
        self._publisher = endpoints.publisher
        self._control = endpoints.control
        self._subscriptions = Subscriptions(endpoints.publisher, endpoints.turned_away.add)
        self._floods = Floods(endpoints.requests, endpoints.turned_away)
        self._control_lines = ControlLines(endpoints.control)
        self._command_budgets = Budgets(COMMANDS_PER_S)
        self._control_floods = Floods(endpoints.control, endpoints.turned_away)
        self._pacer = Pacer(ENCRYPTED_DELIVERY_US if is_encrypted else DELIVERY_US)
        self._log = log
        self.counters = Counters(restarts=restarts)
        self._is_encrypted = is_encrypted
        self._exit_when_ended = exit_when_ended
        self._facts = facts
        self._introductions = Introductions()
        self._stop_handles: list[int] = []
        self._stopping = False
        self._heartbeat_ms = self._turned_ms = sale.clock.now_ms()
        self._ended_ms: int | None = None
        self._sale = HeldSale(sale, reopen, snapshots, log, facts, self.counters, has_others=has_others, beside=beside)
        self._poller = zmq.Poller()
        for one in (self._requests, self._control, self._publisher):
            self._poller.register(one, zmq.POLLIN)
        self._patient_poller = zmq.Poller()
        """Hears nobody; for while the sale is full, and waits for its store."""
        self._store_handle: int | None = None
        self._store_events = int(zmq.POLLIN)
        self._watch_store()

    def stop_on(self, handle: int) -> None:
        """Stop cleanly once the file handle can be read (a signal came, or the watchdog is gone)."""
        self._poller.register(handle, zmq.POLLIN)
        self._patient_poller.register(handle, zmq.POLLIN)
        self._stop_handles.append(handle)

    def run(self, on_serving: Callable[[], None] = lambda: None) -> None:
        """Hold the sale until it is stopped or handed over, and say once that it is served.

        That is after the first turn, which has a heartbeat.

        Raises DamagedJournalError where the journal turns out to be damaged, FencedError where another process took it,
        and SteppedDownError where another house may have.
        """
        self._turn()
        on_serving()
        while not self._stopping:
            self._turn()
        self._close()

    @property
    def has_handed_over(self) -> bool:
        """Whether it stopped because another house holds the sale now."""
        return self._sale.house.is_handed_over

    # --- one turn ----------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        sale = self._sale
        poller = self._patient_poller if sale.is_full else self._poller
        ready = dict(poller.poll(self._timeout_ms()))
        sale.require_lease()
        now_ms = self._turned_ms = sale.clock.now_ms()
        if sale.is_waiting or self._store_handle in ready:
            self._release(sale.hear_store(now_ms), now_ms)
        if sale.is_thaw_due(now_ms):
            self._thaw(now_ms)
        if not sale.is_full:
            sale.stamp()
            if self._requests in ready:
                self.counters.drained(self._drain_requests())
            if self._control in ready:
                self._drain_control()
            if self._publisher in ready:
                self._drain_subscriptions()
            sale.advance()
        now_ms = sale.clock.now_ms()
        self._commit(now_ms)
        if sale.is_beat_due(now_ms):
            self._release(sale.keep_alive(now_ms), now_ms)
        self._broadcast(self._pacer.pop(now_ms))
        if now_ms >= self._heartbeat_ms:
            self._heartbeat(now_ms)
        if sale.handle != self._store_handle or sale.is_sending != (self._store_events != zmq.POLLIN):
            self._watch_store()
        is_told = any(handle in ready for handle in self._stop_handles)
        if is_told or sale.is_handed_over or self._is_over(now_ms):
            self._stopping = True

    def _timeout_ms(self) -> int:
        deadlines_ms = (self._heartbeat_ms, self._sale.next_deadline_ms(), self._pacer.next_deadline_ms())
        deadline_ms = min(deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None)
        return max(0, deadline_ms - self._sale.clock.now_ms())

    def _is_over(self, now_ms: int) -> bool:
        if not self._exit_when_ended or not self._sale.house.has_ended:
            return False
        if self._ended_ms is None:
            self._ended_ms = now_ms
        return now_ms - self._ended_ms >= EXIT_GRACE_MS

    def _thaw(self, now_ms: int) -> None:
        self._broadcast(self._pacer.pop_all())  # of the epoch in which it was decided, and before what the outage did
        opened = self._sale.thaw(now_ms)
        if opened is not None:
            self._heartbeat_ms = now_ms
            self._broadcast(opened.events)

    def _watch_store(self) -> None:
        """Have the loop turn when the store has something to say, of the journal that is in hand now."""
        sale = self._sale
        self._store_events = int(zmq.POLLIN | zmq.POLLOUT if sale.is_sending else zmq.POLLIN)
        for poller in (self._poller, self._patient_poller):
            if self._store_handle is not None:
                poller.unregister(self._store_handle)
            if sale.handle is not None:
                poller.register(sale.handle, self._store_events)
        self._store_handle = sale.handle

    # --- what comes in -----------------------------------------------------------------------------------------

    def _drain_requests(self) -> int:
        """Take what waits, up to a bound, and return how many requests it was."""
        sale = self._sale
        receive, handle, answers = self._requests.recv, sale.house.handle, sale.answers.requests
        whose = None if self._is_encrypted else self._introductions.principal
        passed_over = 0
        for drained in range(BATCH_REQUESTS_MAX):
            try:
                routing_id = receive(_AT_ONCE)
            except zmq.Again:
                return drained
            frame = receive(_AT_ONCE, False)  # noqa: FBT003 -- copy; by position on the path of every bid
            if drained % STAMP_REQUESTS == 0:
                now_ms = sale.stamp()
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
        """Refuse a message of several frames, which is no request. The sender of very many gets no answer."""
        who = user_id(first) if self._is_encrypted else self._introductions.principal(routing_id, b"")
        principal = who or ""
        if self._floods.pass_over(principal, routing_id, first) or who is None:
            return
        answer = self._sale.house.handle(principal, b"", now_ms)
        if answer is None:
            self._floods.note(principal, routing_id, first)
        else:
            self._sale.answers.requests.append((routing_id, answer))

    def _drain_control(self) -> None:
        """Take commands, up to a bound. Those of a key that gives very many are refused, and then it is cut off."""
        now_ms = self._sale.clock.now_ms()
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
            self._control_lines.note(key, frame)
            budget = self._command_budgets.of(key, now_ms)
            if budget.spend(now_ms):
                answer = self._sale.carry_out(key, body)
            elif budget.is_exhausted:
                self._control_floods.note(key, routing_id, frame)
                continue
            else:
                answer = Rejected(id=request_id_of(body), code=RejectCode.SLOW_DOWN, retry_ms=budget.retry_ms)
            self._sale.answers.commands.append((routing_id, answer))

    def _drain_subscriptions(self) -> None:
        for _ in range(BATCH_SUBSCRIPTIONS_MAX):
            asked = self._subscriptions.receive()
            if asked is None:
                return
            principal = asked.principal or ""
            now_ms, house = self._sale.clock.now_ms(), self._sale.house
            if self._is_encrypted and not principal:
                continue
            if not house.spend(principal, now_ms):
                if self._is_encrypted:
                    self._subscriptions.cut_off_sender()
                continue
            if not (house.may_hear(principal) if self._is_encrypted else house.grants):
                continue
            probe = self._subscriptions.grant(principal, asked.message)
            if probe is not None:
                probed = Probed(
                    epoch=self._sale.epoch,
                    instance=house.settings.instance,
                    term=house.settings.term,
                    server_time_ms=now_ms,
                    subscriptions=probe.subscriptions,
                )
                self._publish([encode_broadcast(probe.topic, probed)])
                self._subscriptions.forget_probe(probe.topic)

    # --- what goes out -----------------------------------------------------------------------------------------

    def _commit(self, now_ms: int) -> None:
        """Make durable what was decided, and send what is durable."""
        self._release(self._sale.commit(now_ms), now_ms)

    def _release(self, released: Iterable[Released], now_ms: int) -> None:
        for one in released:
            self._answer(self._requests, one.answers.requests)
            self._answer(self._control, one.answers.commands)
            if one.batch is not None:
                self._pacer.hold(one.batch.events, now_ms)
                self._broadcast(self._pacer.pop(now_ms))
                for key in one.batch.turned_out:
                    self._subscriptions.cut_off(key)
                    self._control_lines.cut_off(key)

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

    def _broadcast(self, events: list[StreamEvent]) -> None:
        if not events:
            return
        told = frames(self._sale.epoch, events, self._subscriptions.is_followed)
        self._publish(told)
        deliveries = self._subscriptions.deliveries(len(told), {stream for stream, _ in events})
        self._pacer.sent(deliveries, self._sale.clock.now_ms())

    def _publish(self, told: list[bytes]) -> None:
        send = self._publisher.send
        for frame in told:
            send(frame)
        self.counters.broadcast_frames += len(told)
        self.counters.broadcast_bytes += sum(map(len, told))

    def _heartbeat(self, now_ms: int) -> None:
        self.counters.heartbeat_lag_ms = now_ms - self._heartbeat_ms
        self._heartbeat_ms = now_ms + HEARTBEAT_EVERY_MS
        self._sale.drop_silent()
        self._commit(now_ms)
        self._broadcast(self._pacer.pop_all())
        self._facts.pause(now_ms)
        self._subscriptions.forget_gone()
        self._sale.look_after_snapshot(now_ms)
        self._release(self._sale.keep_alive(now_ms), now_ms)
        self._publish([encode_broadcast(_BEAT, self._sale.heartbeat(now_ms))])

    def vitals(self) -> Vitals:
        """Return how the server stands. Another thread may call this: it only reads, without a lock."""
        return self._sale.vitals(self._turned_ms)

    def _close(self) -> None:
        self._release(self._sale.finish(), self._sale.clock.now_ms())
        self._broadcast(self._pacer.pop_all())
        self._sale.close()
