"""The statuses of a lot and the events between them: the diagram and the table in docs/architecture.md."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from common.evolve import MOVES
from common.lot import LotStatus
from common.lot_events import LotAdded

_ADDED: Final = str(LotAdded.__struct_config__.tag)


class _Arrow(NamedTuple):
    before: LotStatus
    event: str
    after: LotStatus


def moves() -> str:
    """Return the diagram in Mermaid's language, and a table with the same arrows."""
    order = list(LotStatus)
    arrows = sorted(_arrows(), key=lambda arrow: order.index(arrow.before))
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {LotStatus.SCHEDULED.value}: {_ADDED}",
        *(f"    {before.value} --> {after.value}: {event}" for before, event, after in arrows),
        *(f"    {status.value} --> [*]" for status in LotStatus if status.is_final),
        "```",
        "",
        "| from | event | to |",
        "| --- | --- | --- |",
        *(f"| {before.value} | `{event}` | {after.value} |" for before, event, after in arrows),
    ]
    return "\n".join(lines)


def _arrows() -> Iterator[_Arrow]:
    for event, move in MOVES.items():
        for before in move.before:
            for after in move.ends(before):
                yield _Arrow(before, str(event.__struct_config__.tag), after)
