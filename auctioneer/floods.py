"""Ending the connections of those who go on sending requests when their budget is so overdrawn that nobody listens.

The queue of what a connection brings must not get full, since libzmq may abort the process then (`common.sockets` says
how), so that a flood has to end where it comes from. Its sender is let in again after a while, with the budget that it
has by then. A burst that came at once, however large, ends nothing: its first requests are answered.

What of a flood waited is read and passed over. It bears the number of a connection that may be another's by then, so
that each is ended once; nobody can come back as the same before that is forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

import zmq

from auctioneer.connections import handle_of, shut_down
from auctioneer.door import TURNED_AWAY_MAX, TURNED_AWAY_S, TurnedAway

PATIENCE_S: Final = 0.05
"""For so long somebody may go on unheard; far fewer messages come meanwhile than may wait."""

_Connection = tuple[str, bytes, int | None]
"""A principal, its routing id, and a file handle."""


@dataclass
class _Flood:
    since_s: float
    """When it was first noticed, or ended."""
    is_ended: bool = False


class Floods:
    """Ends connections to the endpoint of requests."""

    def __init__(
        self, requests: "zmq.Socket[bytes]", turned_away: TurnedAway, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._requests = requests
        self._turned_away = turned_away
        self._clock_s = clock_s
        self._noticed: dict[_Connection, _Flood] = {}

    def note(self, principal: str, routing_id: bytes, frame: zmq.Frame) -> None:
        """Note a message that gets no answer. If they go on, end their connection and have their sender wait."""
        connection = principal, routing_id, handle_of(frame)
        now_s = self._clock_s()
        flood = self._noticed.get(connection)
        if flood is None or now_s - flood.since_s >= TURNED_AWAY_S:
            self._remember(connection, _Flood(now_s))
        elif not flood.is_ended and now_s - flood.since_s >= PATIENCE_S:
            self._remember(connection, _Flood(now_s, is_ended=True))
            self._turned_away.add(principal)
            shut_down(self._requests, connection[2])

    def _remember(self, connection: _Connection, flood: _Flood) -> None:
        self._noticed.pop(connection, None)
        if len(self._noticed) >= TURNED_AWAY_MAX:
            del self._noticed[next(iter(self._noticed))]
        self._noticed[connection] = flood
