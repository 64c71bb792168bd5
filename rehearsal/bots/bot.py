"""One bot: the real client, a character, and a memory of what the house told it.

Like a person, it looks at a lot a moment after the lot changed. It also looks when its plan says so. It bids only on
what it has seen: after a verdict it waits until its copy of the sale has caught up with that verdict.
"""

import asyncio
from typing import Any, Final

from bidder import (
    AsyncClient,
    HistoryLost,
    LotCaughtUp,
    LotChanged,
    NoticesDropped,
    Repaired,
    StateReady,
    UnansweredError,
)
from bidder.core.notices import Notice
from common.errors import RejectCode
from common.formats import AnyOwn
from common.lot import LotStatus, LotView, SaleStatus
from common.messages import Accepted, Rejected
from rehearsal.bots.crowd import Character, Crowd, Tastes
from rehearsal.bots.formats.player import Intent, Shopping, Situation
from rehearsal.bots.formats.table import player_of
from rehearsal.bots.tally import Acknowledged, Tally
from rehearsal.waiting import Pulse

REACTION_MS: Final = (250, 1400)
"""The shortest and longest time before a bot looks at a changed lot, unless its plan names a later moment."""
IN_FLIGHT_MAX: Final = 16
"""The most requests without an answer that a bot has open; half of the verdicts that the house keeps for it."""
VERDICT_MS: Final = 30_000
"""How long a bot waits for a verdict: longer than any restart of the house."""

_WORTH_ANOTHER_TRY: Final = frozenset(
    {
        RejectCode.BELOW_MINIMUM,
        RejectCode.INVALID_AMOUNT,
        RejectCode.ALREADY_LEADING,
        RejectCode.NO_BUY_NOW,
        RejectCode.LOT_NOT_OPEN,
        RejectCode.LOT_PAUSED,
        RejectCode.SLOW_DOWN,
        RejectCode.UNAVAILABLE,
    }
)
"""Rejections that the lot's next change may lift. After any other rejection the bot leaves the lot alone."""


class Bot:
    """A character in a sale. `run` ends only when cancelled, or raises the client's error (in a group)."""

    def __init__(
        self, client: AsyncClient, character: Character, crowd: Crowd, slowness: float, tally: Tally, pulse: Pulse
    ) -> None:
        self.client = client
        self.character = character
        self._crowd = crowd
        self._slowness = slowness
        self._tally = tally
        self._pulse = pulse
        self._chance = character.reactions
        self._tastes: Tastes | None = None
        self._plans: dict[str, Any] = {}
        """Its plan for each lot, in the lot's format. None means that the bot does not want the lot."""
        self._own: dict[str, AnyOwn | None] = {}
        """Its own position on each lot, from the last verdict."""
        self._seen_seqs: dict[str, int] = {}
        self._offers_minor: dict[str, int] = {}
        self._unsettled: set[str] = set()
        self._given_up: set[str] = set()
        self._looks: dict[str, asyncio.TimerHandle] = {}
        self._requests = asyncio.TaskGroup()
        self._under_way: set[str] = set()
        self._is_stopped = False
        self.is_done = False
        """Whether nothing is left to bid on: the sale has ended, or all of its lots are over."""

    @property
    def in_flight(self) -> int:
        """How many requests have no verdict yet."""
        return len(self._under_way)

    async def run(self) -> None:
        """Follow the sale and bid."""
        try:
            async with self._requests:
                async for notice in self.client.notices():
                    self._react(notice)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop bidding. The bot still receives the verdicts of open requests, and still follows the sale."""
        self._is_stopped = True
        for look in self._looks.values():
            look.cancel()
        self._looks.clear()

    # --- what comes in ----------------------------------------------------------------------------------------------

    def _react(self, notice: Notice) -> None:
        match notice:
            case LotChanged(view=view):
                self._consider(view)
            case LotCaughtUp(before=before, view=view):
                self._tally.jumps += before is not None
                self._consider(view)
            case StateReady():
                self._consider_all()
            case Repaired(missing=missing):
                self._tally.repairs += 1
                self._tally.events_repaired += missing
            case HistoryLost():
                self._tally.histories_lost += 1
                self._seen_seqs.clear()  # they belong to the lost history
                self._own.clear()
            case NoticesDropped(dropped=dropped):
                self._tally.events_dropped += dropped
                self._consider_all()
            case _:
                self._update_done()
        self._pulse.beat()

    def _consider_all(self) -> None:
        for view in self.client.lots().values():
            self._consider(view)

    def _consider(self, view: LotView) -> None:
        """Look at a lot after a moment, unless a look is already planned or the bot does not want the lot."""
        lot = view.lot
        if view.status.is_final:
            self._update_done()
        if self._is_stopped or view.status is not LotStatus.OPEN or lot in self._looks or lot in self._given_up:
            return
        plan = self._plan(view)
        if plan is None or view.board.leader == self.client.paddle:
            return
        now_ms = self.client.server_now_ms()
        from_ms = self._looks_from_ms(view, plan, now_ms)
        if from_ms is None:
            return
        reaction_ms = self._chance.uniform(*REACTION_MS) * min(1.0, self._slowness)
        until_acts_ms = from_ms - now_ms
        crowded_ms = reaction_ms * max(1.0, self._slowness)
        self._look_in(lot, max(reaction_ms, until_acts_ms) if until_acts_ms > 0 else crowded_ms)

    def _looks_from_ms(self, view: LotView, plan: Any, now_ms: int) -> int | None:
        return player_of(view.terms.format).looks_from_ms(view, plan, self._own.get(view.lot), now_ms)

    def _plan(self, view: LotView) -> Any:
        if view.lot not in self._plans:
            self._plans[view.lot] = self._get_tastes().plan(view, self.client.server_now_ms())
        return self._plans[view.lot]

    def _get_tastes(self) -> Tastes:
        if self._tastes is None:
            catalogue = [known.terms for known in self.client.lots().values()]
            self._tastes = Tastes(self._crowd, self.character, catalogue)
        return self._tastes

    def _look_in(self, lot: str, pause_ms: float) -> None:
        self._looks[lot] = asyncio.get_running_loop().call_later(pause_ms / 1000, self._look, lot)

    def _update_done(self) -> None:
        self.is_done = self.client.sale.status is SaleStatus.ENDED or all(
            view.status.is_final for view in self.client.lots().values()
        )

    # --- what goes out ----------------------------------------------------------------------------------------------

    def _look(self, lot: str) -> None:
        """Decide about a lot from what the bot knows now."""
        del self._looks[lot]
        view, plan = self.client.lots().get(lot), self._plans[lot]
        if view is None or plan is None or lot in self._under_way or self._is_unseen(view):
            return  # the bot looks again when the missing part arrives
        if self.in_flight >= IN_FLIGHT_MAX:
            self._look_in(lot, REACTION_MS[0])
            return
        now_ms = self.client.server_now_ms()
        intent = self._decide(view, plan, now_ms)
        if intent is not None:
            self._under_way.add(intent.lot)
            self._offers_minor[intent.lot] = max(intent.most_minor, self._offers_minor.get(intent.lot, 0))
            self._requests.create_task(self._act(intent))
        elif now_ms < (self._looks_from_ms(view, plan, now_ms) or 0):
            self._consider(view)

    def _decide(self, view: LotView, plan: Any, now_ms: int) -> Intent | None:
        situation = Situation(
            now_ms=now_ms,
            me=self.client.paddle,
            own=self._own.get(view.lot),
            is_unsettled=view.lot in self._unsettled,
            chance=self._chance.random(),
            shopping=self._shopping,
        )
        return player_of(view.terms.format).decide(view, plan, situation)

    def _shopping(self) -> Shopping:
        views = list(self.client.lots().values())
        pending = self._under_way | self._unsettled | {other.lot for other in views if self._is_unseen(other)}
        cared_for = {
            lot: known for lot, known in self._plans.items() if known is not None and lot not in self._given_up
        }
        return Shopping(views, cared_for, self._get_tastes().budget_minor, self._offers_minor, frozenset(pending))

    def _is_unseen(self, view: LotView) -> bool:
        """Return whether a verdict is ahead of this bot's copy of the lot."""
        return view.seq < self._seen_seqs.get(view.lot, 0)

    async def _act(self, intent: Intent) -> None:
        clock = asyncio.get_running_loop().time
        request_id = self.client.new_request_id()
        began_s = clock()
        try:
            player = player_of(self.client.lot(intent.lot).terms.format)
            verdict = await player.send(self.client, intent, request_id, VERDICT_MS)
            self._tally.note_verdict(clock() - began_s)
            self._note(verdict, request_id)
        except UnansweredError:
            self._tally.unanswered += 1
            self._unsettled.add(intent.lot)
        finally:
            self._under_way.remove(intent.lot)
            self._pulse.beat()
        view = self.client.lots().get(intent.lot)
        if view is not None:
            self._consider(view)

    def _note(self, verdict: Accepted | Rejected, request_id: int) -> None:
        if verdict.seq is not None:
            self._seen_seqs[verdict.lot] = max(verdict.seq, self._seen_seqs.get(verdict.lot, 0))
        if isinstance(verdict, Accepted):
            self._own[verdict.lot] = verdict.own
            self._tally.acknowledged.append(Acknowledged(self.client.paddle, request_id, verdict.lot))
            return
        self._tally.refuse(verdict.code)
        if verdict.code not in _WORTH_ANOTHER_TRY:
            self._given_up.add(verdict.lot)
