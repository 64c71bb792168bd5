"""Machines of a document on this one: each is a network namespace with its own address and folders.

They share the programs and the users of this machine. Only root can make them.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

NETWORK: Final = "10.213.71"
WAIT_S: Final = 90.0
_OWN: Final = ("/srv", "/var/lib/postgresql", "/var/run/postgresql", "/etc/patroni", "/var/lib/etcd")
"""The folders that each machine has for itself."""
_ENTER: Final = """
mount --make-rprivate /
hostname "$1"
shift
for one in $1; do mount --bind "$0$one" "$one"; done
shift
cd /srv
exec "$@"
"""


class Block(NamedTuple):
    """A block of commands of a document: where and by whom it is typed, and what follows the words in its header."""

    machines: tuple[str, ...]
    user: str
    options: tuple[str, ...]
    script: str


def blocks(text: str) -> list[Block]:
    """Return the blocks of a document that name a machine: ```sh MACHINE[,MACHINE] USER [OPTION].

    `service` keeps running, `until=PATTERN` is typed again until that is printed, and
    `carry=FILE:MACHINE` takes a file along.
    """
    found = re.findall(r"^```sh (\S+) (\S+)((?: \S+)*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(tuple(where.split(",")), user, tuple(rest.split()), script) for where, user, rest, script in found]


class Machine:
    """One machine. What is started on it runs until `lose`, or the end."""

    def __init__(self, name: str, folder: Path, programs: Path) -> None:
        self.name = name
        self._folder = folder
        self._programs = programs
        self._services: list[subprocess.Popen[bytes]] = []
        for one in (*_OWN, "/srv/run"):
            own = folder / one[1:]
            own.mkdir(parents=True, mode=0o755)
            subprocess.run(["chown", "postgres:", own], check=True)

    def _command(self, user: str, script: str) -> list[str]:
        inner = ["bash", "-euc", script]
        if user == "postgres":
            inner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *inner]
        home = "/var/lib/postgresql" if user == "postgres" else "/srv"
        path = f"{self._programs}:/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = ["env", "-i", f"PATH={path}", f"HOME={home}", "XDG_RUNTIME_DIR=/srv/run", f"USER={user}"]
        entered = [
            "unshare",
            "--mount",
            "--uts",
            "bash",
            "-c",
            _ENTER,
            str(self._folder),
            self.name,
            " ".join(_OWN),
            *environment,
            *inner,
        ]
        return ["ip", "netns", "exec", self.name, *entered]

    def type(self, user: str, script: str) -> str:
        """Type commands, wait for their end and return what they printed. Raises AssertionError where one failed."""
        done = subprocess.run(
            self._command(user, script),
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, f"{self.name}, {user}:\n{script}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def keep_running(self, user: str, script: str) -> None:
        """Start a service; its output goes to a log."""
        with (self._folder / f"service-{len(self._services)}.log").open("wb") as output:
            self._services.append(
                subprocess.Popen(
                    self._command(user, f"exec {script}"),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )

    def carry(self, name: str, to: "Machine") -> None:
        """Carry a file from the folder where commands are typed to that of another machine."""
        shutil.copy(self._folder / "srv" / name, to._folder / "srv" / name)

    def lose(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Lose the machine at once: everything that runs on it."""
        for pid in self._running():
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                continue
        if how is signal.SIGKILL:
            for service in self._services:
                service.wait(WAIT_S)

    def _running(self) -> list[int]:
        told = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True)
        return [int(pid) for pid in told.stdout.split()]


@contextmanager
def machines(names: Iterable[str], folder: Path) -> Iterator[dict[str, Machine]]:
    """Make machines on one network, which know each other's names; at the end all that runs on them is killed."""
    names = list(names)
    bridge, made = "machines0", {name: Machine(name, folder / name, Path(sys.executable).parent) for name in names}
    addresses = {name: f"{NETWORK}.{number}" for number, name in enumerate(names, 1)}
    hosts = "127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name, address in addresses.items())
    for one in _OWN:
        Path(one).mkdir(parents=True, exist_ok=True)
    _ip("link", "add", bridge, "type", "bridge")
    try:
        _ip("link", "set", bridge, "up")
        for name, address in addresses.items():
            own = Path("/etc/netns") / name
            own.mkdir(parents=True, exist_ok=True)
            (own / "hosts").write_text(hosts)
            _ip("netns", "add", name)
            _ip("link", "add", f"to-{name}", "master", bridge, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", f"to-{name}", "up")
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", name, "link", "set", device, "up")
        yield made
    finally:
        for name, machine in made.items():
            machine.lose()
            _ip("netns", "delete", name)
            (Path("/etc/netns") / name / "hosts").unlink(missing_ok=True)
        _ip("link", "delete", bridge)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def type_all(text: str, on: dict[str, Machine]) -> None:
    """Type all blocks of a document, in their order."""
    for block in blocks(text):
        for name in block.machines:
            machine = on[name]
            if "service" in block.options:
                machine.keep_running(block.user, block.script)
                continue
            options = dict(option.split("=", 1) for option in block.options)
            type_until(machine, block.user, block.script, options.get("until", ""))
            if "carry" in options:
                file, to = options["carry"].split(":")
                machine.carry(file, on[to])


def type_until(machine: Machine, user: str, script: str, wanted: str = "") -> str:
    """Type commands, again and again until they succeed and print what is wanted: a service may just be starting."""
    deadline_s = time.monotonic() + WAIT_S
    first: AssertionError | None = None
    while True:
        try:
            told = machine.type(user, script)
        except AssertionError as error:
            first = first or error
            if time.monotonic() > deadline_s:
                raise first from None
        else:
            if re.search(wanted, told, re.DOTALL):
                return told
            assert time.monotonic() < deadline_s, f"{script} never printed {wanted}, but:\n{told}"
