"""A real sale with real clients, recorded for the checker: all requests with their times, and all messages to clients.

A `Witness` is a bidder of the client library that keeps everything it does and receives. At the end, `conclude` has
every witness repeat its requests without an outcome, waits until all copies are up to date, and checks the whole
history against the promises of the service.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from auctioneer.process.folder import DataFolder
from bidder import Client, Notice, UnansweredError
from common.formats.english import BidRequest
from common.keys import KeyPair, new_keys
from common.links import JoinLink, parse_link
from common.lot import LotStatus
from common.messages import Accepted
from tests.checking.checker import check as check_history
from tests.checking.history import Call, History, Replica, facts_of, plain
from tests.english import english
from tests.house_process import WAIT_S, HouseProcess

LOT = "1"
SETTLE_S = 60.0


class Witness:
    """A bidder who notes everything. Use it in a `with` block; its methods are for one thread at a time."""

    def __init__(self, link: str | JoinLink, name: str, keys: KeyPair | None = None) -> None:
        self.name = name
        self.keys = keys or new_keys()
        self.calls: list[Call] = []
        self.replica = Replica(self.keys.public)
        self._told = threading.Condition()
        self._answered = 0
        self.client = Client.connect(link, name, self.keys, on_notice=self._note, timeout_ms=int(SETTLE_S * 1000))

    def _note(self, event: Notice) -> None:
        with self._told:
            self.replica.told.append(event)
            self._told.notify_all()

    def wait_until_told(self, kind: type[Notice], after: int = 0) -> None:
        """Wait for an event of a kind after the first `after` events."""
        with self._told:
            came = self._told.wait_for(
                lambda: any(isinstance(event, kind) for event in self.replica.told[after:]), SETTLE_S
            )
        assert came, f"{self.name} was not told of a {kind.__name__}"

    # --- bidding ------------------------------------------------------------------------------------------------------

    @property
    def accepted(self) -> int:
        """The number of bids known to be accepted."""
        return sum(isinstance(call.outcome, Accepted) for call in self.calls)

    def wait_for_verdicts(self, more: int) -> None:
        """Wait until the house has answered `more` further bids, which another thread makes."""
        with self._told:
            wanted = self._answered + more
            came = self._told.wait_for(lambda: self._answered >= wanted, SETTLE_S)
        assert came, f"{self.name} had {self._answered} answers and waits for {wanted}; it is {self.client.state}"

    def bid(self, amount_minor: int, lot: str = LOT, timeout_ms: int = 10_000) -> bool:
        """Make an open bid, with any outcome; return whether a verdict came in time."""
        request = BidRequest(id=self.client.new_request_id(), lot=lot, amount_minor=amount_minor)
        return self._ask(request, timeout_ms)

    def bid_the_minimum(self, lot: str = LOT, timeout_ms: int = 10_000) -> bool:
        """Bid the least acceptable amount that this bidder knows of."""
        return self.bid(english(self.client.lot(lot)).minimum_minor, lot, timeout_ms)

    def _ask(self, request: BidRequest, timeout_ms: int) -> bool:
        call = Call(self.keys.public, request, invoked=time.monotonic_ns())
        self.calls.append(call)
        try:
            call.outcome = self.client.bid(
                request.lot, request.amount_minor, request_id=request.id, timeout_ms=timeout_ms
            )
        except UnansweredError as error:
            call.cannot_count = not error.may_count
            return False
        finally:
            call.returned = time.monotonic_ns()
        with self._told:
            self._answered += 1
            self._told.notify_all()
        return True

    def ask_again(self) -> None:
        """Repeat each bid without a verdict; each gets a verdict now, with or without an effect of the first try."""
        known = {call.request for call in self.calls if call.outcome is not None}
        for request in {call.request: None for call in self.calls if call.request not in known}:
            assert isinstance(request, BidRequest)
            assert self._ask(request, int(SETTLE_S * 1000)), f"{self.name} has no verdict on {request}"

    # --- the end ------------------------------------------------------------------------------------------------------

    def catch_up(self, seqs: dict[str, int]) -> None:
        """Wait until this copy has every lot at least at the given seq, and keep the copy."""
        with self._told:
            is_there = self._told.wait_for(lambda: self._is_at(seqs), SETTLE_S)
        assert is_there, f"{self.name} has {self._seqs()} and should have {seqs}; it is {self.client.state}"
        self.replica.sale, self.replica.lots = self.client.sale, self.client.lots()
        self.replica.is_current = True

    def _seqs(self) -> dict[str, int]:
        return {lot: view.seq for lot, view in self.client.lots().items()}

    def _is_at(self, seqs: dict[str, int]) -> bool:
        mine = self._seqs()
        return all(mine.get(lot, -1) >= seq for lot, seq in seqs.items())

    def close(self) -> None:
        """Leave the sale."""
        self.client.close()

    def __enter__(self) -> "Witness":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def at(host: str, house: HouseProcess) -> JoinLink:
    """Return the link to a house through another address of this machine, on which a proxy listens."""
    link = parse_link(house.link)
    return JoinLink(host, link.port, link.publish_port, link.server_key, link.invite)


@contextmanager
def bidding(witnesses: list[Witness], *, timeout_ms: int = 10_000) -> Iterator[None]:
    """Have all witnesses bid against each other without pause during the block. Raises the error of any of them."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def bid_without_pause(witness: Witness) -> None:
        chance = random.Random(witness.name)
        try:
            while not stop.is_set() and witness.client.lot(LOT).status is LotStatus.OPEN:
                witness.bid_the_minimum(chance.choice((LOT, LOT, LOT, "2")), timeout_ms)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=bid_without_pause, args=(witness,), name=witness.name) for witness in witnesses]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(SETTLE_S)
    assert not failures, failures
    assert not any(thread.is_alive() for thread in threads), "a bidder still waits"


def history_of(data: Path, witnesses: list[Witness]) -> History:
    """Return everything observed of a sale, with its journal's present content, wherever that is."""
    with closing(DataFolder(data).store.read()) as journal:
        facts = facts_of(journal.read())
        rejections = [plain(rejection) for rejection in journal.rejections()]
    return History(
        calls=[call for witness in witnesses for call in witness.calls],
        facts=facts,
        rejections=rejections,
        replicas=[witness.replica for witness in witnesses],
    )


def settle(link: str | JoinLink, witnesses: list[Witness]) -> None:
    """Let every witness learn the outcomes of its bids, and have a copy that is as new as the house's."""
    for witness in witnesses:
        witness.ask_again()
    lots = witnesses[0].client.lots()
    asked = Witness(link, f"Auditor {random.randrange(10**6)}")
    with asked:
        seqs = {lot: asked.client.lot(lot).seq for lot in lots}
    for witness in witnesses:
        witness.catch_up(seqs)


def conclude(house: HouseProcess, witnesses: list[Witness], told: str = "") -> None:
    """Let every witness learn the outcomes of its bids, and check the sale; a failure shows `told`."""
    settle(house.link, witnesses)
    found = check_history(history_of(house.data, witnesses))
    assert not found, f"{told}: {[str(fault) for fault in found[:5]]}"
    verified = house.auctioneer("verify")
    assert verified.exit_code == 0, f"{told}: {verified.stdout}{verified.stderr}"


__all__ = ["LOT", "WAIT_S", "Witness", "at", "bidding", "conclude", "history_of", "settle"]
