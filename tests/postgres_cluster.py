"""A real PostgreSQL for tests: a primary and two synchronous standbys, started unprivileged in a temporary folder.

All workers of one test run share one. Whoever needs it first makes it; it is stopped when the last process that used it
is gone, however that ended: each holds a lock on a file, and a small program waits for that lock and then stops all.
A test that breaks something, such as a standby, has it for itself (`lonely`), and leaves it whole.
"""

import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg
import pytest

DATABASE: Final = "auctions"
OWNER: Final = "postgres"
HOUSE: Final = "house"
READER: Final = "reader"
STANDBYS: Final = ("s1", "s2")
SYNCHRONOUS: Final = f"ANY 1 ({', '.join(STANDBYS)})"
PATIENCE_S: Final = 30.0

_SETTINGS: Final = """
unix_socket_directories = '{folder}'
shared_buffers = 16MB
max_connections = 60
max_wal_size = 128MB
min_wal_size = 32MB
wal_level = replica
hot_standby = on
wal_receiver_status_interval = 1
wal_retrieve_retry_interval = 100ms
fsync = {fsync}
full_page_writes = {fsync}
autovacuum = off
log_min_messages = fatal
restart_after_crash = off
"""
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


def binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL programs on this machine; None where there are none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        found.append(Path(on_path).parent)
    return max(found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, default=None)


def _unprivileged() -> dict[str, Any]:
    """Return who runs PostgreSQL, for `subprocess`: never root, which it refuses."""
    if os.getuid():
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Node(NamedTuple):
    """One server."""

    folder: Path
    """Of the whole cluster, where the servers' sockets are."""
    name: str
    port: int

    @property
    def data(self) -> Path:
        return self.folder / self.name

    def start(self) -> None:
        _run("pg_ctl", "-D", self.data, "-l", f"{self.data}.log", "-w", "-t", int(PATIENCE_S), "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        _run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def promote(self) -> None:
        _run("pg_ctl", "-D", self.data, "-w", "promote")

    def connect(self, user: str = OWNER) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=user, dbname=DATABASE, autocommit=True, connect_timeout=5
        )

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of all."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class Cluster(NamedTuple):
    """A primary and its standbys."""

    primary: Node
    standbys: tuple[Node, ...]

    def url(self, sale: str, user: str = HOUSE, *more: str) -> str:
        """Return the URL of a sale on whichever server can be written to."""
        nodes = (self.primary, *self.standbys)
        hosts, ports = (",".join(str(getattr(node, name)) for node in nodes) for name in ("folder", "port"))
        return "&".join([f"postgresql:///{DATABASE}?host={hosts}&port={ports}&user={user}&sale={sale}", *more])

    def is_whole(self) -> bool:
        """Return whether both standbys stream and count."""
        rows = self.primary.ask("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming' AND sync_state <> 'async'")
        return len(rows) == len(self.standbys)

    def set(self, name: str, value: str) -> None:
        """Change a setting of the primary, and wait until the processes of the server know it."""
        self.primary.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.primary.ask("SELECT pg_reload_conf()")
        until(lambda: self.primary.ask("SELECT current_setting(%s)", name) == [(value,)], name)

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
                os.kill(pid, signal.SIGCONT)

    def make_standby(self, standby: Node) -> None:
        """Make and start a standby from a copy of the primary."""
        source = f"host={standby.folder} port={self.primary.port} user={OWNER} application_name={standby.name}"
        _run("pg_basebackup", "-D", standby.data, "-d", source, "-R", "-c", "fast", "--no-sync", "-X", "stream")
        with (standby.data / "postgresql.conf").open("a") as file:
            file.write(f"port = {standby.port}\nlisten_addresses = ''\n")
        (standby.data / "postgresql.auto.conf").write_text(
            f"primary_conninfo = '{source}'\n"
        )  # and nothing to wait for
        standby.start()

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
                standby.stop()
                shutil.rmtree(standby.data)
                self.make_standby(standby)
        self.set("synchronous_standby_names", SYNCHRONOUS)
        until(self.is_whole, "both standbys")
        until(lambda: not self.waiting(), "commits that waited")


def until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so at a server, which nothing tells by itself."""
    deadline_s, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline_s, f"waited {PATIENCE_S:.0f} s in vain: {what}"
        pause.wait(0.01)


def _run(program: str, *arguments: object) -> None:
    folder = binaries()
    assert folder is not None
    done = subprocess.run(
        [folder / program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,  # a server keeps what it inherits
        stderr=subprocess.STDOUT if program != "pg_ctl" else subprocess.DEVNULL,
        cwd="/",
        check=False,
        **_unprivileged(),
    )
    assert done.returncode == 0, f"{program} failed: {(done.stdout or b'').decode()}"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _cluster(folder: Path, port: int) -> Cluster:
    standbys = tuple(Node(folder, name, port + 1 + number) for number, name in enumerate(STANDBYS))
    return Cluster(Node(folder, "primary", port), standbys)


def make_cluster(folder: Path, *, fsync: bool = False) -> Cluster:
    """Make and start a cluster in an empty folder, with a database that is prepared for sales."""
    from auctioneer.journal.postgres.address import parse_address
    from auctioneer.journal.postgres.schema import prepare
    from auctioneer.journal.postgres.session import Session

    user = _unprivileged()
    if user:
        os.chown(folder, user["user"], user["group"])
    port = _free_port()
    cluster = _cluster(folder, port)
    primary = cluster.primary
    _run("initdb", "-D", primary.data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-N")
    with (primary.data / "postgresql.conf").open("a") as file:
        file.write(_SETTINGS.format(folder=folder, fsync="on" if fsync else "off"))
        file.write(f"port = {port}\nlisten_addresses = '127.0.0.1'\n")
    primary.start()
    maintenance = f"host={folder} port={port} user={OWNER} dbname=postgres"
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        for role in (HOUSE, READER):
            connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    for standby in cluster.standbys:
        cluster.make_standby(standby)
    session = Session.open(parse_address(cluster.url("", OWNER).replace("&sale=", "")), time.monotonic() + PATIENCE_S)
    prepare(session, time.monotonic() + PATIENCE_S, HOUSE, READER)
    session.close()
    cluster.mend()
    return cluster


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
            where.write_text(json.dumps([str(folder), make_cluster(folder).primary.port]))
        fcntl.flock(setting_up, fcntl.LOCK_UN)
        name, port = json.loads(where.read_text())
        yield Shared(_cluster(Path(name), port), meeting / "in-use")


def _stop_after_all(meeting: Path, folder: Path) -> None:
    """Start the program that stops the servers when no process holds the lock on `users` any more."""
    with (meeting / "users").open("a") as users:
        pg_ctl, user = (binaries() or Path()) / "pg_ctl", json.dumps(_unprivileged())
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

    @contextmanager
    def together(self) -> Iterator[Cluster]:
        """Have it together with others who break nothing."""
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield self.cluster

    @contextmanager
    def alone(self) -> Iterator[Cluster]:
        """Have it alone, and mend at the end what was broken."""
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield self.cluster
            finally:
                self.cluster.mend()


def require_postgres() -> None:
    """Skip the test, and say loudly why, where PostgreSQL is not installed."""
    if binaries() is None:
        pytest.skip("PostgreSQL's servers are not installed; `make system-packages` installs them")
