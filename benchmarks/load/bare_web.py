"""The bare stack for phones: the asyncio server of `websockets` before a house, with nothing but what it must do.

This module runs as a process; its arguments are a way to send, a link to the house, and the text of a frame of the
gateway. It prints its port. It passes each bid on to the house by one socket, and tells each event of the house to all
phones, in that frame with the event's lot and price; so the frames are those of the gateway, at its pace. It has no
guests, rights, bounds or repair. The ways to send are `broadcast`, as the library offers it, and `raw`: a frame that is
built once and written to each transport, which is the least that Python can do.
"""

import asyncio
import json
import os
import sys
from contextlib import suppress
from typing import Any, Final

import zmq
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from benchmarks.load.child import say
from benchmarks.load.connections import Bidders, Publisher, subscribed
from common.codec import LOT_TOPIC_PREFIX, decode_answer, decode_broadcast, encode
from common.formats.english import BidRequest, EnglishBoard
from common.links import JoinLink, parse_link
from common.lot_events import LotMoved
from common.messages import Accepted, LotEvents, ManyLots
from common.sockets import BROADCASTS_QUEUED_MAX

WAYS: Final = ("broadcast", "raw")
_BACKLOG: Final = 2048


class BareStack:
    """All who listen, and the two sockets to the house."""

    def __init__(self, way: str, sample: str, bidders: Bidders, link: JoinLink) -> None:
        self._is_raw = way == "raw"
        self._record: dict[str, Any] = json.loads(sample)
        self._phones: set[ServerConnection] = set()
        self._asking: dict[int, ServerConnection] = {}
        bidders.enrol(f"Bare stack {os.getpid()}")
        (self._house,) = bidders.sockets
        seen = Publisher(link.publish_address, link.server_key, bidders.keys[0])
        self._events = subscribed(bidders.context, seen, [LOT_TOPIC_PREFIX.encode()], BROADCASTS_QUEUED_MAX)
        loop = asyncio.get_running_loop()
        for one, hear in ((self._house, self._hear_answers), (self._events, self._hear_events)):
            descriptor = one.getsockopt(zmq.FD)
            assert isinstance(descriptor, int), "a descriptor is a number"
            loop.add_reader(descriptor, hear)
            hear()  # the signal comes once only, and may have come already

    async def serve(self, phone: ServerConnection) -> None:
        """Pass on a phone's bids."""
        self._phones.add(phone)
        with suppress(ConnectionClosed):
            async for text in phone:
                bid = json.loads(text)
                self._asking[bid["id"]] = phone
                self._house.send(encode(BidRequest(id=bid["id"], lot=bid["lot"], amount_minor=bid["amount_minor"])))
                self._hear_answers()  # sending may take the signal that something has come
        self._phones.discard(phone)

    def _hear_answers(self) -> None:
        with suppress(zmq.Again):
            while True:
                answer = decode_answer(self._house.recv(zmq.NOBLOCK))
                verdict = {"event": "verdict", "id": answer.id, "status": "rejected"}
                if isinstance(answer, Accepted):
                    verdict["status"] = "accepted"
                phone = self._asking.pop(answer.id or 0, None)
                if phone is not None:
                    broadcast([phone], json.dumps(verdict, separators=(",", ":")))

    def _hear_events(self) -> None:
        with suppress(zmq.Again):
            while True:
                message = decode_broadcast(self._events.recv(zmq.NOBLOCK))
                assert isinstance(message, LotEvents | ManyLots), f"{message} came on a lot's topic"
                for part in message.each:
                    for event in part.events:
                        if isinstance(event, LotMoved) and isinstance(event.board, EnglishBoard):
                            self._record |= {"lot": part.lot, "price_minor": event.board.price_minor}
                            self._tell(json.dumps(self._record, separators=(",", ":"), ensure_ascii=False))

    def _tell(self, text: str) -> None:
        if not self._is_raw:
            broadcast(self._phones, text)
            return
        frame = Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
        for phone in self._phones:
            phone.transport.write(frame)


async def main(way: str, link: JoinLink, sample: str) -> None:
    """Serve for good."""
    with Bidders(link.request_address, link.server_key, 1) as bidders:
        stack = BareStack(way, sample, bidders, link)
        async with serve(stack.serve, "127.0.0.1", 0, compression=None, backlog=_BACKLOG) as server:
            say(next(iter(server.sockets)).getsockname()[1])
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], parse_link(sys.argv[2]), sys.argv[3]))
