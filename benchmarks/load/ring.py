"""Who bids on which lot when, so that every bid is good however the peer orders its work.

In round r bidder i bids on lot (i - r): a lot hears one bidder after the other, each with a higher amount, and nobody
overbids himself. A bid is made as soon as the bidder has the verdict of the one before and the lot's last bid, which
is the neighbour's, has its verdict too. So up to 256 bids are under way at any time, each on a lot of its own.
"""

from typing import Final

BIDDERS: Final = 256
LOTS: Final = 2 * BIDDERS
"""More lots than bidders, so that the first bidder meets the last one's bids only after a whole turn."""
STEP_MINOR: Final = 100


def lot_of(bidder: int, round_number: int) -> int:
    """Return the lot that a bidder bids on in a round."""
    return (bidder - round_number) % LOTS


def amount_minor(round_number: int) -> int:
    """Return the amount that is bid in a round."""
    return (round_number + 1) * STEP_MINOR


class Ring:
    """How far each bidder is, and whose turn has come."""

    def __init__(self) -> None:
        self.answered = [0] * BIDDERS
        """For each bidder, the rounds that have their verdict."""
        self._asked = [0] * BIDDERS
        self._ahead_max = [0] * BIDDERS
        """How many rounds a bidder may be ahead of the neighbour before it."""
        self._ahead_max[0] = LOTS - BIDDERS

    def start(self) -> list[int]:
        """Return who bids first: everybody."""
        self._asked = [1] * BIDDERS
        return list(range(BIDDERS))

    def advance(self, bidder: int, ready: list[int]) -> None:
        """Note a verdict, and add to `ready` whose turn has come by it; their next round is `answered[bidder]`."""
        answered, asked = self.answered, self._asked
        answered[bidder] += 1
        for candidate in (bidder, (bidder + 1) % BIDDERS):
            rounds = answered[candidate]
            if asked[candidate] == rounds <= answered[candidate - 1] + self._ahead_max[candidate]:
                asked[candidate] = rounds + 1
                ready.append(candidate)
