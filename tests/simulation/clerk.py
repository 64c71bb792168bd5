"""A clerk who corrects lots at random moments: rightly, wrongly, too late, and while others bid on."""

from collections.abc import Callable
from random import Random
from typing import Final

from msgspec.structs import replace

from auctioneer.house.commands import (
    Admit,
    AnswerFor,
    AnyCommand,
    Award,
    CloseLot,
    Correction,
    Pause,
    Reopen,
    Resume,
    Rewrite,
    Undo,
    VoidSale,
)
from auctioneer.house.house import House
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishTerms, Step
from common.lot import LotStatus

_REASONS: Final = ("", "A slip.", "The wrong paddle.")


def corrections(house: House, chance: Random) -> tuple[AnyCommand, ...]:
    """Return what the clerk sends now: mostly a correction that suits the lot."""
    asked = [lot for lot in house.engine.catalogue if lot.view.asked is not None]
    if asked and chance.random() < 0.8:
        lot = chance.choice(asked)
        return tuple(_as_seen(command, lot, chance) for command in chance.choice(_ON_ASKED)(lot, chance))
    lot = chance.choice(house.engine.catalogue)
    choose = chance.choice(_DEEDS[lot.view.status]) if chance.random() < 0.9 else chance.choice(_ALL)
    return tuple(_as_seen(command, lot, chance) for command in choose(lot, chance))


def _as_seen(command: AnyCommand, lot: LotState, chance: Random) -> AnyCommand:
    """Have a correction carried out only in a state that the clerk saw, which may be over."""
    if not isinstance(command, Correction):
        return command
    seen = chance.choice((None, None, None, lot.view.seq, lot.view.seq, max(0, lot.view.seq - 1)))
    return replace(command, if_seq=seen, reason=chance.choice(_REASONS), preview=chance.random() < 0.05)


def _undo_the_last(lot: LotState, _: Random) -> tuple[AnyCommand, ...]:
    return (Undo(lot=lot.view.lot),)


def _undo_some(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    numbers = [kept.number for kept in lot.kept.offers if kept.number] if lot.kept is not None else []
    chosen = tuple(chance.sample(numbers, min(len(numbers), chance.choice((1, 1, 2, 3)))))
    return (Undo(lot=lot.view.lot, numbers=chosen),)


def _undo_back_to(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    last = 1 if lot.kept is None else lot.kept.last_number
    return (Undo(lot=lot.view.lot, back_to=max(1, last - chance.randrange(3))),)


def _undo_in_a_pause(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    return (Pause(lot=lot.view.lot), *_undo_some(lot, chance))


def _undo_as_the_hammer_falls(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    return (*_undo_the_last(lot, chance), CloseLot(lot=lot.view.lot), *_undo_the_last(lot, chance))


def _reopen_as_the_hammer_falls(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    return (CloseLot(lot=lot.view.lot), *_reopen(lot, chance))


def _turn_out(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    kept = [] if lot.kept is None else lot.kept.offers
    paddle = chance.choice([offer.paddle for offer in kept] or [1])
    out = Admit(bidder=str(paddle), admitted=False, void_bids=True, reason="No account.")
    return (out, Admit(bidder=str(paddle))) if chance.random() < 0.7 else (out,)


def _reopen(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    name, terms = lot.view.lot, lot.spec.terms.format
    if isinstance(terms, DutchTerms) and isinstance(lot.view.board, DutchBoard):
        price_minor = max(terms.floor_minor, terms.starting_minor - chance.randrange(3) * terms.step_minor)
        return (Reopen(lot=name, price_minor=chance.choice((None, price_minor))),)
    for_ms = None if lot.spec.terms.duration_ms is None else chance.choice((200, 2000, 9000))
    return (Reopen(lot=name, for_ms=for_ms),)


def _void(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    buyers = [str(row.paddle) for row in lot.view.results] or [""]
    return (VoidSale(lot=lot.view.lot, bidder=chance.choice(buyers)),)


def _award(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    kept = [] if lot.kept is None else lot.kept.offers
    paddle = chance.choice([offer.paddle for offer in kept] or [1])
    return (Award(lot=lot.view.lot, bidder=str(paddle), amount_minor=1000 + chance.randrange(4000)),)


def _answer(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    """Answer for a bidder in the room, whether one is asked or not."""
    seen = chance.choice((None, lot.view.seq))
    return (AnswerFor(lot=lot.view.lot, stands=chance.random() < 0.5, if_seq=seen),)


def _pause_the_sale(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    """Have the sale stand still, mostly for a moment."""
    return (Pause(), Resume()) if chance.random() < 0.9 else (Pause(),)


def _rewrite(lot: LotState, chance: Random) -> tuple[AnyCommand, ...]:
    return (Rewrite(lot=lot.view.lot, spec=_other_spec(lot.spec, chance)),)


def _other_spec(spec: LotSpec, chance: Random) -> LotSpec:
    terms = replace(spec.terms, title=f"Lot {spec.terms.lot}, {chance.choice(('restored', 'signed', 'as found'))}")
    if isinstance(terms.format, EnglishTerms) and chance.random() < 0.5:
        step_minor = chance.choice((50, 100, 250))
        terms = replace(terms, format=replace(terms.format, increments=(Step(0, step_minor),)))
    if terms.duration_ms is not None and chance.random() < 0.2:
        terms = replace(terms, duration_ms=terms.duration_ms + 1000)
    return replace(spec, terms=terms)


_Deed = Callable[[LotState, Random], tuple[AnyCommand, ...]]
_ON_OPEN: Final[tuple[_Deed, ...]] = (
    _undo_the_last,
    _undo_the_last,
    _undo_some,
    _undo_some,
    _undo_back_to,
    _undo_in_a_pause,
    _undo_as_the_hammer_falls,
    _reopen_as_the_hammer_falls,
    _turn_out,
    _rewrite,
)
_ON_ASKED: Final[tuple[_Deed, ...]] = (_answer, _answer, _pause_the_sale, *_ON_OPEN)
_ON_OVER: Final[tuple[_Deed, ...]] = (_reopen, _reopen, _rewrite)
_DEEDS: Final[dict[LotStatus, tuple[_Deed, ...]]] = {
    LotStatus.SCHEDULED: (_rewrite,),
    LotStatus.OPEN: _ON_OPEN,
    LotStatus.PAUSED: _ON_OPEN,
    LotStatus.SOLD: (*_ON_OVER, _void, _void),
    LotStatus.PASSED: (*_ON_OVER, _award, _award),
    LotStatus.WITHDRAWN: _ON_OVER,
}
"""What suits a lot in each state."""
_ALL: Final = (*_ON_OPEN, *_ON_OVER, _void, _award, _answer)
