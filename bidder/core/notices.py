"""The notices that an application gets, in order: changes of the sale, the bidder's own fortunes, the connection.

No notice comes over the wire in this form. The replica makes changes from broadcasts, replays and snapshots. Their
`seq` is contiguous for each stream (a lot, or the sale); `LotCaughtUp`, `SaleCaughtUp` and `HistoryLost` mark each
exception. The client derives `Outbid`, `Won` and `Lost` from those changes, so they come in order and are never lost.
"""

from enum import Enum

import msgspec

from common.formats import AnyBoard
from common.lot import LotView, SaleView
from common.lot_events import AnyLotEvent, AnySaleEvent
from common.messages import Conditions, Rejected, Welcome, Word


class ConnectionState(Enum):
    """The state of the connection between the client and the house."""

    CONNECTING = "connecting"
    """The house has not answered hello yet, either the first time or after it came back."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The auctioneer has to admit the bidder. The client asks again automatically."""
    JOINING = "joining"
    """The bidder is admitted. The state of the sale is not complete yet."""
    LIVE = "live"
    """The state is complete and current."""
    FROZEN = "frozen"
    """As LIVE, but the house can't store bids now, and the clocks stand still."""
    SILENT = "silent"
    """No heartbeat came in the time for three, usually three seconds. The state may be out of date; requests go on."""
    REFUSED = "refused"
    """The house does not let this bidder in. The client has stopped asking."""
    ENDED = "ended"
    """The sale has ended. Nothing changes after that."""


class Notice(msgspec.Struct, frozen=True):
    """A message to the application. Some notices carry an event, which is a public change with a seq."""


class Joined(Notice, frozen=True):
    """The house answered hello, the first time or again. The state is not complete yet."""

    welcome: Welcome


class StateReady(Notice, frozen=True):
    """The state is complete, for the first time or again after `HistoryLost`. A notice tells every later change."""

    epoch: int
    sale: SaleView
    lots: int


class LotChanged(Notice, frozen=True):
    """One event changed one lot. `view.seq` is `seq`, and `before.seq` is one less."""

    epoch: int
    lot: str
    seq: int
    before: LotView
    view: LotView
    event: AnyLotEvent


class LotCaughtUp(Notice, frozen=True):
    """A lot's view jumped to `seq`, because the house could no longer send the events between."""

    epoch: int
    lot: str
    seq: int
    before: LotView | None
    """None if the client did not know the lot."""
    view: LotView


class SaleChanged(Notice, frozen=True):
    """One event of the sale's own stream changed the sale."""

    epoch: int
    seq: int
    view: SaleView
    event: AnySaleEvent


class SaleCaughtUp(Notice, frozen=True):
    """The sale's view jumped to `seq`, because the house could no longer send the events between."""

    epoch: int
    seq: int
    view: SaleView


class Repaired(Notice, frozen=True):
    """The client closed a hole: `missing` changes of a stream (`lot` is empty for the sale) came by no broadcast."""

    epoch: int
    lot: str
    seq: int
    missing: int


class HistoryLost(Notice, frozen=True):
    """The client dropped its state, which is no longer the house's history (a restored copy, or another sale).

    A `StateReady` follows when the new state is complete. Look at your bids again.
    """

    epoch: int
    """The epoch that counts now. Each sale begins with epoch 1."""
    is_other_sale: bool = False
    """Whether the house holds another sale now. Bids without a verdict in the earlier sale end as unanswered."""


class Outbid(Notice, frozen=True):
    """You led the lot and no longer do. `by` is the new leader's paddle, and `board` what everybody sees now.

    A correction may be the cause too; then a `Told` says what happened to your bid.
    """

    lot: str
    seq: int
    by: int
    board: AnyBoard


class Won(Notice, frozen=True):
    """The lot closed. You get `units` of it for `amount_minor` in all: most lots are one unit at the hammer price.

    A correction may have sold it to you after the close, or open it again later: then this no longer holds, a `Told`
    says so, and the next close tells `Won` or `Lost` again. The last of them counts.
    """

    lot: str
    seq: int
    amount_minor: int
    units: int = 1


class Lost(Notice, frozen=True):
    """The lot closed and is not yours, though you bid on it, led it, or had an offer while this client was connected.

    It also follows a `Won` where a correction took the lot back, and it is not open again.
    `winner` and `amount_minor` are None if the lot passed, or if several bidders share it. The results of the lot's
    view name them all.
    """

    lot: str
    seq: int
    winner: int | None
    amount_minor: int | None
    is_shared: bool = False
    """Whether several bidders each bought a part of the lot."""
    pays_minor: int = 0
    """The amount that you pay nevertheless, in formats in which losers pay too."""


class Told(Notice, frozen=True):
    """The house has said something to this bidder alone. The house no longer had `missing` words before it.

    The kinds that name a lot say what a correction meant to the bidder. A verdict's `own` of before no longer counts on
    that lot; `mine` tells the position.
    """

    epoch: int
    word: Word
    missing: int


class ConnectionChanged(Notice, frozen=True):
    """The connection is in another state. `reason` tells people why; it is empty if the state says enough."""

    state: ConnectionState
    reason: str = ""
    rejected: Rejected | None = None
    """The house's answer to hello, if that is the reason."""
    conditions: Conditions | None = None
    """The conditions that the bidder has not accepted, if that is the reason."""


class NoticesDropped(Notice, frozen=True):
    """The application read too slowly, and the oldest `dropped` notices are gone. The views are still right."""

    dropped: int
