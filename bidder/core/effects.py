"""What the core wants done: a shell carries these out in order, besides telling the application its notices."""

import msgspec

from bidder.core.notices import Notice
from common.messages import Accepted, Mine, Rejected


class Send(msgspec.Struct, frozen=True):
    """Send a body on the request path. It may be dropped where there is no connection; it is repeated."""

    body: bytes


class ConnectFeed(msgspec.Struct, frozen=True):
    """Connect to the broadcasts on this port of the house's host, instead of any other."""

    port: int


class Subscribe(msgspec.Struct, frozen=True):
    """Subscribe to a topic, given as the bytes that stand on the wire."""

    topic: bytes


class Unsubscribe(msgspec.Struct, frozen=True):
    """End a subscription."""

    topic: bytes


class Unanswered(msgspec.Struct, frozen=True):
    """No verdict came before the deadline. `may_count`: it may have reached the house, so the outcome is unknown."""

    request_id: int
    may_count: bool


Outcome = Accepted | Rejected | Mine | Unanswered
"""How a request of the application ended."""


class Settled(msgspec.Struct, frozen=True):
    """A request of the application has ended; `ticket` is what the session returned for it."""

    ticket: int
    outcome: Outcome


Effect = Send | ConnectFeed | Subscribe | Unsubscribe | Settled | Notice
