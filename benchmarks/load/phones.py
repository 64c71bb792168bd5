"""Phones as raw WebSockets in a process of their own: they read all frames, and note when each one arrived.

This module runs as that process; its arguments are a host, a port, the number of phones, and the size of the kernel's
buffer of those that must never read (0: they read). It writes `Connected`. Then it answers each `End` that it reads
with a `Heard`. It ends when its input ends.

A frame is decoded once and then recognised by its bytes, and all sums are made after the bidding, so that a frame at a
phone costs little more than a `recv`. The price of a lot tells when its bid was sent (`benchmarks.load.rising_sale`),
on the clock that all processes share.
"""

import json
import os
import select
import socket
import sys
import time
from array import array
from typing import Any, Final

import msgspec

from benchmarks.load.child import decode_line, say
from benchmarks.load.latencies import Latencies
from common.errors import UsageError
from common.open_files import make_room_for_files

PHONES_PER_ADDRESS: Final = 150
"""The gateway takes 200 WebSockets of one address; each loopback address (127.0.0.0/8) counts for itself."""
SILENCE_S: Final = 15.0
"""The longest wait for the last frames after the bidding."""
_QUIET_S: Final = 0.2
"""After so long without a frame it is looked whether all phones know the last prices."""
PAUSE_S: Final = 0.0005
"""How long the process sleeps when there is nothing to read, by a clock and not by its sockets: so no write of the
server has to wake it, as no write to a real phone has to. Latencies get longer by that at most."""
_RECEIVE_BYTES: Final = 1 << 16
_STEP_MINOR: Final = 1
_TEXT: Final = 0x81
_PING: Final = 0x89
_PONG: Final = 0x8A
_MASKED: Final = 0x80
_SHORT_MAX: Final = 125
_TWO_BYTES: Final = 126
_SPARE_FILES: Final = 100


class Connected(msgspec.Struct, frozen=True):
    """All phones are connected, and have heard the state of the sale unless they never read."""

    seconds: float


class End(msgspec.Struct, frozen=True):
    """The bidding is over: the last price of each lot, and the time from which prices count."""

    prices: dict[str, int]
    counted_from_us: int


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What all phones heard. `each` has a latency for each price at each phone, `last` one for each price's last."""

    changes: int
    """The prices that came. Where changes were told together, earlier ones did not."""
    missing: int
    """The prices that came to some phones and not to others, summed over those."""
    behind: int
    """The phones that do not know the last price of a lot."""
    each: Latencies
    last: Latencies
    processor: float
    """The processor time of this process since the last `Heard`, as a share of one core."""
    sample: str
    """The text of a frame."""


def open_websocket(host: str, port: int, number: int, *, cookie: str = "", buffer_bytes: int = 0) -> socket.socket:
    """Return a blocking socket after the handshake at `/live`. Its address depends on the phone's number."""
    phone = socket.socket()
    if buffer_bytes:
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    phone.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    phone.bind((f"127.0.1.{1 + number // PHONES_PER_ADDRESS}", 0))
    phone.connect((host, port))
    phone.sendall(
        f"GET /live HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: http://{host}:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"{f'Cookie: {cookie}' if cookie else 'Accept: */*'}\r\n\r\n".encode()
    )
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        received = phone.recv(1)  # one byte, since frames follow at once
        if not received:
            break
        head += received
    if not head.startswith(b"HTTP/1.1 101"):
        phone.close()
        raise UsageError(f"A phone was not let in: {bytes(head[:100])!r}")
    return phone


def text_message(text: bytes) -> bytes:
    """Return a message of a phone as a frame, masked with zeros, which is cheap and allowed (RFC 6455, section 5.3)."""
    if len(text) <= _SHORT_MAX:
        return bytes((_TEXT, _MASKED | len(text))) + bytes(4) + text
    return bytes((_TEXT, _MASKED | _TWO_BYTES)) + len(text).to_bytes(2, "big") + bytes(4) + text


def frame_end(data: bytes, at: int) -> tuple[int, int]:
    """Return where the payload of the frame at `at` begins and ends; the end is past the data if it is not whole."""
    if len(data) < at + 2:
        return at + 2, at + 2
    size = data[at + 1]
    if size <= _SHORT_MAX:
        return at + 2, at + 2 + size
    width = 2 if size == _TWO_BYTES else 8
    begin = at + 2 + width
    return begin, begin + int.from_bytes(data[at + 2 : begin], "big")


class _Frame:
    """A frame with the new prices of lots, and which phones received it when."""

    __slots__ = ("phones", "prices", "received_ns")

    def __init__(self, text: bytes) -> None:
        record: dict[str, Any] = json.loads(text)
        pieces = record["lots"] if record["event"] == "lots" else [record]
        self.prices = [
            (str(piece["lot"]), int(piece["price_minor"]))
            for piece in pieces
            if piece.get("lot") is not None and isinstance(piece.get("seq"), int) and piece.get("price_minor")
        ]
        self.phones = array("i")
        self.received_ns = array("q")

    def hear(self, phone: int, now_ns: int) -> None:
        """Note that a phone received it."""
        if self.prices:
            self.phones.append(phone)
            self.received_ns.append(now_ns)


class Crowd:
    """All phones of this process that read. A phone's number is its descriptor."""

    def __init__(self, phones: list[socket.socket]) -> None:
        self._phones = {phone.fileno(): phone for phone in phones}
        self._receivers = {number: phone.recv for number, phone in self._phones.items()}
        self._rest: dict[int, bytes] = {}
        self._frames: dict[bytes, _Frame] = {}
        """By their bytes on the wire, so that most of what a phone receives is recognised as a whole."""
        self._of_price: dict[tuple[str, int], list[_Frame]] = {}
        self._sample = b""
        self._processor_s = time.process_time()
        self._began_s = time.monotonic()
        self._poll = select.epoll()
        for number, phone in self._phones.items():
            phone.settimeout(0)
            self._poll.register(number, select.EPOLLIN)

    def read_until_told(self, descriptor: int) -> None:
        """Read all frames until there is something to read from `descriptor`."""
        self._poll.register(descriptor, select.EPOLLIN)
        ready: list[tuple[int, int]] = []
        while all(number != descriptor for number, _ in ready):
            ready = self._read(0)
            if not ready:
                time.sleep(PAUSE_S)
        self._poll.unregister(descriptor)

    def end(self, end: End) -> Heard:
        """Read until all phones know the last prices or time is up; return what was heard since the last."""
        deadline_s = time.monotonic() + SILENCE_S
        is_due = True
        while is_due and self._behind(end):
            while self._read(_QUIET_S) and time.monotonic() < deadline_s:
                pass
            is_due = time.monotonic() < deadline_s
        each, last, missing = Latencies(), Latencies(), 0
        counted = {
            (lot, price): frames for (lot, price), frames in self._of_price.items() if price > end.counted_from_us
        }
        for (_, price), frames in counted.items():
            sent_us = price - _STEP_MINOR
            ages_us = [at_ns // 1000 - sent_us for at_ns in _first_arrivals(frames).values()]
            missing += len(self._phones) - len(ages_us)
            each.note_all_us(ages_us)
            last.note_all_us([max(ages_us)])
        used_s, now_s = time.process_time(), time.monotonic()
        heard = Heard(
            changes=len(counted),
            missing=missing,
            behind=self._behind(end),
            each=each,
            last=last,
            processor=(used_s - self._processor_s) / (now_s - self._began_s),
            sample=self._sample.decode(),
        )
        self._frames.clear()
        self._of_price.clear()
        self._processor_s, self._began_s = time.process_time(), time.monotonic()
        return heard

    def _behind(self, end: End) -> int:
        behind: set[int] = set()
        for lot, price in end.prices.items():
            known = [frames for (other, at), frames in self._of_price.items() if other == lot and at >= price]
            behind |= self._phones.keys() - {phone for frames in known for frame in frames for phone in frame.phones}
        return len(behind)

    def _read(self, timeout_s: float) -> list[tuple[int, int]]:
        """Read what has come to phones; return all descriptors that had something to read."""
        ready = self._poll.poll(timeout_s)
        receivers, frames, rest = self._receivers, self._frames, self._rest
        now_ns = time.monotonic_ns
        for number, _ in ready:
            receive = receivers.get(number)
            if receive is None:
                continue
            received = receive(_RECEIVE_BYTES)
            at_ns = now_ns()
            frame = frames.get(received)
            if frame is not None and number not in rest:
                frame.hear(number, at_ns)
            else:
                self._take_apart(number, received, at_ns)
        return ready

    def _take_apart(self, number: int, received: bytes, at_ns: int) -> None:
        if not received:
            raise UsageError("The server hung up on a phone.")
        data = self._rest.pop(number, b"") + received
        at = 0
        while at < len(data):
            begin, end = frame_end(data, at)
            if end > len(data):
                self._rest[number] = data[at:]
                break
            self._hear(number, data[at:end], begin - at, at_ns)
            at = end

    def _hear(self, number: int, wire: bytes, begin: int, at_ns: int) -> None:
        """Note that a phone received a frame, whose payload begins at `begin`."""
        frame = self._frames.get(wire)
        if frame is None:
            payload = wire[begin:]
            if wire[0] == _PING:
                self._phones[number].sendall(bytes((_PONG, _MASKED | len(payload))) + bytes(4) + payload)
                return
            if wire[0] != _TEXT:
                raise UsageError(f"A phone received {payload!r}, a frame of kind {wire[0]:#x}.")
            frame = self._frames[wire] = _Frame(payload)
            for price in frame.prices:
                self._of_price.setdefault(price, []).append(frame)
            if payload.startswith(b'{"event":"lot_moved"'):
                self._sample = payload
        frame.hear(number, at_ns)


def _first_arrivals(frames: list[_Frame]) -> dict[int, int]:
    """Return when each phone first received one of these frames."""
    arrivals: dict[int, int] = {}
    for frame in frames:
        for phone, at_ns in zip(frame.phones, frame.received_ns, strict=True):
            arrivals[phone] = min(at_ns, arrivals.get(phone, at_ns))
    return arrivals


def main(host: str, port: int, count: int, buffer_bytes: int) -> None:
    """Connect, and do what the parent tells."""
    make_room_for_files(count + _SPARE_FILES)
    began_s = time.monotonic()
    phones = [open_websocket(host, port, number, buffer_bytes=buffer_bytes) for number in range(count)]
    crowd = None if buffer_bytes else Crowd(phones)
    say(Connected(time.monotonic() - began_s))
    told = sys.stdin.fileno()
    if crowd is None:
        os.read(told, _RECEIVE_BYTES)  # phones that never read are held until the end of the input
        return
    while True:
        crowd.read_until_told(told)
        line = os.read(told, _RECEIVE_BYTES)
        if not line:
            return
        say(crowd.end(decode_line(line, End)))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
