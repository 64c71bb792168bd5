"""A sale whose disk is lost goes on from its backup, and nobody is left believing what was lost."""

import os
import shutil
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from bidder import Client
from bidder.core.notices import HistoryLost, LotChanged, Notice, StateReady
from common.keys import new_keys
from common.lot import LotStatus, LotView
from common.messages import Accepted, Hello, LotRequest, Role, Snapshot
from tests.english import english
from tests.house_process import WAIT_S, RawBidder, running_house

WAIT_MS = 60_000
E = TypeVar("E", bound=Notice)


def joined(link: str, name: str) -> Client:
    return Client.connect(link, name, new_keys(), timeout_ms=WAIT_MS)


def next_of(client: Client, kind: type[E]) -> E:
    """Return the client's next event of a kind, passing over others."""
    return next(event for event in client.notices(timeout_ms=WAIT_MS) if isinstance(event, kind))


def accepted(client: Client, lot: str, amount_minor: int) -> Accepted:
    verdict = client.bid(lot, amount_minor, timeout_ms=WAIT_MS)
    assert isinstance(verdict, Accepted), verdict
    return verdict


def state_of(house_link: str, *lots: str) -> dict[str, LotView]:
    """Return how lots stand, as the house says it to somebody who comes new and only looks on."""
    asker = RawBidder(house_link)
    asker.ask(Hello(id=1, versions=(1,), role=Role.OBSERVER))
    views = {}
    for number, lot in enumerate(lots, 10):
        answer = asker.ask(LotRequest(id=number, lot=lot))
        assert isinstance(answer, Snapshot)
        views[lot] = answer.lots[0]
    asker.close()
    return views


def test_clients_go_on_from_a_backup_in_a_new_epoch(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with ExitStack() as clients:
        with running_house(tmp_path) as house:
            link = house.link
            ann, ben = (clients.enter_context(joined(link, name)) for name in ("Ann", "Ben"))
            accepted(ann, "1", 1000)
            epoch = ann.welcome.epoch
            at_backup = state_of(link, "1", "2")
            assert house.auctioneer("backup", str(backup)).exit_code == 0
            # All of this will be lost: a lead, a hammer, and a bidder with the next paddle.
            accepted(ben, "1", 1100)
            cleo = clients.enter_context(joined(link, "Cleo"))
            assert cleo.paddle == 3
            accepted(cleo, "2", 5000)
            assert house.auctioneer("close", "1").exit_code == 0
            os.killpg(house.process.pid, signal.SIGKILL)
        shutil.rmtree(house.data)
        assert house.auctioneer("restore", str(backup)).exit_code == 0

        with running_house(tmp_path, catalogue=None) as house:
            assert house.link == link, "links that were given out stay good"
            for client in (ann, ben, cleo):
                lost = next_of(client, HistoryLost)
                ready = next_of(client, StateReady)
                assert lost.epoch == ready.epoch == client.welcome.epoch
                assert lost.epoch > epoch
            restored = state_of(link, "1", "2")
            for client in (ann, ben, cleo):
                assert {lot: client.lots()[lot] for lot in restored} == restored
            first, first_before = restored["1"], at_backup["1"]
            assert (first.status, first.board.leader, english(first).price_minor) == (LotStatus.OPEN, ann.paddle, 1000)
            assert english(restored["2"]).price_minor is None
            assert (first.ends_at_ms or 0) > (first_before.ends_at_ms or 0), "open lots got the outage back"
            # And the sale goes on, from the amounts that the restored state asks for.
            assert cleo.paddle == 3, "enrolled anew"
            accepted(cleo, "1", 1100)
            for client in (ann, ben, cleo):
                change = next_of(client, LotChanged)
                assert (change.lot, change.view.board.leader, english(change.view).price_minor) == (
                    "1",
                    cleo.paddle,
                    1100,
                )
            assert house.auctioneer("verify").exit_code == 0


def test_a_backup_of_a_busy_sale_is_whole(tmp_path: Path) -> None:
    """Every backup that is taken while bids come in without pause is a sale that follows from the rules."""
    stop = threading.Event()
    has_bid = threading.Event()
    amounts: list[int] = []

    def bid_without_pause(link: str) -> None:
        with joined(link, "Ann") as ann, joined(link, "Ben") as ben:
            amount_minor = 1000
            while not stop.is_set():
                accepted(ann if len(amounts) % 2 else ben, "1", amount_minor)
                amounts.append(amount_minor)
                has_bid.set()
                amount_minor += 100

    with running_house(tmp_path) as house:
        thread = threading.Thread(target=bid_without_pause, args=(house.link,))
        thread.start()
        taken = []
        try:
            for number in range(3):
                has_bid.clear()
                assert has_bid.wait(WAIT_S), "nobody bids meanwhile"
                backup = tmp_path / f"backup-{number}"
                known = len(amounts)
                done = house.auctioneer("backup", str(backup))
                assert done.exit_code == 0, done.stderr
                taken.append((backup, known))
        finally:
            stop.set()
            thread.join()
        for backup, known in taken:
            house.data = backup
            assert house.auctioneer("verify").exit_code == 0
            status = house.auctioneer("lots", "--json")
            bids = int(status.stdout.partition('"bids": ')[2].partition(",")[0])
            assert known <= bids <= len(amounts), "what was acknowledged before it began is in it"
