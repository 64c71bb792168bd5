"""When a stand-by takes over: scenarios of what it saw, and when."""

from typing import Final

import pytest

from auctioneer.journal import lease
from auctioneer.journal.lease import BLIND_MS_MAX, LEASE_MS, Advice, Seen, Watch

WAIT, AGAIN = Advice.WAIT, Advice.COUNT_AGAIN
SILENT, RELEASED, OWN = Advice.TAKE_SILENT, Advice.TAKE_RELEASED, Advice.TAKE_OWN
LIVES: Final = "its owner"
ME: Final = ("gone", "me")

Look = tuple[int, int, int, str, Advice]
"""When it was asked, term, beat, holder (with a mark where it let go), and what follows."""


def every_half_second(begin_ms: int, end_ms: int, beat: int = 1) -> list[Look]:
    return [(at_ms, 1, beat, LIVES, WAIT) for at_ms in range(begin_ms, end_ms, 500)]


SCENARIOS: Final[dict[str, list[Look]]] = {
    "an owner that writes keeps it": [(at_ms, 1, at_ms, LIVES, AGAIN) for at_ms in range(0, 9_000, 500)],
    "an owner that is silent for the lease loses it": [
        (0, 1, 1, LIVES, AGAIN),
        *every_half_second(500, 3_000),
        (2_999, 1, 1, LIVES, WAIT),
        (3_000, 1, 1, LIVES, SILENT),
    ],
    "one write at the last moment begins the count again": [
        (0, 1, 1, LIVES, AGAIN),
        *every_half_second(500, 3_000),
        (2_999, 1, 2, LIVES, AGAIN),
        *every_half_second(3_400, 5_900, beat=2),
        (5_998, 1, 2, LIVES, WAIT),
        (5_999, 1, 2, LIVES, SILENT),
    ],
    "another owner begins the count again, with the same beat too": [
        (0, 1, 1, LIVES, AGAIN),
        *every_half_second(500, 3_000),
        (2_900, 2, 1, "a third", AGAIN),
        (3_500, 2, 1, "a third", WAIT),
    ],
    "who did not look for a while begins to count again": [
        (0, 1, 1, LIVES, AGAIN),
        *every_half_second(500, 2_000),
        (1_500 + BLIND_MS_MAX, 1, 1, LIVES, WAIT),
        (2_501 + BLIND_MS_MAX, 1, 1, LIVES, AGAIN),
        (4_500, 1, 1, LIVES, WAIT),
    ],
    "a process that was stopped for an hour proves no silence": [
        (0, 1, 1, LIVES, AGAIN),
        (3_600_000, 1, 1, LIVES, AGAIN),
    ],
    "an owner that let go needs no waiting": [(0, 1, 1, LIVES, AGAIN), (100, 1, 1, f"{LIVES}!", RELEASED)],
    "nor does one that had let go before": [(0, 1, 1, f"{LIVES}!", RELEASED)],
    "nor does a process of this house that died": [(0, 1, 1, "gone", OWN)],
    "nor does this process, whose take-over was confirmed after it gave up": [
        (0, 1, 1, LIVES, AGAIN),
        (100, 2, 2, "me", OWN),
    ],
    "what this house handed over is for the others, and comes back if none takes it": [
        (0, 1, 1, "gone!", AGAIN),
        *[(at_ms, 1, 1, "gone!", WAIT) for at_ms in range(500, 3_000, 500)],
        (3_000, 1, 1, "gone!", SILENT),
    ],
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios(scenario: str) -> None:
    watch = Watch(ME)
    for asked_ms, term, beat, holder, advice in SCENARIOS[scenario]:
        seen = Seen(term, beat, holder.removesuffix("!"), holder.endswith("!"), 0)
        assert watch.saw(seen, asked_ms, asked_ms) is advice, asked_ms


def test_what_was_seen_may_have_been_so_until_the_answer_came() -> None:
    watch = Watch()
    seen = Seen(1, 1, LIVES, is_released=False, alive_ms=0)
    looks = ((0, 900, AGAIN), (1_500, 1_510, WAIT), (2_400, 2_410, WAIT), (3_200, 3_210, WAIT), (3_900, 3_910, SILENT))
    for asked_ms, told_ms, advice in looks:
        assert watch.saw(seen, asked_ms, told_ms) is advice


def test_an_answer_that_waited_proves_nothing() -> None:
    """The process was stopped between question and answer: what it reads then was so an hour ago."""
    watch = Watch()
    seen = Seen(1, 1, LIVES, is_released=False, alive_ms=0)
    watch.saw(seen, 0, 0)
    assert watch.saw(seen, 500, 3_600_000) is WAIT
    assert watch.saw(seen, 3_600_000, 3_600_000) is SILENT, "so the statement asks for the same beat once more"


def test_the_times_are_in_their_order() -> None:
    """An owner writes twice before it freezes, and its sockets are closed a second before anybody takes over."""
    assert 2 * lease.BEAT_EVERY_MS <= lease.FREEZE_AFTER_MS < lease.STEP_DOWN_AFTER_MS <= LEASE_MS - 1_000
    assert 5 * lease.LOOK_EVERY_MS <= lease.BEAT_EVERY_MS


def test_the_sale_s_time_goes_on_from_what_the_owner_wrote() -> None:
    """What is seen is some moments old; the look that saw it soonest tells the time best."""
    watch = Watch()
    for beat, alive_ms, told_ms in ((1, 50_000, 900), (2, 50_500, 1_100), (3, 51_000, 1_700), (4, 51_500, 2_150)):
        watch.saw(Seen(1, beat, LIVES, is_released=False, alive_ms=alive_ms), told_ms, told_ms)
    assert watch.sale_ms(5_000) == 50_500 + 5_000 - 1_100


def test_after_an_outage_of_its_own_view_an_old_sign_of_life_tells_no_earlier_time() -> None:
    watch = Watch()
    for beat, alive_ms, told_ms in ((1, 50_000, 1_000), (2, 50_500, 1_500), (3, 51_000, 600_000)):
        watch.saw(Seen(1, beat, LIVES, is_released=False, alive_ms=alive_ms), told_ms, told_ms)
    assert watch.sale_ms(603_000) == 652_000


def test_nobody_knows_the_time_of_an_owner_who_never_wrote_meanwhile() -> None:
    watch, again = Watch(), Watch(("gone",), ahead_ms=49_000)
    for one in (watch, again):
        for told_ms in (1_000, 2_000, 3_000, 4_000):
            one.saw(Seen(1, 1, LIVES, is_released=False, alive_ms=7), told_ms, told_ms)
    assert watch.sale_ms(4_000) is None
    assert again.sale_ms(4_000) == 53_000, "but for the process of this house that held the sale before"
