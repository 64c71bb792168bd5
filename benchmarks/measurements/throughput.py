"""Durable accepted bids per second, as a share of a bare echo measured in the same run with the same load generator.

Up to 256 bids are open at any time: over 256 connections with one bid each, or over 16 with 16 bids each. With 16 the
sockets cost less, and the echo is a harder ceiling. A live subscriber receives the broadcasts of all lots while the
house is measured, and must have received every bid at the end. The results show the generator's share of a core
(`benchmarks.load.closed_loop`). Every bid is acceptable (`benchmarks.load.ring`).
"""

import tempfile
from pathlib import Path
from typing import Final

import click

from benchmarks.load.closed_loop import ClosedLoop, Rate
from benchmarks.load.connections import Publisher
from benchmarks.load.listener import listening
from benchmarks.load.machine import sync_us
from benchmarks.load.ring import BIDDERS, LOTS, amount_minor, lot_of
from benchmarks.load.servers import in_house, running_echo
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.codec import encode
from common.formats.english import BidRequest
from common.links import JoinLink
from rehearsal.house import HouseError

CONNECTIONS: Final = (BIDDERS, 16)
SHARE: Final = 0.60


def bid_body(bidder: int, round_number: int) -> bytes:
    """Return a bidder's bid in a round."""
    return encode(
        BidRequest(
            id=(round_number + 2) * BIDDERS + bidder,
            lot=str(lot_of(bidder, round_number)),
            amount_minor=amount_minor(round_number),
        )
    )


def measure_echo(folder: Path, seconds: float, connections: int, *, is_encrypted: bool) -> Rate:
    """Measure the bare echo, which is the ceiling."""
    with (
        running_echo(folder, is_encrypted=is_encrypted) as (address, key),
        ClosedLoop(address, key, connections) as load,
    ):
        return load.measure(bid_body, seconds / 4, seconds, b"bid")


def measure_house(folder: Path, seconds: float, connections: int, *, is_encrypted: bool) -> Rate:
    """Measure durable accepted bids, with a live subscriber to all lots. Raises HouseError."""

    def bid(link: JoinLink) -> Rate:
        with ClosedLoop(link.request_address, link.server_key, connections) as load:
            load.enrol()
            with listening(Publisher(link.publish_address, link.server_key, load.keys[0])) as listener:
                rate = load.measure(bid_body, seconds / 4, seconds, b"accepted")
                heard, bids = listener.heard(BIDDERS * rate.rounds), BIDDERS * rate.rounds
        if heard != bids:
            raise HouseError(f"The subscriber heard of {heard} bids, and {bids} were accepted.")
        return rate

    return in_house(folder, LOTS, bid, is_encrypted=is_encrypted)


@click.command(short_help="Measure durable bids a second against a bare echo.")
@click.option(
    "--seconds", default=5.0, show_default=True, type=click.FloatRange(min=0.5), help="How long to measure each."
)
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--quick", is_flag=True, help="Measure each only once and briefly.")
@results_option
def throughput(seconds: float, repeats: int, results_folder: Path, *, quick: bool) -> None:
    """Measure durable accepted bids a second, with and without CURVE, with a live subscriber to all lots.

    Each figure is compared with a bare ROUTER/DEALER msgpack echo, measured before and after it by the same load
    generator, and with one fdatasync of the disk.
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
            question=f"durable accepted bids a second of one house, {BIDDERS} bids under way, one live subscriber",
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
        fdatasync_us = sync_us(folder)
        before = measure_echo(folder, seconds, connections, is_encrypted=is_encrypted)
        house = measure_house(folder, seconds, connections, is_encrypted=is_encrypted)
        after = measure_echo(folder, seconds, connections, is_encrypted=is_encrypted)
    echo_per_s = (before.per_s + after.per_s) / 2
    return {
        "share": house.per_s / echo_per_s,
        "house_per_s": house.per_s,
        "echo_per_s": echo_per_s,
        "generator_cpu": house.generator_cpu,
        "generator_cpu_at_echo": before.generator_cpu,
        "fdatasync_us": fdatasync_us,
    }
