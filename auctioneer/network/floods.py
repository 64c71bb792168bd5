"""Ending the connections of those who go on sending when their budget is so overdrawn that nobody listens.

The queue of what a connection brings must not get full, since libzmq may abort the process then (`common.sockets` says
how), so that a flood has to end where it comes from. Its sender is let in again after a while, with the budget that it
has by then. A burst that came at once, however large, ends nothing: its first requests are answered.

A message of very many frames is a flood of its own: nobody sends one by mistake, and to throw it away takes the house's
time, whatever a budget says.

What of a flood waited is read and passed over. It bears the number of a connection that may be another's by then, so
that each is ended once; nobody can come back as the same before that is forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final

import zmq

from auctioneer.network.connections import handle_of, shut_down
from auctioneer.network.door import TURNED_AWAY_MAX, TURNED_AWAY_S, TurnedAway
from common.limits import FRAMES_MAX

PATIENCE_S: Final = 0.05
"""For so long somebody may go on unheard; far fewer messages come meanwhile than may wait."""
_AT_ONCE: Final = int(zmq.DONTWAIT)

_Connection = tuple[str, bytes, int | None]
"""A principal, its routing id, and a file handle."""


@dataclass
class _Flood:
    since_s: float
    """When it was first noticed, or ended."""
    is_ended: bool = False


class Floods:
    """Ends connections to an endpoint that answers."""

    def __init__(
        self, endpoint: "zmq.Socket[bytes]", turned_away: TurnedAway, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._endpoint = endpoint
        self._turned_away = turned_away
        self._clock_s = clock_s
        self._noticed: dict[_Connection, _Flood] = {}

    def note(self, principal: str, routing_id: bytes, frame: zmq.Frame) -> None:
        """Note a message that gets no answer. If they go on, end their connection and have their sender wait."""
        connection = principal, routing_id, handle_of(frame)
        now_s = self._clock_s()
        flood = self._remembered(connection, now_s)
        if flood is None:
            self._remember(connection, _Flood(now_s))
        elif not flood.is_ended and now_s - flood.since_s >= PATIENCE_S:
            self._end(connection, now_s)

    def pass_over(self, principal: str, routing_id: bytes, first: zmq.Frame) -> bool:
        """Read what follows the first frame of a message, and keep none of it.

        Where that is very much, end the connection, have the sender wait, and return True.
        """
        receive = self._endpoint.recv
        frames, frame = 1, first
        while frame.more:
            frame = receive(_AT_ONCE, False)  # noqa: FBT003 -- copy; by position, and a frame tells faster if more follow
            frames += 1
            if frames == FRAMES_MAX:
                connection = principal, routing_id, handle_of(first)
                now_s = self._clock_s()
                flood = self._remembered(connection, now_s)
                if flood is None or not flood.is_ended:
                    self._end(connection, now_s)
        return frames >= FRAMES_MAX

    def _remembered(self, connection: _Connection, now_s: float) -> _Flood | None:
        flood = self._noticed.get(connection)
        return None if flood is None or now_s - flood.since_s >= TURNED_AWAY_S else flood

    def _end(self, connection: _Connection, now_s: float) -> None:
        self._remember(connection, _Flood(now_s, is_ended=True))
        self._turned_away.add(connection[0])
        shut_down(self._endpoint, connection[2])

    def _remember(self, connection: _Connection, flood: _Flood) -> None:
        self._noticed.pop(connection, None)
        if len(self._noticed) >= TURNED_AWAY_MAX:
            del self._noticed[next(iter(self._noticed))]
        self._noticed[connection] = flood
