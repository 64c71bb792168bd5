"""The memory that a house takes for each lot, bidder and request, inside it and with real connections.

Inside: two houses of different size are measured, each in its own process. The difference in memory is divided by the
difference in size. So the memory that any process takes does not count, and the allocator's waste does. Connected: the
server's process is measured before and after bidders join, each with both connections, as under `auctioneer run`. The
excess over the inside figure belongs to libzmq.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import click
import zmq

from benchmarks.inside.growth import Grown, measure_grown, memory_bytes
from benchmarks.load.connections import Bidders, Publisher, subscribed
from benchmarks.load.servers import DATA, in_house
from benchmarks.report.findings import results_option, show_and_keep
from benchmarks.report.results import Finding, Row, Target
from common.limits import REMEMBERED_REQUESTS_MAX, REQUEST_BYTES_MAX
from common.links import JoinLink
from common.open_files import make_room_for_files
from common.sockets import BROADCASTS_QUEUED_MAX, WAITING_MAX
from rehearsal.house import read_record

LOT_BYTES_MAX: Final = 2048
BIDDER_BYTES_MAX: Final = 1024
BATCH_REQUESTS_MAX: Final = 512
"""The most requests that the house takes before it commits; `auctioneer.process.server` sets this limit."""


class Unit(NamedTuple):
    """A counted thing, and two houses that differ only in its number."""

    what: str
    smaller: Grown
    larger: Grown
    more: int
    """How many more of it the larger house has."""


def units(size: int) -> list[Unit]:
    """Return the units measured inside, with houses of up to `size` lots or bidders."""
    part = size // 5
    active = size // 20
    return [
        Unit("lot", Grown(lots=part), Grown(lots=size), size - part),
        Unit("lot's first bid", Grown(lots=size), Grown(lots=size, bids_a_lot=1), size),
        Unit("idle bidder", Grown(bidders=part), Grown(bidders=size), size - part),
        Unit(
            "remembered verdict",
            Grown(bidders=active),
            Grown(bidders=active, bids_a_bidder=REMEMBERED_REQUESTS_MAX),
            active * REMEMBERED_REQUESTS_MAX,
        ),
        Unit("open request", Grown(open_requests=256), Grown(open_requests=256 + part), part // 256 * 256),
    ]


@click.command(short_help="Measure memory for each lot, bidder and request.")
@click.option("--size", type=click.IntRange(min=1_000), help="Lots or bidders of the larger house.  [default: 100,000]")
@click.option("--bidders", type=click.IntRange(min=10), help="Number of connected bidders.  [default: 1,000]")
@click.option("--quick", is_flag=True, help="Measure small houses and few connections, in some seconds.")
@results_option
def memory(size: int | None, bidders: int | None, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure the bytes that a house takes for each lot, idle bidder, open request and connection."""
    size = size or (5_120 if quick else 100_000)
    bidders = bidders or (30 if quick else 1_000)
    inside = {unit.what: _inside(unit) for unit in units(size)}
    connected = {
        name: _connected(bidders, is_encrypted=is_encrypted)
        for name, is_encrypted in (("with CURVE", True), ("without CURVE", False))
    }
    show_and_keep(_finding(size, bidders, inside, connected), results_folder)


def _inside(unit: Unit) -> float:
    return (measure_grown(unit.larger) - measure_grown(unit.smaller)) / unit.more


def _finding(size: int, bidders: int, inside: dict[str, float], connected: dict[str, float]) -> Finding:
    own = inside["idle bidder"]
    rows = [Row({"what": what, "houses_up_to": size}, {"bytes": found}) for what, found in inside.items()]
    rows.extend(
        Row(
            {"what": f"idle bidder, connected {name}", "bidders": bidders},
            {"bytes": found, "own_bytes": own, "sockets_bytes": found - own},
        )
        for name, found in connected.items()
    )
    in_batch = BATCH_REQUESTS_MAX * inside["open request"]
    return Finding(
        name="memory",
        question="How much memory does the house take for each lot, bidder and request?",
        repeats=1,
        rows=tuple(rows),
        targets=(
            _at_most("a lot", inside["lot"], LOT_BYTES_MAX),
            _at_most("an idle bidder", own, BIDDER_BYTES_MAX),
            Target(
                "open requests: bounded",
                f"{BATCH_REQUESTS_MAX} a batch, {in_batch / 1024:,.0f} KiB; {WAITING_MAX:,} frames of up to "
                f"{REQUEST_BYTES_MAX} bytes may wait for each connection, and who floods is cut off long before",
                reached=True,
            ),
        ),
        notes=(
            "The share of the process in memory (PSS), larger house less smaller one, over the difference in size.",
            "A lot has a description of 80 characters, and the default increment table, which lots share.",
            f"A bidder who bids has up to {REMEMBERED_REQUESTS_MAX} remembered verdicts on top.",
        ),
    )


def _at_most(what: str, found_bytes: float, most_bytes: int) -> Target:
    return Target(
        f"{what} takes at most {most_bytes:,} bytes", f"{found_bytes:,.0f} bytes", reached=found_bytes <= most_bytes
    )


# --- real connections ----------------------------------------------------------------------------------------------


def _connected(bidders: int, *, is_encrypted: bool) -> float:
    """Return the bytes by which the server's process grows for each bidder who joins and listens."""
    make_room_for_files(4 * bidders)
    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        folder = Path(name)

        def grown_bytes(link: JoinLink) -> int:
            server = read_record(folder / DATA).pid
            with ExitStack() as resources:
                # The first bidder makes the house allocate all that it needs only once.
                screens = _join(resources, link, 1, "First")
                before_bytes = memory_bytes(server)
                screens += _join(resources, link, bidders, "Bidder")
                after_bytes = memory_bytes(server)
                assert len(screens) == bidders + 1, "a connection is missing"
                return after_bytes - before_bytes

        return in_house(folder, 1, grown_bytes, is_encrypted=is_encrypted) / bidders


def _join(resources: ExitStack, link: JoinLink, count: int, name: str) -> list[zmq.SyncSocket]:
    """Have bidders join, and return the sockets on which they listen; `resources` closes all their sockets."""
    bidders = resources.enter_context(Bidders(link.request_address, link.server_key, count))
    bidders.enrol(name)
    seen = [Publisher(link.publish_address, link.server_key, keys) for keys in bidders.keys]
    return [subscribed(bidders.context, one, (), BROADCASTS_QUEUED_MAX) for one in seen]
