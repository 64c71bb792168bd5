"""The peers' programs: found where Debian puts them, and installed from its packages where they are missing."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from common.errors import UsageError

_POSTGRES_FOLDER: Final = Path("/usr/lib/postgresql")
_POSTGRES_VERSION: Final = "15"


class MissingPackageError(UsageError):
    """A program is missing and can't be installed; the message says what to do."""


def provide(find: Callable[[], Path | None], package: str) -> Path:
    """Return what `find` finds, after `package` was installed if need be. Raises MissingPackageError."""
    found = find()
    if found is None:
        _install(package)
        found = find()
    if found is None:
        raise MissingPackageError(f"The package {package} does not have the program that is looked for.")
    return found


def redis_program() -> Path | None:
    """Return the Redis server; None where there is none."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def postgres_programs() -> Path | None:
    """Return the folder with PostgreSQL's server programs, of version 15 if there are several; None without any."""
    folders = sorted(
        (program.parent for program in _POSTGRES_FOLDER.glob("*/bin/initdb")),
        key=lambda folder: (folder.parent.name == _POSTGRES_VERSION, int(folder.parent.name)),
    )
    return folders[-1] if folders else None


def version_of(program: Path) -> str:
    """Return what a program says of its version."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _install(package: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingPackageError(f"It is not installed. On Debian: sudo apt-get install {package}")
    click.echo(f"Installing Debian's package {package} ...", err=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["install", "-y", package], ["update"], ["install", "-y", package]):
        done = subprocess.run(["apt-get", *words], capture_output=True, text=True, check=False, env=environment)
        if words[0] == "install" and done.returncode == 0:
            return
    raise MissingPackageError(f"`apt-get install {package}` failed: {done.stderr.strip()}")
