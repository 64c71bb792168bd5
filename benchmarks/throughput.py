"""Durable accepted bids per second, as a share of a bare echo measured in the same run with the same load generator.

Up to 256 bids are under way at any time: over 256 connections of one bid each, or over 16 of 16 bids each, where the
sockets cost less and the echo is a harder ceiling. A live subscriber receives the broadcasts of all lots while the
house is measured, and must have heard of every bid at the end. The generator goes round its connections: it takes a
verdict, then sends the next bid. It never polls, so it costs the same few microseconds a bid for the echo and for the
house; its share of a core stands beside the figures.

Every bid is made to be accepted: in round r bid i is on lot (i - r), so that a lot hears one bidder after the other,
each with a higher amount, and each after the verdict of the one before.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click
import zmq

from benchmarks.audience import Publisher
from benchmarks.findings import results_option, show_and_keep, spread
from benchmarks.house import HouseProcess
from benchmarks.listener import listening
from benchmarks.results import Finding, Row, Target
from common.codec import decode_answer, encode
from common.keys import JoinLink, KeyPair, load_or_make_keys, new_keys, parse_link
from common.limits import REPLY_BYTES_MAX
from common.messages import BidRequest, Hello, Welcome
from common.sockets import new_context, set_request_client, use_curve_client

BIDS: Final = 256
"""Under way at a time."""
LOTS: Final = 2 * BIDS
"""More lots than bids, so that two bids next to each other in a lot's order are so in the round too."""
CONNECTIONS: Final = (256, 16)
SHARE: Final = 0.60
STEP_MINOR: Final = 100
ANSWER_TIMEOUT_MS: Final = 60_000

Body = Callable[[int, int], bytes]


class Rate(NamedTuple):
    """What one measurement gave: requests answered, and seconds taken."""

    answered: int
    seconds: float
    generator_cpu: float
    """The generator's processor time over the time taken; up to 2, it has a thread for its sockets."""
    rounds: int
    """How often each bid was made in all, with the warm-up."""

    @property
    def per_s(self) -> float:
        """Requests answered a second."""
        return self.answered / self.seconds


class Generator:
    """The bidders' connections to one address; `BIDS` bids are spread over them."""

    def __init__(self, address: str, server_key: str, connections: int) -> None:
        self._context = new_context()
        self._context.set(zmq.MAX_SOCKETS, 4 * BIDS)
        self.keys = [new_keys() if server_key else None for _ in range(connections)]
        self._sockets = [self._connect(address, keys, server_key) for keys in self.keys]

    def _connect(self, address: str, keys: KeyPair | None, server_key: str) -> "zmq.Socket[bytes]":
        dealer = self._context.socket(zmq.DEALER)
        set_request_client(dealer, REPLY_BYTES_MAX)
        dealer.setsockopt(zmq.RCVTIMEO, ANSWER_TIMEOUT_MS)
        dealer.setsockopt(zmq.SNDTIMEO, ANSWER_TIMEOUT_MS)
        if keys is not None:
            use_curve_client(dealer, keys, server_key)
        dealer.connect(address)
        return dealer

    def enrol(self, *, is_encrypted: bool) -> None:
        """Have every connection say hello as a bidder of its own."""
        for number, dealer in enumerate(self._sockets):
            key = "" if is_encrypted else f"bidder-{number}"
            dealer.send(encode(Hello(id=1, versions=(1,), name=f"Bidder {number}", key=key)))
            answer = decode_answer(dealer.recv())
            if not isinstance(answer, Welcome):
                raise SystemExit(f"A bidder was not let in: {answer}")

    def measure(self, body: Body, warm_up_s: float, measured_s: float, expected: bytes) -> Rate:
        """Keep every connection busy, and count the answers after the warm-up. Each must contain `expected`."""
        sockets = self._sockets * (BIDS // len(self._sockets))
        for number, dealer in enumerate(sockets):
            dealer.send(body(number, 0))
        began_s = time.perf_counter()
        counting_since_s = counting_since_cpu_s = 0.0
        answered = 0
        round_number = 0
        while True:
            round_number += 1
            now_s = time.perf_counter()
            if not counting_since_s and now_s - began_s >= warm_up_s:
                counting_since_s, counting_since_cpu_s, answered = now_s, time.process_time(), 0
            if counting_since_s and now_s - counting_since_s >= measured_s:
                break
            for number, dealer in enumerate(sockets):
                if expected not in dealer.recv():
                    raise SystemExit(f"Bidder {number}'s bid of round {round_number - 1} was not accepted.")
                dealer.send(body(number, round_number))
            answered += BIDS
        seconds = time.perf_counter() - counting_since_s
        cpu_s = time.process_time() - counting_since_cpu_s
        for dealer in sockets:
            dealer.recv()
        return Rate(answered, seconds, cpu_s / seconds, round_number)

    def close(self) -> None:
        """Close all connections."""
        self._context.destroy(linger=0)


def bid_body(number: int, round_number: int) -> bytes:
    """Return the bid of a bidder in a round."""
    return encode(
        BidRequest(
            id=(round_number + 2) * BIDS + number,
            lot=str((number - round_number) % LOTS),
            amount_minor=(round_number + 1) * STEP_MINOR,
        )
    )


@contextmanager
def running_echo(folder: Path, *, is_encrypted: bool) -> Iterator[tuple[str, str]]:
    """Run the bare echo; yields its address and key."""
    with running_bare("benchmarks.echo", folder, is_encrypted=is_encrypted) as ((address,), server_key):
        yield address, server_key


@contextmanager
def running_bare(module: str, folder: Path, *, is_encrypted: bool) -> Iterator[tuple[list[str], str]]:
    """Run a bare server, a module that prints its ports; yields its addresses and its key."""
    key_file = folder / "bare-key.json"
    arguments = [sys.executable, "-m", module, *([str(key_file)] if is_encrypted else [])]
    server_key = load_or_make_keys(key_file).public if is_encrypted else ""
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield [f"tcp://127.0.0.1:{port}" for port in process.stdout.readline().split()], server_key
        finally:
            process.kill()


def write_catalogue(folder: Path) -> Path:
    """Write a catalogue with a lot for everybody, and return its path."""
    rows = "".join(f"{number},Lot {number},1,1,1h,USD\n" for number in range(LOTS))
    path = folder / "lots.csv"
    path.write_text("number,title,starting_price,increment,duration,currency\n" + rows)
    return path


def measure_echo(folder: Path, seconds: float, connections: int, *, is_encrypted: bool) -> Rate:
    """Measure the ceiling."""
    with running_echo(folder, is_encrypted=is_encrypted) as (address, key):
        generator = Generator(address, key, connections)
        try:
            return generator.measure(bid_body, seconds / 4, seconds, b"bid")
        finally:
            generator.close()


async def measure_house(folder: Path, seconds: float, connections: int, *, is_encrypted: bool) -> Rate:
    """Measure durable accepted bids, with a live subscriber to all lots."""
    options = ["--port", "0", "--requests-per-second", "1000000"]
    if not is_encrypted:
        options.append("--no-encryption")
    async with HouseProcess(write_catalogue(folder), folder / "data", *options) as house:
        # In a thread, since somebody must go on reading the house's log: a full pipe would stop it.
        return await asyncio.to_thread(_bid, parse_link(house.link), seconds, connections)


def _bid(link: JoinLink, seconds: float, connections: int) -> Rate:
    generator = Generator(link.request_address, link.server_key, connections)
    try:
        generator.enrol(is_encrypted=bool(link.server_key))
        publisher = Publisher(link.publish_address, link.server_key, generator.keys[0])
        with listening(publisher) as listener:
            rate = generator.measure(bid_body, seconds / 4, seconds, b"accepted")
            heard, bids = listener.heard(BIDS * rate.rounds), BIDS * rate.rounds
        if heard != bids:
            raise SystemExit(f"The subscriber heard of {heard} bids, and {bids} were accepted.")
        return rate
    finally:
        generator.close()


def fdatasync_us(folder: Path) -> float:
    """Return the mean time of writing a page and making it durable, where the journal is."""
    count = 200
    with (folder / "fdatasync").open("wb", buffering=0) as file:
        began_s = time.perf_counter()
        for _ in range(count):
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began_s) / count * 1e6


@click.command(short_help="Measure durable bids a second against a bare echo.")
@click.option(
    "--seconds", default=5.0, show_default=True, type=click.FloatRange(min=0.5), help="How long each is measured."
)
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often each is measured.")
@click.option("--quick", is_flag=True, help="Measure a moment each, once.")
@results_option
def throughput(seconds: float, repeats: int, results_folder: Path, *, quick: bool) -> None:
    """Measure durable accepted bids a second, with and without CURVE, with a live subscriber to all lots.

    Each figure stands beside a bare ROUTER/DEALER msgpack echo, measured before and after it with the same load
    generator, and beside one fdatasync of the disk.
    """
    if quick:
        seconds, repeats = 0.3, 1
    rows, targets = [], []
    for is_encrypted in (False, True):
        for connections in CONNECTIONS:
            rounds = [_measure_once(seconds, connections, is_encrypted=is_encrypted) for _ in range(repeats)]
            figures: dict[str, float] = {}
            for name in rounds[0]:
                found = spread(name, [one[name] for one in rounds])
                figures |= found if name == "share" else {name: found[name]}
            rows.append(Row({"encryption": "CURVE" if is_encrypted else "none", "connections": connections}, figures))
            targets.append(_target(rows[-1]))
    show_and_keep(
        Finding(
            name="throughput",
            question=f"durable accepted bids a second of one house, {BIDS} bids under way, one live subscriber",
            repeats=repeats,
            rows=tuple(rows),
            targets=tuple(targets),
        ),
        results_folder,
    )


def _target(row: Row) -> Target:
    share = row.figures["share"]
    what = f"{SHARE:.0%} of the echo, {row.setting['connections']} connections, encryption {row.setting['encryption']}"
    return Target(what, f"{share:.0%}", reached=share >= SHARE)


def _measure_once(seconds: float, connections: int, *, is_encrypted: bool) -> dict[str, float]:
    """Measure the echo, the house and the echo again."""
    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        folder = Path(name)
        sync_us = fdatasync_us(folder)
        before = measure_echo(folder, seconds, connections, is_encrypted=is_encrypted)
        house = asyncio.run(measure_house(folder, seconds, connections, is_encrypted=is_encrypted))
        after = measure_echo(folder, seconds, connections, is_encrypted=is_encrypted)
    echo_per_s = (before.per_s + after.per_s) / 2
    return {
        "share": house.per_s / echo_per_s,
        "house_per_s": house.per_s,
        "echo_per_s": echo_per_s,
        "generator_cpu": house.generator_cpu,
        "generator_cpu_at_echo": before.generator_cpu,
        "fdatasync_us": sync_us,
    }
