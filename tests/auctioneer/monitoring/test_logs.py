"""The lines of the log of a sale; `tests/test_operations_docs.py` holds their names and fields to the manual."""

import io
import json

from auctioneer.monitoring.log_writer import LogWriter
from auctioneer.monitoring.logs import log_fact, new_log, rendered_as
from auctioneer.rules.facts import LotDecided
from common.formats.english import EnglishBoard
from common.lot import CloseCause, Result
from common.lot_events import AnyLotEvent, LotClosed, LotWithdrawn

SOLD = EnglishBoard(1500, 1400, 2, 7)


def line_of(event: AnyLotEvent) -> dict[str, object]:
    """Return the line of a decision, as JSON has it, without the time at which it was written."""
    stream = io.StringIO()
    writer = LogWriter(stream)
    fact = LotDecided(at_ms=event.at_ms, lot="1", seq=event.seq, event=event, by="bea")
    log_fact(new_log(writer, rendered_as("json"), "info"), 5, fact)
    writer.close()
    line: dict[str, object] = json.loads(stream.getvalue())
    del line["timestamp"]
    return line


def test_the_line_of_a_close_says_who_bought_and_for_how_much() -> None:
    known = {
        "event": "lot_closed",
        "level": "info",
        "lot": "1",
        "seq": 9,
        "by": "bea",
        "position": 5,
        "cause": "hammer",
    }
    closed = LotClosed(9, 100, CloseCause.HAMMER, SOLD, (Result(2, 1400),))
    assert line_of(closed) == known | {"winner": 2, "hammer_minor": 1400}
    several = LotClosed(9, 100, CloseCause.HAMMER, SOLD, (Result(2, 1400), Result(3, 2800, 2)))
    assert line_of(several) == known | {"hammer_minor": 4200}
    assert line_of(LotClosed(9, 100, CloseCause.HAMMER, SOLD)) == known


def test_the_line_of_a_withdrawal_has_no_board() -> None:
    line = line_of(LotWithdrawn(9, 100, SOLD, "damaged"))
    assert line == {
        "event": "lot_withdrawn",
        "level": "info",
        "lot": "1",
        "seq": 9,
        "by": "bea",
        "position": 5,
        "reason": "damaged",
    }
