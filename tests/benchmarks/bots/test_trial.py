"""A trial is right where every check held, and newcomers are the same where their digests are."""

from benchmarks.bots.checks import Check
from benchmarks.bots.trial import Outcome, differing
from benchmarks.bots.worker import Compared


def test_one_problem_makes_a_trial_wrong() -> None:
    assert Outcome(checks=[Check("one", []), Check("two", [])]).is_right
    assert not Outcome(checks=[Check("one", []), Check("two", ["a problem"])]).is_right


def test_newcomers_that_were_given_different_sales_are_told() -> None:
    one, same, other = (Compared([], digest, is_gone=False) for digest in ("b", "b", "a"))
    assert differing([one, same]) == []
    assert differing([one, other, same]) == ["there are 2 different ones: a, b"]
