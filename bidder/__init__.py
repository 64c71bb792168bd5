"""The client library: join a sale, follow it without holes, and bid so that each bid counts once.

`Client` blocks and may be used by any thread; `AsyncClient` is for asyncio. Both keep an exact copy of the sale, tell
the application what changed (`bidder.events`), and survive a house that restarts. Amounts are integer minor units;
`client.sale.currency.parse("12.50")` makes them.
"""

from bidder.aio import AsyncClient
from bidder.base import ClosedError, UnansweredError
from bidder.client import Client
from bidder.events import (
    ConnectionChanged,
    ConnectionState,
    Event,
    EventsDropped,
    HistoryLost,
    Joined,
    Lost,
    LotCaughtUp,
    LotChanged,
    Outbid,
    Repaired,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
    Won,
)

__all__ = [
    "AsyncClient",
    "Client",
    "ClosedError",
    "ConnectionChanged",
    "ConnectionState",
    "Event",
    "EventsDropped",
    "HistoryLost",
    "Joined",
    "Lost",
    "LotCaughtUp",
    "LotChanged",
    "Outbid",
    "Repaired",
    "SaleCaughtUp",
    "SaleChanged",
    "StateReady",
    "UnansweredError",
    "Won",
]
