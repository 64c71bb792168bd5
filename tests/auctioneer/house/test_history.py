"""The recent facts at hand: bounded over all streams, contiguous in each."""

from hypothesis import given
from hypothesis import strategies as st

from auctioneer.house.history import RECENT_OUTAGES_MAX, History, public_events
from auctioneer.rules.facts import AnyFact, HouseStarted, LotDecided, Outage
from common.lot_events import AnyLotEvent, AnySaleEvent, LotExtended, LotOpened, LotRescheduled
from tests.auctioneer.rules.random_sales import SaleMaker
from tests.auctioneer.rules.replays import rebuilt

STREAMS = ("", "1", "2")


def event(stream: str, seq: int) -> tuple[str, AnyLotEvent | AnySaleEvent]:
    return stream, LotRescheduled(seq, 0)


def seqs(history: History, stream: str, after: int, most: int = 1000) -> list[int] | None:
    facts = history.after(stream, after, most)
    return None if facts is None else [fact.seq for fact in facts]


def test_events_after_a_seq_are_found_up_to_a_number() -> None:
    history = History()
    history.extend(event("1", seq) for seq in range(5, 11))
    assert seqs(history, "1", 4) == [5, 6, 7, 8, 9, 10]
    assert seqs(history, "1", 7, 2) == [8, 9]
    assert seqs(history, "1", 10) == []
    assert seqs(history, "1", 3) is None, "4 is not here"
    assert seqs(history, "2", 0) is None


def test_the_oldest_go_first_over_all_streams() -> None:
    history = History(events_max=4)
    for stream, seq in [("1", 1), ("2", 1), ("1", 2), ("2", 2), ("1", 3)]:
        history.extend([event(stream, seq)])
    assert seqs(history, "1", 0) is None
    assert seqs(history, "1", 1) == [2, 3]
    assert seqs(history, "2", 0) == [1, 2]


@given(
    st.integers(1, 8),
    st.lists(st.one_of(st.sampled_from(STREAMS), st.tuples(st.sampled_from(STREAMS), st.integers(0, 6))), max_size=60),
)
def test_what_is_told_is_contiguous_and_reaches_the_end(events_max: int, steps: list[str | tuple[str, int]]) -> None:
    """However reading and writing alternate: never a hole, never short of the end, and never more than the bound."""
    history = History(events_max)
    last = dict.fromkeys(STREAMS, 0)
    for step in steps:
        if isinstance(step, str):
            last[step] += 1
            history.extend([event(step, last[step])])
        else:
            stream, back = step
            after = max(0, last[stream] - back)
            found = seqs(history, stream, after)
            assert found is None or found == list(range(after + 1, last[stream] + 1))
    kept = 0
    for stream, end in last.items():
        held = [count for count in range(1, end + 1) if seqs(history, stream, end - count) is not None]
        assert held == list(range(1, len(held) + 1))
        kept += len(held)
    assert kept <= events_max


# --- what a stretch of the record told -------------------------------------------------------------------------------


def sales(count: int) -> list[tuple[list[AnyFact], list[tuple[str, AnyLotEvent | AnySaleEvent]]]]:
    """Return records of sales with outages in them, each with what the engine told when it was made."""
    made = []
    for seed in range(count):
        record: list[AnyFact] = SaleMaker(seed, corrects=seed % 2 == 0, asks=seed % 4 == 0).make(80)
        made.append((record, rebuilt(record).pop_events()))
    return made


def last_outages(record: list[AnyFact]) -> int:
    return sum(isinstance(fact, Outage) for fact in record)


def test_the_whole_record_told_what_the_engine_tells() -> None:
    for record, told in sales(40):
        if last_outages(record) <= RECENT_OUTAGES_MAX:
            assert sorted(public_events(record), key=str) == sorted(told, key=str)


def test_the_end_of_a_record_told_the_end_of_each_stream_and_no_holes() -> None:
    extended = 0
    for record, told in sales(40):
        streams: dict[str, list[AnyLotEvent | AnySaleEvent]] = {}
        for stream, event in told:
            streams.setdefault(stream, []).append(event)
        for begin in range(0, len(record), 7):
            ends: dict[str, list[AnyLotEvent | AnySaleEvent]] = {}
            for stream, event in public_events(record[begin:]):
                ends.setdefault(stream, []).append(event)
                extended += isinstance(event, LotExtended)
            for stream, events in ends.items():
                assert events == streams[stream][-len(events) :], (begin, stream)
    assert extended > 100


def test_of_very_many_outages_the_last_are_told() -> None:
    """A house that is killed again and again while very many lots are open must not take ever longer to start."""
    opened = LotOpened(1, 0, 1000)
    record: list[AnyFact] = [LotDecided(lot="1", seq=1, at_ms=0, event=opened, by="house")]
    outages: list[AnyFact] = [
        HouseStarted(at_ms=at_ms, instance="i", outage_ms=1) for at_ms in range(RECENT_OUTAGES_MAX)
    ]
    assert [event.seq for _, event in public_events(record + outages)] == list(range(1, RECENT_OUTAGES_MAX + 2))
    assert list(public_events([*record, *outages, outages[-1]])) == [], "no events before them, and none after"
