"""How many files a process may have open: raised as far as the system lets it, and a sentence where that is not enough.

Each of these needs a process of its own, since a limit that was lowered for all can't be raised again.
"""

import subprocess
import sys

ALLOWED, ALLOWED_MAX = 64, 256


def told_by(expression: str) -> str:
    """Return what an expression is in a process with the limits above, or the error's text."""
    script = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({ALLOWED}, {ALLOWED_MAX}))
from common.errors import UsageError
from common.open_files import make_room_for_files, raise_file_limit
try:
    print({expression})
except UsageError as error:
    print(error)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_limit_is_raised_as_far_as_the_system_lets_it_and_never_lowered() -> None:
    assert told_by("raise_file_limit(100)") == "100\n100\n"
    assert told_by("raise_file_limit(10_000)") == "256\n256\n"
    assert told_by("raise_file_limit(10)") == "64\n64\n"


def test_room_is_made_by_raising_the_limit_and_only_where_it_is_needed() -> None:
    assert told_by("make_room_for_files(20)") == "None\n64\n"
    assert told_by("make_room_for_files(200)") == "None\n256\n"


def test_more_than_the_system_allows_is_told_with_what_to_do() -> None:
    told = told_by("make_room_for_files(300)")
    assert told.startswith(
        "This process can't open 300 more files: the system allows it 256 in all. Raise that limit (`ulimit"
    )
    assert told.endswith("\n256\n"), "it went as far as it could"
