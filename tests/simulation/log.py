"""The house's log in a simulation: a real logger that writes nothing, and has the simulation hear each line."""

import logging
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def log_heard_by(hear: Callable[[str, dict[str, object]], None]) -> "FilteringBoundLogger":
    """Return a logger of every level; `hear` gets what each line says, and what it says it of."""

    def pass_on(_logger: object, _level: str, line: MutableMapping[str, object]) -> str:
        said = dict(line)
        hear(str(said.pop("event")), said)
        raise structlog.DropEvent

    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.ReturnLogger(),
        processors=[pass_on],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
    )
    return log
