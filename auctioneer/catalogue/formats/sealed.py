"""Sealed lots in a catalogue: the least offer and the reserve. The two words for them say what the winner pays."""

from collections.abc import Iterator, Mapping

import msgspec

from auctioneer.catalogue.formats.format import (
    RESERVE,
    STARTING_PRICE,
    Bidding,
    BiddingKey,
    Wrong,
    range_wrongs,
    reserve_wrongs,
)
from auctioneer.rules.formats.sealed import terms_of
from auctioneer.rules.terms import BiddingValue, LotSpec
from common.formats import AnyTerms
from common.formats.sealed import Pays, SealedTerms
from common.money import Currency


class _Values(msgspec.Struct, frozen=True):
    """The values of the keys; those that are missing break no rule."""

    starting_price: int = 1
    reserve: int | None = None


class Sealed:
    """Sealed lots, of which the winner pays as `pays` says. Nobody sees an offer, so none can extend the lot."""

    keys: Mapping[str, BiddingKey] = {"starting_price": STARTING_PRICE, "reserve": RESERVE}
    required: Mapping[str, str] = {"starting_price": "say the least that can be offered"}
    needs: Mapping[str, str] = {}
    lacks: Mapping[str, str] = {"soft_close": ""}

    def __init__(self, called: str, pays: Pays) -> None:
        self.called = called
        self._pays = pays

    def has(self, terms: AnyTerms) -> bool:
        """Return whether terms are those of a sealed lot of which the winner pays in this way."""
        return isinstance(terms, SealedTerms) and terms.pays is self._pays

    def bidding(self, values: Mapping[str, BiddingValue], currency: Currency) -> Bidding:  # noqa: ARG002 -- all alike
        """Return the terms."""
        given = msgspec.convert(values, _Values)
        return Bidding(SealedTerms(given.starting_price, self._pays, given.reserve is not None), given.reserve)

    def values(self, spec: LotSpec) -> dict[str, BiddingValue]:
        """Return the values of the keys."""
        return {"starting_price": terms_of(spec).starting_minor, "reserve": spec.reserve_minor}

    def wrongs(self, spec: LotSpec, currency: Currency) -> Iterator[Wrong]:
        """Yield what is wrong with the least offer and the reserve."""
        terms = terms_of(spec)
        yield from range_wrongs((("starting_price", terms.starting_minor), ("reserve", spec.reserve_minor)), currency)
        yield from reserve_wrongs(spec.reserve_minor, terms.starting_minor, currency, has_reserve=terms.has_reserve)

    def faster(self, spec: LotSpec, speed: int) -> Bidding:  # noqa: ARG002 -- as every format
        """Return the same bidding: the format has no times of its own."""
        return Bidding(spec.terms.format, spec.reserve_minor)
