"""Rates and places: at the bound, above it, and how they come back."""

from bidder.web.quotas import Places, Rate, RatePerKey


def test_a_rate_gives_its_burst_and_then_so_many_a_second() -> None:
    rate = Rate(per_s=2, burst=4, now_ms=0)
    assert [rate.spend(0) for _ in range(5)] == [True] * 4 + [False]
    assert not rate.spend(499)
    assert rate.spend(500)
    assert not rate.spend(500)
    assert [rate.spend(60_000) for _ in range(5)] == [True] * 4 + [False]


def test_each_key_has_a_rate_of_its_own() -> None:
    rates = RatePerKey(per_minute=2, keys_max=10)
    assert [rates.spend("a", 0) for _ in range(3)] == [True, True, False]
    assert rates.spend("b", 0)
    assert rates.spend("a", 30_000)
    assert not rates.spend("a", 30_000)


def test_of_too_many_keys_the_one_used_least_recently_is_forgotten() -> None:
    rates = RatePerKey(per_minute=1, keys_max=2)
    assert rates.spend("a", 0)
    assert rates.spend("b", 0)
    assert not rates.spend("a", 0)
    assert rates.spend("c", 0), "now b is forgotten"
    assert not rates.spend("a", 0)
    assert rates.spend("b", 0)


def test_places_are_bounded_in_all_and_for_each_key() -> None:
    places = Places(in_all=3, per_key=2)
    assert [places.enter("a") for _ in range(3)] == [True, True, False]
    assert places.enter("b")
    assert not places.enter("c"), "no place is left in all"
    places.leave("a")
    assert places.enter("c")
    assert places.count == 3
