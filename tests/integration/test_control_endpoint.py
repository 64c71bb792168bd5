"""The control endpoint on real sockets: whose key gets through, and how far."""

import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from auctioneer.house.commands import (
    UNNUMBERED,
    AddLots,
    Ask,
    CloseLot,
    Command,
    Done,
    EndSale,
    Forget,
    Report,
    SetConditions,
    decode_control_answer,
)
from auctioneer.process.folder import DataFolder
from common.codec import encode
from common.errors import RejectCode
from common.keys import KeyPair, new_keys
from common.limits import CONTROL_BYTES_MAX
from common.messages import LotRequest, Rejected, Snapshot, Welcome
from common.sockets import set_request_client, use_curve_client
from tests.house_process import WAIT_S, HouseProcess, RawBidder, running_house

WAIT_MS = int(WAIT_S * 1000)
HANDSHAKES = (
    zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("control")) as running:
        yield running


class Line:
    """A connection to the control endpoint with any key, or without encryption."""

    def __init__(self, house: HouseProcess, keys: KeyPair | None) -> None:
        self._ids = 0
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        set_request_client(self.socket, CONTROL_BYTES_MAX)
        if keys is not None:
            use_curve_client(self.socket, keys, DataFolder(house.data).keys.house().public)
        self._events = self.socket.get_monitor_socket(HANDSHAKES)
        self.socket.connect(house.record["control"])

    def handshake(self) -> int:
        """Return how the first handshake ended."""
        assert self._events.poll(WAIT_MS), "no handshake ended"
        return int.from_bytes(self._events.recv_multipart()[0][:2], "little")

    def ask(self, command: object) -> object:
        if isinstance(command, Command) and command.id == UNNUMBERED:
            self._ids += 1
            command = msgspec.structs.replace(command, id=self._ids)
        self.socket.send(command if isinstance(command, bytes) else encode(command))
        assert self.socket.poll(WAIT_MS), "no answer"
        return decode_control_answer(self.socket.recv())

    def close(self) -> None:
        self.socket.disable_monitor()
        self._context.destroy(linger=0)


@pytest.fixture
def line(house: HouseProcess) -> Iterator[Line]:
    """Return a line with the auctioneer's key."""
    line = Line(house, DataFolder(house.data).keys.control())
    yield line
    line.close()


def clerks_keys(house: HouseProcess, name: str) -> KeyPair:
    place = DataFolder(house.clerk(name)).clerk.read()
    assert place is not None
    return place.keys


def test_the_auctioneers_key_gets_through(line: Line) -> None:
    assert line.handshake() == zmq.EVENT_HANDSHAKE_SUCCEEDED
    assert isinstance(line.ask(Ask(report="status")), Report)


def test_a_bidders_key_does_not_finish_the_handshake(house: HouseProcess) -> None:
    bidder = RawBidder(house.link, "Ann")
    assert isinstance(bidder.hello(), Welcome)
    for keys in (bidder.keys, new_keys()):
        line = Line(house, keys)
        assert line.handshake() == zmq.EVENT_HANDSHAKE_FAILED_AUTH
        assert not line.socket.poll(0, zmq.POLLOUT), "there is nobody to send to"
        line.close()
    bidder.close()


def test_without_encryption_nobody_gets_through(house: HouseProcess) -> None:
    line = Line(house, None)
    assert line.handshake() not in (zmq.EVENT_HANDSHAKE_SUCCEEDED, zmq.EVENT_HANDSHAKE_FAILED_AUTH)
    assert not line.socket.poll(0, zmq.POLLOUT)
    line.close()


def test_the_houses_own_key_commands_nobody(house: HouseProcess) -> None:
    line = Line(house, DataFolder(house.data).keys.house())
    assert line.handshake() == zmq.EVENT_HANDSHAKE_FAILED_AUTH
    line.close()


def test_a_clerk_may_do_a_clerks_part(house: HouseProcess) -> None:
    line = Line(house, clerks_keys(house, "bea"))
    assert line.handshake() == zmq.EVENT_HANDSHAKE_SUCCEEDED
    assert isinstance(line.ask(CloseLot(id=5, lot="1")), Done)
    for command in (SetConditions(id=6, text=""), Forget(id=7, bidder="Bob")):
        answer = line.ask(command)
        assert isinstance(answer, Rejected)
        assert (answer.id, answer.code) == (command.id, RejectCode.FORBIDDEN)
    line.close()
    bidder = RawBidder(house.link, "Bob")
    bidder.hello()
    view = bidder.ask(LotRequest(id=2, lot="1"))
    assert isinstance(view, Snapshot)
    assert view.lots[0].status.is_final
    assert view.sale.status.value == "running"
    bidder.close()


def test_a_clerk_who_is_removed_is_out_at_once(house: HouseProcess) -> None:
    keys = clerks_keys(house, "cat")
    line = Line(house, keys)
    assert isinstance(line.ask(Ask(report="status")), Report)
    assert line.handshake() == zmq.EVENT_HANDSHAKE_SUCCEEDED
    assert house.auctioneer("clerk", "remove", "cat").exit_code == 0
    assert line.handshake() == zmq.EVENT_DISCONNECTED, "the house ends the connection"
    assert line.handshake() == zmq.EVENT_HANDSHAKE_FAILED_AUTH, "and lets it in no more"
    line.close()
    again = Line(house, keys)
    assert again.handshake() == zmq.EVENT_HANDSHAKE_FAILED_AUTH
    again.close()


def test_the_auctioneers_key_is_not_given_to_a_clerk(house: HouseProcess) -> None:
    refused = house.auctioneer("clerk", "add", "auctioneer", "--rights", "desk")
    assert refused.exit_code == 2
    assert "can't name a clerk" in refused.stderr


def test_many_lots_are_added_at_once_and_bidders_are_told_in_frames_that_fit(house: HouseProcess, line: Line) -> None:
    folder = house.data.parent
    rows = "\n".join(f"{number},Lot {number},10,by hand,1h" for number in range(1000, 1600))
    (folder / "more.csv").write_text(f"number,title,starting_price,opens,duration\n{rows}\n")
    bidder = RawBidder(house.link, "Dan")
    bidder.hello()
    bidder.subscribe(b"sale\0")
    added = house.auctioneer("add", str(folder / "more.csv"))
    assert added.exit_code == 0, added.stderr
    told = 0
    while told < 600:
        message = bidder.next_broadcast()
        told += len(getattr(message, "events", ()))
    bidder.close()
    assert isinstance(line.ask(AddLots(lots=())), Rejected)


def test_what_is_no_command_is_answered_and_does_no_harm(line: Line) -> None:
    for body in (b"", b"\xc1", b"\xff" * 1000, encode({"type": "hello", "id": 3, "versions": [1]})):
        answer = line.ask(body)
        assert isinstance(answer, Rejected)
        assert answer.code is RejectCode.MALFORMED
    assert isinstance(line.ask(Ask(report="status")), Report)


def test_a_command_of_several_frames_is_refused_and_not_carried_out(house: HouseProcess) -> None:
    line = Line(house, DataFolder(house.data).keys.control())
    line.socket.send_multipart([encode(EndSale(id=7)), b""])
    assert line.socket.poll(WAIT_MS), "no answer"
    refused = decode_control_answer(line.socket.recv())
    assert isinstance(refused, Rejected)
    assert refused.code is RejectCode.MALFORMED
    status = line.ask(Ask(report="status"))
    assert isinstance(status, Report)
    assert status.report["status"] == "running"
    line.close()


def test_a_clerk_whose_key_was_seen_by_others_gets_another(house: HouseProcess) -> None:
    seen = clerks_keys(house, "dan")
    again = house.auctioneer("clerk", "add", "dan", "--rights", "desk")
    assert (again.exit_code, "remove the clerk first" in again.stderr) == (3, True)
    assert house.auctioneer("clerk", "remove", "dan").exit_code == 0
    fresh = clerks_keys(house, "dan")
    assert fresh != seen
    for keys, outcome in ((seen, zmq.EVENT_HANDSHAKE_FAILED_AUTH), (fresh, zmq.EVENT_HANDSHAKE_SUCCEEDED)):
        line = Line(house, keys)
        assert line.handshake() == outcome
        line.close()


def test_clerks_are_in_the_record_and_known_to_the_next_server(house: HouseProcess) -> None:
    keys = clerks_keys(house, "eve")
    house.kill_server()
    line = Line(house, keys)
    assert isinstance(line.ask(Ask(report="status")), Report)
    line.close()
    assert house.auctioneer("verify").exit_code == 0


def test_the_address_for_commands_is_remembered_and_so_is_its_port(tmp_path: Path) -> None:
    with running_house(tmp_path, "--control-host", "127.0.0.5") as house:
        where = house.record["control"]
        assert where.startswith("tcp://127.0.0.5:")
        assert house.record["control_place"] == where.removeprefix("tcp://")
        assert house.auctioneer("pause").exit_code == 0
        assert house.kill_server()["control"] == house.record["control_place"] == where.removeprefix("tcp://")
    with running_house(tmp_path, catalogue=None) as house:
        assert house.record["control"] == where
        assert house.auctioneer("resume").exit_code == 0
        with socket.socket() as elsewhere:
            assert elsewhere.connect_ex(("127.0.0.1", int(where.rpartition(":")[2]))) != 0
