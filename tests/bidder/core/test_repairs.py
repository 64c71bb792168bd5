"""Holes in what was heard: when each is repaired, how many at a time, and what goes first."""

from bidder.core.repairs import REPAIR_AFTER_MS, REPAIRS_MAX, RepairKind, Repairs


def test_a_hole_waits_a_moment_and_what_is_left_after_a_repair_is_due_at_once() -> None:
    repairs = Repairs()
    assert repairs.due({"1": 5, "2": 5}, 1000) == []
    repairs.end(77, 1010)  # the answer to something else, which repairs nothing
    assert repairs.next_deadline_ms == 1000 + REPAIR_AFTER_MS
    assert repairs.due({"1": 5, "2": 5}, 1000 + REPAIR_AFTER_MS - 1) == []
    assert repairs.due({"1": 5, "2": 5}, 1000 + REPAIR_AFTER_MS) == [
        ("1", RepairKind.REPLAY),
        ("2", RepairKind.REPLAY),
    ]
    repairs.begin(10, "1", RepairKind.REPLAY, 5)
    assert repairs.due({"1": 5, "2": 5}, 2000) == [("2", RepairKind.REPLAY)], "one repair of a stream at a time"
    ended = repairs.end(10, 2010)
    assert ended is not None
    assert (ended.stream, ended.kind, ended.floor_seq) == ("1", RepairKind.REPLAY, 5)
    assert repairs.next_deadline_ms == 2010
    assert repairs.due({}, 3000) == []
    assert repairs.next_deadline_ms is None, "nothing is left to do"


def test_when_history_begins_anew_all_plans_are_dropped() -> None:
    repairs = Repairs()
    repairs.need_view("x", RepairKind.TAKE_OVER)
    for request_id in range(REPAIRS_MAX):
        repairs.begin(request_id, str(request_id), RepairKind.REPLAY, 5)
    repairs.forget()
    assert repairs.end(0, 100) is None, "an answer to what was asked before counts no more"
    assert repairs.due({"1": 2}, 1000) == []
    assert repairs.due({"1": 2}, 1000 + REPAIR_AFTER_MS) == [("1", RepairKind.REPLAY)]


def test_only_so_many_repairs_run_at_a_time_and_a_view_that_is_needed_goes_first() -> None:
    repairs = Repairs()
    behind = {str(number): 5 for number in range(REPAIRS_MAX + 2)}
    repairs.need_view("x", RepairKind.TAKE_OVER)
    repairs.need_view("3", RepairKind.CHECK)
    repairs.due(behind, 0)
    due = repairs.due(behind, REPAIR_AFTER_MS)
    assert due[:2] == [("x", RepairKind.TAKE_OVER), ("3", RepairKind.CHECK)]
    assert len(due) == REPAIRS_MAX
    assert ("3", RepairKind.REPLAY) not in due
    for request_id, (stream, kind) in enumerate(due):
        repairs.begin(request_id, stream, kind, 0)
    assert repairs.next_deadline_ms is None, "all places are taken"
    assert repairs.due(behind, 1000) == []
    repairs.end(0, 1000)
    assert repairs.due(behind, 1000) == [("7", RepairKind.REPLAY)]
