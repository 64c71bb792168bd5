"""The sockets of a client and its session, for both shells. A connection never waits, and has no thread or loop.

A shell must call `pump` when one of `sockets` may be readable, when `wait_ms` is over, and after each request of the
application. `pump` reads until nothing is left, even after it has sent something: a zmq socket's file descriptor shows
only changes, so the shell might never learn about a message left unread.

`bidder.shells.addresses` decides when to try which address of the house, and `bidder.shells.line` connects to it.
"""

import time
from collections.abc import Callable
from os import urandom
from typing import Any, Final

import msgspec
import zmq

from bidder.core.effects import ConnectFeed, Send, Settled, Subscribe, Unsubscribe
from bidder.core.notices import Notice
from bidder.core.session import Session
from bidder.shells.addresses import Progress, Resolve, Search, resolve
from bidder.shells.line import Line, feed_options, request_options
from common.errors import RejectedError, UnreachableError, WrongKeyError
from common.keys import KeyPair
from common.limits import HEARTBEAT_MS, REPLY_BYTES_MAX
from common.links import JoinLink, zmq_address
from common.messages import Hello
from common.steady_time import steady_ns

FRAMES_PER_PUMP_MAX: Final = 500
"""The most frames that `pump` reads from one socket before the application gets its turn."""
BYTES_PER_PUMP_MAX: Final = REPLY_BYTES_MAX
"""The most bytes that `pump` reads at a time: frames may be large, and take time to read."""

AppEffect = Settled | Notice
"""The effects left for the shell: it settles the application's requests and tells it the notices."""


class Connection:
    """One client's sockets and its session. Only one thread at a time may call its methods.

    Another thread calls `wake` when `pump` has something to do because a lookup of a name has ended.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        link: JoinLink,
        keys: KeyPair,
        hello: Hello,
        wake: Callable[[], None],
        last_id: int = 0,
        resolve: Resolve = resolve,
    ) -> None:
        self.link = link
        self.context = context
        self.session = Session(
            hello if link.server_key else msgspec.structs.replace(hello, key=keys.public),
            now_ms=self.now_ms(),
            now_us=time.time_ns() // 1000,
            entropy=urandom,
            last_id=last_id,
        )
        self._search = Search(link.places, resolve, wake)
        self._fault: WrongKeyError | RejectedError | None = None
        """The reason why the house can't be at one of the addresses; raised when all were tried."""
        self._publish_port: int | None = None
        self._has_moved = False
        """Whether the request path has left an address since it last came up. The feed is given up with it then."""
        self.house_address = ""
        """The last address at which the client reached the house; empty before the first."""

        self._requests = Line(context, zmq.DEALER, request_options(link, keys))
        try:
            self._feed = Line(context, zmq.SUB, feed_options(link, keys))
        except BaseException:
            self._requests.close()
            raise
        now_ms = self.now_ms()
        self._search.begin(now_ms)
        self._connect_requests(now_ms)

    @staticmethod
    def now_ms() -> int:
        """Return the session's time: milliseconds of a clock that nobody sets. It runs while the machine sleeps."""
        return steady_ns() // 1_000_000

    @property
    def sockets(self) -> list["zmq.Socket[Any]"]:
        """The sockets after which `pump` must be called when they become readable. Any `pump` may exchange them."""
        lines = (self._requests, self._feed)
        return [line.socket for line in lines] + [line.monitor for line in lines]

    @property
    def sockets_opened(self) -> int:
        """The number of sockets opened so far. When it has grown, `sockets` has changed."""
        return self._requests.sockets_opened + self._feed.sockets_opened

    @property
    def wait_ms(self) -> int | None:
        """The milliseconds that `pump` can wait if no socket is readable; None: forever."""
        lines = (self._requests, self._feed)
        deadlines_ms = [self.session.next_deadline_ms, self._search.next_ms, *(line.reconnect_ms for line in lines)]
        due_ms = min((deadline_ms for deadline_ms in deadlines_ms if deadline_ms is not None), default=None)
        return None if due_ms is None else max(0, due_ms - self.now_ms())

    def pump(self) -> tuple[list[AppEffect], bool]:
        """Move all waiting messages; return the effects for the application, and whether to call again at once.

        Raises WrongKeyError, RejectedError and ProtocolError. The connection is useless after any of them.
        """
        for_app: list[AppEffect] = []
        session, now_ms = self.session, self.now_ms()
        self._note_connections(now_ms)
        has_more = self._read(for_app, now_ms)
        # The time counts only after all messages: the heartbeats of the house may wait unread because the program was
        # busy for seconds, and the house must not count as silent then.
        session.tick(now_ms)
        for line in (self._requests, self._feed):
            line.connect_again_if_given_up(now_ms)
        is_heard = has_more and self._requests.progress is Progress.UP
        if self._search.is_choice and not is_heard:
            self._find_house(now_ms)
        if self._carry_out(for_app):
            has_more |= self._read(for_app, now_ms)
        return for_app, has_more

    def _note_connections(self, now_ms: int) -> None:
        """Tell the session about new connections. Raises WrongKeyError and RejectedError."""
        try:
            if self._requests.came_up(now_ms):
                self.house_address = self._requests.address
                self._connect_feed(now_ms, always=self._has_moved)
                self._has_moved = False
                self.session.connected(now_ms)
        except (WrongKeyError, RejectedError) as error:
            if self._requests.proven or self._search.addresses.is_round_over:
                raise
            self._fault, self._requests.progress = error, Progress.REFUSED
        if self._feed.came_up(now_ms):
            self.session.feed_connected(now_ms)

    def _find_house(self, now_ms: int) -> None:
        """Try another address if the current one does not answer. Raises the reason if none can be the house's."""
        search, addresses = self._search, self._search.addresses
        search.read_lookups(now_ms)
        if self._requests.address:
            addresses.note(self._requests.progress, now_ms)
            welcome = self.session.welcome
            addresses.note_service(self.session.served_ms, HEARTBEAT_MS if welcome is None else welcome.heartbeat_ms)
        if addresses.next_ms is not None and addresses.next_ms <= now_ms:
            if addresses.is_round_over and self._fault is not None and not self._requests.proven:
                raise self._fault
            search.go_on(now_ms)
        self._connect_requests(now_ms)

    def _connect_requests(self, now_ms: int) -> None:
        """Connect the request path to the current address, unless it is connected there."""
        address = self._search.current
        if address and address != self._requests.address:
            self._requests.connect(address, now_ms)
            self._has_moved = True

    def _connect_feed(self, now_ms: int, *, always: bool = False) -> None:
        """Connect the feed to the machine that answers requests, unless it is connected there; `always`: even then."""
        if self._publish_port is not None:
            address = zmq_address(self._search.current_host, self._publish_port)
            if always or address != self._feed.address:
                self._feed.connect(address, now_ms)

    def _read(self, for_app: list[AppEffect], now_ms: int) -> bool:
        """Read up to the limits, and carry out effects in between; return whether more may wait."""
        may_have_answers, left_bytes = True, BYTES_PER_PUMP_MAX
        for _ in range(FRAMES_PER_PUMP_MAX):
            may_have_answers |= self._carry_out(for_app)
            answer = self._requests.receive() if may_have_answers else None
            may_have_answers = answer is not None  # asking an empty socket costs as much as a broadcast
            broadcast = self._feed.receive()
            if answer is None and broadcast is None:
                return False
            if self.session.is_joining:
                # A message may come over a connection that is newer than the last check. If the session hears of the
                # connection only after the message, it takes it for yet another connection and joins a second time.
                self._note_connections(now_ms)
            if answer is not None:
                left_bytes -= len(answer)
                self.session.answer_received(answer, now_ms)
            if broadcast is not None:
                left_bytes -= len(broadcast)
                self.session.broadcast_received(broadcast, now_ms)
            if left_bytes <= 0:
                break
        return True

    def _carry_out(self, for_app: list[AppEffect]) -> bool:
        """Carry out the session's effects; return whether this used a socket, which must be read again then."""
        was_used = False
        for effect in self.session.pop_effects():
            match effect:
                case Send(body):
                    self._requests.send(body)
                case Subscribe(topic):
                    self._feed.socket.subscribe(topic)
                case Unsubscribe(topic):
                    self._feed.socket.unsubscribe(topic)
                case ConnectFeed(port):
                    self._publish_port = port
                    self._connect_feed(self.now_ms(), always=True)
                case _:
                    for_app.append(effect)
                    continue
            was_used = True
        return was_used

    def why_not_ready(self) -> UnreachableError:
        """Return the error for a client that did not get ready in time. It says what failed and what to check."""
        if not self._requests.address:
            why = self._search.failure
            names = " or ".join(place.host for place in self.link.places)
            return UnreachableError(
                f"The name {names} could not be looked up{why and ': '}{why or ' in time'}. Check that it is "
                "the name in the join link, and that this machine is on the house's network."
            )
        if not self._requests.reached:
            tried = " or ".join(self._search.addresses.tried)
            return UnreachableError(
                f"Nothing answers at {tried}. Check that the house runs, that the link is the one it "
                "printed last, and that no firewall is in between."
            )
        if self.session.welcome is None:
            return UnreachableError(
                f"Something listens at {self._requests.address} but does not answer hello. Check that it is the house "
                "and that it is not overloaded."
            )
        if not self._feed.proven:
            return UnreachableError(
                f"The house answers, but its broadcasts at {self._feed.address} do not come through. Check that a "
                "firewall lets this port pass too."
            )
        return UnreachableError(
            f"The house at {self._requests.address} answers, but the state of the sale was not complete in time. Allow "
            "it more time."
        )

    def close(self) -> None:
        """Close the sockets."""
        self._requests.close()
        self._feed.close()
