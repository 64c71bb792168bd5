"""The data directory: what is private in it, who holds it, and what its small files may say."""

import fcntl
import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auctioneer.process.folder import DataFolder, MachineSettings, RunningHouse
from auctioneer.process.folder.clerk import ClerkPlace
from common.errors import StorageError, UsageError
from common.keys import new_keys
from common.local_houses import LocalHouse, publish_local_house

LOCAL = LocalHouse("A sale", "auction://x", "/data")
RECORD = RunningHouse(4321, 4320, "first", "tcp://127.0.0.1:7768", "auction://x", 7000, 7001, "127.0.0.1:7768")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_in_it_is_for_this_user_only(folder: DataFolder) -> None:
    folder.keys.house()
    folder.keys.make_control()
    folder.machine.write(MachineSettings())
    folder.whereabouts.write(RECORD)
    os.close(folder.whereabouts.hold())
    files = [path for path in folder.path.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "house.json", "auctioneer.json", "machine.json", "lock"
    }  # fmt: skip
    assert {mode(path) for path in files} == {0o600}
    assert {mode(path) for path in (folder.path, folder.path / "keys", folder.path / "keys" / "control")} == {0o700}


def test_a_secret_is_never_readable_by_others_even_for_an_instant(folder: DataFolder) -> None:
    """Files are made with their mode, not given it after: under the most generous umask too."""
    before = os.umask(0)
    try:
        folder.keys.house()
        folder.machine.write(MachineSettings())
        folder.keys.make_control()
        folder.clerk.write(ClerkPlace("bea", "127.0.0.1", 7768, "h" * 40, new_keys(), "a link"))
    finally:
        os.umask(before)
    assert {mode(path) for path in folder.path.rglob("*") if path.is_file()} == {0o600}


# --- who holds it --------------------------------------------------------------------------------------------------


def test_one_house_holds_it_until_the_handle_is_closed(folder: DataFolder) -> None:
    assert not folder.whereabouts.is_held()
    handle = folder.whereabouts.hold()
    assert folder.whereabouts.is_held()
    folder.whereabouts.write(RECORD)
    with pytest.raises(UsageError, match="process 4321"):
        folder.whereabouts.hold()
    os.close(handle)
    assert not folder.whereabouts.is_held()
    os.close(folder.whereabouts.hold())


def test_a_folder_where_no_house_ever_ran_is_not_held(tmp_path: Path) -> None:
    assert not DataFolder(tmp_path / "nothing").whereabouts.is_held()
    assert not (tmp_path / "nothing").exists()


def test_the_hold_ends_with_the_process(folder: DataFolder) -> None:
    program = (
        "import sys; from pathlib import Path; from auctioneer.process.folder import DataFolder as D; "
        "D(Path(sys.argv[1])).whereabouts.hold(); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert folder.whereabouts.is_held()
        holder.kill()
        holder.wait()
    assert not folder.whereabouts.is_held()


def test_who_looks_whether_it_is_held_does_not_keep_a_house_from_starting(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `status` at the wrong moment must not make a `run` fail: whoever looks is gone before its patience is."""
    looking = as_one_who_looks(folder)
    monkeypatch.setattr(time, "sleep", lambda pause_s: os.close(looking))
    os.close(folder.whereabouts.hold())


def test_two_who_look_do_not_take_each_other_for_a_house(folder: DataFolder) -> None:
    looking = as_one_who_looks(folder)
    assert not folder.whereabouts.is_held()
    os.close(looking)


def as_one_who_looks(folder: DataFolder) -> int:
    """Return the lock as `is_held` has it for an instant."""
    os.close(folder.whereabouts.hold())
    handle = os.open(folder.path / "lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return handle


# --- who gives commands --------------------------------------------------------------------------------------------


def test_the_control_key_is_made_once(folder: DataFolder) -> None:
    made = folder.keys.make_control()
    assert folder.keys.make_control() == folder.keys.control() == made


def test_a_control_key_that_is_not_there_is_told_and_not_made(folder: DataFolder) -> None:
    with pytest.raises(UsageError, match="no control key"):
        folder.keys.control()
    assert not (folder.path / "keys").exists()


# --- who may join --------------------------------------------------------------------------------------------------


def test_admitted_keys_are_a_line_each_with_a_name_for_people(folder: DataFolder) -> None:
    assert folder.keys.admitted() == frozenset()
    ann, bob = new_keys().public, "#" + new_keys().public[1:]
    folder.keys.admitted_file.write_text(f"# our bidders\n\n{ann} Ann Smith\n  {bob}\n{ann}\n")
    assert folder.keys.admitted() == {ann, bob}, "a key may begin with #"


@pytest.mark.parametrize("line", ["Ann", "k" * 39, "k" * 41, "#comment"])
def test_a_line_that_is_no_key_is_told_with_its_number(folder: DataFolder, line: str) -> None:
    folder.keys.admitted_file.write_text(f"{new_keys().public}\n{line}\n")
    with pytest.raises(UsageError, match="line 2"):
        folder.keys.admitted()


def test_a_list_that_is_no_text_is_told(folder: DataFolder) -> None:
    folder.keys.admitted_file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="admitted-keys"):
        folder.keys.admitted()


# --- this machine --------------------------------------------------------------------------------------------------


def test_how_the_house_is_run_here_is_read_back(folder: DataFolder) -> None:
    assert folder.machine.read() is None
    settings = MachineSettings(host="0.0.0.0", port=8000, publish_port=9000, advertise="house:1", metrics_port=0)
    folder.machine.write(settings)
    assert DataFolder(folder.path).machine.read() == settings
    assert mode(folder.path / "machine.json") == 0o600


@pytest.mark.parametrize("content", [b"", b"[]", b'{"port": "x"}', b'{"port": null}', b"\xff"])
def test_settings_of_the_machine_that_can_not_be_read_are_told_and_not_replaced(
    folder: DataFolder, content: bytes
) -> None:
    """As the defaults would, which have another port than the links name."""
    path = folder.path / "machine.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"machine\.json.* Remove it"):
        folder.machine.read()
    assert path.read_bytes() == content


# --- the house that runs here --------------------------------------------------------------------------------------


def test_the_house_record_is_read_back(folder: DataFolder) -> None:
    assert folder.whereabouts.read() is None
    folder.whereabouts.write(RECORD)
    assert folder.whereabouts.read() == RECORD


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda folder: folder.whereabouts.write(RECORD), id="house record"),
        pytest.param(lambda folder: folder.keys.house(), id="keys"),
        pytest.param(lambda folder: folder.machine.write(MachineSettings()), id="machine"),
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
    assert list(folder.path.rglob("*.json"))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"pid": "x"}', b"\xff"])
def test_a_damaged_house_record_is_as_none(folder: DataFolder, content: bytes) -> None:
    (folder.path / "house.json").write_bytes(content)
    assert folder.whereabouts.read() is None
