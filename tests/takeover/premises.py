"""Houses that stand by for each other, a record on PostgreSQL, and networks between all of them that a test can cut.

Bidders reach each house through a proxy of its own, and each house reaches the store through another one. What goes
wrong, and what must be so afterwards, is said by `Trouble`.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.load.houses_beside import HouseBeside, free_pairs
from benchmarks.load.postgres_servers import DATABASE, HOUSE, until
from tests.checking.checker import check as check_history
from tests.live_sale import Witness, bidding, history_of, settle
from tests.networks.fault_proxy import HOST, FaultProxy, network_to
from tests.postgres_cluster import Cluster

CATALOGUE: Final = """
[sale]
title = "A sale that houses take over"
currency = "USD"
[defaults]
duration = "12h"
increment = "0.01"
starting_price = "1"
[[lot]]
title = "First"
[[lot]]
title = "Second"
"""
LOOPBACK: Final = "127.0.0.1"
_STORE_HOSTS: Final = ("127.0.0.3", "127.0.0.4", "127.0.0.5")
NAMES: Final = ("Ann", "Bob", "Cy")


class Site(NamedTuple):
    """A house, and its two networks."""

    house: HouseBeside
    to_clients: FaultProxy
    to_store: FaultProxy


class Premises:
    """All houses of a sale, of which one owns it."""

    def __init__(self, sites: Sequence[Site], cluster: Cluster, sale: str, seed: int) -> None:
        self.sites = list(sites)
        self.cluster = cluster
        self.sale = sale
        self.chance = random.Random(seed)
        self.taken_over = 0
        """How often the sale was taken over."""

    @property
    def term(self) -> int:
        """The term of the record."""
        ((term,),) = self.cluster.primary.ask("SELECT term FROM auction.sale WHERE id = %s", self.sale)
        return int(term)

    @property
    def owner(self) -> Site:
        """The site whose house took the sale over last."""
        return max(self.sites, key=lambda site: site.house.term)

    @property
    def others(self) -> list[Site]:
        """The sites that stand by, or should."""
        return [site for site in self.sites if site is not self.owner]

    def wait_for_other_owner(self, before: Site) -> Site:
        """Wait until another house has taken the sale over, and return its site."""
        until(lambda: self.owner is not before, f"another owner than {before.house.name}")
        self.taken_over += 1
        return self.owner

    def wait_until_settled(self) -> None:
        """Wait until one house holds the sale, and all others stand by."""
        until(self._is_settled, "one house that holds the sale, and others that stand by")

    def _is_settled(self) -> bool:
        stages = Counter(site.house.stage for site in self.sites)
        return stages == {"listening": 1, "standing_by": len(self.sites) - 1} and self.owner.house.stage == "listening"

    def describe(self) -> str:
        """Return the last lines of every house."""
        return "\n".join(f"--- {site.house.name}\n{''.join(list(site.house.lines)[-15:])}" for site in self.sites)


@contextmanager
def premises(
    folder: Path, cluster: Cluster, sale: str, *, houses: int = 2, programs: Sequence[str] = (), seed: int = 1
) -> Iterator[Premises]:
    """Have houses of one sale: the first holds it, and the others stand by. `programs` are what they run."""
    with ExitStack() as resources:
        ports = free_pairs(houses)
        sites = []
        for number, port in enumerate(ports):
            pair, at_store = (port, port + 1), _STORE_HOSTS[number]
            house = HouseBeside(
                folder / f"house{number}",
                f"postgresql://{HOUSE}@{at_store}:{cluster.primary.port}/{DATABASE}?sale={sale}",
                port,
                advertise=f"{HOST}:{port}:{port + 1}",
                program=programs[number] if programs else "auctioneer",
            )
            to_clients = resources.enter_context(network_to(LOOPBACK, pair, seed=number))
            to_store = resources.enter_context(network_to(LOOPBACK, [cluster.primary.port], seed=number, at=at_store))
            sites.append(Site(house, to_clients, to_store))
            resources.callback(house.stop)
        (folder / "catalogue.toml").write_text(CATALOGUE)
        first = sites[0].house
        for site in sites:
            site.house.stand_beside([other.house for other in sites if other is not site])
        first.start("run", str(folder / "catalogue.toml"))
        first.wait_for("listening")
        first.term = 1
        for site in sites[1:]:
            site.house.adopt(first)
            site.house.start("stand-by")
            site.house.wait_for("standing_by")
        yield Premises(sites, cluster, sale, seed)


@contextmanager
def bidders_at(place: Premises) -> Iterator[list[Witness]]:
    """Have bidders bid without pause during the block; at its end check all that they did and heard."""
    link = place.owner.house.link
    with ExitStack() as resources:
        witnesses = [resources.enter_context(Witness(link, name)) for name in NAMES]
        try:
            with bidding(witnesses, timeout_ms=60_000):
                yield witnesses
            settle(link, witnesses)
        except BaseException as error:
            error.add_note(place.describe())
            raise
        data = place.owner.house.data
        found = check_history(history_of(data, witnesses))
        assert not found, [str(fault) for fault in found[:5]]
        place.owner.house.order("verify")
        assert place.term >= 1 + place.taken_over


def await_bids(witnesses: Sequence[Witness]) -> None:
    """Wait until every bidder has two more verdicts."""
    for witness in witnesses:
        witness.wait_for_verdicts(2)
