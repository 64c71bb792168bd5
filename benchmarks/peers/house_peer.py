"""The house itself, and the bare echo that is its ceiling, under the same load generator as all peers.

Neither encrypts here, since the peers do not. Without CURVE, the hello on each connection names the house's principal.
So all bids on one connection come from one bidder with several open bids, each on a different lot.
"""

import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Final

from benchmarks.load.child import decode_line
from benchmarks.load.ring import BIDDERS, LOTS, amount_minor, lot_of
from benchmarks.load.rising_sale import UNBOUNDED_REQUESTS, write_catalogue
from benchmarks.peers.processes import processor_s, running_server
from benchmarks.peers.wire import Address, Answers, BrokenPeerError, Running, Watcher, Wire
from benchmarks.peers.zmtp import connect_zmtp, frame, receive_message, split
from common.codec import LOT_TOPIC_PREFIX, PROBE_TOPIC_PREFIX, TOPIC_END, decode_answer, decode_broadcast, encode
from common.formats.english import BidRequest
from common.limits import PROTOCOL_VERSION
from common.links import parse_link
from common.lot_events import LotMoved
from common.messages import AnyRequest, Hello, LotEvents, ManyLots, Ping, Probed, Welcome
from rehearsal.house import HouseProcess, read_record

_SUBSCRIBE: Final = b"\x01"


class EchoPeer:
    """The bare ROUTER echo of a MessagePack body: no rules, no journal, no publication."""

    name = "bare echo"

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        """See `Peer`. The echo records nothing and publishes nothing."""
        with running_server([sys.executable, "-m", "benchmarks.load.bare", "echo"], folder / "echo.log") as process:
            assert process.stdout is not None, "the echo prints its port"
            (port,) = decode_line(process.stdout.readline(), list[int])
            address = ("127.0.0.1", port)
            yield Running(
                bids=_zmtp_wire(address, _bid, b"bid"),
                trivial=None,
                watcher=None,
                server_s=lambda: processor_s(process.pid),
                records=None,
            )


class HousePeer:
    """An auctioneer, as an operator starts it, without encryption and with a rate budget that no bidder reaches."""

    name = "house"

    @asynccontextmanager
    async def running(self, folder: Path) -> AsyncIterator[Running]:
        catalogue = write_catalogue(folder, LOTS)
        async with HouseProcess(catalogue, folder / "house", "--no-encryption", *UNBOUNDED_REQUESTS) as house:
            link = parse_link(house.link)
            server = read_record(house.data).pid

            async def records() -> int:
                """Read the journal, decide every bid again, and return the number of bids."""
                verified = await house.ask("verify")
                return int(verified["counts"]["bid_taken"])

            yield Running(
                bids=_zmtp_wire((link.host, link.port), _bid, b"accepted", has_hello=True),
                trivial=_zmtp_wire((link.host, link.port), _ping, b"pong", has_hello=True),
                watcher=Watcher(partial(_subscribe, (link.host, link.publish_port)), _publications),
                server_s=lambda: processor_s(server),
                records=records,
            )


def _bid(request_id: int, bidder: int, round_number: int) -> AnyRequest:
    return BidRequest(id=request_id, lot=str(lot_of(bidder, round_number)), amount_minor=amount_minor(round_number))


def _ping(request_id: int, bidder: int, round_number: int) -> AnyRequest:  # noqa: ARG001 -- as a bid is made
    return Ping(id=request_id)


def _zmtp_wire(
    address: Address, make_request: Callable[[int, int, int], AnyRequest], expected: bytes, *, has_hello: bool = False
) -> Wire:
    """Return the wire of DEALERs: how they send requests, and count the answers that contain `expected`."""
    last_ids = [time.time_ns() // 1000] * BIDDERS
    """The last request id of each connection: ids must rise for as long as the house remembers the key."""

    def connect(number: int) -> socket.socket:
        connection = connect_zmtp(address, "DEALER")
        if has_hello:
            hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name=f"Bidder {number}", key=f"bidder-{number}")
            connection.sendall(frame(encode(hello)))
            answer = decode_answer(receive_message(connection))
            if not isinstance(answer, Welcome):
                raise BrokenPeerError(f"The house did not let bidder {number} in: {answer}")
        return connection

    def request(connection: int, bidder: int, round_number: int) -> bytes:
        last_ids[connection] += 1
        return frame(encode(make_request(last_ids[connection], bidder, round_number)))

    def read(body: bytes) -> int:
        if expected not in body:
            raise BrokenPeerError(f"The house answered {decode_answer(body)} where {expected!r} was due.")
        return 1

    return Wire(connect, request, lambda data: split(data, read))


def _subscribe(address: Address) -> socket.socket:
    """Return a SUB for all lots; the answer to a probe proves that the subscription sent before it is in force."""
    connection = connect_zmtp(address, "SUB")
    probe = f"{PROBE_TOPIC_PREFIX}{token_hex(16)}".encode() + TOPIC_END
    connection.sendall(frame(_SUBSCRIBE + LOT_TOPIC_PREFIX.encode()) + frame(_SUBSCRIBE + probe))
    while not isinstance(decode_broadcast(receive_message(connection)), Probed):
        pass
    return connection


def _publications(data: bytes) -> Answers:
    return split(data, _bids_in)


def _bids_in(body: bytes) -> int:
    message = decode_broadcast(body)
    if isinstance(message, LotEvents | ManyLots):
        return sum(isinstance(event, LotMoved) for one in message.each for event in one.events)
    return 0
