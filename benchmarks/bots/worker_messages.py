"""What `bots` and its worker processes tell each other: a line of JSON each, through the worker's stdin and stdout."""

from typing import Final

import msgspec

from benchmarks.bots.crowd import Crowd
from benchmarks.bots.tally import Tally
from benchmarks.load.child import decode_line

LINE_BYTES_MAX: Final = 1 << 28
"""A tally has each acknowledged bid of a worker's bots: some 60 bytes."""


class Order(msgspec.Struct, frozen=True, tag_field="order", tag=str.lower):
    """What a worker is told."""


class Join(Order, frozen=True):
    """Join these bots of a crowd to a house, and have them bid. The first order, once."""

    link: str
    crowd: Crowd
    first: int
    bidders: int
    slowness: float


class Stop(Order, frozen=True):
    """Let the bots bid no more, and send the tally when all verdicts are in."""


class Compare(Order, frozen=True):
    """Hold the bots' copies of the sale against what a newcomer is given."""

    timeout_s: float


class Report(msgspec.Struct, frozen=True, tag_field="report", tag=str.lower):
    """What a worker tells."""


class Standing(Report, frozen=True):
    """How things stand, told twice a second. `live`: how many bots are up to date, by instance of the house."""

    joined: int
    accepted: int
    refused: int
    is_over: bool
    """Whether nothing is left to bid on for any of the bots; never before all have joined."""
    lots_over: int
    lots: int
    live: dict[str, int]
    lag_ms: float
    """How late the worker's loop is; more than some 100 ms: the machine is too slow for so many bots."""


class Stopped(Report, frozen=True):
    """The bots have stopped, and this is what came of it."""

    tally: Tally


class Compared(Report, frozen=True):
    """Where the bots' copies differ, and the newcomer's digest; `is_gone`: no house was there to compare with."""

    problems: list[str]
    digest: str
    is_gone: bool


class Broken(Report, frozen=True):
    """The worker can't go on; it ends."""

    code: str
    exit_status: int
    sentence: str


AnyOrder = Join | Stop | Compare
AnyReport = Standing | Stopped | Compared | Broken


def decode_order(line: bytes) -> AnyOrder:
    """Return the order in a line."""
    order: AnyOrder = decode_line(line, AnyOrder)
    return order


def decode_report(line: bytes) -> AnyReport:
    """Return the report in a line."""
    report: AnyReport = decode_line(line, AnyReport)
    return report
