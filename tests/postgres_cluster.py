"""A real PostgreSQL for tests: a primary and two synchronous standbys, started unprivileged in a temporary folder.

All workers of one test run share one. Whoever needs it first makes it; it is stopped when the last process that used it
is gone, however that ended: each holds a lock on a file, and a small program waits for that lock and then stops all.
A test that breaks something, such as a standby, has it for itself (`lonely`), and leaves it whole.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, TextIO

import pytest

from auctioneer.journal.postgres.address import parse_address
from auctioneer.journal.postgres.schema import prepare
from auctioneer.journal.postgres.session import Session
from benchmarks.load.postgres_servers import (
    HOUSE,
    OWNER,
    PATIENCE_S,
    READER,
    SYNCHRONOUS,
    Node,
    Servers,
    binaries,
    free_port,
    unprivileged,
    until,
)

__all__ = ["HOUSE", "OWNER", "READER", "Cluster", "until"]

MENDING_S: Final = 60.0
"""How long a standby may take to follow the primary again before it is made anew. A quiet one takes a second."""

_STOP_AFTER_ALL: Final = """
import fcntl, json, os, shutil, subprocess, sys
if os.fork():
    os._exit(0)  # nobody waits for the rest
handle, pg_ctl, folders, user = int(sys.argv[1]), sys.argv[2], sys.argv[3:5], json.loads(sys.argv[5])
fcntl.flock(handle, fcntl.LOCK_EX)
for data in ("s1", "s2", "primary"):
    subprocess.run([pg_ctl, "-D", f"{folders[0]}/{data}", "-m", "immediate", "-w", "stop"], capture_output=True, **user)
for folder in folders:
    shutil.rmtree(folder, ignore_errors=True)
"""


class Cluster(Servers):
    """A primary and its standbys, which fail as a test wants it."""

    def prepare(self) -> None:
        """Make the tables for sales."""
        until_s = time.monotonic() + PATIENCE_S
        session = Session.open(parse_address(self.url("any", OWNER)), until_s)
        prepare(session, until_s, HOUSE, READER)
        session.close()

    @contextmanager
    def silent_standbys(self) -> Iterator[None]:
        """Have both standbys hear nothing: every commit that begins here waits until the end of the block."""
        pids = [pid for (pid,) in self.primary.ask("SELECT pid FROM pg_stat_replication")]
        assert len(pids) == len(self.standbys)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):  # its standby was replaced
                    os.kill(pid, signal.SIGCONT)

    @contextmanager
    def failed_over(self) -> Iterator[Node]:
        """Give the first standby, promoted and followed by the second. The old primary goes on without followers."""
        new, other = self.standbys
        new.promote()
        with new.connect() as connection:
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [other.name])
        source = f"host={new.folder} port={new.port} user={OWNER} application_name={other.name}"
        new.set("synchronous_standby_names", f"ANY 1 ({other.name})")
        other.set("primary_conninfo", source)
        try:
            yield new
        finally:
            for standby in self.standbys:
                self.replace(standby)

    def waiting(self) -> list[int]:
        """Return the servers' processes whose commits wait for a standby."""
        return [pid for (pid,) in self.primary.ask("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")]

    def mend(self) -> None:
        """Bring back what a test took away."""
        for node in (self.primary, *self.standbys):
            if not (node.data / "postmaster.pid").exists():
                node.start()
        for standby in self.standbys:
            if standby.ask("SELECT 1 WHERE NOT pg_is_in_recovery()"):
                self.replace(standby)
        self.primary.set("synchronous_standby_names", SYNCHRONOUS)
        try:
            until(self.is_whole, "both standbys", MENDING_S)
        except AssertionError:
            for standby in self.away():
                self.replace(standby)
            until(self.is_whole, "both standbys, some of them new", MENDING_S)
            raise  # whoever lost a standby hears of it, and nobody after it
        until(lambda: not self.waiting(), "commits that waited", MENDING_S)

    def replace(self, standby: Node) -> None:
        """Make a standby anew that can't follow the primary any more."""
        sender = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s AND active"
        for (pid,) in self.primary.ask(sender, standby.name):
            os.kill(pid, signal.SIGCONT)  # so that it sees the end of its standby, and lets go of the slot
        standby.stop()
        until(lambda: not self.primary.ask(sender, standby.name), "the end of its sender")
        shutil.rmtree(standby.data)
        self.make_standby(standby)


@contextmanager
def shared_cluster() -> Iterator["Shared"]:
    """Yield the cluster of this test run; made by whoever asks first."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    meeting = Path(tempfile.gettempdir()) / f"postgres-{run[:12]}"
    meeting.mkdir(mode=0o700, exist_ok=True)
    with (meeting / "setting-up").open("a") as setting_up, (meeting / "users").open("a") as users:
        fcntl.flock(setting_up, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        where = meeting / "where"
        if not where.exists():
            folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
            _stop_after_all(meeting, folder)
            port = free_port()
            cluster = Cluster.at(folder, port)
            cluster.make(fsync=False)
            cluster.prepare()
            where.write_text(json.dumps([str(folder), port]))
        fcntl.flock(setting_up, fcntl.LOCK_UN)
        name, port = json.loads(where.read_text())
        yield Shared(Cluster.at(Path(name), port), meeting / "in-use")


def _stop_after_all(meeting: Path, folder: Path) -> None:
    """Start the program that stops the servers when no process holds the lock on `users` any more."""
    with (meeting / "users").open("a") as users:
        pg_ctl, user = (binaries() or Path()) / "pg_ctl", json.dumps(unprivileged())
        subprocess.run(
            [sys.executable, "-c", _STOP_AFTER_ALL, str(users.fileno()), pg_ctl, folder, meeting, user],
            start_new_session=True,
            pass_fds=[users.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=True,
        )


class Shared(NamedTuple):
    """The cluster of a test run, and the file by whose lock tests have it together or alone."""

    cluster: Cluster
    lock: Path
    """What stands in this file is why the cluster is beyond mending."""

    @contextmanager
    def together(self) -> Iterator[Cluster]:
        """Have it together with others who break nothing."""
        with self._locked(fcntl.LOCK_SH):
            yield self.cluster

    @contextmanager
    def alone(self) -> Iterator[Cluster]:
        """Have it alone, and mend at the end what was broken."""
        with self._locked(fcntl.LOCK_EX) as file:
            try:
                yield self.cluster
            finally:
                try:
                    self.cluster.mend()
                finally:
                    if not self.cluster.is_whole():
                        file.write("PostgreSQL's servers are beyond mending since an earlier test; see its error.")

    @contextmanager
    def _locked(self, how: int) -> Iterator[TextIO]:
        """Hold the lock. The test fails at once where the cluster is beyond mending: each would wait minutes for it."""
        with self.lock.open("a+") as file:
            fcntl.flock(file, how)
            file.seek(0)
            if lost := file.read():
                pytest.fail(lost)
            yield file


def require_postgres() -> None:
    """Skip the test, and say loudly why, where PostgreSQL is not installed."""
    if binaries() is None:
        pytest.skip("PostgreSQL's servers are not installed; `make system-packages` installs them")
