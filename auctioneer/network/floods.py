"""How the house ends the connection of a peer that keeps sending after its budget is overdrawn and it gets no answers.

A connection's queue of received messages must not fill up, since libzmq may then abort the process (`common.sockets`
says how). So a flood must end at its connection. Its sender may connect again after a while, with the budget that it
has by then. A single burst, however large, ends nothing: its first requests are answered.

A message of very many frames is a flood in itself. Nobody sends one by mistake, and discarding it takes the house's
time, whatever the budget is.

The part of a flood that still waits in the queue is read and discarded. Its messages name a file handle that may belong
to another connection by then. So each connection is ended once; the same sender can't come back before that is
forgotten.
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
"""How long a peer may keep sending without answers. In this time far fewer messages arrive than the queue can hold."""
_AT_ONCE: Final = int(zmq.DONTWAIT)

_Connection = tuple[str, bytes, int | None]
"""A principal, its routing id, and a file handle."""


@dataclass
class _Flood:
    since_s: float
    """When the flood was first noticed, or its connection ended."""
    is_ended: bool = False


class Floods:
    """Ends floods on an endpoint that answers requests."""

    def __init__(
        self, endpoint: "zmq.Socket[bytes]", turned_away: TurnedAway, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._endpoint = endpoint
        self._turned_away = turned_away
        self._clock_s = clock_s
        self._noticed: dict[_Connection, _Flood] = {}

    def note(self, principal: str, routing_id: bytes, frame: zmq.Frame) -> None:
        """Note a message that gets no answer. If they don't stop, end their connection and keep their sender out."""
        connection = principal, routing_id, handle_of(frame)
        now_s = self._clock_s()
        flood = self._remembered(connection, now_s)
        if flood is None:
            self._remember(connection, _Flood(now_s))
        elif not flood.is_ended and now_s - flood.since_s >= PATIENCE_S:
            self._end(connection, now_s)

    def pass_over(self, principal: str, routing_id: bytes, first: zmq.Frame) -> bool:
        """Read and discard the frames after the first one of a message.

        If there are very many, end the connection, keep the sender out for a while, and return True.
        """
        receive = self._endpoint.recv
        frames, frame = 1, first
        while frame.more:
            frame = receive(_AT_ONCE, False)  # noqa: FBT003 -- copy, by position; frames are faster to ask for more
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
