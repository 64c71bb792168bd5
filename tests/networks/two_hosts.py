"""Two hosts on this machine: two network namespaces, a cable between them, and a firewall that cuts it.

`inside` moves the calling thread to a host. Processes and threads that it starts there stay there, including a
client's.
"""

import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

HOUSE = "house"
BIDDERS = "bidders"
ADDRESSES = {HOUSE: "10.77.0.1", BIDDERS: "10.77.0.2"}
PATIENCE_S = 60.0
_NEW_NETWORK = 0x40000000


def run(*command: str) -> None:
    """Run a command as root. Raises an error with its output if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


class TwoHosts:
    """Both hosts; use `two_hosts`."""

    def __init__(self) -> None:
        self._names = {host: f"auction-{os.getpid()}-{host}" for host in ADDRESSES}

    def make(self, resources: ExitStack) -> None:
        for name in self._names.values():
            run("ip", "netns", "add", name)
            resources.callback(run, "ip", "netns", "del", name)
        house, bidders = (self._names[host] for host in (HOUSE, BIDDERS))
        run("ip", "link", "add", "cable", "netns", house, "type", "veth", "peer", "name", "cable", "netns", bidders)
        for host, name in self._names.items():
            run("ip", "-n", name, "address", "add", f"{ADDRESSES[host]}/24", "dev", "cable")
            for device in ("lo", "cable"):
                run("ip", "-n", name, "link", "set", device, "up")
            self._filter(host, "add table inet wall")

    def _filter(self, host: str, rules: str) -> None:
        run("ip", "netns", "exec", self._names[host], "nft", rules)

    def load(self, host: str, rules: Path) -> None:
        """Load a file of nft rules on a host."""
        run("ip", "netns", "exec", self._names[host], "nft", "-f", str(rules))

    @contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """Move this thread to a host during the block."""
        library = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as before, open(f"/run/netns/{self._names[host]}") as there:
            _enter(library, there.fileno())
            try:
                yield
            finally:
                _enter(library, before.fileno())

    @contextmanager
    def wall(self, match: str = "") -> Iterator[None]:
        """During the block, silently drop matching packets that arrive at the bidders' host."""
        chain = "add chain inet wall arriving { type filter hook input priority 0; policy accept; }"
        self._filter(BIDDERS, f"{chain}; add rule inet wall arriving {match} counter drop")
        try:
            yield
        finally:
            self._filter(BIDDERS, "flush table inet wall")

    def wait_until_dropped(self) -> None:
        """Wait until the wall has dropped a packet."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._has_dropped():
            assert time.monotonic() < deadline_s, "nothing came that could be dropped"

    def _has_dropped(self) -> bool:
        name = self._names[BIDDERS]
        listed = subprocess.run(
            ["ip", "netns", "exec", name, "nft", "list", "table", "inet", "wall"],
            capture_output=True,
            text=True,
            check=True,
        )
        return "counter packets" in listed.stdout and "counter packets 0 " not in listed.stdout


def _enter(library: ctypes.CDLL, handle: int) -> None:
    if library.setns(handle, _NEW_NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "this thread can't go to another network")


def why_impossible() -> str:
    """Return the reason why two hosts are impossible here; empty if they are possible."""
    if not Path("/proc/self/ns/net").exists() or os.geteuid() != 0:
        return "two hosts need network namespaces, and root to make them"
    missing = [program for program in ("ip", "nft") if shutil.which(program) is None]
    if missing:
        return f"there is no {' and no '.join(missing)} here; e.g. `apt-get install iproute2 nftables`"
    try:
        with ExitStack() as resources:
            TwoHosts().make(resources)
    except AssertionError as error:
        return f"two hosts can't be made here: {error}"
    return ""


@contextmanager
def two_hosts() -> Iterator[TwoHosts]:
    """Set up two hosts during the block; skip the test, with the reason, if that is impossible."""
    reason = why_impossible()
    if reason:
        pytest.skip(reason)
    with ExitStack() as resources:
        hosts = TwoHosts()
        hosts.make(resources)
        yield hosts
