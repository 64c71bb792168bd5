"""A sale whose record is on PostgreSQL, beside bare psycopg that sends the same batches with the same fence.

Three servers run here, with fsync, and one of two standbys confirms each commit. They take most of a small machine's
processor from the house, so the ceiling is measured in the same run on the same servers: the batches that the house
stored are stored again, one after the other, by a prepared statement each. Without load, the house's verdict is
compared with a bare echo and one such commit, taken in turns.
"""

import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import run
from typing import Any, Final, NamedTuple

import click

from benchmarks.load.closed_loop import ClosedLoop, Rate
from benchmarks.load.latencies import Latencies
from benchmarks.load.machine import sync_us
from benchmarks.load.open_loop import LANES, OpenLoop
from benchmarks.load.postgres_servers import HOUSE, OWNER, Servers, binaries, free_port
from benchmarks.load.ring import BIDDERS, LOTS
from benchmarks.load.rising_sale import UNBOUNDED_REQUESTS, Bids
from benchmarks.load.servers import in_house, leading, running_echo
from benchmarks.measurements.throughput import bid_body
from benchmarks.report.findings import results_option, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.errors import UsageError
from common.links import JoinLink

CONNECTIONS: Final = (BIDDERS, 16)
SHARE: Final = 0.70
PER_S: Final = 20_000
UNLOADED_RATIO_MAX: Final = 1.5
ONE_BY_ONE: Final = 300
REPLAYED_MAX: Final = 4_000
"""The most batches that are stored again."""

# What a batch needs to be safe, and no more: the fence, the guards and the row, in one round trip.
_STORE: Final = """
WITH head AS (UPDATE auction.sale SET position = $2, hash = $3, beat = beat + 1
               WHERE id = $1 AND term = 1 AND position = $4
                 AND current_setting('synchronous_standby_names') <> ''
                 AND current_setting('synchronous_commit') IN ('on', 'remote_apply') RETURNING id)
INSERT INTO auction.batch (sale, first, last, term, rejections, body, hash)
SELECT id, $4 + 1, $2, 1, $3, $5, $3 FROM head
"""


class Batch(NamedTuple):
    """A batch as the house stored it."""

    first: int
    last: int
    body: str
    hash: bytes


class BareWriter:
    """Stores batches in a sale of its own, as directly as psycopg lets it."""

    def __init__(self, servers: Servers, sale: str) -> None:
        self._connection = servers.primary.connect(HOUSE)
        self._sale = sale
        self._position = 0
        self._connection.execute(
            "INSERT INTO auction.sale VALUES (%s, 0, '', 1, '', false, '', 0, 0, '', '', 0)", (sale,)
        )
        self._connection.pgconn.prepare(b"store", _STORE.encode())

    def store(self, batches: Sequence[Batch]) -> list[int]:
        """Store batches one after the other, after those before; return the ns that each took."""
        taken_ns, pgconn = [], self._connection.pgconn
        sale = self._sale.encode()
        for batch in batches:
            before, self._position = self._position, self._position + batch.last - batch.first + 1
            numbers = str(self._position).encode(), str(before).encode()
            began_ns = time.monotonic_ns()
            stored = pgconn.exec_prepared(
                b"store", [sale, numbers[0], batch.hash, numbers[1], batch.body.encode()], [0, 0, 1, 0, 0]
            )
            taken_ns.append(time.monotonic_ns() - began_ns)
            if stored.command_tuples != 1:
                raise UsageError(f"A batch was not stored: {stored.error_message.decode()}")
        return taken_ns

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


@contextmanager
def running_servers() -> Iterator[Servers]:
    """Run three servers with fsync and the tables for sales. Raises UsageError where PostgreSQL is not installed."""
    if binaries() is None:
        raise UsageError("PostgreSQL's servers are not installed; `make system-packages` installs them.")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        servers = Servers.at(Path(name), free_port())
        try:
            servers.make(fsync=True)
            store = ["store", "prepare", servers.url("any", OWNER), "--house", HOUSE]
            run([sys.executable, "-m", "auctioneer", *store], check=True, capture_output=True)
            yield servers
        finally:
            servers.stop()


def batches_of(servers: Servers, sale: str) -> list[Batch]:
    """Return the batches of bids that a house stored."""
    rows: list[tuple[Any, ...]] = servers.primary.ask(
        "SELECT first, last, body, hash FROM auction.batch WHERE sale = %s AND body LIKE '%%bid_taken%%'"
        " ORDER BY first DESC LIMIT %s",
        sale,
        REPLAYED_MAX,
    )
    return [Batch(*row) for row in rows]


def measure_house(servers: Servers, sale: str, seconds: float, connections: int) -> Rate:
    """Measure the replicated durable bids of one house."""

    def bid(link: JoinLink) -> Rate:
        with ClosedLoop(link.request_address, link.server_key, connections) as load:
            load.enrol()
            return load.measure(bid_body, seconds / 4, seconds, b"accepted")

    with tempfile.TemporaryDirectory(prefix="auction-bench-") as folder:
        options = (*UNBOUNDED_REQUESTS, "--store", servers.url(sale))
        return in_house(Path(folder), LOTS, bid, is_encrypted=False, options=options)


def measure_rate(servers: Servers, name: str, seconds: float, connections: int) -> dict[str, float]:
    """Measure the house, and the same batches stored by bare psycopg."""
    house = measure_house(servers, name, seconds, connections)
    batches = batches_of(servers, name)
    writer = BareWriter(servers, f"{name}-bare")
    warm_up = len(batches) // 5
    writer.store(batches[:warm_up])
    taken_ns = writer.store(batches[warm_up:])
    writer.close()
    bids = sum(batch.last - batch.first + 1 for batch in batches[warm_up:])
    bare_per_s = bids / (sum(taken_ns) / 1e9)
    return {
        "share": house.per_s / bare_per_s,
        "house_per_s": house.per_s,
        "bare_per_s": bare_per_s,
        "bids_a_batch": bids / len(batches[warm_up:]),
        "generator_cpu": house.generator_cpu,
    }


def measure_unloaded(servers: Servers, name: str, count: int) -> dict[str, float]:
    """Measure one bid at a time, beside a bare echo and one commit of such a bid, in turns."""

    def alone(link: JoinLink) -> dict[str, float]:
        leading(link, LOTS)
        bids, echoed = Bids(LOTS, LANES), Bids(LOTS, LANES)
        found = {one: Latencies() for one in ("house", "echo", "commit")}
        with (
            running_echo(folder, is_encrypted=False) as (address, key),
            OpenLoop(address, key) as echo,
            OpenLoop(link.request_address, link.server_key) as house,
        ):
            house.enrol()
            house.one_by_one(bids, count // 4)
            single = [batch for batch in batches_of(servers, name) if batch.first == batch.last][:1]
            writer = BareWriter(servers, f"{name}-bare")
            for _ in range(3):
                for what, taken_ns in (
                    ("echo", echo.one_by_one(echoed, count)),
                    ("commit", writer.store(single * count)),
                    ("house", house.one_by_one(bids, count)),
                ):
                    for one_ns in taken_ns:
                        found[what].note_s(one_ns / 1e9)
            writer.close()
        return {f"{what}_p50_ms": latencies.percentile_ms(50) for what, latencies in found.items()}

    with tempfile.TemporaryDirectory(prefix="auction-bench-") as made:
        folder = Path(made)
        options = (*UNBOUNDED_REQUESTS, "--store", servers.url(name))
        figures = in_house(folder, LOTS, alone, is_encrypted=False, options=options)
    return {"ratio": figures["house_p50_ms"] / (figures["echo_p50_ms"] + figures["commit_p50_ms"]), **figures}


@click.command(short_help="Measure a record on PostgreSQL against bare psycopg.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(min=0.3), help="Length of each load.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--quick", is_flag=True, help="Measure each only once and briefly.")
@results_option
def postgres(seconds: float, repeats: int, results_folder: Path, *, quick: bool) -> None:
    """Measure bids a second and the time to a verdict, with the record on PostgreSQL and two synchronous standbys.

    The ceiling is bare psycopg on the same servers, which stores the same batches with the same fence.
    """
    count = ONE_BY_ONE
    if quick:
        seconds, repeats, count = 0.3, 1, 40
    with running_servers() as servers:
        rows = [
            Row(
                {"load": "closed loop", "connections": connections},
                _spread(
                    [
                        measure_rate(servers, f"r{number}-{connections}", seconds, connections)
                        for number in range(repeats)
                    ]
                ),
            )
            for connections in CONNECTIONS
        ]
        alone = Row(
            {"load": "one at a time", "connections": 1},
            _spread([measure_unloaded(servers, f"u{number}", count) for number in range(repeats)]),
        )
        fdatasync_us = sync_us(servers.primary.folder)
    show_and_keep(
        Finding(
            name="postgres",
            question="replicated durable bids of one sale on PostgreSQL, and how long a verdict takes",
            repeats=repeats,
            rows=(*rows, alone),
            targets=(
                *(_rate_target(row) for row in rows),
                Target(
                    f"one bid at a time: p50 at most {UNLOADED_RATIO_MAX} times (echo + one commit)",
                    f"{alone.figures['ratio']:.2f} times",
                    reached=alone.figures["ratio"] <= UNLOADED_RATIO_MAX,
                ),
            ),
            notes=(f"Three servers on this machine share its disk, where one fdatasync takes {fdatasync_us:.0f} us.",),
        ),
        results_folder,
    )


def _spread(rounds: list[dict[str, float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name in rounds[0]:
        found = spread(name, [one[name] for one in rounds])
        figures |= found if name in ("share", "ratio") else {name: found[name]}
    return figures


def _rate_target(row: Row) -> Target:
    share, per_s = row.figures["share"], row.figures["house_per_s"]
    what = f"{SHARE:.0%} of bare psycopg, {row.setting['connections']} connections"
    return Target(what, f"{share:.0%} ({per_s:,.0f}/s)", reached=share >= SHARE)
