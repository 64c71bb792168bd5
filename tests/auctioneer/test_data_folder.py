"""The data directory: what is private in it, who holds it, and what its small files may say."""

import fcntl
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auctioneer import data_folder
from auctioneer.data_folder import AUCTIONEER, DataFolder, HouseRecord
from common.errors import StorageError, UsageError
from common.keys import LocalHouse, new_keys, publish_local_house
from common.limits import INVITE_CHARS_MAX
from common.messages import Role

LOCAL = LocalHouse("A sale", "auction://x", "/data")
RECORD = HouseRecord(4321, 4320, "first", "ipc:///x", "auction://x", 7000, 7001)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_in_it_is_for_this_user_only(folder: DataFolder) -> None:
    folder.house_keys()
    folder.add_controller(AUCTIONEER, Role.AUCTIONEER)
    folder.invite()
    folder.write_house_record(RECORD)
    os.close(folder.hold())
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "house.json", "auctioneer.json", "controllers.json", "invite", "lock"
    }  # fmt: skip
    assert {mode(path) for path in files} == {0o600}
    assert {mode(path) for path in (folder.path, folder.path / "keys", folder.path / "keys" / "control")} == {0o700}


def test_a_secret_is_never_readable_by_others_even_for_an_instant(folder: DataFolder) -> None:
    """Files are made with their mode, not given it after: under the most generous umask too."""
    before = os.umask(0)
    try:
        folder.house_keys()
        folder.invite()
        folder.add_controller("bea", Role.CLERK)
    finally:
        os.umask(before)
    assert {mode(path) for path in folder.path.rglob("*") if path.is_file()} == {0o600}


# --- who holds it --------------------------------------------------------------------------------------------------


def test_one_house_holds_it_until_the_handle_is_closed(folder: DataFolder) -> None:
    assert not folder.is_held()
    handle = folder.hold()
    assert folder.is_held()
    folder.write_house_record(RECORD)
    with pytest.raises(UsageError, match="process 4321"):
        folder.hold()
    os.close(handle)
    assert not folder.is_held()
    os.close(folder.hold())


def test_a_folder_where_no_house_ever_ran_is_not_held(tmp_path: Path) -> None:
    assert not DataFolder(tmp_path / "nothing").is_held()
    assert not (tmp_path / "nothing").exists()


def test_the_hold_ends_with_the_process(folder: DataFolder) -> None:
    program = (
        "import sys; from pathlib import Path; from auctioneer.data_folder import DataFolder as D; "
        "D(Path(sys.argv[1])).hold(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert folder.is_held()
        holder.kill()
        holder.wait()
    assert not folder.is_held()


def test_who_looks_whether_it_is_held_does_not_keep_a_house_from_starting(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `status` at the wrong moment must not make a `run` fail: whoever looks is gone before the patience is."""
    looking = as_one_who_looks(folder)
    monkeypatch.setattr(data_folder.time, "sleep", lambda pause_s: os.close(looking))
    os.close(folder.hold())


def test_two_who_look_do_not_take_each_other_for_a_house(folder: DataFolder) -> None:
    looking = as_one_who_looks(folder)
    assert not folder.is_held()
    os.close(looking)


def as_one_who_looks(folder: DataFolder) -> int:
    """Return the lock as `is_held` has it for an instant."""
    os.close(folder.hold())
    handle = os.open(folder.path / "lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


# --- who gives commands --------------------------------------------------------------------------------------------


def test_controllers_are_known_by_their_keys(folder: DataFolder) -> None:
    assert folder.controllers() == {}
    chair = folder.add_controller(AUCTIONEER, Role.AUCTIONEER)
    clerk = folder.add_controller("bea", Role.CLERK)
    known = folder.controllers()
    assert known[folder.control_keys().public] == (AUCTIONEER, Role.AUCTIONEER)
    assert known[folder.control_keys("bea").public] == ("bea", Role.CLERK)
    assert len(known) == 2
    assert folder.add_controller("bea", Role.CLERK) == clerk
    assert folder.add_controller(AUCTIONEER, Role.AUCTIONEER) == chair
    assert folder.controllers() == known, "to do it again changes nothing"


def test_the_auctioneers_key_is_no_clerks_and_no_clerks_the_auctioneers(folder: DataFolder) -> None:
    with pytest.raises(UsageError, match="auctioneer's own"):
        folder.add_controller(AUCTIONEER, Role.CLERK)
    with pytest.raises(UsageError, match="auctioneer's own"):
        folder.add_controller("bea", Role.AUCTIONEER)
    assert folder.controllers() == {}
    assert not (folder.path / "keys").exists(), "and no key was made"


@pytest.mark.parametrize("name", ["", "Bea", "bea smith", "../house", "-x", "a" * 32, "béa", "bea\n"])
def test_a_clerks_name_is_a_plain_word(folder: DataFolder, name: str) -> None:
    with pytest.raises(UsageError, match="can't name a clerk"):
        folder.add_controller(name, Role.CLERK)


def test_a_control_key_that_is_not_there_is_told_and_not_made(folder: DataFolder) -> None:
    with pytest.raises(UsageError, match="no control key 'bea'"):
        folder.control_keys("bea")
    assert not (folder.path / "keys").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"k": {"name": "x", "role": "king"}}', b'{"k": {"name": "x"}}'])
def test_a_damaged_list_of_controllers_lets_nobody_in(folder: DataFolder, content: bytes) -> None:
    (folder.path / "controllers.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"controllers\.json"):
        folder.controllers()


# --- who may join --------------------------------------------------------------------------------------------------


def test_the_invite_code_stays(folder: DataFolder) -> None:
    code = folder.invite()
    assert len(code) >= 12
    assert DataFolder(folder.path).invite() == code
    (folder.path / "invite").write_text("our-own\n")
    assert folder.invite() == "our-own"


@pytest.mark.parametrize("content", [b"", b" \n", b"x" * (INVITE_CHARS_MAX + 1), b"\xff"])
def test_an_invite_file_that_lets_everybody_or_nobody_in_is_refused(folder: DataFolder, content: bytes) -> None:
    """Bidders who give no code give an empty one, so an empty file would be an open door."""
    (folder.path / "invite").write_bytes(content)
    with pytest.raises(UsageError, match="invite"):
        folder.invite()


def test_admitted_keys_are_a_line_each_with_a_name_for_people(folder: DataFolder) -> None:
    assert folder.admitted_keys() == frozenset()
    ann, bob = new_keys().public, "#" + new_keys().public[1:]
    folder.admitted_keys_file.write_text(f"# our bidders\n\n{ann} Ann Smith\n  {bob}\n{ann}\n")
    assert folder.admitted_keys() == {ann, bob}, "a key may begin with #"


@pytest.mark.parametrize("line", ["Ann", "k" * 39, "k" * 41, "#comment"])
def test_a_line_that_is_no_key_is_told_with_its_number(folder: DataFolder, line: str) -> None:
    folder.admitted_keys_file.write_text(f"{new_keys().public}\n{line}\n")
    with pytest.raises(UsageError, match="line 2"):
        folder.admitted_keys()


def test_a_list_that_is_no_text_is_told(folder: DataFolder) -> None:
    folder.admitted_keys_file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="admitted-keys"):
        folder.admitted_keys()


# --- the house that runs here --------------------------------------------------------------------------------------


def test_the_house_record_is_read_back(folder: DataFolder) -> None:
    assert folder.house_record() is None
    folder.write_house_record(RECORD)
    assert folder.house_record() == RECORD


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda folder: folder.write_house_record(RECORD), id="house record"),
        pytest.param(lambda folder: folder.house_keys(), id="keys"),
        pytest.param(lambda folder: folder.invite(), id="invite"),
        pytest.param(lambda folder: publish_local_house(folder.path, LOCAL), id="local house"),
    ],
)
def test_what_the_disk_does_not_take_is_a_fault_of_storage(
    folder: DataFolder, write: Callable[[DataFolder], object]
) -> None:
    """So the watchdog tries again for as long as it takes, as for the journal, and doesn't give the house up."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(StorageError, match="can't be written"):
            write(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    write(folder)
    assert list(folder.path.rglob("*.json")) + list(folder.path.glob("invite"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"pid": "x"}', b"\xff"])
def test_a_damaged_house_record_is_as_none(folder: DataFolder, content: bytes) -> None:
    (folder.path / "house.json").write_bytes(content)
    assert folder.house_record() is None
