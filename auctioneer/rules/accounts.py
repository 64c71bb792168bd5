"""The accounts of paddles: the spending limit of each, its deposit, and with whom it is linked.

Source: the conditions of sale of auction houses, which give a bidder a limit by its deposit or its credit, and forbid
bids by and for the seller; `docs/rules.md` restates the rules:

- what a paddle has to pay for lots that are over, and the most that it may have to pay on each other lot (the format's
  `exposure`), stay within its limit with each new offer. An offer counts with the most that it could bring
  (`commitment`), whether it will lead or not: otherwise a refusal would tell a rival's maximum;
- an offer that brings no more than the paddle is exposed by on the lot is never refused here, so that an offer can be
  taken back or lowered also by a paddle that is over its limit;
- of linked paddles none can make an offer on a lot while another of them has one standing there, nor on a lot whose
  seller one of them is;
- what stands already stays, whatever limit is set and whoever is linked.

A sale without accounts pays nothing for all this. In others an offer costs a look at each lot that is not over and on
which the paddle has an offer.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from auctioneer.rules.account_facts import AccountFact, DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.formats.format import Placed
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from auctioneer.rules.sources import Placer, Source
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.money import Currency
from common.spending import Spending

LINKS_MAX: Final = 32
"""The most paddles, and the most sellers, with which one paddle is linked: each offer looks at each of them."""


class Account(msgspec.Struct):
    """What the desk has noted of a paddle. A paddle of which nothing was noted has none."""

    limit_minor: int | None = None
    deposit_minor: int = 0
    linked: dict[int, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The linked paddles, and the skeletons of their names."""
    sellers: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """The sellers with whom it is linked by name, and the skeletons of these names."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is noted any more."""
        return self == _NOTHING_NOTED


_NOTHING_NOTED: Final = Account()


class Barred(NamedTuple):
    """Why an account lets an offer not count, and what its bidder is told of it."""

    code: RejectCode
    detail: str = ""

    def told_to(self, placer: Placer) -> str:
        """Return what is added for whoever made the offer. A clerk is told nothing of what is left of a limit.

        Sealed offers count against it, and before the close they are told to nobody but their bidder.
        """
        return self.detail if placer.source is Source.BIDDER else ""


class _Holding:
    """The lots that count against the limit of one paddle."""

    __slots__ = ("lots", "won_minor", "won_on")

    def __init__(self) -> None:
        self.lots: dict[str, LotState] = {}
        """Those on which it may have an offer. A lot leaves when it is over, or if it has none after all."""
        self.won_on: dict[str, int] = {}
        """By lot: what it has to pay."""
        self.won_minor = 0

    def take_up(self, lot: LotState) -> None:
        """Look at a lot, as if it had never been over."""
        self.won_minor -= self.won_on.pop(lot.view.lot, 0)
        self.lots[lot.view.lot] = lot

    def exposed_minor(self, paddle: int) -> int:
        """Return the most that the paddle may have to pay on lots that are not over. The others are settled."""
        exposed_minor = 0
        for name, lot in list(self.lots.items()):
            if not lot.view.status.is_final:
                lot_minor = format_of(lot.spec).exposure(lot.spec, lot.book, paddle)
                if lot_minor:
                    exposed_minor += lot_minor
                    continue
            elif won_minor := won_on(lot, paddle):
                self.won_on[name] = won_minor
                self.won_minor += won_minor
            del self.lots[name]
        return exposed_minor


class Accounts:
    """All accounts, by paddle, and which lots count against the limits.

    Which lots these are is found when it is first needed, and kept from then on: `take_up_offer` and `take_up` must be
    called for what is applied without `why_not`.
    """

    def __init__(self, by_paddle: dict[int, Account], lots: list[LotState], currency: Currency) -> None:
        self.by_paddle = by_paddle
        """It is part of the engine's state; it changes only here."""
        self._lots = lots
        self._currency = currency
        self._holdings: dict[int, _Holding] | None = None

    def of(self, paddle: int) -> Account:
        """Return the account of a paddle; an empty one if nothing was noted. Don't change it."""
        return self.by_paddle.get(paddle, _NOTHING_NOTED)

    # --- offers ----------------------------------------------------------------------------------------------------

    def why_not(self, lot: LotState, placed: Placed) -> Barred | None:
        """Return why an offer on an open lot, which the lot's format accepts, can't count; None: it is to be made."""
        paddle = placed.paddle
        account = self.by_paddle.get(paddle)
        if account is None:
            return None
        spec, form = lot.spec, format_of(lot.spec)
        commitment_minor = form.commitment(spec, lot.book, placed)
        if commitment_minor <= form.exposure(spec, lot.book, paddle):
            return None
        if _is_of_seller(account, lot) or any(form.exposure(spec, lot.book, other) for other in account.linked):
            return Barred(RejectCode.LINKED_BIDDER)
        if account.limit_minor is None:
            return None
        holding = self._holding(paddle)
        elsewhere_minor = holding.exposed_minor(paddle) - form.exposure(spec, lot.book, paddle)
        room_minor = account.limit_minor - holding.won_minor - elsewhere_minor
        if commitment_minor > room_minor:
            return self._over(account.limit_minor, room_minor)
        holding.take_up(lot)
        return None

    def why_not_left(self, lot: LotState, paddle: int, left: LeaveBidRequest) -> Barred | None:
        """Return why a bid can't be left on a lot that is not open yet; None if it can. `left` has an amount.

        It must fit into what was not spent for good. What else it must fit into is decided at the opening.
        """
        account, offer = self.by_paddle.get(paddle), format_of(lot.spec).offer_left(left)
        if account is None or offer is None:
            return None
        if _is_of_seller(account, lot):
            return Barred(RejectCode.LINKED_BIDDER)
        commitment_minor = format_of(lot.spec).commitment(lot.spec, lot.book, Placed(paddle, 0, offer))
        standing = None if lot.left is None else lot.left.get(paddle)
        if account.limit_minor is None or (standing and commitment_minor <= (standing.request.amount_minor or 0)):
            return None
        holding = self._holding(paddle)
        holding.exposed_minor(paddle)
        room_minor = account.limit_minor - holding.won_minor
        return self._over(account.limit_minor, room_minor) if commitment_minor > room_minor else None

    def _over(self, limit_minor: int, room_minor: int) -> Barred:
        limit = self._currency.show(limit_minor)
        left = (
            f"{self._currency.show(room_minor)} of the limit of {limit} is"
            if room_minor > 0
            else (f"nothing of the limit of {limit} is")
        )
        return Barred(RejectCode.OVER_SPENDING_LIMIT, f"{left} left for this lot")

    def spending(self, paddle: int) -> Spending | None:
        """Return what counts against the limit of a paddle; None if it has no limit."""
        limit_minor = self.of(paddle).limit_minor
        if limit_minor is None:
            return None
        holding = self._holding(paddle)
        exposed_minor = holding.exposed_minor(paddle)
        return Spending(limit_minor, holding.won_minor, exposed_minor)

    # --- facts -----------------------------------------------------------------------------------------------------

    def apply(self, fact: AccountFact) -> None:
        """Change the accounts as a fact says."""
        match fact:
            case LimitSet():
                self._change(fact.paddle, limit_minor=fact.limit_minor)
                if fact.limit_minor is None:
                    (self._holdings or {}).pop(fact.paddle, None)
                elif self._holdings is not None and fact.paddle not in self._holdings:
                    self._holdings = None
            case DepositNoted():
                self._change(fact.paddle, deposit_minor=fact.amount_minor)
            case PaddlesLinked():
                self._link(fact)

    def _change(self, paddle: int, **changed: object) -> None:
        account = msgspec.structs.replace(self.of(paddle), **changed)
        if account.is_empty:
            self.by_paddle.pop(paddle, None)
        else:
            self.by_paddle[paddle] = account

    def _link(self, fact: PaddlesLinked) -> None:
        names = dict(zip(fact.paddles, fact.skeletons, strict=True))
        for paddle in fact.paddles:
            account = self.of(paddle)
            linked = {other: name for other, name in account.linked.items() if other not in names}
            sellers = {seller: name for seller, name in account.sellers.items() if seller != fact.seller}
            if fact.linked:
                linked |= {other: name for other, name in names.items() if other != paddle}
                sellers |= {fact.seller: fact.seller_skeletons} if fact.seller else {}
            self._change(paddle, linked=linked, sellers=sellers)

    # --- the lots that count ---------------------------------------------------------------------------------------

    def take_up_offer(self, lot: LotState, paddle: int) -> None:
        """Look at a lot on which a paddle made an offer that `why_not` did not see."""
        if self._holdings is not None and paddle in self._holdings:
            self._holdings[paddle].take_up(lot)

    def take_up(self, lot: LotState) -> None:
        """Look at a lot whose book or outcome was changed otherwise than by an offer or a close."""
        if self._holdings is None:
            return
        for holding in self._holdings.values():
            holding.won_minor -= holding.won_on.pop(lot.view.lot, 0)
        _enter(self._holdings, lot)

    def look_at_all(self) -> None:
        """Look at all lots again when it is next needed."""
        self._holdings = None

    def _holding(self, paddle: int) -> _Holding:
        """Return what counts against the limit of a paddle that has one."""
        if self._holdings is None:
            limited = (one for one, account in self.by_paddle.items() if account.limit_minor is not None)
            self._holdings = {one: _Holding() for one in limited}
            for lot in self._lots:
                _enter(self._holdings, lot)
        return self._holdings[paddle]


def won_on(lot: LotState, paddle: int) -> int:
    """Return what a paddle has to pay for a lot that is over."""
    return sum(row.amount_minor for row in lot.view.results if row.paddle == paddle)


def _enter(holdings: dict[int, _Holding], lot: LotState) -> None:
    """Enter a lot for all who have an offer on it, or pay for it."""
    paddles: Iterable[int] = format_of(lot.spec).exposed(lot.book)
    if lot.view.status.is_final:
        paddles = (row.paddle for row in lot.view.results)
    for paddle in paddles:
        holding = holdings.get(paddle)
        if holding is not None:
            holding.lots[lot.view.lot] = lot


def _is_of_seller(account: Account, lot: LotState) -> bool:
    """Return whether somebody with whom the account is linked sells the lot."""
    if not lot.seller_skeletons:
        return False
    names = (*account.linked.values(), *account.sellers.values())
    return any(skeleton in lot.seller_skeletons for name in names for skeleton in name)
