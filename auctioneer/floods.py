"""Ending the connections of those who go on sending requests when their budget is so overdrawn that nobody listens.

The queue of what a connection brings must not get full, since libzmq may abort the process then (`common.sockets` says
how), so that a flood has to end where it comes from. Its sender is let in again after a while, with the budget that it
has by then.

What of it waited is read and passed over. It bears the number of a connection that may be another's by then, so that
each is ended once; nobody can come back as the same before that is forgotten.
"""

from collections.abc import Callable
from time import monotonic

import zmq

from auctioneer.connections import handle_of, shut_down
from auctioneer.door import TURNED_AWAY_MAX, TURNED_AWAY_S, TurnedAway

_Connection = tuple[str, bytes, int | None]
"""A principal, its routing id, and a file handle."""


class Floods:
    """Ends connections to the endpoint of requests."""

    def __init__(
        self, requests: "zmq.Socket[bytes]", turned_away: TurnedAway, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._requests = requests
        self._turned_away = turned_away
        self._clock_s = clock_s
        self._ended_until_s: dict[_Connection, float] = {}

    def end(self, principal: str, routing_id: bytes, frame: zmq.Frame) -> None:
        """End the connection that a message came over, unless that was done, and have its sender wait for the next."""
        connection = principal, routing_id, handle_of(frame)
        now_s = self._clock_s()
        if now_s < self._ended_until_s.get(connection, 0.0):
            return
        self._ended_until_s.pop(connection, None)
        if len(self._ended_until_s) >= TURNED_AWAY_MAX:
            del self._ended_until_s[next(iter(self._ended_until_s))]
        self._ended_until_s[connection] = now_s + TURNED_AWAY_S
        self._turned_away.add(principal)
        shut_down(self._requests, connection[2])
