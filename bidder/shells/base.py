"""What the blocking and the asyncio client share: reading the sale, and giving outcomes and notices to who waits.

A client belongs to the program that keeps it, and to the process that made it. One that was forgotten is closed, with
a ResourceWarning: what moves its messages (a thread, a loop) holds it by a weak reference, and its sockets are closed
by a finalizer, since the collector would end their context before them, and wait forever. One that a fork copied is of
no use in the child, where its thread is missing and its sockets are the parent's: every call says so.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import zmq

from bidder.core.effects import Outcome, Unanswered
from bidder.core.errors import UnansweredError
from bidder.core.notices import ConnectionState
from bidder.core.requests import check_timeout
from bidder.shells.connection import Connection
from bidder.shells.hearing import Hearing, OnNotice, Waiter
from common.errors import AuctionError, ProtocolError, RejectCode, RejectedError, UsageError
from common.keys import KeyPair
from common.limits import MINE_PAGES_MAX, PROTOCOL_VERSION
from common.links import JoinLink, parse_link
from common.lot import LotView, SaleView
from common.messages import Accepted, Hello, Mine, Rejected, Role, Welcome, Word
from common.open_files import FILES_PER_CLIENT, make_room_for_files
from common.sockets import allow_many_sockets, new_context

AGENT = "auction-house python"
"""How the library names itself to the house."""


class Sockets:
    """A client's connection, and the context where that is its own; closed once, in this order."""

    def __init__(self, connection: Connection, own_context: "zmq.Context[zmq.SyncSocket] | None") -> None:
        self.connection = connection
        self.own_context = own_context
        self._pid = os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether they are those of a parent process, which goes on to use them."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Close them. May be called more than once, by one thread at a time."""
        self.connection.close()
        if self.own_context is not None:
            self.own_context.term()


def open_sockets(
    link: str | JoinLink,
    name: str,
    keys: KeyPair,
    role: Role,
    context: "zmq.Context[zmq.SyncSocket] | None",
    wake: Callable[[], None],
    last_id: int = 0,
    *,
    is_roomy: bool = False,
) -> Sockets:
    """Return a client's sockets; `wake` and `last_id` are the connection's.

    `is_roomy`: a context of its own has room for as many more sockets as libzmq allows.

    Raises UsageError, and then nothing is left open.
    """
    check_type("link", link, str | JoinLink, "a join link")
    check_type("name", name, str, "a text")
    check_type("keys", keys, KeyPair, "a pair of keys, such as load_or_make_keys(path) returns")
    check_type("role", role, Role, "Role.BIDDER or Role.OBSERVER")
    check_type("last_id", last_id, int, "a whole number")
    known = parse_link(link) if isinstance(link, str) else link
    hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name=name, role=role, invite=known.invite, agent=AGENT)
    if context is not None:
        allow_many_sockets(context)
        return Sockets(Connection(context, known, keys, hello, wake, last_id), None)
    own_context = new_context()
    if is_roomy:
        allow_many_sockets(own_context)
    try:
        return Sockets(Connection(own_context, known, keys, hello, wake, last_id), own_context)
    except BaseException:
        own_context.term()
        raise


def check_type(name: str, value: object, wanted: Any, words: str) -> None:
    """Raise UsageError for an argument of another type."""
    if not isinstance(value, wanted):
        raise UsageError(f"`{name}` must be {words}, not {value!r}.")


def prepare_to_connect(timeout_ms: object, on_notice: object) -> None:
    """Check what the shells take themselves, and see that there is room for a client. Raises UsageError."""
    if timeout_ms is not None:
        check_timeout(timeout_ms)
    if on_notice is not None:
        check_type("on_notice", on_notice, Callable, "a function that takes a notice")
    make_room_for_files(FILES_PER_CLIENT)


def forgotten(connection: Connection) -> str:
    """Return what is said of a client that was neither closed nor kept."""
    link = connection.link
    return (
        f"A client of the house at {link.places[0]} was not closed, and nothing keeps it any more; it is closed "
        "now. Keep a client for as long as it is needed, then close it: `with ... as client`, or client.close()."
    )


def verdict(outcome: Outcome) -> Accepted | Rejected:
    """Return the outcome of an offer. Raises UnansweredError where there is none."""
    if isinstance(outcome, Accepted | Rejected):
        return outcome
    assert isinstance(outcome, Unanswered), "an offer was answered with something else"
    raise UnansweredError(outcome.request_id, may_count=outcome.may_count)


def affairs(outcome: Outcome) -> Mine:
    """Return the answer to `mine`. Raises RejectedError and UnansweredError."""
    if isinstance(outcome, Mine):
        return outcome
    if isinstance(outcome, Rejected):
        raise RejectedError(outcome.code, outcome.detail)
    assert isinstance(outcome, Unanswered), "`mine` was answered with something else"
    raise UnansweredError(outcome.request_id, may_count=False)


def next_start(pages: Sequence[Mine], start: int) -> int | None:
    """Return where the next page of one's own affairs begins, after those that came; None where that was the last.

    Raises ProtocolError where they have no end.
    """
    following = pages[-1].next
    if following is not None and (following <= start or len(pages) >= MINE_PAGES_MAX):
        raise ProtocolError(f"The house's answer to `mine` has no end: {len(pages)} pages came.")
    return following


def together(pages: Sequence[Mine]) -> Mine:
    """Return the pages of one's own affairs as one."""
    return Mine(
        id=pages[0].id,
        paddle=pages[0].paddle,
        positions=tuple(position for page in pages for position in page.positions),
        won=tuple(lot for page in pages for lot in page.won),
        total_minor=sum(page.total_minor for page in pages),
    )


class BaseClient(Hearing):
    """A client without its way of waiting. `lock` is held wherever the session is touched."""

    def __init__(
        self, sockets: Sockets, lock: AbstractContextManager[Any], ready: Waiter, on_notice: OnNotice | None
    ) -> None:
        super().__init__(ready, on_notice)
        self._sockets = sockets
        self._connection = sockets.connection
        self._session = sockets.connection.session
        self._held = lock

    @property
    def _guard(self) -> AbstractContextManager[Any]:
        """The lock, for callers. In a process that inherited the client it may be held forever, by nobody."""
        self._check_process()
        return self._held

    def _check_process(self) -> None:
        if self._sockets.is_inherited:
            raise UsageError(
                "This client belongs to the process that made it, and this one is its child, by a fork. Connect a "
                "client of the child's own."
            )

    # --- reading ----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> ConnectionState:
        """How things stand with the house."""
        self._check_process()
        return self._session.state

    @property
    def welcome(self) -> Welcome:
        """The house's last answer to hello: name, role, limits."""
        self._check_process()
        assert self._session.welcome is not None, "a client that is not welcome was handed out"
        return self._session.welcome

    @property
    def paddle(self) -> int:
        """The bidder's number in this sale."""
        return self.welcome.paddle

    @property
    def sale(self) -> SaleView:
        """The sale as it stands; after `HistoryLost`, as the house welcomed it, until the state is complete again."""
        welcome = self.welcome
        return self._session.replica.sale or welcome.sale

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order, as they stand."""
        with self._guard:
            return dict(self._session.replica.lots)

    def lot(self, number: str) -> LotView:
        """Return one lot as it stands. Raises UsageError where there is none of this number."""
        with self._guard:
            view = self._session.replica.lots.get(number)
        if view is None:
            raise UsageError(f"There is no lot {number!r} in this sale. List the lots to see their numbers.")
        return view

    def news(self) -> tuple[Word, ...]:
        """Return the last words that the house has said to this bidder alone; each came as a `Told` notice, too."""
        with self._guard:
            return tuple(self._session.desk.news.words)

    def server_now_ms(self) -> int:
        """Return the house's time, milliseconds since 1970, as well as it is known here."""
        with self._guard:
            return self._session.clock.server_time_ms(self._connection.now_ms())

    def remaining_ms(self, lot: str) -> int | None:
        """Return what is left on a lot's clock by the house's time; None where none runs. Raises UsageError."""
        view = self.lot(lot)
        with self._guard:
            return self._session.remaining_ms(view, self._connection.now_ms())

    def new_request_id(self) -> int:
        """Return a fresh request id, for applications that note it before they bid so that they can repeat the bid."""
        with self._guard:
            return self._session.new_request_id(self._connection.now_ms())

    # --- for the shells ---------------------------------------------------------------------------------------------

    def _not_ready(self) -> AuctionError:
        """Return the error for a connect that took too long."""
        if self.state is ConnectionState.AWAITING_APPROVAL:
            return RejectedError(RejectCode.AWAITING_APPROVAL)
        return self._connection.why_not_ready()
