"""What each bidder leads, has won and may have to pay, added up over all lots for the house's reports."""

from collections import defaultdict
from dataclasses import dataclass

from auctioneer.rules.engine import Engine
from auctioneer.rules.formats.table import format_of


@dataclass(slots=True)
class Tally:
    """One bidder: how many lots it leads, how many it has won, and the amounts in minor units."""

    leads: int = 0
    won: int = 0
    spent_minor: int = 0
    exposed_minor: int = 0
    """The most that it may have to pay on lots that are not over, but for sealed offers: these stay secret."""

    @property
    def counted_minor(self) -> int:
        """What counts against a limit, but for sealed offers."""
        return self.spent_minor + self.exposed_minor


def tallies_of(engine: Engine) -> defaultdict[int, Tally]:
    """Return the tally of each paddle."""
    tallies: defaultdict[int, Tally] = defaultdict(Tally)
    for lot in engine.catalogue:
        view, form = lot.view, format_of(lot.spec)
        for result in view.results:
            tally = tallies[result.paddle]
            tally.won += result.units > 0
            tally.spent_minor += result.amount_minor
        if view.status.is_final:
            continue
        if view.board.leader is not None:
            tallies[view.board.leader].leads += 1
        for paddle in () if form.is_sealed else form.exposed(lot.book):
            tallies[paddle].exposed_minor += form.exposure(lot.spec, lot.book, paddle)
    return tallies
