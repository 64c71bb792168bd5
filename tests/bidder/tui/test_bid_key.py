"""The key bids what has stood under the finger, once."""

import pytest

from bidder.tui.bid_key import LOCK_MS, BidKey

START_MS = 1_000_000.0


@pytest.fixture
def key() -> BidKey:
    """Return a key over a price that has stood for a while."""
    key = BidKey()
    key.show("3", 100, START_MS - LOCK_MS)
    return key


def test_a_price_that_stands_is_bid(key: BidKey) -> None:
    key.show("3", 100, START_MS)
    assert key.press(START_MS)


@pytest.mark.parametrize("moved_minor", [110, 90, None])
def test_a_price_that_moved_locks_the_key_for_a_while(key: BidKey, moved_minor: int | None) -> None:
    key.show("3", moved_minor, START_MS)
    assert key.is_locked(START_MS)
    assert not key.press(START_MS + 1)
    assert key.is_locked(START_MS + LOCK_MS - 1)
    assert not key.is_locked(START_MS + LOCK_MS)


def test_each_move_locks_again(key: BidKey) -> None:
    key.show("3", 110, START_MS)
    key.show("3", 120, START_MS + LOCK_MS - 1)
    assert key.is_locked(START_MS + LOCK_MS)
    assert key.press(START_MS + 2 * LOCK_MS)


def test_another_lot_locks_also_where_its_price_is_the_same(key: BidKey) -> None:
    key.show("4", 100, START_MS)
    assert not key.press(START_MS + 1)


def test_a_clock_that_falls_by_itself_locks_nothing_but_one_that_rises_does(key: BidKey) -> None:
    key.show("3", 90, START_MS, falls_by_itself=True)
    assert not key.is_locked(START_MS)
    key.show("3", 95, START_MS + 1, falls_by_itself=True)
    assert key.is_locked(START_MS + 1)


def test_a_key_that_is_held_down_bids_once(key: BidKey) -> None:
    assert key.press(START_MS)
    repeats_ms = [START_MS + 30 * count for count in range(1, 100)]
    assert not any(key.press(now_ms) for now_ms in repeats_ms)
    assert not key.press(repeats_ms[-1] + LOCK_MS - 1)
    assert key.press(repeats_ms[-1] + 2 * LOCK_MS)
