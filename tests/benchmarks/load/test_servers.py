"""The bare servers, and what loads them and listens to them: real sockets, with CURVE and without."""

from pathlib import Path

import pytest
import zmq

from benchmarks.load.closed_loop import ClosedLoop
from benchmarks.load.connections import Bidders, Publisher, subscribed
from benchmarks.load.listener import listening
from benchmarks.load.ring import BIDDERS
from benchmarks.load.servers import running_bare, running_echo
from common.codec import LOT_TOPIC_PREFIX, decode_broadcast, encode
from common.formats.english import BidRequest
from common.keys import new_keys
from common.lot_events import LotMoved
from common.messages import LotEvents
from rehearsal.house import HouseError
from tests.english import english

ENCRYPTED = pytest.mark.parametrize("is_encrypted", [False, True])


def bid(bidder: int, round_number: int) -> bytes:
    return encode(BidRequest(id=round_number * BIDDERS + bidder + 1, lot="3", amount_minor=round_number + 1))


@ENCRYPTED
def test_a_closed_loop_counts_what_the_echo_answers(tmp_path: Path, *, is_encrypted: bool) -> None:
    with (
        running_echo(tmp_path, is_encrypted=is_encrypted) as (address, key),
        ClosedLoop(address, key, 4) as load,
    ):
        rate = load.measure(bid, 0.05, 0.1, b"bid")
        assert rate.answered > 0
        assert rate.answered % BIDDERS == 0
        assert rate.rounds * BIDDERS > rate.answered
        assert rate.per_s == rate.answered / rate.seconds
        with pytest.raises(HouseError, match="was not accepted"):
            load.measure(bid, 0.05, 0.1, b"something else")


@ENCRYPTED
def test_a_bid_at_the_bare_publisher_is_heard_by_each_subscriber(tmp_path: Path, *, is_encrypted: bool) -> None:
    with (
        running_bare("publish", tmp_path, is_encrypted=is_encrypted) as ((requests, publisher), key),
        Bidders(requests, key, 1) as bidders,
    ):
        seen = Publisher(publisher, key, new_keys() if is_encrypted else None)
        screen = subscribed(bidders.context, seen, [LOT_TOPIC_PREFIX.encode()], 10)
        with listening(seen) as listener:
            for round_number in range(3):
                bidders.sockets[0].send(bid(0, round_number))
                bidders.sockets[0].recv()
            assert listener.heard(3) == 3
        for seq in (1, 2, 3):
            message = decode_broadcast(screen.recv())
            assert isinstance(message, LotEvents)
            (event,) = message.events
            assert isinstance(event, LotMoved)
            assert (message.lot, event.seq, english(event.board).price_minor) == ("3", seq, seq + 1)
        with pytest.raises(zmq.Again):
            screen.recv(zmq.DONTWAIT)
