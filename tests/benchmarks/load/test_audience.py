"""What the screens of several processes received adds up."""

from benchmarks.load.audience import together
from benchmarks.load.delivery import Ledger
from common.codec import encode_broadcast, lot_topic
from common.formats.english import EnglishBoard
from common.lot_events import LotMoved
from common.messages import LotEvents

BEFORE = {"1": 10, "2": 20}


def frame(lot: str, *bids: tuple[int, int]) -> bytes:
    """Return a broadcast of bids, each with its seq and when it was due (us)."""
    events = tuple(LotMoved(seq, 0, EnglishBoard(due_us + 2, due_us + 1, 2, seq), bidder=1) for seq, due_us in bids)
    return encode_broadcast(lot_topic(lot), LotEvents(epoch=1, lot=lot, events=events))


def test_processes_add_up() -> None:
    parts = []
    for screens in (1, 2):
        ledger = Ledger(screens, BEFORE)
        for screen in range(screens):
            ledger.read(screen, frame("1", (11, 1_000)), 2_000)
        parts.append(ledger.result(BEFORE, {"1": 12, "2": 20}, counted_from_us=0))
    both = together(parts)
    assert (both.screens, both.events, both.deliveries, both.missing) == (3, 2, 3, 3)
    assert both.latencies.count == 3
