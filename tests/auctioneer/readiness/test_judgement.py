"""What each measurement of a machine means: what is said, how serious it is, and that it says what to do."""

import pytest
from msgspec.structs import replace

from auctioneer.readiness.judgement import (
    BEHIND_MS_MAX,
    FREE_BYTES_GOOD,
    FREE_BYTES_MIN,
    FSYNC_MS_GOOD,
    FSYNC_MS_MAX,
    JUMP_MS_MAX,
    judge,
)
from auctioneer.readiness.measurements import Clock, Disk, Machine, Network, Port, PortState, Reach, Resources
from common.findings import Finding, Verdict

OK, WARNING, FAULT = Verdict.OK, Verdict.WARNING, Verdict.FAULT
MIB = 2**20
GOOD = Machine(
    bidders=200,
    ports=(
        Port("requests", "0.0.0.0", 7766, PortState.FREE),
        Port("broadcasts", "0.0.0.0", 7767, PortState.FREE),
    ),
    network=Network(is_loopback=False, address="192.168.1.20", reach=Reach.CONNECTED, port=7766),
    clock=Clock(jump_ms=0, behind_record_ms=0, is_synchronised=True),
    disk=Disk("/sales", FREE_BYTES_GOOD, "", (1.0, 2.0, 3.0), "ext4"),
    resources=Resources(files_max=524_288, memory_bytes=4096 * MIB),
)


def found(machine: Machine, check: str) -> Finding:
    """Return the only finding of a check; one that is not right must say why and what to do."""
    (finding,) = [one for one in judge(machine) if one.check == check]
    assert finding.what.endswith(".")
    assert finding.verdict is OK or (finding.why and finding.advice)
    return finding


def test_a_good_machine_has_only_what_cant_be_known_from_here() -> None:
    findings = judge(GOOD)
    assert [one.check for one in findings if one.verdict is not OK] == ["guests"]
    assert len({one.check for one in findings}) == len(findings)
    assert found(GOOD, "guests").verdict is WARNING
    assert "bidder doctor --to LINK" in found(GOOD, "guests").advice


@pytest.mark.parametrize(
    ("state", "number", "verdict", "words"),
    [
        (PortState.FREE, 7766, OK, "is free: 0.0.0.0, port 7766"),
        (PortState.FREE, 0, OK, "any free one"),
        (PortState.OURS, 7766, OK, "Your house listens"),
        (PortState.TAKEN, 7766, FAULT, "Another program (nginx, process 7) listens on"),
        (PortState.FORBIDDEN, 80, FAULT, "may not listen"),
        (PortState.NO_ADDRESS, 7766, FAULT, "has no address 0.0.0.0"),
    ],
)
def test_a_port_is_told_with_who_has_it(state: PortState, number: int, verdict: Verdict, words: str) -> None:
    holder = "nginx, process 7" if state is PortState.TAKEN else ""
    port = Port("requests", "0.0.0.0", number, state, holder)
    finding = found(replace(GOOD, ports=(port, GOOD.ports[1])), "port_requests")
    assert finding.verdict is verdict
    assert words in finding.what
    assert found(replace(GOOD, ports=(port, GOOD.ports[1])), "port_broadcasts").verdict is OK


def test_a_house_for_this_machine_only_is_no_fault_but_told() -> None:
    network = Network(is_loopback=True, address=None, reach=Reach.NOT_TRIED)
    finding = found(replace(GOOD, network=network), "network")
    assert finding.verdict is WARNING
    assert "--host 0.0.0.0" in finding.advice
    assert "guests" not in {one.check for one in judge(replace(GOOD, network=network))}


@pytest.mark.parametrize(
    ("address", "reach", "verdict", "words"),
    [
        ("192.168.1.20", Reach.CONNECTED, OK, "reaches itself"),
        ("192.168.1.20", Reach.REFUSED, FAULT, "is refused: 192.168.1.20, port 7766"),
        ("192.168.1.20", Reach.SILENT, FAULT, "Nothing answers"),
        (None, Reach.NOT_TRIED, FAULT, "in no network"),
    ],
)
def test_the_way_to_the_machines_own_address_is_told(
    address: str | None, reach: Reach, verdict: Verdict, words: str
) -> None:
    network = Network(is_loopback=False, address=address, reach=reach, port=7766)
    finding = found(replace(GOOD, network=network), "network")
    assert finding.verdict is verdict
    assert words in finding.what


def test_no_way_is_tried_by_a_port_that_cant_be_used() -> None:
    network = Network(is_loopback=False, address="192.168.1.20", reach=Reach.NOT_TRIED)
    (finding,) = [one for one in judge(replace(GOOD, network=network)) if one.check == "network"]
    assert (finding.verdict, "can't be used" in finding.what) == (WARNING, True)


@pytest.mark.parametrize(
    ("clock", "verdict", "words"),
    [
        (Clock(JUMP_MS_MAX, BEHIND_MS_MAX, True), OK, "runs evenly"),
        (Clock(JUMP_MS_MAX + 1, 0, True), WARNING, "jumped by 51 ms"),
        (Clock(-JUMP_MS_MAX - 1, 0, True), WARNING, "jumped by -51 ms"),
        (Clock(0, BEHIND_MS_MAX + 1, True), FAULT, "behind the sale's record"),
    ],
)
def test_a_clock_that_jumps_or_is_behind_the_record_is_told(clock: Clock, verdict: Verdict, words: str) -> None:
    finding = found(replace(GOOD, clock=clock), "clock")
    assert finding.verdict is verdict
    assert words in finding.what


@pytest.mark.parametrize(("is_synchronised", "verdict"), [(True, OK), (False, WARNING), (None, OK)])
def test_whether_a_time_server_sets_the_clock_is_told(is_synchronised: bool | None, verdict: Verdict) -> None:
    finding = found(replace(GOOD, clock=Clock(0, 0, is_synchronised)), "time_service")
    assert finding.verdict is verdict
    assert ("does not tell" in finding.what) is (is_synchronised is None)


def disk(**changes: object) -> Machine:
    return replace(GOOD, disk=replace(GOOD.disk, **changes))


def test_a_disk_that_refuses_is_the_only_thing_said_of_it() -> None:
    machine = disk(error="Read-only file system", fsync_ms=())
    assert found(machine, "disk").verdict is FAULT
    assert "Read-only file system" in found(machine, "disk").what
    assert not [one for one in judge(machine) if one.check in ("disk_space", "disk_speed", "file_system")]


@pytest.mark.parametrize(
    ("free_bytes", "verdict"),
    [
        (FREE_BYTES_GOOD, OK),
        (FREE_BYTES_GOOD - 1, WARNING),
        (FREE_BYTES_MIN, WARNING),
        (FREE_BYTES_MIN - 1, FAULT),
    ],
)
def test_little_space_is_told(free_bytes: int, verdict: Verdict) -> None:
    assert found(disk(free_bytes=free_bytes), "disk_space").verdict is verdict


@pytest.mark.parametrize(
    ("fsync_ms", "verdict"),
    [
        ((1.0, FSYNC_MS_GOOD, FSYNC_MS_MAX), OK),
        ((1.0, FSYNC_MS_GOOD + 0.1, FSYNC_MS_MAX), WARNING),
        ((1.0, 1.0, FSYNC_MS_MAX + 0.1), FAULT),
    ],
)
def test_slow_writes_are_told(fsync_ms: tuple[float, ...], verdict: Verdict) -> None:
    assert found(disk(fsync_ms=fsync_ms), "disk_speed").verdict is verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("ext4", OK), (None, OK), ("nfs4", FAULT), ("cifs", FAULT), ("fuse.sshfs", FAULT), ("tmpfs", WARNING)],
)
def test_a_network_drive_and_memory_are_told(kind: str | None, verdict: Verdict) -> None:
    assert found(disk(file_system=kind), "file_system").verdict is verdict


@pytest.mark.parametrize(("files_max", "verdict"), [(None, OK), (500, OK), (499, FAULT), (10, FAULT)])
def test_too_few_files_are_told_with_how_many_bidders_they_are_enough_for(
    files_max: int | None, verdict: Verdict
) -> None:
    finding = found(replace(GOOD, resources=replace(GOOD.resources, files_max=files_max)), "files")
    assert finding.verdict is verdict
    if files_max == 499:
        assert "199 bidders, and 200 are expected" in finding.what
        assert "500" in finding.advice


@pytest.mark.parametrize(("mib", "verdict"), [(None, OK), (400, OK), (399, WARNING), (200, WARNING), (199, FAULT)])
def test_little_memory_for_the_expected_bidders_is_told(mib: int | None, verdict: Verdict) -> None:
    memory_bytes = None if mib is None else mib * MIB
    machine = replace(GOOD, resources=replace(GOOD.resources, memory_bytes=memory_bytes))
    assert found(machine, "memory").verdict is verdict
