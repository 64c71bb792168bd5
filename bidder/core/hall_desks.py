"""The desks of a hall: bidders whose sale is followed by the hall, over the hall's own line. No IO.

A desk's effects are as a client's, without those of the follower: bodies to send, outcomes, and notices of the
bidder's own (how its connection stands, and its fortunes). Rules:

- What the house says to a desk resets nothing of the hall's; where it differs, the hall's line asks.
- Where the hall hears another process of the house, all desks greet it, whatever their own connections tell.
- A paddle is that of a desk in the sale that the hall follows: another sale has other paddles.
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
    """One bidder's desk in a hall. The arguments are those of `Desk`, and the hall's desks.

    What comes in goes to `desk`, and `tick` is to follow.
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
        """Return what is to be done since the last call, in order."""
        return self.desk.pop_effects()

    def tick(self, now_ms: int) -> None:
        """Do what time asks for; early or late calls are harmless."""
        self.desk.tick(now_ms)
        state, reason = self._derive_state()
        if state is not self.state:
            self.state = state
            self.desk.do(ConnectionChanged(state, reason, self.desk.rejection or self.desk.awaiting))

    def note_house(self, now_ms: int) -> None:
        """Note that the hall's line has heard the house: another process than the desk's is greeted."""
        welcome = self.desk.welcome
        if welcome is not None and welcome.instance != self._follower.instance:
            self.desk.greet_again(now_ms)
        self.tick(now_ms)

    # --- what the desk tells ----------------------------------------------------------------------------------------

    def welcomed(self, welcome: Welcome, known: Welcome | None, hello: Pending, now_ms: int) -> None:  # noqa: ARG002 -- the follower has the time from its own line's hello
        """Take up the bidder's fortunes, and what it leads already; have the hall's line look where this differs."""
        self._desks.note_paddle(self, welcome)
        if known is None:
            for view in self._follower.replica.lots.values():
                if view.board.leader == welcome.paddle and welcome.paddle and not view.status.is_final:
                    self.desk.presence.note_leads(view.lot)
        self._follower.note_other_welcome(welcome, now_ms)

    def answered(self, answer: Pong | Snapshot | Replay, asked: Pending, now_ms: int) -> None:
        """Let it be: a ping shows that the bidder is there, and nothing else is asked for over a desk."""

    def refused(self, answer: Rejected, now_ms: int) -> None:  # noqa: ARG002 -- it does not matter when
        """Raise ProtocolError: a ping is refused for no reason that a client may go on from."""
        raise ProtocolError(f"The house refused what every client may ask: {ADVICE[answer.code]}")

    def accepted(self, verdict: Accepted) -> None:
        """Note that an offer counts, which the bidder may come to win or lose by."""
        self._desks.note_accepted(self, verdict)

    def is_outdated(self, welcome: Welcome) -> bool:
        """Return whether the hall knows of a later owner of this sale."""
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
    """All desks of a hall, beside the follower of its line."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._desks: dict[HallDesk, None] = {}
        self._by_paddle: dict[int, HallDesk] = {}
        self._fortunes = Fortunes()

    def add(self, desk: HallDesk) -> None:
        """Take up a desk."""
        self._desks[desk] = None

    def remove(self, desk: HallDesk) -> None:
        """Drop a desk that is closed."""
        self._desks.pop(desk, None)
        if self._by_paddle.get(desk.desk.paddle) is desk:
            del self._by_paddle[desk.desk.paddle]

    def note_paddle(self, desk: HallDesk, welcome: Welcome) -> None:
        """Note which paddle the house knows a desk by, if in the sale that the hall follows."""
        if welcome.sale.sale == self.follower.sale:
            self._by_paddle[welcome.paddle] = desk
            self._fortunes.add(welcome.paddle)

    def note_accepted(self, desk: HallDesk, verdict: Accepted) -> None:
        """Note that an offer of a desk counts, if in the sale that the hall follows."""
        if self._by_paddle.get(desk.desk.paddle) is desk:
            self._fortunes.note_accepted(desk.desk.paddle, verdict)

    def hear(self, notice: Notice, now_ms: int) -> Iterable[HallDesk]:
        """Have the desks go by a notice of the hall's; return those that have something to do."""
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
