"""Files that are there whole or not at all, also after a loss of power."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import StorageError
from common.files import create_whole, write_whole
from tests import strace

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from common.files import create_whole, write_whole
write_whole(Path("written"), b"x")
create_whole(Path("created"), b"x")
"""


def test_writing_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    write_whole(path, b"a long first text")
    write_whole(path, b"short")
    assert path.read_bytes() == b"short"
    assert list(tmp_path.iterdir()) == [path]


def test_of_two_who_create_a_file_the_first_has_made_it(tmp_path: Path) -> None:
    path = tmp_path / "state"
    create_whole(path, b"first")
    create_whole(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_whole, create_whole])
def test_a_file_that_can_not_be_written_is_named(tmp_path: Path, write: type[write_whole]) -> None:
    path = tmp_path / "missing" / "state"
    with pytest.raises(StorageError, match=re.escape(str(path))):
        write(path, b"x")


def test_a_file_is_on_the_disk_before_its_name_is_and_the_name_before_anything_else(tmp_path: Path) -> None:
    strace.require()
    log = tmp_path / "calls"
    command = ["strace", "-f", "-y", "-o", str(log), "-e", "trace=write,fsync,rename,link,unlink", sys.executable]
    root = Path(__file__).resolve().parents[2]
    place = tmp_path / "place"
    place.mkdir()
    subprocess.run([*command, "-c", SCRIPT, str(root)], cwd=place, check=True, timeout=60)
    done = []
    for line in log.read_text().splitlines():
        called = re.search(r"(\w+)\((?:\d+<(.*?)>|\"(.*?)\").* = \d", line)
        if called is not None:
            name = re.sub(r"\.\d+$", "", Path(called[2] or called[3]).name)
            done.append((called[1], name))
    assert done == [
        ("write", ".written"),
        ("fsync", ".written"),
        ("rename", ".written"),
        ("fsync", "place"),
        ("write", ".created"),
        ("fsync", ".created"),
        ("link", ".created"),
        ("unlink", ".created"),
        ("fsync", "place"),
    ]
