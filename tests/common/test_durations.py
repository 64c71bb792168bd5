import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.durations import DurationError, format_duration, parse_duration
from common.limits import DURATION_MS_MAX


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("90s", 90_000),
        ("2m30s", 150_000),
        ("2m 30s", 150_000),
        ("1h", 3_600_000),
        ("1d 2h", 93_600_000),
        ("500ms", 500),
        ("1s500ms", 1_500),
        (" 5 Min ", 300_000),
        ("1 hour 1 minute 2 seconds", 3_662_000),
        ("0s", 0),
        ("366d", DURATION_MS_MAX),
    ],
)
def test_reads(text: str, duration_ms: int) -> None:
    assert parse_duration(text) == duration_ms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a duration"),
        ("90", "is not a duration"),
        ("s", "is not a duration"),
        ("-5s", "is not a duration"),
        ("1.5h", "is not a duration"),
        ("5 parsecs", "is not a duration"),
        ("5s later", "is not a duration"),
        ("\u0665s", "is not a duration"),
        ("30s 2m", "longest first"),
        ("1m 1m", "each unit once"),
        ("366d 1ms", "longer than the longest duration, 366d"),
        ("9999999999999999s", "is not a duration"),
        ("1s" * 60, "too long for a duration"),
    ],
)
def test_refuses(text: str, reason: str) -> None:
    with pytest.raises(DurationError, match=reason):
        parse_duration(text)


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [(0, "0s"), (500, "500ms"), (90_000, "1m 30s"), (93_600_000, "1d 2h"), (DURATION_MS_MAX, "366d")],
)
def test_prints(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text


def test_a_negative_duration_is_not_printed() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(-1)


@given(st.integers(0, DURATION_MS_MAX))
def test_what_is_printed_is_read_back(duration_ms: int) -> None:
    assert parse_duration(format_duration(duration_ms)) == duration_ms


@given(st.text())
def test_any_other_text_is_refused_with_one_error(text: str) -> None:
    try:
        duration_ms = parse_duration(text)
    except DurationError:
        return
    assert 0 <= duration_ms <= DURATION_MS_MAX
