"""Who is turned out hears nothing more, though the publisher's socket has no way to drop one peer."""

from pathlib import Path

import zmq

from common.codec import decode_broadcast, topic
from common.formats.english import BidRequest
from common.messages import Accepted, AnyBroadcast, Heartbeat, LotEvents, Welcome
from tests.house_process import WAIT_S, RawBidder, running_house


def test_a_key_that_is_turned_out_loses_its_live_broadcasts(tmp_path: Path) -> None:
    with running_house(tmp_path) as house:
        ann, eve = RawBidder(house.link, "Ann"), RawBidder(house.link, "Eve")
        second = RawBidder(house.link, "", eve.keys)
        try:
            for one in (ann, eve):
                assert isinstance(one.hello(), Welcome)
            for one in (ann, eve, second):
                one.subscribe(topic("beat"), b"lot/")
            cuts = [one.broadcasts.get_monitor_socket(zmq.EVENT_DISCONNECTED) for one in (eve, second)]
            assert house.auctioneer("turn-out", "Eve").exit_code == 0
            for one, cut in zip((eve, second), cuts, strict=True):
                assert cut.poll(int(WAIT_S * 1000)), "the connection goes on"
                one.broadcasts.disable_monitor()
                cut.close()
            assert isinstance(ann.ask(BidRequest(id=2, lot="1", maximum_minor=5000)), Accepted)
            hear_of_the_bid(ann)
            for one in (eve, second):
                assert all(isinstance(told, Heartbeat) for told in heard(one)), "Eve still hears of bids"

            assert house.auctioneer("admit", "Eve").exit_code == 0
            eve.subscribe(topic("beat"), b"lot/")  # nothing has to be set up anew
            assert isinstance(ann.ask(BidRequest(id=3, lot="2", maximum_minor=5000)), Accepted)
            hear_of_the_bid(eve)
        finally:
            for one in (ann, eve, second):
                one.close()


def hear_of_the_bid(bidder: RawBidder) -> None:
    """Wait until a lot's event was told, and two heartbeats after it."""
    beats: int | None = None
    while beats != 2:
        told = bidder.next_broadcast()
        if isinstance(told, LotEvents):
            beats = 0
        elif beats is not None:
            beats += 1


def heard(bidder: RawBidder) -> list[AnyBroadcast]:
    """Return all that was told to a bidder so far."""
    told = []
    while bidder.broadcasts.poll(0):
        told.append(decode_broadcast(bidder.broadcasts.recv()))
    return told
