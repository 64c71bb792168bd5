"""What is said of a command that comes at the wrong moment for its lot: how the lot stands, and which command fits.

The hammer falls twice, a lot is awarded before it is closed, an undo comes after the sale: nobody looks for the right
command in a manual then, so the refusal names it.
"""

from enum import Enum
from typing import Final

from auctioneer.rules.engine import Engine
from auctioneer.rules.formats.table import format_of
from auctioneer.rules.lots import LotState
from common.lot import LotStatus, SaleStatus


class Deed(Enum):
    """What a person wanted to do with a lot; the values are the words of the command line."""

    OPEN = "open"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    CALL = "call"
    MOVE = "move"
    UNDO = "undo"
    REOPEN = "reopen"
    VOID = "void"
    AWARD = "award"


_OPEN: Final = "`auctioneer open {lot}` opens it"
_CLOSE: Final = "`auctioneer close {lot}` closes it first"
_RESUME: Final = "`auctioneer resume {lot}` continues it"
_REOPEN: Final = "`auctioneer reopen {lot}{for}` opens it again, with the bids that it had"
_VOID: Final = "`auctioneer void {lot}` undoes the sale"
_NO_MORE_MOVES: Final = "only a lot that was not opened yet has another place"
_ALREADY: Final = "there is nothing to do"

_FITS: Final[dict[LotStatus, dict[Deed | None, str]]] = {
    LotStatus.SCHEDULED: {
        None: _OPEN,
        Deed.CLOSE: f"{_OPEN}, and `auctioneer withdraw {{lot}}` takes it out",
        Deed.EXTEND: "`auctioneer change {lot} --duration` changes how long it will be open",
        Deed.UNDO: "nobody has bid yet; `auctioneer absentee` lists the bids that wait for it",
    },
    LotStatus.OPEN: {
        None: _ALREADY,
        Deed.MOVE: _NO_MORE_MOVES,
        Deed.VOID: _CLOSE,
        Deed.AWARD: _CLOSE,
    },
    LotStatus.PAUSED: {
        None: _RESUME,
        Deed.MOVE: _NO_MORE_MOVES,
        Deed.VOID: _CLOSE,
        Deed.AWARD: _CLOSE,
    },
    LotStatus.SOLD: {
        None: _REOPEN,
        Deed.CLOSE: f"{_REOPEN}, and {_VOID}",
        Deed.MOVE: _NO_MORE_MOVES,
        Deed.UNDO: f"{_REOPEN}, and {_VOID}",
        Deed.AWARD: f"{_VOID} first",
    },
    LotStatus.PASSED: {
        None: _REOPEN,
        Deed.CLOSE: f"{_REOPEN}, and `auctioneer award {{lot}}` sells it by agreement",
        Deed.MOVE: _NO_MORE_MOVES,
        Deed.VOID: "nobody has bought it; `auctioneer award {lot}` sells it by agreement",
    },
    LotStatus.WITHDRAWN: {
        None: _REOPEN,
        Deed.MOVE: _NO_MORE_MOVES,
        Deed.VOID: f"nobody has bought it; {_REOPEN}",
    },
}
"""For each state of a lot what to do instead of a deed, or of any other deed (None)."""


def wrong_moment(engine: Engine, lot: LotState, deed: Deed) -> str:
    """Return how a lot stands for which a deed comes too early or too late, and what fits now."""
    view = lot.view
    if view.asked is not None:
        return (
            f"lot {view.lot} waits for the answer of paddle {view.asked.paddle}, who is asked whether its bid stands; "
            f"`auctioneer asked {view.lot} --yes` or `--no` answers for it, and `auctioneer withdraw {view.lot}` takes "
            "the lot out"
        )
    state = f"lot {view.lot} is {view.status.value}"
    if engine.sale.status is SaleStatus.ENDED:
        return f"{state}, and the sale has ended"
    fits = _FITS[view.status]
    advice = fits.get(deed, fits[None])
    if view.status.is_final and lot.kept is None and deed is not Deed.MOVE:
        return f'{state}, and stays so: the sale was begun without corrections = "on"'
    has_end = view.terms.duration_ms is not None and format_of(lot.spec).refolds
    return f"{state}; {advice.replace('{lot}', view.lot).replace('{for}', ' --for 1m' if has_end else '')}"
