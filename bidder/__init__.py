"""The client library: join a sale, follow it without holes, and bid so that each bid counts once.

`Client` blocks and may be used by any thread; `AsyncClient` is for asyncio; a `Hall` is one copy of the sale for many
bidders, each at a `Desk`. All keep an exact copy of the sale, give the application a `Notice` of each change, and
survive a house that restarts. Amounts are integer minor units; `client.sale.currency.parse("12.50")` makes them. A
program imports all that it needs from here, and `__all__` lists it.
"""

from importlib.util import find_spec
from pathlib import Path

if (_found := find_spec("common")) and (
    Path(_found.origin or "").resolve().parent != (_ours := Path(__file__).resolve().parents[1] / "common")
):
    raise ImportError(
        f"`import bidder` needs the package `common` that is installed with it ({_ours}), but another one comes "
        f"first: {_found.origin}. Rename that one, or start the program from another folder."
    )

from bidder.core.errors import CallbackError, ClosedError, ConditionsError, UnansweredError
from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    Joined,
    Lost,
    LotCaughtUp,
    LotChanged,
    Notice,
    NoticesDropped,
    Outbid,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
    Told,
    Won,
)
from bidder.shells.asyncio import AsyncClient
from bidder.shells.blocking import Client
from bidder.shells.hall import Desk, Hall
from common.errors import (
    AuctionError,
    ProtocolError,
    RejectCode,
    RejectedError,
    StorageError,
    UnreachableError,
    UsageError,
    WrongKeyError,
)
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms
from common.formats.sealed import SealedBoard, SealedOwn, SealedTerms
from common.keys import KeyPair, load_or_make_keys, new_keys
from common.links import JoinLink, parse_link
from common.lot import CloseCause, ExtendCause, LotStatus, LotTerms, LotView, Result, SaleStatus, SaleView
from common.lot_events import (
    Announced,
    Call,
    Called,
    LotAdded,
    LotClosed,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, Mine, Position, Rejected, Role, Welcome, Word, WordKind
from common.money import AmountError, Currency
from common.sockets import new_context
from common.spending import Spending

__all__ = [
    "Accepted",
    "AmountError",
    "Announced",
    "AsyncClient",
    "AuctionError",
    "Call",
    "CallbackError",
    "Called",
    "Client",
    "CloseCause",
    "ClosedError",
    "ConditionsError",
    "ConnectionChanged",
    "ConnectionState",
    "Currency",
    "Desk",
    "DutchBoard",
    "DutchOwn",
    "DutchTerms",
    "EnglishBoard",
    "EnglishOwn",
    "EnglishTerms",
    "ExtendCause",
    "Hall",
    "HistoryLost",
    "JoinLink",
    "Joined",
    "KeyPair",
    "Lost",
    "LotAdded",
    "LotCaughtUp",
    "LotChanged",
    "LotClosed",
    "LotExtended",
    "LotMoved",
    "LotOpened",
    "LotPaused",
    "LotRescheduled",
    "LotResumed",
    "LotStatus",
    "LotTerms",
    "LotView",
    "LotWithdrawn",
    "Mine",
    "Notice",
    "NoticesDropped",
    "Outbid",
    "Position",
    "ProtocolError",
    "RejectCode",
    "Rejected",
    "RejectedError",
    "Repaired",
    "Result",
    "Role",
    "SaleCaughtUp",
    "SaleChanged",
    "SaleEnded",
    "SalePaused",
    "SaleResumed",
    "SaleStatus",
    "SaleView",
    "SealedBoard",
    "SealedOwn",
    "SealedTerms",
    "Spending",
    "StateReady",
    "StorageError",
    "Told",
    "UnansweredError",
    "UnreachableError",
    "UsageError",
    "Welcome",
    "Won",
    "Word",
    "WordKind",
    "WrongKeyError",
    "load_or_make_keys",
    "new_context",
    "new_keys",
    "parse_link",
]
