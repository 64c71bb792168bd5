"""The house's log in a simulation: a real logger that writes nothing and passes each line to the simulation."""

import logging
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger


def log_heard_by(hear: Callable[[str, dict[str, object]], None]) -> "FilteringBoundLogger":
    """Return a logger of every level; `hear` gets the event and the fields of each line."""

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
