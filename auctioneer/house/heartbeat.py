"""Which lots the next heartbeat names, so that a client finds every gap within a bounded time."""

from collections.abc import Iterable
from itertools import islice

from auctioneer.rules.lots import LotState
from common.limits import HEARTBEAT_LOTS_MAX
from common.lot import SALE_STREAM
from common.lot_events import StreamEvent


class HeartbeatRound:
    """The lots that changed since they were last named, and a round over all lots.

    At least half of the places are for the round, so the quiet lots get their turn in a busy sale too. A lot that does
    not fit waits for the next heartbeat.
    """

    def __init__(self) -> None:
        self._changed: dict[str, object] = {}  # used as a set that keeps its order
        self._turn = 0

    def note(self, events: Iterable[StreamEvent]) -> None:
        """Note the lots that these events changed."""
        self._changed.update(events)
        self._changed.pop(SALE_STREAM, None)

    def pop(self, catalogue: list[LotState]) -> list[str]:
        """Return the numbers of the lots that the next heartbeat names, at most HEARTBEAT_LOTS_MAX."""
        named: dict[str, None] = dict.fromkeys(islice(self._changed, HEARTBEAT_LOTS_MAX // 2))
        for name in named:
            del self._changed[name]
        for _ in range(len(catalogue)):
            if len(named) == HEARTBEAT_LOTS_MAX:
                break
            self._turn = (self._turn + 1) % len(catalogue)
            named[catalogue[self._turn].view.lot] = None
        return list(named)
