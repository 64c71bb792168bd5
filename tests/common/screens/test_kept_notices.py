"""What concerns the reader stays until it was seen, however little room there is."""

from common.screens.kept_notices import PASSED_MAX, UNSEEN_MAX, KeptLine, KeptNotices


def texts(lines: list[KeptLine]) -> list[str]:
    return [line.text for line in lines]


def test_a_notice_stays_while_others_pass_by() -> None:
    kept = KeptNotices()
    kept.add("outbid", "bad", stays=True)
    kept.add("lot 2 moved", "plain", stays=False)
    kept.add("lot 3 moved", "plain", stays=False)
    assert kept.shown(80, 3) == [KeptLine("outbid", "bad"), KeptLine("lot 3 moved", "plain")]
    kept.see()
    assert kept.shown(80, 3) == []
    assert texts(kept.all) == ["outbid", "lot 2 moved", "lot 3 moved"]


def test_what_does_not_fit_is_counted_and_the_newest_comes_first() -> None:
    kept = KeptNotices()
    for number in range(5):
        kept.add(f"notice {number}", "bad", stays=True)
    kept.add("passing", "plain", stays=False)
    assert texts(kept.shown(80, 6)) == [*(f"notice {number}" for number in range(4, -1, -1)), "passing"]
    assert texts(kept.shown(80, 5)) == [f"notice {number}" for number in range(4, -1, -1)]
    assert texts(kept.shown(80, 3)) == ["notice 4", "notice 3", "... and 3 more that you have not seen"]
    assert texts(kept.shown(80, 1)) == ["notice 4", "... and 4 more that you have not seen"]


def test_a_long_notice_takes_several_lines() -> None:
    kept = KeptNotices()
    kept.add("short", "bad", stays=True)
    kept.add("x" * 81, "bad", stays=True)
    assert len(kept.shown(80, 3)) == 2
    assert texts(kept.shown(80, 2)) == ["x" * 81, "... and 1 more that you have not seen"]


def test_the_oldest_of_very_many_are_only_counted() -> None:
    kept = KeptNotices()
    for number in range(UNSEEN_MAX + 1):
        kept.add(f"{number}", "bad", stays=True)
    assert kept.unseen == UNSEEN_MAX + 1
    shown = texts(kept.shown(80, UNSEEN_MAX + 10))
    assert (shown[0], shown[-2], shown[-1]) == (f"{UNSEEN_MAX}", "1", "... and 1 more that you have not seen")
    for number in range(PASSED_MAX):
        kept.add(f"passing {number}", "plain", stays=False)
    assert len(kept.all) == PASSED_MAX
