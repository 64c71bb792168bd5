"""The notices that an application gets, in order: changes of the sale, the bidder's own fortunes, the connection.

Nothing here comes over the wire as it is. Changes are what the replica made of broadcasts, replays and snapshots:
for each stream (a lot, or the sale) their `seq` is contiguous, and where that can't be had, `LotCaughtUp`,
`SaleCaughtUp` or `HistoryLost` says so. `Outbid`, `Won` and `Lost` are derived from those changes, so that they come
in order and are never lost.
"""

from enum import Enum

import msgspec

from common.formats import AnyBoard
from common.lot import AnyLotEvent, AnySaleEvent, LotView, SaleView
from common.messages import Rejected, Welcome, Word


class ConnectionState(Enum):
    """How things stand between the client and the house."""

    CONNECTING = "connecting"
    """Nothing was heard from the house yet, or it came back and the client greets it."""
    AWAITING_APPROVAL = "awaiting_approval"
    """The auctioneer has to admit the bidder; the client asks again by itself."""
    JOINING = "joining"
    """Admitted; the state of the sale is on its way."""
    LIVE = "live"
    """The state is complete and current."""
    FROZEN = "frozen"
    """As live, but the house can't store bids now: the clocks stand still."""
    SILENT = "silent"
    """No heartbeat for three seconds. What is shown may be out of date; requests are still tried."""
    REFUSED = "refused"
    """The house does not let this bidder in; the client has stopped asking."""
    ENDED = "ended"
    """The sale has ended; nothing will change any more."""


class Notice(msgspec.Struct, frozen=True):
    """Anything that the application is told. An event is a public change with a seq; some notices have one."""


class Joined(Notice, frozen=True):
    """The house answered hello, the first time or again; the state is not complete yet."""

    welcome: Welcome


class StateReady(Notice, frozen=True):
    """The first complete state is there, and again after `HistoryLost`; every change from here on is told."""

    epoch: int
    sale: SaleView
    lots: int


class LotChanged(Notice, frozen=True):
    """One event of one lot was applied: `view.seq` is `seq`, and `before.seq` is one less."""

    epoch: int
    lot: str
    seq: int
    before: LotView
    view: LotView
    event: AnyLotEvent


class LotCaughtUp(Notice, frozen=True):
    """A lot's view jumped to `seq`, since the house no longer had the events between at hand."""

    epoch: int
    lot: str
    seq: int
    before: LotView | None
    """None where the lot was not known at all."""
    view: LotView


class SaleChanged(Notice, frozen=True):
    """One event of the sale's own stream was applied."""

    epoch: int
    seq: int
    view: SaleView
    event: AnySaleEvent


class SaleCaughtUp(Notice, frozen=True):
    """The sale's view jumped to `seq`, since the house no longer had the events between at hand."""

    epoch: int
    seq: int
    view: SaleView


class Repaired(Notice, frozen=True):
    """A hole was closed: `missing` changes of one stream (`lot` is empty for the sale's) did not come by broadcast."""

    epoch: int
    lot: str
    seq: int
    missing: int


class HistoryLost(Notice, frozen=True):
    """What the client held is no longer the house's history (a restored copy, another sale); it was dropped.

    A `StateReady` follows once the state that now counts is there. Look at your bids again.
    """

    epoch: int
    """The epoch that now counts. Each sale begins with epoch 1."""
    is_other_sale: bool = False
    """The house holds another sale now. Bids in the earlier one that have no verdict end as unanswered."""


class Outbid(Notice, frozen=True):
    """You led the lot and no longer do. `by` is the new leader's paddle, and `board` what everybody sees now."""

    lot: str
    seq: int
    by: int
    board: AnyBoard


class Won(Notice, frozen=True):
    """The lot closed, and you get `units` of it for `amount_minor` in all: on most lots the lot at the hammer price."""

    lot: str
    seq: int
    amount_minor: int
    units: int = 1


class Lost(Notice, frozen=True):
    """The lot closed and is not yours, though you bid on it, led it, or had an offer while this client was connected.

    `winner` and `amount_minor` are None where the lot passed, and where several bidders share it: then the results of
    the lot's view have them all.
    """

    lot: str
    seq: int
    winner: int | None
    amount_minor: int | None
    is_shared: bool = False
    """Several bidders bought a part of the lot."""
    pays_minor: int = 0
    """What you have to pay nevertheless, in formats where not only the winner pays."""


class Told(Notice, frozen=True):
    """The house has said something to this bidder alone. `missing` words before it were not to be had any more."""

    epoch: int
    word: Word
    missing: int


class ConnectionChanged(Notice, frozen=True):
    """The connection is in another state; `reason` says why, for people, where there is more to say."""

    state: ConnectionState
    reason: str = ""
    rejected: Rejected | None = None
    """The house's answer to hello, where that is the reason."""


class NoticesDropped(Notice, frozen=True):
    """The application did not read for long, and the oldest `dropped` events went. The views are still right."""

    dropped: int
