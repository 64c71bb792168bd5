"""The state of one lot in the house, and the events that open, close or change it. Nothing here changes a lot."""

from typing import Final

import msgspec
from msgspec.structs import replace

from auctioneer.rules.facts import LotDecided
from auctioneer.rules.formats.entries import AnyBook
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.formats import AnyOffer
from common.lot import LotView
from common.lot_events import AnyLotEvent, LotOpened

OFFERS_KEPT_MAX: Final = 10_000
"""The most offers on a lot that corrections can still leave out. Earlier ones count for good."""


class KeptOffer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An accepted offer on a lot, as far as it is needed to make the lot's book again without another.

    `number` counts the offers on the lot from 1, and `at_ms` is lot time. `seq` is that of the lot after the offer.
    Without an `offer`, the bidder was silent and its position was released; that has the number 0. `received_ms`,
    `source` and `by` are for those who look for one offer among several: the server time, how it reached the house, and
    the clerk who made it (empty: the bidder itself).
    """

    number: int
    seq: int
    is_public: bool
    paddle: int
    at_ms: int
    offer: AnyOffer | None
    received_ms: int = 0
    source: Source = Source.BIDDER
    by: str = ""


class KeptOffers(msgspec.Struct):
    """What a lot of a sale with corrections keeps: the last offers that count, and the book before them."""

    base: AnyBook | None
    last_number: int = 0
    offers: list[KeptOffer] = msgspec.field(default_factory=list)


class LeftBid(msgspec.Struct, frozen=True, gc=False):
    """A bid that waits for its lot to open, and the clerk who left it for the bidder (empty: the bidder itself)."""

    request: LeaveBidRequest
    by: str


class LotState(msgspec.Struct, gc=False):
    """The state of one lot: the public view, the secrets, and what only the house needs."""

    spec: LotSpec
    index: int
    view: LotView
    seller_skeletons: tuple[str, ...] = ()
    """A bidder with one of these is the seller."""
    book: AnyBook | None = None
    """The format's; None as long as it has none."""
    extended_ms: int = 0
    """How much of the soft close was used so far."""
    paused_with_sale: bool = False
    opened_at_ms: int = 0
    """When lot time began: the server time of the opening, later by all times in which the lot's clock stood still."""
    stopped_at_ms: int = 0
    """When the lot was paused or closed last, so that its clock stood."""
    steps_at_ms: int | None = None
    """The lot time at which the format's own clock acts next."""
    watched: int | None = None
    """The paddle that wants something released when it falls silent."""
    kept: KeptOffers | None = None
    """None in a sale without corrections."""
    is_rewritten: bool = False
    """Whether the spec is no longer that of the catalogue with which the lot came."""
    is_revived: bool = False
    """Whether the leader leads only because of a correction, and has not said yet whether its bid stands."""
    opens_after: bool = False
    """Whether bidding resumes once the bidder who is asked has answered."""
    left: dict[int, LeftBid] | None = None
    """The bids that were left and wait for the opening, by paddle, in the order in which they were left."""
    queued_ms: int | None = None
    """When the clock looks at this lot next; never later than the lot is due."""


_decode: Final = msgspec.msgpack.Decoder(LotState).decode


def with_shared_terms(spec: LotSpec) -> LotSpec:
    """Return a lot's spec that shares with other lots what is large in its terms."""
    terms = spec.terms
    shared = terms.format.shared()
    return spec if shared is terms.format else replace(spec, terms=replace(terms, format=shared))


def lot_of(raw: msgspec.Raw) -> LotState:
    """Return the lot in a snapshot; its spec and its view share the terms, as they did before the snapshot."""
    lot = _decode(raw)
    lot.spec = with_shared_terms(lot.spec)
    lot.view = replace(lot.view, terms=lot.spec.terms)
    return lot


def soft_close_ms(lot: LotState, now_ms: int) -> int:
    """Return by how many milliseconds a public bid at `now_ms` moves the end.

    The lot then stays open for `extension_ms` after the bid, within the cap.
    """
    soft_close, ends_at_ms = lot.spec.terms.soft_close, lot.view.ends_at_ms
    if soft_close is None or ends_at_ms is None or now_ms < ends_at_ms - soft_close.window_ms:
        return 0
    wanted_ms = max(0, now_ms + soft_close.extension_ms - ends_at_ms)
    return wanted_ms if soft_close.cap_ms is None else min(wanted_ms, soft_close.cap_ms - lot.extended_ms)


def opening(lot: LotState, at_ms: int) -> LotOpened:
    """Return the event that opens a lot at `at_ms`."""
    duration_ms = lot.spec.terms.duration_ms
    return LotOpened(lot.view.seq + 1, at_ms, None if duration_ms is None else at_ms + duration_ms)


def lot_decision(lot: LotState, event: AnyLotEvent, by: str, *, with_sale: bool = False) -> LotDecided:
    """Return the fact for a change of a lot; `by` names the person who decided it, or the house."""
    return LotDecided(at_ms=event.at_ms, lot=lot.view.lot, seq=event.seq, event=event, by=by, with_sale=with_sale)
