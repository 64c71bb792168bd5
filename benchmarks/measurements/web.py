"""How soon bids reach phones through the gateway, compared with a bare WebSocket server that sends the same frames.

A real house and a real gateway are processes of their own, as are the phones, which are raw WebSockets. A few guests
bid on their phones at a steady pace, so a bid goes from the phone to the gateway, the house and its disk, and back to
all phones. The bare stack (`benchmarks.load.bare_web`) stands before the same house and sends the same frames; all
else that a gateway does is left out. Gateway and bare stacks take turns in one run, with the same phones' program.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click

from benchmarks.inside.growth import memory_bytes
from benchmarks.load.bare_web import WAYS
from benchmarks.load.child import Child, running_child
from benchmarks.load.gateways import RunningGateway, running_gateway
from benchmarks.load.machine import TICKS_A_SECOND
from benchmarks.load.phones import Connected, End, Heard
from benchmarks.load.servers import DATA, in_house, leading
from benchmarks.load.web_bidders import BIDDERS, Bidding, WebBidders
from benchmarks.report.findings import results_option, say_row, show_and_keep, spread
from benchmarks.report.results import Finding, Row, Target
from common.links import JoinLink
from common.open_files import make_room_for_files
from rehearsal.house import read_record

PHONES: Final = (500, 1_000, 2_000)
STUCK: Final = 10
"""The phones that never read."""
GUESTS: Final = 500
PER_S: Final = 50
P99_RATIO_MAX: Final = 1.5
P99_MS_MAX: Final = {500: 20.0, 1_000: 30.0}
"""On a quiet machine."""
PHONE_KIB_MAX: Final = 30
GUEST_KIB_MAX: Final = 50
GUESTS_S_MAX: Final = 2.0
GUESTS_IDLE_S: Final = 5.0
IDLE_MAX: Final = 0.05
STUCK_KIB_MAX: Final = 512
STUCK_BIDS_S: Final = 7.0
"""How long bids come while phones never read; after a warm-up of a quarter, and before such phones are cut off."""
STUCK_GONE_S: Final = 60.0
"""The longest wait until they are."""
STUCK_S_MAX: Final = 15.0
STUCK_P99_RATIO_MAX: Final = 1.1
STUCK_P99_MORE_MS: Final = 1.0
GATEWAY: Final = "gateway"
_LOTS: Final = BIDDERS
_WARM_UP: Final = 0.25
"""The part of a run whose frames do not count."""
_STUCK_BUFFER_BYTES: Final = 4096
_JOINING_AT_ONCE: Final = 32
_FILES_PER_GUEST: Final = 3
_PHONES: Final = "benchmarks.load.phones"
_KIB: Final = 1024
_LOOK_S: Final = 0.1
_OWN_TIMES: Final = slice(11, 13)
"""The places of a process's own times in its `/proc/PID/stat`, counted from after the name."""


class Place(NamedTuple):
    """Where phones connect, with which cookies the bidders do, and the processes behind it."""

    host: str
    port: int
    cookies: tuple[str, ...]
    server_pid: int
    house_pid: int


class Run(NamedTuple):
    """The phones' and the bidders' view of one run. Processors are shares of a core."""

    heard: Heard
    bidding: Bidding
    server: float
    house: float
    bidders: float

    @property
    def p50_ms(self) -> float:
        """The median latency at each phone."""
        return self.heard.each.percentile_ms(50)

    @property
    def p99_ms(self) -> float:
        """The latency at each phone that one in a hundred exceeds."""
        return self.heard.each.percentile_ms(99)


class Cost(NamedTuple):
    """What phones that hear nothing but the time cost: memory for each, and the processor as a share of a core."""

    phone_kib: float
    idle: float


class Processor:
    """The processor time of a process that is taken from now on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._used_s = used_s(pid)
        self._began_s = time.monotonic()

    @property
    def share(self) -> float:
        """What it took so far, as a share of one core."""
        return (used_s(self._pid) - self._used_s) / (time.monotonic() - self._began_s)


def used_s(pid: int) -> float:
    """Return the processor time of one process so far, without its children's."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_OWN_TIMES])) / TICKS_A_SECOND


@contextmanager
def phones_at(place: Place, count: int) -> Iterator[Child]:
    """Connect phones that read."""
    with running_child(_PHONES, place.host, str(place.port), str(count), "0") as phones:
        phones.hear(Connected)
        yield phones


def run_bids(phones: Child, place: Place, seconds: float) -> Run:
    """Bid for a while, after a warm-up, and return what the phones heard."""
    with closing(WebBidders(place.host, place.port, place.cookies)) as bidders:
        bidders.bid(PER_S, seconds * _WARM_UP)
        phones.tell(End({}, 0))
        phones.hear(Heard)  # the warm-up's
        counted_from_us = time.monotonic_ns() // 1000
        server, house, own = Processor(place.server_pid), Processor(place.house_pid), Processor(os.getpid())
        bidding = bidders.bid(PER_S, seconds)
        shares = server.share, house.share, own.share
        phones.tell(End(bidding.prices, counted_from_us))
        return Run(phones.hear(Heard), bidding, *shares)


def run_gateway(place: Place, count: int, seconds: float) -> tuple[Run, Cost]:
    """Measure the gateway with phones: first idle, then with bids."""
    before_bytes = memory_bytes(place.server_pid)
    with phones_at(place, count) as phones:
        phone_kib = (memory_bytes(place.server_pid) - before_bytes) / count / _KIB
        gateway = Processor(place.server_pid)
        time.sleep(seconds / 2)
        idle = gateway.share
        return run_bids(phones, place, seconds), Cost(phone_kib, idle)


def run_bare(link: JoinLink, house_pid: int, way: str, sample: str, count: int, seconds: float) -> Run:
    """Measure a bare stack in the same way."""
    with running_child("benchmarks.load.bare_web", way, str(link), sample) as bare:
        place = Place("127.0.0.1", bare.hear(int), ("",) * BIDDERS, bare.pid, house_pid)
        with phones_at(place, count) as phones:
            return run_bids(phones, place, seconds)


class Stuck(NamedTuple):
    """Bids without and with phones that never read, what each of those took, and when the last was cut off."""

    calm: Run
    disturbed: Run
    kib: float
    gone_s: float


def run_stuck(place: Place, count: int, stuck: int) -> Stuck:
    """Measure phones without and with some that never read, at once one after the other."""
    with phones_at(place, count) as phones:
        calm = run_bids(phones, place, STUCK_BIDS_S)
        before_bytes, before_files = memory_bytes(place.server_pid), _files(place)
        with running_child(_PHONES, place.host, str(place.port), str(stuck), str(_STUCK_BUFFER_BYTES)) as others:
            others.hear(Connected)
            began_s = time.monotonic()
            disturbed = run_bids(phones, place, STUCK_BIDS_S)
            more_bytes = memory_bytes(place.server_pid) - before_bytes
            while _files(place) > before_files and time.monotonic() - began_s < STUCK_GONE_S:
                time.sleep(_LOOK_S)
            return Stuck(calm, disturbed, more_bytes / stuck / _KIB, time.monotonic() - began_s)


def _files(place: Place) -> int:
    return len(os.listdir(f"/proc/{place.server_pid}/fd"))


def run_guests(gateway: RunningGateway, guests: int) -> dict[str, float]:
    """Have guests join, each of whom gets a connection to the house; measure time, memory and the idle processor."""
    before_bytes, began_s = memory_bytes(gateway.pid), time.monotonic()
    with ThreadPoolExecutor(_JOINING_AT_ONCE) as pool:
        list(pool.map(lambda number: gateway.join(f"Guest {number}", number), range(guests)))
    joined_s = time.monotonic() - began_s
    guest_kib = (memory_bytes(gateway.pid) - before_bytes) / guests / _KIB
    processor = Processor(gateway.pid)
    time.sleep(GUESTS_IDLE_S)
    return {"join_s": joined_s, "guest_kib": guest_kib, "idle": processor.share}


# --- the command ----------------------------------------------------------------------------------------------------


@click.command(short_help="Measure the gateway for phones against a bare WebSocket server.")
@click.option("--phones", multiple=True, default=PHONES, show_default=True, type=click.IntRange(min=1))
@click.option("--stuck", default=STUCK, show_default=True, type=click.IntRange(min=0), help="Phones that never read.")
@click.option("--guests", default=GUESTS, show_default=True, type=click.IntRange(min=0), help="Guests who join.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(min=0.5), help="Length of each run.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(min=1), help="How often to measure each.")
@click.option("--quick", is_flag=True, help="Measure 20 phones and 10 guests, once, in a few seconds.")
@results_option
def web(
    phones: tuple[int, ...],
    stuck: int,
    guests: int,
    seconds: float,
    repeats: int,
    results_folder: Path,
    *,
    quick: bool,
) -> None:
    """Measure how soon bids reach all phones, and what phones and guests cost the gateway.

    The ceiling is a bare WebSocket server before the same house, which sends the same frames: by the library's
    broadcast, and by raw writes.
    """
    if quick:
        phones, stuck, guests, seconds, repeats = (20,), 0, 10, 1.0, 1
    make_room_for_files(guests * _FILES_PER_GUEST + max(phones))

    def work(link: JoinLink) -> Finding:
        leading(link, _LOTS)
        with tempfile.TemporaryDirectory(prefix="auction-bench-") as home, running_gateway(link, Path(home)) as gateway:
            cookies = tuple(gateway.join(f"Bidder {number}", number + GUESTS) for number in range(BIDDERS))
            place = Place(gateway.host, gateway.port, cookies, gateway.pid, read_record(Path(name) / DATA).pid)
            load = os.getloadavg()[0]
            found = [_measure(link, place, count, seconds, repeats) for count in phones]
            stuck_rows = [_stuck_row(place, phones[0], stuck, repeats)] if stuck else []
            guest_rows = [say_row(Row({"guests": guests}, run_guests(gateway, guests)))] if guests else []
            loads = f"The load of the machine was {load:.1f} at the beginning and {os.getloadavg()[0]:.1f} at the end."
            return _finding(found, stuck_rows, guest_rows, repeats, loads)

    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        finding = in_house(Path(name), _LOTS, work, is_encrypted=True)
    show_and_keep(finding, results_folder)


def _measure(link: JoinLink, place: Place, count: int, seconds: float, repeats: int) -> tuple[list[Row], Row]:
    """Measure gateway and bare stacks in turns; return a row for each, and one of what phones cost the gateway."""
    runs: dict[str, list[Run]] = {name: [] for name in (GATEWAY, *WAYS)}
    costs: list[Cost] = []
    for _ in range(repeats):
        own, cost = run_gateway(place, count, seconds)
        runs[GATEWAY].append(own)
        costs.append(cost)
        for way in WAYS:
            runs[way].append(run_bare(link, place.house_pid, way, own.heard.sample, count, seconds))
        for name, so_far in runs.items():
            say_row(Row({"phones": count, "server": name, "turn": len(so_far)}, _figures(so_far[-1:])))
    rows = [_server_row(count, name, found, runs[GATEWAY]) for name, found in runs.items()]
    figures = {"phone_kib": costs[0].phone_kib, **_middle("idle", [cost.idle for cost in costs])}
    return rows, say_row(Row({"phones": count, "cost to": GATEWAY}, figures))


def _server_row(count: int, name: str, runs: Sequence[Run], own: Sequence[Run]) -> Row:
    """Return the row of one server; its ratio is the gateway's p99 over its own, of the same turn."""
    ratios = [mine.p99_ms / run.p99_ms for mine, run in zip(own, runs, strict=True)]
    figures = {**_figures(runs), **spread("p99_ratio", ratios)}
    return say_row(Row({"phones": count, "server": name}, figures))


def _figures(runs: Sequence[Run]) -> dict[str, float]:
    """Return what several runs of one server found. What was lost is summed up."""
    return {
        **_middle("p50_ms", [run.p50_ms for run in runs]),
        **spread("p99_ms", [run.p99_ms for run in runs]),
        **_middle("last_p99_ms", [run.heard.last.percentile_ms(99) for run in runs]),
        **_middle("verdict_p50_ms", [run.bidding.verdicts.percentile_ms(50) for run in runs]),
        **_middle("verdict_p99_ms", [run.bidding.verdicts.percentile_ms(99) for run in runs]),
        **_middle("bid_late_ms", [run.bidding.late_ms for run in runs]),
        **_middle("server", [run.server for run in runs]),
        **_middle("house", [run.house for run in runs]),
        **_middle("bidders", [run.bidders for run in runs]),
        **_middle("readers", [run.heard.processor for run in runs]),
        "changes": sum(run.heard.changes for run in runs),
        "merged": sum(run.bidding.verdicts.count - run.heard.changes for run in runs),
        "missing": sum(run.heard.missing for run in runs),
        "behind": sum(run.heard.behind for run in runs),
        "refused": sum(run.bidding.refused for run in runs),
    }


def _middle(name: str, values: Sequence[float]) -> dict[str, float]:
    return {name: spread(name, values)[name]}


def _stuck_row(place: Place, count: int, stuck: int, repeats: int) -> Row:
    """Return the row of phones that never read; of how long they stay the worst turn counts."""
    found: list[Stuck] = []
    for turn in range(repeats):
        found.append(one := run_stuck(place, count, stuck))
        say_row(Row({"phones": count, "stuck": stuck, "turn": turn + 1}, _stuck_figures([one])))
    return say_row(Row({"phones": count, "stuck": stuck}, _stuck_figures(found)))


def _stuck_figures(found: Sequence[Stuck]) -> dict[str, float]:
    return {
        **_middle("calm_p99_ms", [one.calm.p99_ms for one in found]),
        **_middle("p99_ms", [one.disturbed.p99_ms for one in found]),
        **_middle("more_ms", [one.disturbed.p99_ms - _allowed_ms(one.calm.p99_ms) for one in found]),
        "lost": sum(run.heard.missing + run.heard.behind for one in found for run in (one.calm, one.disturbed)),
        **_middle("stuck_kib", [one.kib for one in found]),
        "gone_s": max(one.gone_s for one in found),
    }


def _allowed_ms(calm_ms: float) -> float:
    """Return the p99 that phones may have beside some that never read."""
    return calm_ms * STUCK_P99_RATIO_MAX + STUCK_P99_MORE_MS


def _finding(
    found: Sequence[tuple[list[Row], Row]],
    stuck_rows: Sequence[Row],
    guest_rows: Sequence[Row],
    repeats: int,
    loads: str,
) -> Finding:
    costs = [cost for _, cost in found]
    return Finding(
        name="web",
        question=f"How soon do {PER_S} bids/s reach all phones through the gateway, and what does each phone cost?",
        repeats=repeats,
        rows=(*(row for rows, _ in found for row in rows), *costs, *stuck_rows, *guest_rows),
        targets=(
            *(target for rows, cost in found for target in _phone_targets(rows, cost)),
            *(target for row in stuck_rows for target in _stuck_targets(row)),
            *(target for row in guest_rows for target in _guest_targets(row)),
        ),
        notes=(
            "Latencies are from the moment a phone sends a bid to the moment a phone has the price, with the house and "
            "its disk between; `last` is the last phone to have it. The ratio is the gateway's over the server's.",
            "`missing` counts prices that came to some phones only, `behind` phones without the last price, `merged` "
            "prices that no phone had, since a later one was told together with it.",
            f"Server, house, bidders, readers: the processor time of each under bids, in shares of a core. {loads}",
            "Memory is the gateway's share of the process (PSS). The kernel keeps up to 32 KiB more for a connection.",
        ),
    )


def _phone_targets(rows: list[Row], cost: Row) -> list[Target]:
    count = int(cost.setting["phones"])
    own, broadcast = rows[0].figures, rows[1].figures
    lost, p99_ms, ratio = own["missing"] + own["behind"] + own["refused"], own["p99_ms"], broadcast["p99_ratio"]
    targets = [
        _at_most(f"{count} phones: p99 at most {P99_RATIO_MAX} times broadcast's", ratio, P99_RATIO_MAX, "times"),
        Target(f"{count} phones: nothing lost", f"{lost:,.0f} lost", reached=not lost),
        _at_most(f"{count} phones: at most {PHONE_KIB_MAX} KiB each", cost.figures["phone_kib"], PHONE_KIB_MAX, "KiB"),
        _at_most(f"{count} phones: idle at most {IDLE_MAX} of a core", cost.figures["idle"], IDLE_MAX, "of a core"),
    ]
    if count in P99_MS_MAX:
        most_ms = P99_MS_MAX[count]
        targets.append(_at_most(f"{count} phones: p99 at most {most_ms:g} ms", p99_ms, most_ms, "ms"))
    return targets


def _stuck_targets(row: Row) -> list[Target]:
    found, what = row.figures, f"{row.setting['stuck']} phones that never read"
    allowed = f"{STUCK_P99_RATIO_MAX:g} times the others' p99 and {STUCK_P99_MORE_MS:g} ms"
    return [
        _at_most(f"{what}: at most {STUCK_KIB_MAX} KiB each", found["stuck_kib"], STUCK_KIB_MAX, "KiB"),
        _at_most(f"{what}: gone within {STUCK_S_MAX:g} s", found["gone_s"], STUCK_S_MAX, "s"),
        _at_most(f"{what}: not above {allowed} in the same turn", found["more_ms"], 0.0, "ms more"),
    ]


def _guest_targets(row: Row) -> list[Target]:
    found, guests = row.figures, row.setting["guests"]
    return [
        _at_most(f"{guests} guests: joined within {GUESTS_S_MAX:g} s", found["join_s"], GUESTS_S_MAX, "s"),
        _at_most(f"{guests} guests: at most {GUEST_KIB_MAX} KiB each", found["guest_kib"], GUEST_KIB_MAX, "KiB"),
        _at_most(f"{guests} guests: idle at most {IDLE_MAX} of a core", found["idle"], IDLE_MAX, "of a core"),
    ]


def _at_most(what: str, found: float, most: float, unit: str) -> Target:
    return Target(what, f"{found:.2f} {unit}", reached=found <= most)
