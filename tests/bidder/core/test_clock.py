"""The house's clock as a client knows it: from the quickest answers, and only for a while."""

from bidder.core.clock import SAMPLES_MAX, ServerClock


def test_the_clock_follows_the_sample_with_the_shortest_round_trip() -> None:
    clock = ServerClock()
    assert not clock.is_known
    clock.learn_round_trip(0, 400, 10_100)
    assert clock.server_time_ms(400) == 10_300
    clock.learn_round_trip(1000, 1010, 11_005)
    assert clock.offset_ms == 10_000
    assert clock.round_trip_ms == 10
    clock.learn_round_trip(2000, 2300, 12_010)
    assert clock.offset_ms == 10_000


def test_a_heartbeat_is_a_lower_bound() -> None:
    clock = ServerClock()
    clock.learn_one_way(100, 5_000)
    assert clock.server_time_ms(100) == 5_000
    clock.learn_round_trip(200, 300, 5_100)
    assert clock.offset_ms == 4_900, "the middle of the round trip says 4850, but that can't be"


def test_old_samples_stop_counting_since_clocks_drift() -> None:
    clock = ServerClock()
    clock.learn_round_trip(0, 2, 1_001)
    for moment in range(SAMPLES_MAX):
        clock.learn_round_trip(moment * 1000, moment * 1000 + 10, moment * 1000 + 505)
    assert clock.offset_ms == 500
    clock.forget()
    assert not clock.is_known
    assert clock.offset_ms == 0
    assert clock.round_trip_ms is None
