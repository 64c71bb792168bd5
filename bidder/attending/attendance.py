"""Attending a sale: it carries out a bidder's orders, several at a time, and tells each outcome."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final

from msgspec.structs import replace

from bidder.attending.prices import buy_now_price, clock_price
from bidder.core.confirming import seen_seq
from bidder.core.errors import UnansweredError
from bidder.core.notices import ConnectionState
from bidder.display.cautions import caution, large_words
from bidder.display.formats import display_of
from bidder.display.lines import time_left
from bidder.display.orders import (
    BidOrder,
    BuyOrder,
    ConfirmOrder,
    FollowOrder,
    HelpOrder,
    LeaveBidOrder,
    LotOrder,
    LotsOrder,
    MineOrder,
    OfferOrder,
    Order,
    QuitOrder,
    RetractOrder,
    SealOrder,
    StopOrder,
    UnsealOrder,
    YesOrder,
    parsed_amount,
    parsed_condition,
)
from bidder.display.voices import ForPeople, Voice
from bidder.display.wording import LineOf, answer_line, retraction_line, verdict_line
from bidder.shells.asyncio import AsyncClient
from bidder.shells.home import LastId
from common.errors import AuctionError, RejectedError, UnreachableError, UsageError
from common.limits import REMEMBERED_REQUESTS_MAX
from common.lot import LotStatus
from common.lot_numbers import lot_meant
from common.messages import Accepted, Rejected
from common.terminal.output import OutputError, say_error
from common.words import counted

_SHOWN_LOTS_MAX: Final = 3
"""The most lots below the prompt. Those that end first appear."""


def asked_in_vain() -> UnreachableError:
    """Return the error for a question without an answer in time. A question changes nothing."""
    return UnreachableError("The house did not answer in time. Ask again.")


_LINES: Final[dict[type, LineOf]] = {RetractOrder: retraction_line, ConfirmOrder: answer_line}
"""The sentences for verdicts on what is no bid."""


class Attendance:
    """One bidder's orders. It tells each outcome when it is known; the next order does not wait for it."""

    def __init__(
        self,
        client: AsyncClient,
        voice: Voice,
        last_id: LastId,
        timeout_ms: int,
        *,
        ask_above_minor: int | None = None,
    ) -> None:
        """Amounts above `ask_above_minor` are doubted before they are sent, where a person gives the order."""
        self._client = client
        self._last_id = last_id
        self._voice = voice
        self._timeout_ms = timeout_ms
        self.ask_above_minor = ask_above_minor
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: Counter[str] = Counter()
        """For each lot, the offers that have no verdict yet."""
        self._wants_positions = self._asks_for_positions = False
        self._doubtful: Order | None = None
        self.is_leaving = False
        self.muted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when stdout is closed."""

    async def begin_typed(self, order: Order, *, is_agreed: bool) -> None:
        """Begin an order that a person typed. An apparent typing error waits until the person types `yes`.

        With `is_agreed` the person gets only the warning, and the order begins at once.
        """
        doubtful, self._doubtful = self._doubtful, None
        if isinstance(order, YesOrder):
            if doubtful is None:
                self._voice.failure(UsageError("Nothing was asked, so `yes` has no effect."), None)
                return
            order = doubtful
        elif doubt := self.doubt(order):
            assert isinstance(self._voice, ForPeople), "a person typed it"
            self._voice.doubt(doubt if is_agreed else f"{doubt} Type `yes` to bid it.")
            if not is_agreed:
                self._doubtful = order
                return
        await self.begin(order)

    def is_waiting(self, lot: str) -> bool:
        """Return whether an offer for a lot has no verdict yet."""
        return self._waiting[lot] > 0

    async def begin(self, order: Order, tag: Any = None) -> None:
        """Begin to carry out an order. Waits while `REMEMBERED_REQUESTS_MAX` orders are under way."""
        self._voice.last_word = ""
        while len(self._tasks) >= REMEMBERED_REQUESTS_MAX:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        self._begin_task(self._carry_out(order, tag))
        self.is_leaving = self.is_leaving or isinstance(order, QuitOrder)

    def begin_positions(self) -> None:
        """Begin to ask for the bidder's positions if only the house knows them, such as those of earlier offers.

        What the house answers to a question that is under way may be out of date; then it is asked once more.
        """
        if any(display_of(view).has_secret_positions for view in self._client.lots().values()):
            self._wants_positions = True
            if not self._asks_for_positions:
                self._begin_task(self._note_positions())

    def _begin_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait until all orders have an outcome."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _note_positions(self) -> None:
        self._asks_for_positions = True
        try:
            while self._wants_positions:
                self._wants_positions = False
                self._voice.note_positions(await self._client.mine(timeout_ms=self._timeout_ms))
        except UnansweredError:
            self._voice.failure(asked_in_vain(), None)
        except RejectedError as error:
            self._voice.failure(error, None)
        finally:
            self._asks_for_positions = False

    async def _carry_out(self, order: Order, tag: Any) -> None:
        """Carry out an order and tell its outcome. If stdout is closed, tell it on stderr; the program then ends."""
        try:
            await self._obey(order, tag)
        except OutputError as error:
            say_error(error)
            self._mute(OutputError(error.cause))
        except BrokenPipeError as error:
            self._mute(error)

    def _mute(self, error: Exception) -> None:
        if not self.muted.done():
            self.muted.set_exception(error)

    async def _obey(self, order: Order, tag: Any) -> None:
        try:
            match order:
                case (
                    BidOrder()
                    | BuyOrder()
                    | SealOrder()
                    | UnsealOrder()
                    | StopOrder()
                    | LeaveBidOrder()
                    | RetractOrder()
                    | ConfirmOrder()
                ):
                    await self._place(replace(order, lot=lot_meant(order.lot, self._client.lots())), tag)
                case MineOrder():
                    mine = await self._client.mine(timeout_ms=self._timeout_ms)
                    self._voice.note_positions(mine)
                    self._voice.mine(mine, tag)
                case LotsOrder():
                    self._voice.lots(tag)
                case LotOrder(lot) if isinstance(self._voice, ForPeople):
                    self._voice.lot(lot_meant(lot, self._client.lots()))
                case FollowOrder():
                    self._voice.follow(order)
                    self._voice.followed(tag)
                case HelpOrder() if isinstance(self._voice, ForPeople):
                    self._voice.help()
        except UnansweredError:
            self._voice.failure(asked_in_vain(), tag)
        except OutputError:
            raise
        except AuctionError as error:
            self._voice.failure(error, tag)

    def doubt(self, order: Order) -> str:
        """Return the warning before an order; an empty text if there is none."""
        currency, lots = self._client.sale.currency, self._client.lots()
        try:
            match order:
                case BidOrder() | SealOrder() | LeaveBidOrder():
                    view = lots.get(lot_meant(order.lot, lots))
                    return caution(view, currency, *self._amounts(order), ask_above_minor=self.ask_above_minor)
                case BuyOrder() | StopOrder():
                    return self._doubt_of_purchase(order)
        except AuctionError:
            pass  # carrying out the order tells this error
        return ""

    def _doubt_of_purchase(self, order: BuyOrder | StopOrder) -> str:
        if isinstance(order, BuyOrder):
            return large_words(self._buy_minor(order), self._client.sale.currency, self.ask_above_minor)
        return large_words(self._stop_minor(order) * order.units, self._client.sale.currency, self.ask_above_minor)

    def _amounts(self, order: BidOrder | SealOrder | LeaveBidOrder) -> list[int | None]:
        """Return the amount and, for a bid, the maximum in minor units. Raises UsageError."""
        currency, view = self._client.sale.currency, self._client.lots().get(order.lot)
        texts = (order.amount, order.maximum if isinstance(order, BidOrder) else None)
        return [None if text is None else parsed_amount(currency, text, view) for text in texts]

    def _buy_minor(self, order: BuyOrder) -> int:
        """Return the price of a purchase: the written one, else the lot's. Raises UsageError and RejectedError."""
        if order.price is None:
            return buy_now_price(self._client, lot_meant(order.lot, self._client.lots()))
        return parsed_amount(self._client.sale.currency, order.price)

    def _stop_minor(self, order: StopOrder) -> int:
        """Return the most to pay for a unit: as written, else what the clock shows. Raises as `_buy_minor`."""
        if order.price is None:
            return clock_price(self._client, lot_meant(order.lot, self._client.lots()))
        return parsed_amount(self._client.sale.currency, order.price)

    async def _place(self, order: OfferOrder, tag: Any) -> None:
        self._voice.note_own(lot_meant(order.lot, self._client.lots()))
        self._last_id.keep(self._client.new_request_id())
        try:
            verdict = await self._verdict_on(order)
        except UnansweredError as error:
            self._keep_id(order, error.request_id)
            self._voice.no_verdict(error, order.lot, tag)
        else:
            self._keep_id(order, verdict.id)
            if isinstance(verdict, Accepted):
                self._voice.note_accepted(verdict)
            self._voice.verdict(verdict, order.lot, tag, line_of=_LINES.get(type(order), verdict_line))

    def _keep_id(self, order: OfferOrder, request_id: int) -> None:
        """Keep the id of a request beside the key, unless the program chose it."""
        if order.request_id is None:
            self._last_id.keep(request_id)

    async def _verdict_on(self, order: OfferOrder) -> Accepted | Rejected:
        self._waiting[order.lot] += 1
        try:
            return await self._offer(order)
        finally:
            self._waiting[order.lot] -= 1

    async def _offer(self, order: OfferOrder) -> Accepted | Rejected:
        client, lot, request_id, timeout_ms = self._client, order.lot, order.request_id, self._timeout_ms
        match order:
            case BidOrder():
                amount_minor, maximum_minor = self._amounts(order)
                if_price_minor = parsed_condition(client.sale.currency, order.if_price)
                return await client.bid(
                    lot,
                    amount_minor,
                    maximum_minor,
                    if_price_minor=if_price_minor,
                    request_id=request_id,
                    timeout_ms=timeout_ms,
                )
            case BuyOrder():
                return await client.buy(lot, self._buy_minor(order), request_id=request_id, timeout_ms=timeout_ms)
            case SealOrder():
                amount_minor = parsed_amount(client.sale.currency, order.amount, client.lots().get(lot))
                return await client.seal(lot, amount_minor, request_id=request_id, timeout_ms=timeout_ms)
            case StopOrder(units=units):
                price_minor = self._stop_minor(order)
                return await client.stop(lot, price_minor, units, request_id=request_id, timeout_ms=timeout_ms)
            case LeaveBidOrder(amount=amount):
                left_minor = None
                if amount is not None:
                    left_minor = parsed_amount(client.sale.currency, amount, client.lots().get(lot))
                return await client.leave_bid(lot, left_minor, request_id=request_id, timeout_ms=timeout_ms)
            case RetractOrder():
                return await client.retract(lot, request_id=request_id, timeout_ms=timeout_ms)
            case ConfirmOrder(stands=stands):
                if_seq = seen_seq(client.lots().get(lot), request_id)
                return await client.confirm(
                    lot, stands=stands, if_seq=if_seq, request_id=request_id, timeout_ms=timeout_ms
                )
            case UnsealOrder():
                return await client.unseal(lot, request_id=request_id, timeout_ms=timeout_ms)

    def status(self) -> list[str]:
        """Return the lines below the prompt: the last answer, then the connection and the lots that end first."""
        client = self._client
        connection = {ConnectionState.LIVE: "connected"}.get(client.state, client.state.value)
        views = [view for view in client.lots().values() if view.status is LotStatus.OPEN]
        ending = sorted((client.remaining_ms(view.lot) or 0, view.lot) for view in views if view.ends_at_ms is not None)
        shown = [f"{counted(len(views), 'lot')} open"]
        for remaining_ms, lot in ending[:_SHOWN_LOTS_MAX]:
            view = client.lot(lot)
            own = self._voice.own_position(view)
            words = display_of(view).status_words(view.board, own, client.paddle, client.sale.currency)
            shown.append(f"{lot}: {words}, {time_left(remaining_ms)}")
        last = [f"Your last order: {self._voice.last_word}"] if self._voice.last_word else []
        return [*last, " | ".join([connection, *shown])]
