"""strace, which records a process's system calls and can make the N-th of a kind fail or be its last."""

import shutil
import subprocess
import sys
import tempfile
from functools import cache

import pytest

INSTALL = "install it, e.g. `apt-get install strace`"


@cache
def why_unusable() -> str:
    """Return the reason why strace can't be used here; empty if it can."""
    program = shutil.which("strace")
    if program is None:
        return f"there is no strace here; {INSTALL}" if sys.platform == "linux" else "strace is for Linux only"
    with tempfile.NamedTemporaryFile() as output:
        command = [program, "-o", output.name, "-e", "inject=chdir:error=EIO", sys.executable, "-c", ""]
        tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"strace can't trace here: {tried.stderr.strip()}" if tried.returncode else ""


def require() -> None:
    """Skip the test, with the reason, if strace can't be used."""
    reason = why_unusable()
    if reason:
        pytest.skip(reason)
