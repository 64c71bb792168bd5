"""What each measurement on the way to a house means for a guest: which port is closed, or why the key is refused."""

import pytest
from msgspec.structs import replace

from bidder.core.diagnosis import OFFSET_MS_GOOD, ROUND_TRIP_MS_GOOD, Handshake, Probe, Tcp, Way, diagnose
from common.errors import RejectCode
from common.findings import Finding, Verdict

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT
ADDRESS = "192.168.1.20"
GOOD = Probe(
    host="house.example",
    ways=(Way(ADDRESS, 7766, 7767, Tcp.OPEN, Tcp.OPEN),),
    handshake=Handshake.DONE,
    is_answered=True,
    is_heard=True,
    round_trips_ms=(2.0, 1.0, 9.0),
    offset_ms=-12,
)


def way(requests: Tcp, broadcasts: Tcp, address: str = ADDRESS) -> Probe:
    return replace(GOOD, ways=(Way(address, 7766, 7767, requests, broadcasts),))


def found(probe: Probe, check: str) -> Finding:
    """Return the only finding of a check; a fault must say why and what to do."""
    (finding,) = [one for one in diagnose(probe) if one.check == check]
    assert finding.verdict is not FAULT or (finding.why and finding.advice)
    return finding


def checks(probe: Probe) -> list[str]:
    return [one.check for one in diagnose(probe)]


def test_a_good_way_has_each_check_and_no_fault() -> None:
    assert checks(GOOD) == [
        "port_requests",
        "port_broadcasts",
        "handshake",
        "answer",
        "admission",
        "broadcasts",
        "round_trip",
        "clock",
    ]
    assert {one.verdict for one in diagnose(GOOD)} == {OK}


def test_a_name_that_is_not_found_ends_it() -> None:
    probe = Probe(host="house.example", lookup_error="Name or service not known")
    assert checks(probe) == ["address"]
    assert found(probe, "address").verdict is FAULT
    assert "house.example: Name or service not known" in found(probe, "address").what


@pytest.mark.parametrize(
    ("tcp", "words"), [(Tcp.REFUSED, "Closed"), (Tcp.SILENT, "Nothing answers"), (Tcp.NO_WAY, "Out of reach")]
)
def test_which_of_the_two_ports_is_closed_is_told(tcp: Tcp, words: str) -> None:
    no_bids, no_sight = way(tcp, Tcp.OPEN), way(Tcp.OPEN, tcp)
    assert found(no_bids, "port_requests").what == f"{words}: port 7766 of {ADDRESS}, for your bids."
    assert found(no_bids, "port_requests").verdict is FAULT
    assert found(no_bids, "port_broadcasts").verdict is OK
    assert checks(no_bids) == ["port_requests", "port_broadcasts"], "nothing could be asked"
    assert found(no_sight, "port_broadcasts").what == f"{words}: port 7767 of {ADDRESS}, for what you see."
    assert found(no_sight, "port_requests").verdict is OK
    assert found(no_sight, "handshake").verdict is OK
    assert "broadcasts" not in checks(no_sight)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_link_for_the_houses_own_machine_is_told(address: str) -> None:
    finding = found(way(Tcp.REFUSED, Tcp.REFUSED, address), "port_requests")
    assert "leads to this device itself" in finding.what
    assert "--host 0.0.0.0" in finding.advice


def test_the_first_address_that_is_open_counts() -> None:
    closed, open_ = Way("10.0.0.1", 1, 2, Tcp.SILENT, Tcp.OPEN), GOOD.ways[0]
    assert found(replace(GOOD, ways=(closed, open_)), "port_requests").verdict is OK
    assert "10.0.0.2" in found(replace(GOOD, ways=(closed, replace(closed, address="10.0.0.2"))), "port_requests").what


@pytest.mark.parametrize(
    ("handshake", "words"), [(Handshake.WRONG_HOUSE, "Something else listens"), (Handshake.SILENT, "does not end")]
)
def test_a_handshake_that_fails_ends_it(handshake: Handshake, words: str) -> None:
    probe = replace(GOOD, handshake=handshake)
    assert checks(probe)[-1] == "handshake"
    assert found(probe, "handshake").verdict is FAULT
    assert words in found(probe, "handshake").what


def test_a_house_that_does_not_answer_ends_it() -> None:
    probe = replace(GOOD, is_answered=False, round_trips_ms=())
    assert checks(probe)[-1] == "answer"
    assert found(probe, "answer").verdict is FAULT


@pytest.mark.parametrize(
    ("refused", "verdict", "words"),
    [
        (None, OK, "lets this device look on"),
        (RejectCode.HELLO_FIRST, OK, "does not know this key yet"),
        (RejectCode.AWAITING_APPROVAL, WARNING, "has to let this key in"),
        (RejectCode.NOT_ADMITTED, FAULT, "refuses this key (not_admitted)"),
        (RejectCode.WRONG_INVITE, FAULT, "refuses this key (wrong_invite)"),
    ],
)
def test_whether_the_key_is_refused_is_told(refused: RejectCode | None, verdict: Verdict, words: str) -> None:
    probe = replace(GOOD, refused=refused, is_heard=None)
    finding = found(probe, "admission")
    assert finding.verdict is verdict
    assert words in finding.what
    assert "broadcasts" not in checks(probe)
    assert "round_trip" in checks(probe)


def test_a_port_that_is_open_and_silent_is_a_fault() -> None:
    assert found(replace(GOOD, is_heard=False), "broadcasts").verdict is FAULT


@pytest.mark.parametrize(
    ("round_trips_ms", "verdict"),
    [
        ((1.0, ROUND_TRIP_MS_GOOD, 9000.0), OK),
        ((1.0, ROUND_TRIP_MS_GOOD + 1, 9000.0), WARNING),
    ],
)
def test_a_slow_way_is_told(round_trips_ms: tuple[float, ...], verdict: Verdict) -> None:
    finding = found(replace(GOOD, round_trips_ms=round_trips_ms), "round_trip")
    assert finding.verdict is verdict
    assert "at most 9000.0 ms" in finding.what


@pytest.mark.parametrize(
    ("offset_ms", "verdict", "words"),
    [
        (-12, OK, "12 ms behind"),
        (OFFSET_MS_GOOD, OK, "2000 ms ahead of"),
        (OFFSET_MS_GOOD + 1, WARNING, "2s ahead of"),
        (-3_600_000, WARNING, "1h behind"),
    ],
)
def test_a_device_whose_clock_is_off_is_told(offset_ms: int, verdict: Verdict, words: str) -> None:
    finding = found(replace(GOOD, offset_ms=offset_ms), "clock")
    assert finding.verdict is verdict
    assert words in finding.what
    assert "clock" not in checks(replace(GOOD, offset_ms=None))
