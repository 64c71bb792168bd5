"""Files that are there whole or not at all, also after a loss of power."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.errors import StorageError
from common.files import create_whole, write_whole
from tests import strace

Write = Callable[[Path, bytes], None]
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from common.files import create_whole, write_whole
write_whole(Path("written"), b"x")
create_whole(Path("created"), b"x")
"""


@pytest.mark.parametrize(("write", "kept"), [(write_whole, b"second"), (create_whole, b"a long first text")])
def test_a_file_is_replaced_as_a_whole_or_stays_as_it_was_created(tmp_path: Path, write: Write, kept: bytes) -> None:
    path = tmp_path / "state"
    write(path, b"a long first text")
    write(path, b"second")
    assert path.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [write_whole, create_whole])
def test_a_file_that_can_not_be_written_is_named(tmp_path: Path, write: Write) -> None:
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
