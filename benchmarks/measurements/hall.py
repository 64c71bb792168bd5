"""The cost of many bidders in one program: in a hall with one copy of the sale, compared with as many clients.

The bidders use the client library, in a separate process, at a house with CURVE. The figures are the memory that each
bidder adds to the process, the time to join, and the program's processor time: while nothing happens, and for each bid
of somebody else. The two programs run one after the other, each at a new house.
"""

import tempfile
from pathlib import Path
from typing import Final, NamedTuple

import click

from benchmarks.load.child import running_child
from benchmarks.load.connections import Bidders
from benchmarks.load.gathering import Joined, Watch, Watched
from benchmarks.load.rising_sale import Bids, lead_all
from benchmarks.load.servers import in_house
from benchmarks.report.findings import results_option, show_and_keep
from benchmarks.report.results import Finding, Row, Target
from common.codec import decode_answer
from common.links import JoinLink
from common.messages import Accepted
from rehearsal.house import HouseError

LOTS: Final = 16
IDLE_S: Final = 30.0
QUICK_IDLE_S: Final = 1.0
BIDS: Final = 640
QUICK_BIDS: Final = 64
WINDOW: Final = 16
"""The number of open bids at a time."""
MEMORY_RATIO_MAX: Final = 0.5
_MODULE: Final = "benchmarks.load.gathering"
_US_PER_S: Final = 1e6
_MS_PER_S: Final = 1e3


class Found(NamedTuple):
    """The figures of one program."""

    joined: Joined
    idle_processor_s: float
    bids_processor_s: float


@click.command(short_help="Measure many bidders in one program: a hall beside clients.")
@click.option("--bidders", type=click.IntRange(min=2), help="Number of bidders.  [default: 1,000]")
@click.option("--quick", is_flag=True, help="Measure with few bidders and few bids, in some seconds.")
@results_option
def hall(bidders: int | None, quick: bool, results_folder: Path) -> None:  # noqa: FBT001 -- click passes by name
    """Measure the cost of bidders to their program: memory, processor time, and time to join."""
    bidders = bidders or (30 if quick else 1_000)
    idle_s, bids = (QUICK_IDLE_S, QUICK_BIDS) if quick else (IDLE_S, BIDS)
    found = {kind: _measure(kind, bidders, idle_s, bids) for kind in ("hall", "clients")}
    show_and_keep(_finding(found, bidders, idle_s, bids), results_folder)


def _measure(kind: str, bidders: int, idle_s: float, bids: int) -> Found:
    def work(link: JoinLink) -> Found:
        with (
            Bidders(link.request_address, link.server_key, 2) as others,
            running_child(_MODULE, kind, str(link), str(bidders)) as program,
        ):
            joined = program.hear(Joined)
            program.tell(Watch(idle_s, 0))
            idle_processor_s = program.hear(Watched).processor_s
            others.enrol("Rival")
            program.tell(Watch(0, bids + LOTS))
            _bid(others, bids)
            return Found(joined, idle_processor_s, program.hear(Watched).processor_s)

    with tempfile.TemporaryDirectory(prefix="auction-bench-") as name:
        return in_house(Path(name), LOTS, work, is_encrypted=True)


def _bid(bidders: Bidders, bids: int) -> None:
    """Have one bidder lead all lots, and another raise the price `bids` times. Raises HouseError."""
    leader, rival = bidders.sockets
    lead_all(leader, LOTS)
    make, request_id = Bids(LOTS, 1), 1
    for _ in range(bids // WINDOW):
        for _ in range(WINDOW):
            request_id += 1
            rival.send(make(0, request_id, 0))
        for _ in range(WINDOW):
            answer = decode_answer(rival.recv())
            if not isinstance(answer, Accepted):
                raise HouseError(f"A bid was not accepted: {answer}")


def _finding(found: dict[str, Found], bidders: int, idle_s: float, bids: int) -> Finding:
    rows = tuple(
        Row(
            {"bidders": bidders, "in": kind},
            {
                "bytes_each": one.joined.bytes_each,
                "join_s": one.joined.seconds,
                "join_processor_s": one.joined.processor_s,
                "idle_processor_ms_per_s": one.idle_processor_s / idle_s * _MS_PER_S,
                "bid_processor_us": one.bids_processor_s / (bids + LOTS) * _US_PER_S,
            },
        )
        for kind, one in found.items()
    )
    ratio = found["hall"].joined.bytes_each / found["clients"].joined.bytes_each
    return Finding(
        name="hall",
        question="What do many bidders cost one program, in a hall and with a client each?",
        repeats=1,
        rows=rows,
        targets=(
            Target(
                f"a bidder in a hall takes at most {MEMORY_RATIO_MAX:.0%} of a client's memory",
                f"{ratio:.0%}",
                reached=ratio <= MEMORY_RATIO_MAX,
            ),
        ),
        notes=(
            "Memory is the share of the process (PSS), all bidders less the first.",
            f"The processor's time is that of all threads; idle over {idle_s:g} s, and for each of {bids + LOTS} bids.",
        ),
    )
