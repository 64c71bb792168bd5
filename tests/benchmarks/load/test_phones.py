"""The phones of a measurement notice what they did not receive, and put frames together from pieces."""

import json
import socket
import time

import pytest

from benchmarks.load import phones
from benchmarks.load.phones import Crowd, End, frame_end, text_message


def frame(text: bytes) -> bytes:
    """Return a frame as a server sends it: not masked."""
    assert len(text) < 1 << 16
    head = len(text).to_bytes() if len(text) <= 125 else b"\x7e" + len(text).to_bytes(2, "big")
    return b"\x81" + head + text


def moved(lot: str, price_minor: int, **more: object) -> bytes:
    return frame(json.dumps({"event": "lot_moved", "lot": lot, "seq": 3, "price_minor": price_minor, **more}).encode())


def test_what_came_to_some_phones_only_is_missing_and_an_old_price_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "SILENCE_S", 0.2)
    servers, ours = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    crowd = Crowd(list(ours))
    for server in servers:
        server.sendall(moved("0", 1_001) + moved("0", 5_001) + frame(b'{"event":"clock","now_ms":7}'))
    servers[0].sendall(moved("0", 6_001, title="long " * 40))
    heard = crowd.end(End({"0": 6_001}, 4_000))
    assert (heard.changes, heard.missing, heard.behind) == (2, 1, 1), (
        "the price of 1,001 was before the time that counts"
    )
    assert (heard.each.count, heard.last.count) == (3, 2)
    for server in servers:
        server.sendall(moved("0", 7_001))
    heard = crowd.end(End({"0": 7_001}, 4_000))
    assert (heard.changes, heard.missing, heard.behind) == (1, 0, 0), "prices count once"
    for one in (*servers, *ours):
        one.close()


def test_a_frame_in_pieces_and_a_ping_between_are_read() -> None:
    server, ours = socket.socketpair()
    crowd = Crowd([ours])
    whole = moved("0", 5_001, title="long " * 40)
    for piece in (whole[:1], whole[1:3], whole[3:200], whole[200:] + b"\x89\x02hi"):
        server.sendall(piece)
        crowd._read(5)
    heard = crowd.end(End({"0": 5_001}, 0))
    assert (heard.changes, heard.missing, heard.behind) == (1, 0, 0)
    assert server.recv(100) == b"\x8a\x82\x00\x00\x00\x00hi", "the pong, masked with zeros"
    for one in (server, ours):
        one.close()


def test_a_price_counts_once_however_many_frames_bring_it_and_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "SILENCE_S", 0.2)
    servers, ours = zip(*(socket.socketpair() for _ in range(2)), strict=True)
    crowd = Crowd(list(ours))
    sent_us = time.monotonic_ns() // 1000
    price = sent_us + 1
    together = json.dumps({"event": "lots", "lots": [{"lot": "0", "seq": 3, "price_minor": price}]}).encode()
    servers[0].sendall(moved("0", price))
    servers[1].sendall(frame(together))
    crowd._read(5)
    first_us = time.monotonic_ns() // 1000
    while time.monotonic_ns() // 1000 < first_us + 20_000:
        pass
    servers[1].sendall(moved("0", price))
    heard = crowd.end(End({"0": price}, sent_us))
    assert (heard.changes, heard.missing, heard.behind, heard.each.count) == (1, 0, 0, 2)
    assert heard.last.percentile_ms(100) < (first_us - sent_us) / 1000 + 10
    for one in (*servers, *ours):
        one.close()


@pytest.mark.parametrize("size", [0, 125, 126, 2_000])
def test_a_message_has_the_length_that_it_says(size: int) -> None:
    sent = text_message(b"x" * size)
    begin, end = frame_end(sent[:1] + bytes((sent[1] & 0x7F,)) + sent[2:], 0)
    assert end + 4 == len(sent), "the mask is four bytes"
    assert sent[begin + 4 :] == b"x" * size
