"""Bids that are left before a lot opens.

Source: the absentee (commission) bids of auction houses' conditions of sale; `docs/rules.md` restates them:

- a bidder may leave one bid on each lot that is not open yet, replace it, and take it back until the lot opens;
- nobody else learns of it: it is in no board, no event and no number;
- when the lot opens, the bids are made in the order in which they were left, so the earlier of two equal ones leads; a
  bid that replaced another counts from then on, except one of the same amount, which changes nothing;
- one that does not count any more by then, because those before it lead higher, is void.
"""

from typing import Any

from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LeftBid, LotState
from common.absentee import LeaveBidRequest
from common.errors import RejectCode
from common.formats import AnyOwn


def why_not(lot: LotState, paddle: int, request: LeaveBidRequest) -> RejectCode | None:
    """Return why a bid can't be left on a scheduled lot, or taken back; None if it can.

    An amount is decided as if it were the first bid on the lot.
    """
    if request.if_seq is not None and request.if_seq != lot.view.seq:
        return RejectCode.STATE_CHANGED
    if request.amount_minor is None:
        return None if lot.left and paddle in lot.left else RejectCode.NO_OFFER
    if format_of(lot.spec).offer_left(request) is None:
        return RejectCode.OTHER_FORMAT
    decided = _decided(lot, paddle, request)
    return decided if isinstance(decided, RejectCode) else None


def own_left(lot: LotState, paddle: int) -> AnyOwn | None:
    """Return what a bidder may know of the bid that it left: its position if it alone had bid; None if it left none."""
    left = None if lot.left is None else lot.left.get(paddle)
    return None if left is None else own_after(lot, paddle, left.request)


def own_after(lot: LotState, paddle: int, request: LeaveBidRequest) -> AnyOwn | None:
    """Return what a bidder may know of a bid that can be left, once it is; None if it is taken back."""
    if request.amount_minor is None:
        return None
    form, spec = format_of(lot.spec), lot.spec
    entry = _decided(lot, paddle, request)
    if isinstance(entry, RejectCode):  # the terms were corrected since
        return None
    assert not isinstance(entry, Outcome), "no first bid closes a lot"
    return form.own(spec, form.apply(spec, form.open(spec), entry), paddle)


def leave(lot: LotState, paddle: int, left: LeftBid) -> int:
    """Put a bid behind those that were left before, or take it back. Return by how many there are more."""
    bids = lot.left or {}
    before = len(bids)
    standing = bids.get(paddle)
    if standing is None or standing.request.amount_minor != left.request.amount_minor:
        bids.pop(paddle, None)
        if left.request.amount_minor is not None:
            bids[paddle] = left
    lot.left = bids or None
    return len(bids) - before


def forget(lot: LotState, paddle: int) -> int:
    """Forget the bid that a bidder left, since the lot has opened. Return how many that are: one or none."""
    if not lot.left or lot.left.pop(paddle, None) is None:
        return 0
    lot.left = lot.left or None
    return 1


def _decided(lot: LotState, paddle: int, request: LeaveBidRequest) -> Any:
    """Return what the lot's format decides of a bid as the first one."""
    form, spec = format_of(lot.spec), lot.spec
    offer = form.offer_left(request)
    assert offer is not None, "the format has bids that are left"
    return form.decide(spec, form.open(spec), Placed(paddle, 0, offer))
