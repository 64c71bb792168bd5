"""The service that many would write keeps its rule: the price plus the increment, durable before the answer."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.peers.websocket_service import Auction


def test_a_bid_is_on_record_or_refused(tmp_path: Path) -> None:
    auction = Auction(str(tmp_path / "auction.sqlite"))
    assert auction.bid(3, "a", 1) == {"type": "accepted", "lot": 3, "price": 1}
    assert auction.bid(3, "b", 1) == {"type": "rejected", "lot": 3, "price": 1}
    assert auction.bid(3, "b", 9) == {"type": "accepted", "lot": 3, "price": 9}
    with closing(sqlite3.connect(tmp_path / "auction.sqlite")) as reader:
        assert reader.execute("SELECT lot, bidder, amount FROM bid").fetchall() == [(3, "a", 1), (3, "b", 9)]
    auction.database.close()
    again = Auction(str(tmp_path / "auction.sqlite"))
    assert again.lots[3] == (9, 1)
    again.database.close()
