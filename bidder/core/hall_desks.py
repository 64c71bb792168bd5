"""The desks of a hall. Each serves one bidder, while the hall follows the sale over its own line. No IO.

A desk leaves the effects of a client, without those of the follower: bodies to send, outcomes, and notices about the
bidder's own connection and fortunes. Rules:

- A message of the house to a desk resets nothing in the hall. If it differs, the hall's line asks the house.
- When the hall hears another process of the house, all desks send hello, whatever their own connections show.
- A paddle names a desk only in the sale that the hall follows. Another sale has other paddles.
"""

from collections.abc import Iterable

from bidder.core.desk import Desk, Entropy
from bidder.core.effects import Effect
from bidder.core.follower import Follower
from bidder.core.fortunes import Fortunes
from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    Joined,
    LotCaughtUp,
    LotChanged,
    Notice,
)
from bidder.core.pending import Pending
from common.errors import ADVICE, ProtocolError, RejectCode
from common.messages import Accepted, Hello, Pong, Rejected, Replay, Snapshot, Welcome


class HallDesk:
    """One bidder's desk in a hall. Takes the arguments of `Desk`, and the hall's desks.

    The caller gives each input to `desk`, then calls `tick`.
    """

    def __init__(
        self, hello: Hello, desks: "HallDesks", *, now_ms: int, now_us: int, entropy: Entropy, last_id: int = 0
    ) -> None:
        self.state = ConnectionState.CONNECTING
        self._desks = desks
        self._follower = desks.follower
        view = self._follower.view
        self.desk = Desk(hello, self, view, now_ms=now_ms, now_us=now_us, entropy=entropy, last_id=last_id)

    def pop_effects(self) -> list[Effect]:
        """Return the effects since the last call, in order."""
        return self.desk.pop_effects()

    def tick(self, now_ms: int) -> None:
        """Do what is due now. An early or late call is harmless."""
        self.desk.tick(now_ms)
        state, reason = self._derive_state()
        if state is not self.state:
            self.state = state
            self.desk.do(
                ConnectionChanged(state, reason, self.desk.rejection or self.desk.awaiting, self.desk.conditions)
            )

    def note_house(self, now_ms: int) -> None:
        """Note that the hall's line has heard the house. The desk sends hello if it knows another process."""
        welcome = self.desk.welcome
        if welcome is not None and welcome.instance != self._follower.instance:
            self.desk.greet_again(now_ms)
        self.tick(now_ms)

    # --- what the desk tells ----------------------------------------------------------------------------------------

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:  # noqa: ARG002 -- the follower learns the time from its own line's hello
        """Follow the bidder's fortunes and the lots it leads already; if the welcome differs, the hall's line asks."""
        self._desks.note_paddle(self, welcome)
        if known is None:
            for view in self._follower.replica.lots.values():
                if view.board.leader == welcome.paddle and welcome.paddle and not view.status.is_final:
                    self.desk.presence.note_leads(view.lot)
        self._follower.note_other_welcome(welcome, now_ms)

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Do nothing: a desk asks nothing but pings, and they only show that the bidder is there."""

    def refused(self, answer: Rejected, now_ms: int) -> None:  # noqa: ARG002 -- the time does not matter
        """Raise ProtocolError: a client can't continue after a refused ping, whatever the reason."""
        raise ProtocolError(f"The house refused what every client may ask: {ADVICE[answer.code]}")

    def accepted(self, verdict: Accepted) -> None:
        """Note that the house accepted an offer. The bidder may win or lose by it."""
        self._desks.note_accepted(self, verdict)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the hall knows a later owner of this sale."""
        return self._follower.is_outdated(welcome)

    def is_history(self, sale: str, epoch: int) -> bool:
        """Return whether the hall holds this sale in this epoch."""
        return self._follower.is_history(sale, epoch)

    def _derive_state(self) -> tuple[ConnectionState, str]:
        desk = self.desk
        if desk.rejection is not None:
            return ConnectionState.REFUSED, desk.rejection.detail or ADVICE[desk.rejection.code]
        if desk.awaiting is not None:
            return ConnectionState.AWAITING_APPROVAL, ADVICE[RejectCode.AWAITING_APPROVAL]
        if not desk.is_welcome:
            return ConnectionState.CONNECTING, "The house has yet to answer hello."
        return ConnectionState.LIVE, ""


class HallDesks:
    """All desks of a hall, and the follower of the hall's line."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._desks: dict[HallDesk, None] = {}
        self._by_paddle: dict[int, HallDesk] = {}
        self._fortunes = Fortunes()

    def add(self, desk: HallDesk) -> None:
        """Add a desk."""
        self._desks[desk] = None

    def remove(self, desk: HallDesk) -> None:
        """Remove a closed desk."""
        self._desks.pop(desk, None)
        if self._by_paddle.get(desk.desk.paddle) is desk:
            del self._by_paddle[desk.desk.paddle]

    def note_paddle(self, desk: HallDesk, welcome: Welcome) -> None:
        """Note the paddle that the house gave to a desk, if the hall follows the same sale."""
        if welcome.sale.sale == self.follower.sale:
            self._by_paddle[welcome.paddle] = desk
            self._fortunes.add(welcome.paddle)

    def note_accepted(self, desk: HallDesk, verdict: Accepted) -> None:
        """Note that the house accepted an offer of a desk, if the hall follows the same sale."""
        if self._by_paddle.get(desk.desk.paddle) is desk:
            self._fortunes.note_accepted(desk.desk.paddle, verdict)

    def hear(self, notice: Notice, now_ms: int) -> Iterable[HallDesk]:
        """Give a notice of the hall to the desks; return the desks that have something to do."""
        match notice:
            case LotChanged() | LotCaughtUp():
                concerned = []
                for paddle, fortune in self._fortunes.of(notice):
                    if (desk := self._by_paddle.get(paddle)) is not None:
                        desk.desk.do(fortune)
                        concerned.append(desk)
                return concerned
            case HistoryLost():
                self._fortunes.forget()
                if notice.is_other_sale:
                    self._fortunes.forget_bidders()
                    self._by_paddle.clear()
                    for desk in self._desks:
                        if desk.desk.welcome is not None:
                            self.note_paddle(desk, desk.desk.welcome)
                return self._all_tick(now_ms)
            case Joined():
                return self._all_tick(now_ms)
            case _:
                return ()

    def _all_tick(self, now_ms: int) -> list[HallDesk]:
        for desk in self._desks:
            desk.note_house(now_ms)
        return list(self._desks)
