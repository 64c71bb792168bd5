"""Corrections: what was decided on a lot is changed, and the record keeps both.

Each function receives the engine, the server time `now_ms`, the name of the person who decides (`by`), the lot, and the
reason for bidders. `if_seq` is the seq of the lot that the person saw: after any other public change the correction is
refused. Each returns what the correction is, or why there is none, and changes nothing itself: the caller applies the
fact, or only shows it. Except for `rewrite`, the sale must keep its offers (`SaleCreated.corrections`).

`docs/rules.md` has the rules: an open lot never ends earlier, offers keep their order and their times, and a bidder
whose position changes hears of it.
"""

from collections.abc import Collection
from typing import Final

from auctioneer.rules.corrected import (
    Corrected,
    Stand,
    bought_by,
    first_public_seq,
    leave_out,
    made,
    must_be_asked,
    numbers_of,
    stand,
    wanted,
)
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Engine
from auctioneer.rules.facts import LotRewritten
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.kept_offers import refold
from auctioneer.rules.lots import KeptOffers, LotState
from auctioneer.rules.terms import LotSpec, OpeningRule
from auctioneer.rules.wrong_moment import Deed, wrong_moment
from common.errors import RejectCode
from common.limits import AMOUNT_MINOR_MAX, DURATION_MS_MAX
from common.lot import CorrectionCause, LotStatus, Result, SaleStatus
from common.lot_events import LotCorrected, LotRevised
from common.messages import WordKind

NO_CORRECTIONS: Final = 'the sale was begun without corrections = "on"'
"""Why nothing can be corrected but what the catalogue says."""
_BIDDING: Final = (LotStatus.OPEN, LotStatus.PAUSED)


def undo(
    engine: Engine,
    now_ms: int,
    by: str,
    name: str,
    reason: str,
    numbers: tuple[int, ...] = (),
    if_seq: int | None = None,
    cause: CorrectionCause = CorrectionCause.UNDO,
) -> Corrected | Refused:
    """Take back the offers of these numbers on an open or paused lot; without numbers, the last public one."""
    found = _find(engine, name, Deed.UNDO, _BIDDING, if_seq)
    if isinstance(found, Refused):
        return found
    lot, kept = found
    if not format_of(lot.spec).refolds:
        return Refused(RejectCode.OTHER_FORMAT, f"on lot {name} an offer is a purchase; close the lot, then `void` it")
    there = {offer.number for offer in kept.offers if offer.offer is not None}
    if not numbers:
        numbers = tuple(offer.number for offer in kept.offers if offer.is_public)[-1:]
        if not numbers:
            return Refused(RejectCode.UNKNOWN_BID, f"there is no public bid on lot {name}")
    missing = sorted(set(numbers) - there)
    if missing:
        return Refused(RejectCode.UNKNOWN_BID, f"lot {name} has no bid {missing[0]} that counts and can be taken back")
    return leave_out(wanted(engine.state, lot, kept, cause, by, reason, now_ms), tuple(sorted(set(numbers))))


def numbers_back_to(engine: Engine, name: str, number: int) -> tuple[int, ...]:
    """Return the numbers of all offers on a lot that count, from this one on."""
    lot = engine.find(name)
    kept = None if lot is None else lot.kept
    if kept is None:
        return ()
    return tuple(offer.number for offer in kept.offers if offer.offer is not None and offer.number >= number)


def void_offers(engine: Engine, now_ms: int, by: str, paddle: int, reason: str) -> list[Corrected]:
    """Take back all offers of a bidder on the lots that are open or paused, as it is turned out."""
    outcomes = (void_offers_on(engine, now_ms, by, lot.view.lot, paddle, reason) for lot in engine.catalogue)
    return [outcome for outcome in outcomes if not isinstance(outcome, Refused)]


def void_offers_on(engine: Engine, now_ms: int, by: str, name: str, paddle: int, reason: str) -> Corrected | Refused:
    """Take back all offers of a bidder on one lot that is open or paused."""
    found = _find(engine, name, Deed.UNDO, _BIDDING, None)
    if isinstance(found, Refused):
        return found
    lot, kept = found
    numbers = numbers_of(kept, paddle)
    if not numbers or not format_of(lot.spec).refolds:
        return Refused(RejectCode.UNKNOWN_BID, f"lot {name} has no bid of paddle {paddle} that can be taken back")
    return leave_out(wanted(engine.state, lot, kept, CorrectionCause.TURNED_OUT, by, reason, now_ms), numbers, paddle)


def reopen(
    engine: Engine,
    now_ms: int,
    by: str,
    name: str,
    reason: str,
    for_ms: int | None = None,
    price_minor: int | None = None,
    if_seq: int | None = None,
) -> Corrected | Refused:
    """Open a lot that is over again, with the bids as they were.

    A lot with a clock stays open `for_ms` more. Where the format has a clock of its own, that continues from
    `price_minor`, or from where it stood, and the end follows from it.
    """
    found = _find(engine, name, Deed.REOPEN, (LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN), if_seq)
    if isinstance(found, Refused):
        return found
    lot, kept = found
    if engine.sale.status is SaleStatus.PAUSED:
        return Refused(RejectCode.WRONG_STATE, "the sale is paused; `auctioneer resume` continues it")
    form, spec = format_of(lot.spec), lot.spec
    book = form.reopen(spec, lot.book, price_minor)
    if isinstance(book, RejectCode):
        return Refused(book, f"lot {name} can't continue from that price, or nothing is left of it")
    stands_at_ms, duration_ms = form.stands_at_ms(spec, book), spec.terms.duration_ms
    has_end = duration_ms is not None and stands_at_ms is None
    if has_end is not (for_ms is not None):
        needed = (
            "has a clock, so say for how long it is open again, as `--for 1m`"
            if has_end
            else "needs no `--for`: its own clock continues, or it is open until you close it"
        )
        return Refused(RejectCode.WRONG_STATE, f"lot {name} {needed}")
    if for_ms is not None and not 0 < for_ms <= DURATION_MS_MAX:
        return Refused(RejectCode.MALFORMED, "a lot can be open again for at least 1 ms and at most a year")
    ends_at_ms = None if for_ms is None else now_ms + for_ms
    if duration_ms is not None and stands_at_ms is not None:
        ends_at_ms = now_ms - stands_at_ms + duration_ms
    want = wanted(engine.state, lot, kept, CorrectionCause.REOPEN, by, reason, now_ms)
    board = form.show(spec, book, is_over=False)
    now, words = Stand(LotStatus.OPEN, ends_at_ms, None), bought_by(lot.view.results)
    if must_be_asked(want, board.leader, ()) and board.leader is not None:
        now = stand(want, LotStatus.OPEN, ends_at_ms, None, board.leader)
        words = (*words, (board.leader, WordKind.ASKED))
    event = LotCorrected(
        lot.view.seq + 1,
        now_ms,
        CorrectionCause.REOPEN,
        now.status,
        board,
        now.ends_at_ms,
        now.remaining_ms,
        asked=now.asked,
    )
    is_revived = now.asked is not None
    return made(want, event, book, words=words, is_revived=is_revived, for_ms=for_ms, price_minor=price_minor)


def void(
    engine: Engine, now_ms: int, by: str, name: str, reason: str, paddle: int | None = None, if_seq: int | None = None
) -> Corrected | Refused:
    """Undo the sale of a lot to a buyer, or to its only one. The lot has passed, or is sold to the other buyers."""
    found = _find(engine, name, Deed.VOID, (LotStatus.SOLD,), if_seq)
    if isinstance(found, Refused):
        return found
    lot, kept = found
    buyers = [result.paddle for result in lot.view.results]
    if paddle is None and len(buyers) > 1:
        return Refused(RejectCode.MALFORMED, f"lot {name} has several buyers; name one of them")
    buyer = buyers[0] if paddle is None else paddle
    if buyer not in buyers:
        return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {buyer} did not buy lot {name}")
    form, spec = format_of(lot.spec), lot.spec
    numbers: tuple[int, ...] = ()
    if form.refolds:
        numbers = numbers_of(kept, buyer)
        book, left_out = refold(lot, kept, frozenset(numbers))
        others = tuple(result for result in lot.view.results if result.paddle != buyer)
        results = others if any(result.units for result in others) else ()
    else:
        book, left_out = form.take_back(spec, lot.book, buyer), ()
        results = form.close(spec, book)
    want = wanted(engine.state, lot, kept, CorrectionCause.VOID, by, reason, now_ms)
    board = form.show(spec, book, is_over=True)
    event = LotCorrected(
        lot.view.seq + 1,
        now_ms,
        CorrectionCause.VOID,
        LotStatus.SOLD if results else LotStatus.PASSED,
        board,
        results=results,
        void_from_seq=first_public_seq(kept, left_out),
    )
    return made(
        want,
        event,
        book,
        numbers,
        left_out,
        words=((buyer, WordKind.SALE_VOID),),
        is_revived=must_be_asked(want, form.show(spec, book, is_over=False).leader, left_out),
        paddle=buyer,
    )


def award(
    engine: Engine,
    now_ms: int,
    by: str,
    name: str,
    reason: str,
    paddle: int,
    amount_minor: int,
    if_seq: int | None = None,
) -> Corrected | Refused:
    """Sell a lot that has passed to a bidder by agreement, such as the one who bid second to a buyer who fell away."""
    found = _find(engine, name, Deed.AWARD, (LotStatus.PASSED,), if_seq)
    if isinstance(found, Refused):
        return found
    lot, kept = found
    form = format_of(lot.spec)
    if not form.refolds:
        return Refused(RejectCode.OTHER_FORMAT, f"lot {name} is sold by units; reopen it instead")
    if not 0 < amount_minor <= AMOUNT_MINOR_MAX:
        return Refused(RejectCode.INVALID_AMOUNT, "the amount is not a price")
    event = LotCorrected(
        lot.view.seq + 1,
        now_ms,
        CorrectionCause.AWARD,
        LotStatus.SOLD,
        lot.view.board,
        results=(Result(paddle, amount_minor),),
    )
    want = wanted(engine.state, lot, kept, CorrectionCause.AWARD, by, reason, now_ms)
    is_revived = lot.is_revived and paddle != lot.view.board.leader
    return made(want, event, lot.book, words=((paddle, WordKind.AWARDED),), is_revived=is_revived, paddle=paddle)


def rewrite(
    engine: Engine,
    now_ms: int,
    by: str,
    name: str,
    reason: str,
    spec: LotSpec,
    seller_skeletons: tuple[str, ...],
    if_seq: int | None = None,
) -> Corrected | Refused:
    """Replace what the catalogue says of a lot.

    Its texts may always change. When it opens and how long it stays open may change before it opens, and the bidding as
    far as its format allows. The caller has checked the spec by the rules for catalogues.
    """
    lot = engine.find(name)
    if lot is None or spec.terms.lot != lot.view.lot:
        return Refused(RejectCode.UNKNOWN_LOT, f"lot {name}")
    refused = _unless_running(engine, lot, if_seq)
    if refused is not None:
        return refused
    fault = _rewrite_fault(lot, spec)
    if fault:
        return Refused(RejectCode.WRONG_STATE, fault)
    view, form = lot.view, format_of(spec)
    is_scheduled = view.status is LotStatus.SCHEDULED
    event = LotRevised(
        view.seq + 1,
        now_ms,
        spec.terms,
        form.show(spec, form.open(spec) if is_scheduled else lot.book, is_over=view.status.is_final),
        _opens_at_ms(engine, lot, spec, now_ms) if is_scheduled else view.opens_at_ms,
        view.ends_at_ms,
    )
    fact = LotRewritten(
        at_ms=now_ms,
        lot=view.lot,
        seq=event.seq,
        spec=spec,
        event=event,
        by=by,
        reason=reason,
        seller_skeletons=seller_skeletons,
    )
    return Corrected(fact)


def _rewrite_fault(lot: LotState, spec: LotSpec) -> str:
    """Return why a lot can't get this spec any more; empty if it can."""
    was, terms, name = lot.spec, spec.terms, lot.view.lot
    if type(terms.format) is not type(was.terms.format):
        return f"lot {name} can't change its format; withdraw it and add another"
    if spec == was:
        return f"lot {name} says that already"
    if lot.view.status is LotStatus.SCHEDULED:
        return ""
    timing = (spec.opening, terms.duration_ms, terms.soft_close)
    if timing != (was.opening, was.terms.duration_ms, was.terms.soft_close):
        return f"lot {name} was opened; use `auctioneer extend` to give it more time"
    if (terms.format, spec.reserve_minor) == (was.terms.format, was.reserve_minor):
        return ""
    if lot.view.asked is not None:
        return f"lot {name} waits for the answer of paddle {lot.view.asked.paddle}; change its bidding after that"
    if lot.view.status.is_final:
        return f"lot {name} is over; its bidding can't change any more"
    if format_of(spec).may_revise(was, spec, lot.book):
        return ""
    return f"there are bids on lot {name}, so that can't change any more"


def _opens_at_ms(engine: Engine, lot: LotState, spec: LotSpec, now_ms: int) -> int | None:
    """Return when a scheduled lot opens with this spec; a lot whose opening is the same keeps its time."""
    if spec.opening == lot.spec.opening:
        return lot.view.opens_at_ms
    opening = spec.opening
    if opening.rule is OpeningRule.AT_START:
        return now_ms
    if opening.delay_ms is None:
        return opening.at_ms
    return engine.sale.started_at_ms + engine.state.sale_stood_ms + opening.delay_ms


# --- the parts that all share --------------------------------------------------------------------------------------


def _find(
    engine: Engine, name: str, deed: Deed, statuses: Collection[LotStatus], if_seq: int | None
) -> tuple[LotState, KeptOffers] | Refused:
    lot = engine.find(name)
    if lot is None:
        return Refused(RejectCode.UNKNOWN_LOT, f"lot {name}")
    refused = _unless_running(engine, lot, if_seq)
    if refused is not None:
        return refused
    if lot.kept is None:
        return Refused(RejectCode.WRONG_STATE, NO_CORRECTIONS)
    if lot.view.status not in statuses:
        return Refused(RejectCode.WRONG_STATE, wrong_moment(engine, lot, deed))
    return lot, lot.kept


def _unless_running(engine: Engine, lot: LotState, if_seq: int | None) -> Refused | None:
    if engine.sale.status is SaleStatus.ENDED:
        return Refused(RejectCode.SALE_ENDED, "nothing can be corrected any more")
    if if_seq is not None and if_seq != lot.view.seq:
        return Refused(RejectCode.STATE_CHANGED, f"lot {lot.view.lot}")
    return None
