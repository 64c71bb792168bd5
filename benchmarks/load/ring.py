"""The order of bids: it makes every bid acceptable, however the peer orders its work.

In round r, bidder i bids on lot (i - r). So a lot receives bids from one bidder after another, each with a higher
amount, and nobody outbids himself. A bid is made as soon as two verdicts are in: on the bidder's previous bid, and on
the lot's last bid, which is the neighbour's. So up to 256 bids are open at any time, each on a different lot.
"""

from typing import Final

BIDDERS: Final = 256
LOTS: Final = 2 * BIDDERS
"""The number of lots: more than bidders, so the first bidder meets the last one's bids only after a whole turn."""
STEP_MINOR: Final = 100


def lot_of(bidder: int, round_number: int) -> int:
    """Return the lot that a bidder bids on in a round."""
    return (bidder - round_number) % LOTS


def amount_minor(round_number: int) -> int:
    """Return the amount of the bids in a round."""
    return (round_number + 1) * STEP_MINOR


class Ring:
    """The progress of each bidder, and the bidders whose turn has come."""

    def __init__(self) -> None:
        self.answered = [0] * BIDDERS
        """The rounds with a verdict, for each bidder."""
        self._asked = [0] * BIDDERS
        self._ahead_max = [0] * BIDDERS
        """The most rounds that a bidder may be ahead of its neighbour."""
        self._ahead_max[0] = LOTS - BIDDERS

    def start(self) -> list[int]:
        """Return the first bidders: everybody."""
        self._asked = [1] * BIDDERS
        return list(range(BIDDERS))

    def advance(self, bidder: int, ready: list[int]) -> None:
        """Note a verdict, and add the bidders who are next to `ready`; `answered[bidder]` is their next round."""
        answered, asked = self.answered, self._asked
        answered[bidder] += 1
        for candidate in (bidder, (bidder + 1) % BIDDERS):
            rounds = answered[candidate]
            if asked[candidate] == rounds <= answered[candidate - 1] + self._ahead_max[candidate]:
                asked[candidate] = rounds + 1
                ready.append(candidate)
