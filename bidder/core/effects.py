"""The effects that the core asks for. A shell carries them out in order, and gives the notices to the application."""

import msgspec

from bidder.core.notices import Notice
from common.messages import Accepted, Mine, Rejected


class Send(msgspec.Struct, frozen=True):
    """Send a body on the request path. The shell may drop it if there is no connection, because the core repeats it."""

    body: bytes


class ConnectFeed(msgspec.Struct, frozen=True):
    """Connect to the broadcasts on this port of the house's host, and to no other port."""

    port: int


class Subscribe(msgspec.Struct, frozen=True):
    """Subscribe to a topic, given as its bytes on the wire."""

    topic: bytes


class Unsubscribe(msgspec.Struct, frozen=True):
    """End a subscription."""

    topic: bytes


class Unanswered(msgspec.Struct, frozen=True):
    """No verdict came before the deadline. `may_count`: it may have reached the house; its outcome is unknown."""

    request_id: int
    may_count: bool


Outcome = Accepted | Rejected | Mine | Unanswered
"""How a request of the application ended."""


class Settled(msgspec.Struct, frozen=True):
    """A request of the application has ended. `submit` returned its `ticket`."""

    ticket: int
    outcome: Outcome


Effect = Send | ConnectFeed | Subscribe | Unsubscribe | Settled | Notice
