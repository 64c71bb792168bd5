"""What a comparison of acknowledged bids with a record finds."""

import pytest

from benchmarks.load.acknowledged import Acknowledged, Faults, compare

BIDS = ((1, 10), (2, 7), (1, 11), (2, 8))


@pytest.mark.parametrize(
    ("recorded", "faults"),
    [
        (BIDS, Faults(0, 0, 0)),
        ((*BIDS, (2, 9)), Faults(0, 0, 0)),  # the last one was not acknowledged yet
        (BIDS[1:], Faults(1, 0, 0)),
        ((), Faults(4, 0, 0)),
        ((*BIDS, BIDS[0]), Faults(0, 1, 0)),
        ((BIDS[1], BIDS[0], *BIDS[2:]), Faults(0, 0, 1)),
    ],
    ids=["all", "one more", "one lost", "all lost", "one twice", "two exchanged"],
)
def test_what_is_missing_twice_or_elsewhere_is_counted(recorded: tuple[tuple[int, int], ...], faults: Faults) -> None:
    heard = [Acknowledged(paddle, request_id, float(at_s)) for at_s, (paddle, request_id) in enumerate(BIDS)]
    assert compare(heard, recorded) == faults
