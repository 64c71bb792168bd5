import os
import re
import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgpack
import pytest

from auctioneer.cli.control_client import TRIES_MAX, ControlClient, _Line, connected
from auctioneer.house.commands import Announce, Done, OpenLot, Report
from auctioneer.house.house import House
from auctioneer.process.folder import DataFolder
from auctioneer.process.folder.clerk import ClerkPlace
from common.codec import encode
from common.errors import ProtocolError, RejectCode, RejectedError, UnreachableError, UsageError
from common.keys import new_keys
from common.limits import CONTROL_BYTES_MAX
from common.messages import Rejected
from tests.auctioneer.cli.cli_sales import begin_sale, desk

SILENCE_MS = 2_000
"""How long a house says nothing: long enough to connect to it, on a busy machine, and to send something."""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return begin_sale(tmp_path / "sale")


def test_several_requests_go_over_one_connection(folder: DataFolder) -> None:
    with desk(folder), connected(folder) as house:
        assert house.order(OpenLot(lot="2")).lots == ("2",)
        assert [row["status"] for row in house.ask("lots")] == ["open", "open", "scheduled"]
        with pytest.raises(RejectedError) as refused:
            house.order(OpenLot(lot="2"))
        assert refused.value.reject is RejectCode.WRONG_STATE
        assert house.ask("status")["lots"]["open"] == 2


def test_without_a_house_nothing_is_sent(folder: DataFolder) -> None:
    with pytest.raises(UnreachableError, match=r"No house runs on .* Start it with `auctioneer run"), connected(folder):
        pass


def test_a_house_that_says_nothing_leaves_the_outcome_unknown(folder: DataFolder) -> None:
    received = threading.Event()

    def silent(*_: object) -> None:
        received.set()

    with desk(folder, silent), connected(folder, timeout_ms=SILENCE_MS) as house:
        with pytest.raises(UnreachableError, match=r"not known whether .* has the number \d+: `auctioneer commands`"):
            house.order(OpenLot(lot="2"))
        assert received.is_set()


def test_ctrl_c_while_a_command_is_under_way_says_that_its_outcome_is_unknown(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    person = threading.get_ident()

    def press_ctrl_c(*_: object) -> None:
        signal.pthread_kill(person, signal.SIGINT)

    with desk(folder, press_ctrl_c), connected(folder) as house:
        with pytest.raises(KeyboardInterrupt):
            house.order(OpenLot(lot="2"))
        said = capsys.readouterr().err
        assert re.search(r"not known whether .* has the number \d+: `auctioneer commands`", said), said


def test_ctrl_c_at_a_question_or_before_anything_was_sent_says_nothing(
    folder: DataFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, is_up = _Line.answer, _Line.is_up

    def answered_too_late(line: _Line, wait_ms: int) -> None:
        answer(line, wait_ms)  # so that the house does not answer somebody who is gone
        signal.raise_signal(signal.SIGINT)

    def up_too_late(line: _Line, wait_ms: int) -> bool:
        signal.raise_signal(signal.SIGINT)
        return is_up(line, wait_ms)

    with desk(folder), connected(folder) as house:
        assert house.order(OpenLot(lot="2")).lots == ("2",)
        monkeypatch.setattr(_Line, "answer", answered_too_late)
        with pytest.raises(KeyboardInterrupt):
            house.ask("lots")
        monkeypatch.setattr(_Line, "is_up", up_too_late)
        with pytest.raises(KeyboardInterrupt):
            house.order(OpenLot(lot="3"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("ask", "again", "outcome"),
    [
        (lambda house: house.ask("lots"), "It is asked again.", r"it goes on by itself\.$"),
        (
            lambda house: house.order(OpenLot(lot="2")),
            "The same command is sent again, and is done only once.",
            r"not known whether .* has the number \d+: `auctioneer commands`",
        ),
    ],
    ids=["question", "command"],
)
def test_a_house_that_stores_nothing_is_asked_again_and_then_named(
    folder: DataFolder,
    capsys: pytest.CaptureFixture[str],
    ask: Callable[[ControlClient], object],
    again: str,
    outcome: str,
) -> None:
    sent: set[bytes] = set()

    def frozen(_: House, body: bytes) -> bytes:
        sent.add(body)
        return encode(Rejected(id=msgpack.unpackb(body)["id"], code=RejectCode.UNAVAILABLE, retry_ms=1))

    with desk(folder, frozen), connected(folder) as house, pytest.raises(RejectedError, match=outcome) as refused:
        ask(house)
    assert str(refused.value).startswith("The house can't store anything now")
    assert capsys.readouterr().err.count(f"The house can't store anything now. {again}") == TRIES_MAX - 1
    assert len(sent) == 1, "a command keeps its number"


def test_a_question_without_an_answer_has_no_unknown_outcome(folder: DataFolder) -> None:
    with desk(folder, lambda *_: None), connected(folder, timeout_ms=SILENCE_MS) as house:
        with pytest.raises(UnreachableError) as unreachable:
            house.ask("lots")
        assert "not known" not in str(unreachable.value)


def test_a_house_that_can_not_be_connected_to_got_nothing(folder: DataFolder) -> None:
    with desk(folder):
        pass
    hold = folder.whereabouts.hold()  # the directory is held, as by a watchdog between two servers
    try:
        with (
            connected(folder, timeout_ms=200) as house,
            pytest.raises(UnreachableError, match="nothing was sent"),
        ):
            house.order(OpenLot(lot="2"))
    finally:
        os.close(hold)


def test_a_house_that_dies_just_before_a_command_leaves_gets_it_once_it_is_back(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, houses = _Line.is_up, ExitStack()

    def look_and_lose(line: _Line, wait_ms: int) -> bool:
        is_up = look(line, wait_ms)
        if is_up:
            monkeypatch.setattr(_Line, "is_up", look)
            houses.pop_all().close()
            assert line._breaks.poll(60_000), "the connection is gone before anything is sent"
            houses.enter_context(desk(folder))
        return is_up

    houses.enter_context(desk(folder))
    with houses, connected(folder) as house:
        assert house.ask("status")["lots"]["open"] == 1
        monkeypatch.setattr(_Line, "is_up", look_and_lose)
        assert house.order(OpenLot(lot="2")).lots == ("2",)
        assert house.ask("status")["lots"]["open"] == 2


def test_a_key_off_the_list_is_refused_at_once(folder: DataFolder, tmp_path: Path) -> None:
    with desk(folder):
        record = folder.whereabouts.read()
        assert record is not None
        stranger = DataFolder(tmp_path / "stranger")
        stranger.prepare()
        host, _, port = record.control_place.rpartition(":")
        stranger.clerk.write(ClerkPlace("bea", host, int(port), folder.keys.house().public, new_keys()))
        with connected(stranger) as house, pytest.raises(RejectedError) as refused:
            house.ask("status")
    assert refused.value.reject is RejectCode.FORBIDDEN


def test_there_must_be_a_key(folder: DataFolder) -> None:
    with desk(folder):
        folder.keys.control_file.unlink()
        with pytest.raises(UsageError, match="no control key"), connected(folder):
            pass


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", encode({"type": "done"}), encode(Done(id=77)), encode(Report(id=1, report=1))]
)
def test_an_answer_that_is_none_breaks_the_protocol(folder: DataFolder, body: bytes) -> None:
    with desk(folder, lambda *_: body), connected(folder) as house, pytest.raises(ProtocolError):
        house.order(OpenLot(lot="2"))


def test_a_command_answered_is_not_a_report(folder: DataFolder) -> None:
    with desk(folder, lambda *_: encode(Done(id=1))), connected(folder) as house, pytest.raises(ProtocolError):
        house.ask("lots")


@pytest.mark.parametrize("text", ["\udcff", "x" * CONTROL_BYTES_MAX])
def test_what_can_not_be_sent_is_the_callers_fault(folder: DataFolder, text: str) -> None:
    with desk(folder), connected(folder) as house, pytest.raises(UsageError):
        house.order(Announce(text=text))
