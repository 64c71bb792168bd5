"""An amount far above what is expected is asked about, and none below."""

from common.slips import FAR_ABOVE_TIMES, is_far_above


def test_the_edge_is_a_multiple_of_the_minimum_or_of_the_high_estimate() -> None:
    assert is_far_above(FAR_ABOVE_TIMES * 100, 100, None)
    assert not is_far_above(FAR_ABOVE_TIMES * 100 - 1, 100, None)
    assert is_far_above(FAR_ABOVE_TIMES * 5_000, 100, 5_000)
    assert not is_far_above(FAR_ABOVE_TIMES * 5_000 - 1, 100, 5_000)
