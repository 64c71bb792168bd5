"""A few guests who bid on their phones at a steady pace, in the measuring process."""

import json
import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from benchmarks.load.latencies import Latencies
from benchmarks.load.phones import frame_end, open_websocket, text_message
from common.errors import UsageError

BIDDERS: Final = 25
"""At 50 bids a second, each sends a tenth of what a phone may send, so none has too many open after a standstill."""
PLACE: Final = 20_000
"""The bidders' numbers as phones begin here, so they have an address of their own."""
_RECEIVE_BYTES: Final = 1 << 16
_STEP_MINOR: Final = 1
_VERDICTS_S: Final = 20.0
"""The longest wait for the last verdicts."""
_TEXT: Final = 0x81
_VERDICT: Final = b'{"event":"verdict"'


class Bidding(NamedTuple):
    """What the bidders did: the last price of each lot, the times to their verdicts, and their pace."""

    prices: dict[str, int]
    verdicts: Latencies
    bids: int
    refused: int
    """The bids that were not accepted, or not answered: what is too slow for the pace refuses."""
    late_ms: float
    """The most that a bid left after it was due."""


class WebBidders:
    """Guests with a phone each, and a lot each. Close them after use."""

    def __init__(self, host: str, port: int, cookies: Sequence[str]) -> None:
        self._phones = [
            open_websocket(host, port, PLACE + number, cookie=cookie) for number, cookie in enumerate(cookies)
        ]
        self._rest = [b""] * len(self._phones)
        self._poll = select.epoll()
        self._by_descriptor = {}
        for number, phone in enumerate(self._phones):
            self._by_descriptor[phone.fileno()] = number
            self._poll.register(phone.fileno(), select.EPOLLIN)
        self._waiting: dict[int, str] = {}
        """The lots of the bids without a verdict, by request id, which is also the time in microseconds."""
        self._prices: dict[str, int] = {}
        self._refused = 0
        self._verdicts = Latencies()

    def bid(self, per_s: float, seconds: float) -> Bidding:
        """Bid at a steady pace, and wait for the verdicts."""
        began_s = time.monotonic()
        self._prices, self._refused, self._verdicts = {}, 0, Latencies()
        late_s = 0.0
        count = round(per_s * seconds)
        for number in range(count):
            due_s = began_s + number / per_s
            while (left_s := due_s - time.monotonic()) > 0:
                self._read(left_s)
            late_s = max(late_s, -left_s)
            bidder = number % len(self._phones)
            now_us = time.monotonic_ns() // 1000
            request = {"id": now_us, "do": "bid", "lot": str(bidder), "amount_minor": now_us}
            self._waiting[now_us] = str(bidder)
            self._phones[bidder].sendall(text_message(json.dumps(request).encode()))
        deadline_s = time.monotonic() + _VERDICTS_S
        while self._waiting and time.monotonic() < deadline_s:
            self._read(1.0)
        refused = self._refused + len(self._waiting)
        self._waiting.clear()
        return Bidding(self._prices, self._verdicts, count, refused, late_s * 1e3)

    def close(self) -> None:
        """End the phones."""
        self._poll.close()
        for phone in self._phones:
            phone.close()

    def _read(self, timeout_s: float) -> None:
        for descriptor, _ in self._poll.poll(timeout_s):
            number = self._by_descriptor[descriptor]
            received = self._phones[number].recv(_RECEIVE_BYTES)
            if not received:
                raise UsageError("The server hung up on a bidder.")
            self._rest[number] = self._hear(self._phones[number], self._rest[number] + received)

    def _hear(self, phone: socket.socket, data: bytes) -> bytes:
        at = 0
        while at < len(data):
            begin, end = frame_end(data, at)
            if end > len(data):
                break
            payload = data[begin:end]
            if data[at] != _TEXT:
                with suppress(BlockingIOError):
                    phone.sendall(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
            elif payload.startswith(_VERDICT):
                self._judge(json.loads(payload))
            at = end
        return data[at:]

    def _judge(self, verdict: dict[str, object]) -> None:
        request = verdict["id"]
        assert isinstance(request, int), "the id is that of the bid"
        lot = self._waiting.pop(request, None)
        if lot is None:
            return  # it came after the end of its run
        if verdict["status"] == "accepted":
            self._prices[lot] = max(self._prices.get(lot, 0), request + _STEP_MINOR)
            self._verdicts.note_s((time.monotonic_ns() // 1000 - request) / 1e6)
        else:
            self._refused += 1
