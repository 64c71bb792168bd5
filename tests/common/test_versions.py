"""Libraries with known faults are refused: by the programs, by pyproject.toml, and by the audit."""

import re
import tomllib
from pathlib import Path

import msgpack
import pytest
import zmq

from common import versions
from common.sockets import new_context
from common.versions import LIBZMQ, MSGPACK, Floor, OldLibraryError, refuse_old_libraries, refuse_older, written

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def test_what_is_installed_is_accepted() -> None:
    refuse_old_libraries()
    assert zmq.zmq_version_info() >= LIBZMQ.version
    assert msgpack.version >= MSGPACK.version


@pytest.mark.parametrize("floor", [LIBZMQ, MSGPACK])
def test_what_is_older_is_refused_and_the_floor_itself_is_not(floor: Floor) -> None:
    *first, last = floor.version
    for older in ((*first, last - 1), tuple(first), (0, 9, 9, 9)):
        with pytest.raises(OldLibraryError, match=rf"{floor.faults[-1]}.*{written(floor.version)} is needed"):
            refuse_older("it", older, floor)
    for accepted in (floor.version, (*first, last + 1), (first[0] + 1, 0)):
        refuse_older("it", accepted, floor)


def test_the_programs_make_no_socket_with_an_old_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "MSGPACK", MSGPACK._replace(version=(99,)))
    with pytest.raises(OldLibraryError, match="pip install --upgrade msgpack"):
        new_context()


def test_an_installation_by_pyproject_has_no_library_that_is_refused() -> None:
    """The wheels of pyzmq have had libzmq 4.3.5 since 26.0; msgpack is named with its own version."""
    wanted = {
        name: tuple(map(int, version.split(".")))
        for name, version in (re.findall(r"^([\w-]+)>=([\d.]+)$", one)[0] for one in PROJECT["dependencies"])
    }
    assert wanted["msgpack"] >= MSGPACK.version
    assert wanted["pyzmq"] >= (26, 0)


def test_each_floor_names_the_faults_that_it_is_for() -> None:
    for floor in (LIBZMQ, MSGPACK):
        assert floor.faults
        assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}", fault) for fault in floor.faults)
