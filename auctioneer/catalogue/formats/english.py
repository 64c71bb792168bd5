"""English lots in a catalogue: the starting price, the increments, the reserve and the buy-now price."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

import msgspec

from auctioneer.catalogue.faults import quoted
from auctioneer.catalogue.fields import FieldError, Hand, is_none, read_amount, read_optional_amount, wrong
from auctioneer.catalogue.formats.format import (
    RESERVE,
    STARTING_PRICE,
    Bidding,
    BiddingKey,
    Wrong,
    one_amount,
    range_wrongs,
    reserve_wrongs,
)
from auctioneer.rules.formats.english import default_increments, minimum_bid, terms_of
from auctioneer.rules.terms import BiddingValue, LotSpec
from common.formats import AnyTerms
from common.formats.english import EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX, INCREMENT_STEPS_MAX
from common.money import Currency


def _increments(value: object, hand: Hand) -> tuple[tuple[int, int], ...]:
    """Read a fixed step, a table `[[from, step], ...]`, or the same table as a text `from:step; from:step`."""
    if isinstance(value, str) and ":" in value:
        value = _rows(value)
    if not isinstance(value, list):
        return ((0, read_amount(value, hand)),)
    if not 1 <= len(value) <= INCREMENT_STEPS_MAX:
        raise wrong(f"The table has {len(value):,} rows; 1 to {INCREMENT_STEPS_MAX} are allowed.")
    steps, wrongs = [], []
    for number, row in enumerate(value, start=1):
        if not isinstance(row, list) or len(row) != 2:
            wrongs.append(
                ("", f'Row {number} must be a price and a step, as in [["0", "5"], ["100", "10"]] or 0:5; 100:10.')
            )
            continue
        try:
            steps.append((read_amount(row[0], hand), read_amount(row[1], hand)))
        except FieldError as error:
            wrongs += [("", f"Row {number}: {reason}") for _, reason in error.wrongs]
    if wrongs:
        raise FieldError(*wrongs)
    return tuple(steps)


def _rows(text: str) -> list[list[str]]:
    """Return the rows of a table of increments that is written as one text; each has a price and a step."""
    return [row.split(":") for row in text.rstrip("; \n").split(";")]


def _amounts_in(text: str) -> list[str]:
    return list(chain(*_rows(text)))


INCREMENT: Final = BiddingKey(
    name="increment",
    help="The step from bid to bid.",
    read=_increments,
    stand_in=((0, 1),),
    amounts_in=_amounts_in,
)
BUY_NOW: Final = BiddingKey(
    name="buy-now price",
    help="The price at which it can be bought at once.",
    read=read_optional_amount,
    stand_in=None,
    amounts_in=one_amount,
)


def _house_bids(value: object, _hand: Hand) -> bool:
    """Read whether the house may bid for the seller."""
    word = "on" if value is True else "off" if is_none(value) else value
    is_allowed = _IS_ON.get(word.strip().casefold()) if isinstance(word, str) else None
    if is_allowed is None:
        raise wrong(
            f'It is {quoted(value)}; write "on" if the house may bid for the seller below the reserve, or "off".'
        )
    return is_allowed


_IS_ON: Final = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
HOUSE_BIDS: Final = BiddingKey(
    name="house bids",
    help="Let the house bid for the seller, openly and below the reserve: `on`. Bidders see that it may.",
    read=_house_bids,
    stand_in=None,
    amounts_in=None,
)


class _Values(msgspec.Struct, frozen=True):
    """The values of the keys; those that are missing break no rule."""

    starting_price: int = 1
    increment: tuple[Step, ...] | None = None
    reserve: int | None = None
    buy_now: int | None = None
    house_bids: bool = False


class English:
    """English lots: open bids and maximum bids, up to the hammer."""

    called = "An English lot"
    keys: Mapping[str, BiddingKey] = {
        "starting_price": STARTING_PRICE,
        "increment": INCREMENT,
        "reserve": RESERVE,
        "buy_now": BUY_NOW,
        "house_bids": HOUSE_BIDS,
    }
    required: Mapping[str, str] = {"starting_price": "say the least that a first bid can be"}
    needs: Mapping[str, str] = {"house_bids": "reserve"}
    lacks: Mapping[str, str] = {}

    def has(self, terms: AnyTerms) -> bool:
        """Return whether terms are English."""
        return isinstance(terms, EnglishTerms)

    def bidding(self, values: Mapping[str, BiddingValue], currency: Currency) -> Bidding:
        """Return the terms; without increments they have the default table. Equal tables are shared by all lots."""
        given = msgspec.convert(values, _Values)
        terms = EnglishTerms(
            starting_minor=given.starting_price,
            increments=default_increments(currency) if given.increment is None else given.increment,
            has_reserve=given.reserve is not None,
            buy_now_minor=given.buy_now,
            house_bids=given.house_bids,
        )
        return Bidding(terms, given.reserve)

    def values(self, spec: LotSpec) -> dict[str, BiddingValue]:
        """Return the values of the keys."""
        terms = terms_of(spec)
        return {
            "starting_price": terms.starting_minor,
            "increment": tuple((step.from_minor, step.step_minor) for step in terms.increments),
            "reserve": spec.reserve_minor,
            "buy_now": terms.buy_now_minor,
            "house_bids": terms.house_bids,
        }

    def wrongs(self, spec: LotSpec, currency: Currency) -> Iterator[Wrong]:
        """Yield what is wrong with the prices and the increments."""
        terms = terms_of(spec)
        named = (
            ("starting_price", terms.starting_minor),
            ("reserve", spec.reserve_minor),
            ("buy_now", terms.buy_now_minor),
        )
        yield from range_wrongs(named, currency)
        yield from _beyond_reach(terms, spec.reserve_minor, currency)
        yield from reserve_wrongs(spec.reserve_minor, terms.starting_minor, currency, has_reserve=terms.has_reserve)
        yield from _buy_now_wrongs(terms, spec.reserve_minor, currency)
        if terms.house_bids and spec.reserve_minor is None:
            yield (
                "house_bids",
                "The house bids below the reserve only, and the lot has none; add a reserve, or write off.",
            )
        yield from increment_wrongs(terms.increments, currency)

    def faster(self, spec: LotSpec, speed: int) -> Bidding:  # noqa: ARG002 -- as every format
        """Return the same bidding: the format has no times of its own."""
        return Bidding(spec.terms.format, spec.reserve_minor)


def _buy_now_wrongs(terms: EnglishTerms, reserve_minor: int | None, currency: Currency) -> Iterator[Wrong]:
    show, buy_now_minor = currency.plain, terms.buy_now_minor
    if buy_now_minor is None:
        return
    if buy_now_minor <= terms.starting_minor:
        yield (
            "buy_now",
            f"{show(buy_now_minor)} is not above the starting price {show(terms.starting_minor)}; make it higher.",
        )
    if reserve_minor is not None and buy_now_minor < reserve_minor:
        yield "buy_now", f"{show(buy_now_minor)} is below the reserve {show(reserve_minor)}; make it at least that."


def _beyond_reach(terms: EnglishTerms, reserve_minor: int | None, currency: Currency) -> Iterator[Wrong]:
    """Yield a price at which the lot could never be sold: a bid is refused if no higher bid would be possible."""
    show = currency.plain
    if not terms.increments:
        return
    for field, amount_minor in (("starting_price", terms.starting_minor), ("reserve", reserve_minor)):
        if amount_minor is None or not 1 <= amount_minor <= AMOUNT_MINOR_MAX:
            continue
        next_minor = minimum_bid(terms, amount_minor)
        if next_minor > AMOUNT_MINOR_MAX:
            yield (
                field,
                f"{show(amount_minor)} is too high: the next bid, {show(next_minor)}, would be over the largest "
                f"amount, {show(AMOUNT_MINOR_MAX)}, so no bid could be accepted; lower it, or the increment.",
            )


def increment_wrongs(steps: tuple[Step, ...], currency: Currency) -> Iterator[Wrong]:
    """Yield what is wrong with a table of increments."""
    show = currency.plain
    if not 1 <= len(steps) <= INCREMENT_STEPS_MAX:
        yield "increment", f"The table has {len(steps)} rows; 1 to {INCREMENT_STEPS_MAX} are allowed."
    for number, step in enumerate(steps, start=1):
        if not 1 <= step.step_minor <= AMOUNT_MINOR_MAX:
            yield "increment", f"Row {number}: the step {show(step.step_minor)} must be more than 0."
        if not 0 <= step.from_minor <= AMOUNT_MINOR_MAX:
            yield "increment", f"Row {number}: the price {show(step.from_minor)} is out of range."
        if number > 1 and step.from_minor <= steps[number - 2].from_minor:
            before = show(steps[number - 2].from_minor)
            yield (
                "increment",
                f"Row {number}: the price {show(step.from_minor)} must be above that of the row before, {before}.",
            )
