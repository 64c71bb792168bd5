"""The bids on one lot that the house has at hand: those that count, and that a correction can take back.

They are for a clerk on another machine, who can't read the record. Only a sale with corrections keeps bids. What was
refused, came late or was taken back is in the record alone (`auctioneer.house.bid_history`).
"""

from collections.abc import Sequence
from typing import Final

from auctioneer.house.formats.table import offer_made
from auctioneer.house.house import House
from auctioneer.house.reports import Row, money_fields, name_of
from auctioneer.rules.lots import KeptOffer, LotState
from common.errors import RejectCode, RejectedError

BIDS_SHOWN_MAX: Final = 1000
"""The most bids in one report: the last ones."""


def bids_at_hand(house: House, now_ms: int, chosen: Sequence[LotState]) -> Row:  # noqa: ARG001 -- as all reports
    """Return the last bids on one lot that count, in their order, with secret maxima; a sealed offer has no amount.

    `total` counts all bids on the lot that ever counted. Raises RejectedError unless one lot of a sale with corrections
    was chosen.
    """
    if len(chosen) != 1:
        raise RejectedError(RejectCode.MALFORMED, "that report is on one lot")
    (lot,) = chosen
    if lot.kept is None:
        raise RejectedError(
            RejectCode.WRONG_STATE,
            'only a sale with corrections = "on" has its bids at hand; `auctioneer bids` on the house\'s machine reads '
            "them from the record",
        )
    offers = [offer for offer in lot.kept.offers if offer.offer is not None]
    return {
        "lot": lot.view.lot,
        "title": lot.view.terms.title,
        "currency": house.engine.sale.currency.code,
        "total": lot.kept.last_number,
        "bids": [_row(house, offer) for offer in offers[-BIDS_SHOWN_MAX:]],
    }


def offer_row(house: House, offer: KeptOffer) -> Row:
    """Return who made an offer, of what kind and how much, and its number."""
    assert offer.offer is not None, "a silence has no number, so nobody asks for it"
    made = offer_made(offer.offer)
    amounts = money_fields(
        house.engine.sale.currency, amount=None if made.is_sealed else made.amount_minor, maximum=made.maximum_minor
    )
    return {
        "number": offer.number,
        "paddle": offer.paddle,
        "name": name_of(house, offer.paddle),
        "kind": made.kind,
        **amounts,
    }


def _row(house: House, offer: KeptOffer) -> Row:
    return offer_row(house, offer) | {
        "at_ms": offer.received_ms,
        "source": offer.source.value,
        "by": offer.by or None,
    }
