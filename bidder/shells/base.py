"""The common part of the blocking and the asyncio client: it reads the sale and opens the sockets.

A client belongs to the program that keeps it, and to the process that made it. A forgotten client closes with a
ResourceWarning. The thread or loop that moves its messages holds it only by a weak reference. A finalizer closes its
sockets, because the collector would end their context first and wait forever. A client copied by a fork is useless in
the child, which lacks its thread and shares the parent's sockets: every call there raises UsageError.
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
from common.conditions import DIGEST_CHARS
from common.errors import AuctionError, ProtocolError, RejectCode, RejectedError, UsageError
from common.keys import KeyPair
from common.limits import MINE_PAGES_MAX, PROTOCOL_VERSION
from common.links import JoinLink, parse_link
from common.lot import LotView, SaleView
from common.messages import Accepted, Hello, Mine, Rejected, Role, Welcome, Word
from common.open_files import FILES_PER_CLIENT, make_room_for_files
from common.paddle_codes import CODE_FORM, is_valid_code, plain_code
from common.sockets import allow_many_sockets, new_context

AGENT = "auction-house python"
"""The library's name in hello."""


class Sockets:
    """A client's connection, and its own context if it has one. `close` closes them in this order."""

    def __init__(self, connection: Connection, own_context: "zmq.Context[zmq.SyncSocket] | None") -> None:
        self.connection = connection
        self.own_context = own_context
        self._pid = os.getpid()

    @property
    def is_inherited(self) -> bool:
        """Whether the sockets belong to a parent process, which still uses them."""
        return os.getpid() != self._pid

    def close(self) -> None:
        """Close the sockets. May be called more than once, by one thread at a time."""
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
    code: str = "",
    accepts: str = "",
    is_roomy: bool = False,
) -> Sockets:
    """Return a client's sockets. `wake` and `last_id` go to the connection.

    `code` is a paddle code. Without one, a bidder's hello has the code of the link. `accepts` is the digest of the
    conditions that the bidder accepted.
    `is_roomy` gives a context of its own room for as many more sockets as libzmq allows.

    Raises UsageError, and leaves nothing open then.
    """
    check_type("link", link, str | JoinLink, "a join link")
    check_type("name", name, str, "a text")
    check_type("keys", keys, KeyPair, "a pair of keys, such as load_or_make_keys(path) returns")
    check_type("role", role, Role, "Role.BIDDER or Role.OBSERVER")
    check_type("last_id", last_id, int, "a whole number")
    check_code(code)
    check_accepts(accepts)
    known = parse_link(link) if isinstance(link, str) else link
    if role is Role.BIDDER:
        code = code or known.code
    hello = Hello(
        id=1,
        versions=(PROTOCOL_VERSION,),
        name=name,
        role=role,
        invite=known.invite,
        code=code,
        accepts=accepts,
        agent=AGENT,
    )
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


def check_code(code: object) -> None:
    """Check an argument that is a paddle code, or empty. Raises UsageError."""
    check_type("code", code, str, "a text")
    if code and not is_valid_code(plain_code(str(code))):
        raise UsageError(f"{code!r} is no paddle code. {CODE_FORM}")


def check_accepts(accepts: object) -> None:
    """Check an argument that is the digest of conditions, or empty. Raises UsageError."""
    check_type("accepts", accepts, str, "a text")
    if accepts and len(str(accepts)) != DIGEST_CHARS:
        raise UsageError(f"`accepts` must be the digest that a ConditionsError has, not {accepts!r}.")


def check_type(name: str, value: object, wanted: Any, words: str) -> None:
    """Raise UsageError if an argument has another type."""
    if not isinstance(value, wanted):
        raise UsageError(f"`{name}` must be {words}, not {value!r}.")


def prepare_to_connect(timeout_ms: object, on_notice: object) -> None:
    """Check the arguments of the shells, and make room for the files of a client. Raises UsageError."""
    if timeout_ms is not None:
        check_timeout(timeout_ms)
    if on_notice is not None:
        check_type("on_notice", on_notice, Callable, "a function that takes a notice")
    make_room_for_files(FILES_PER_CLIENT)


def forgotten(connection: Connection) -> str:
    """Return the warning about a client that was neither closed nor kept."""
    link = connection.link
    return (
        f"A client of the house at {link.places[0]} was not closed, and nothing keeps it any more; it is closed "
        "now. Keep a client for as long as it is needed, then close it: `with ... as client`, or client.close()."
    )


def verdict(outcome: Outcome) -> Accepted | Rejected:
    """Return the verdict on an offer. Raises UnansweredError if there is none."""
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
    """Return the start of the next page of the bidder's affairs, after these pages; None after the last page.

    Raises ProtocolError if the pages have no end.
    """
    following = pages[-1].next
    if following is not None and (following <= start or len(pages) >= MINE_PAGES_MAX):
        raise ProtocolError(f"The house's answer to `mine` has no end: {len(pages)} pages came.")
    return following


def together(pages: Sequence[Mine]) -> Mine:
    """Return the pages of the bidder's affairs as one page."""
    return Mine(
        id=pages[0].id,
        paddle=pages[0].paddle,
        positions=tuple(position for page in pages for position in page.positions),
        won=tuple(lot for page in pages for lot in page.won),
        total_minor=sum(page.total_minor for page in pages),
        spending=pages[-1].spending,
    )


class BaseClient(Hearing):
    """A client without its way of waiting. Each use of the session must hold `lock`."""

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
        """The lock. Raises UsageError in a process that inherited the client: nothing may release it there."""
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
        """The state of the connection to the house."""
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
        """The sale as it stands. After `HistoryLost` it is as in the welcome, until the state is complete again."""
        welcome = self.welcome
        return self._session.replica.sale or welcome.sale

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order, as they stand."""
        with self._guard:
            return dict(self._session.replica.lots)

    def lot(self, number: str) -> LotView:
        """Return one lot as it stands. Raises UsageError if no lot has this number."""
        with self._guard:
            view = self._session.replica.lots.get(number)
        if view is None:
            raise UsageError(f"There is no lot {number!r} in this sale. List the lots to see their numbers.")
        return view

    def news(self) -> tuple[Word, ...]:
        """Return the last words of the house to this bidder alone. Each came as a `Told` notice, too."""
        with self._guard:
            return tuple(self._session.desk.news.words)

    def server_now_ms(self) -> int:
        """Return an estimate of the house's time, in milliseconds since 1970."""
        with self._guard:
            return self._session.clock.server_time_ms(self._connection.now_ms())

    def remaining_ms(self, lot: str) -> int | None:
        """Return the milliseconds left on a lot's clock, by the house's time; None if none runs. Raises UsageError."""
        view = self.lot(lot)
        with self._guard:
            return self._session.remaining_ms(view, self._connection.now_ms())

    def new_request_id(self) -> int:
        """Return a fresh request id. An application that notes it before it bids can repeat the bid."""
        with self._guard:
            return self._session.new_request_id(self._connection.now_ms())

    # --- for the shells ---------------------------------------------------------------------------------------------

    def _not_ready(self) -> AuctionError:
        """Return the error for a connect that took too long."""
        if self.state is ConnectionState.AWAITING_APPROVAL:
            return RejectedError(RejectCode.AWAITING_APPROVAL)
        return self._connection.why_not_ready()
