"""A sale made for measuring: every bid is accepted and broadcast, and its amount tells when it was due.

One bidder leads every lot with the highest possible maximum, which nobody reaches. So every higher bid of another
bidder is accepted and raises the price, even if the same bidder bids again and again. Each lot gets its bids over one
connection, so they arrive in the order in which they were made.

The amount of a bid is the time at which it was due, in microseconds of the machine's monotonic clock, which all
processes share. The bid makes the price one minor unit higher than its amount. So each screen knows the age of a
change.
"""

from collections import deque
from pathlib import Path
from typing import Final

import zmq

from common.codec import decode_answer, encode
from common.formats import AnyBoard
from common.formats.english import BidRequest, EnglishBoard
from common.limits import AMOUNT_MINOR_MAX
from common.messages import Accepted
from rehearsal.house import HouseError

UNBOUNDED_REQUESTS: Final = ("--port", "0", "--requests-per-second", "1000000")
"""Options of a house whose budgets no measurement reaches."""
SENT_AHEAD: Final = 16
"""The leader's open bids while it takes the lead of all lots."""
_STEP_MINOR: Final = 1


def write_catalogue(folder: Path, lots: int) -> Path:
    """Write a catalogue with this number of lots, all open for an hour, and return its path."""
    rows = "".join(f"{number},Lot {number},0.01,0.01,1h,USD\n" for number in range(lots))
    path = folder / "lots.csv"
    path.write_text("number,title,starting_price,increment,duration,currency\n" + rows)
    return path


def lead_all(dealer: zmq.SyncSocket, lots: int) -> dict[str, int]:
    """Have this bidder take the lead of all lots forever; return each lot's seq afterwards. Raises HouseError."""
    waiting: deque[int] = deque()
    seqs: dict[str, int] = {}
    for number in range(lots + SENT_AHEAD):
        if number < lots:
            dealer.send(encode(BidRequest(id=number + 2, lot=str(number), maximum_minor=AMOUNT_MINOR_MAX)))
            waiting.append(number)
        if number >= SENT_AHEAD or number >= lots:
            if not waiting:
                break
            lot = str(waiting.popleft())
            answer = decode_answer(dealer.recv())
            if not isinstance(answer, Accepted) or answer.lot != lot:
                raise HouseError(f"The leader's bid on lot {lot} was not accepted: {answer}")
            seqs[lot] = answer.seq
    return seqs


class Bids:
    """Makes the bids of several connections (`lanes`). Each connection has its own lots, which take turns."""

    def __init__(self, lots: int, lanes: int) -> None:
        self._lots = [[lot for lot in range(lots) if lot % lanes == lane] for lane in range(lanes)]
        assert all(self._lots), "each connection needs a lot of its own"
        self._turns = [0] * lanes
        self._last_us = [0] * lots
        self.made = [0] * lots
        """The bids on each lot so far."""

    def __call__(self, lane: int, request_id: int, due_us: int) -> bytes:
        """Return a connection's bid that is due at this time."""
        lots = self._lots[lane]
        turn = self._turns[lane]
        lot = lots[turn]
        self._turns[lane] = turn + 1 if turn + 1 < len(lots) else 0
        # The least acceptable amount: the last bid, the step by which the price exceeds it, and one step more.
        due_us = self._last_us[lot] = max(due_us, self._last_us[lot] + 2 * _STEP_MINOR)
        self.made[lot] += 1
        return encode(BidRequest(id=request_id, lot=str(lot), amount_minor=due_us))


def due_us(board: AnyBoard) -> int:
    """Return the due time of the bid that led to this board of a lot."""
    assert isinstance(board, EnglishBoard), "the sale has English lots"
    assert board.price_minor is not None, "a bid made the board"
    return board.price_minor - _STEP_MINOR
