"""Real PostgreSQL servers: a primary and two synchronous standbys, run unprivileged in a folder of their own.

The tests use them too, and check with them what a house does when they fail.
"""

import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import psycopg

DATABASE: Final = "auctions"
OWNER: Final = "postgres"
HOUSE: Final = "house"
READER: Final = "reader"
STANDBYS: Final = ("s1", "s2")
SYNCHRONOUS: Final = f"ANY 1 ({', '.join(STANDBYS)})"
PATIENCE_S: Final = 120.0
"""A busy machine takes many times as long as a quiet one."""

_SETTINGS: Final = """
unix_socket_directories = '{folder}'
shared_buffers = 16MB
max_connections = 60
max_wal_size = 1GB
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


def binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL programs on this machine; None where there are none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        found.append(Path(on_path).parent)
    return max(found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, default=None)


def unprivileged() -> dict[str, Any]:
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
        run("pg_ctl", "-D", self.data, "-l", f"{self.data}.log", "-w", "-t", int(PATIENCE_S), "start")

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def promote(self) -> None:
        run("pg_ctl", "-D", self.data, "-w", "promote")

    def connect(self, user: str = OWNER, database: str = DATABASE) -> "psycopg.Connection[tuple[Any, ...]]":
        """Return a connection by the server's socket; each statement is a transaction."""
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=user, dbname=database, autocommit=True, connect_timeout=5
        )

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement as the owner of all."""
        with self.connect() as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def set(self, name: str, value: str) -> None:
        """Change a setting of this server, and wait until the processes of the server know it."""
        self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.ask("SELECT pg_reload_conf()")
        until(lambda: self.ask("SELECT current_setting(%s)", name) == [(value,)], name)


class Servers(NamedTuple):
    """A primary and its standbys."""

    primary: Node
    standbys: tuple[Node, ...]

    @classmethod
    def at(cls, folder: Path, port: int) -> Self:
        """Return the servers in a folder, of which the primary listens at `port`; the others have the next ones."""
        standbys = tuple(Node(folder, name, port + 1 + number) for number, name in enumerate(STANDBYS))
        return cls(Node(folder, "primary", port), standbys)

    def make(self, *, fsync: bool) -> None:
        """Make and start all, with a database and its roles. The folder must be empty."""
        user, primary = unprivileged(), self.primary
        if user:
            os.chown(primary.folder, user["user"], user["group"])
        run("initdb", "-D", primary.data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-N")
        with (primary.data / "postgresql.conf").open("a") as file:
            file.write(_SETTINGS.format(folder=primary.folder, fsync="on" if fsync else "off"))
            file.write(f"port = {primary.port}\nlisten_addresses = '127.0.0.1'\n")
        primary.start()
        with primary.connect(database="postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            for role in (HOUSE, READER):
                connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        for standby in self.standbys:
            self.make_standby(standby)
        self.primary.set("synchronous_standby_names", SYNCHRONOUS)
        until(self.is_whole, "both standbys")

    def stop(self) -> None:
        """Stop all servers that run."""
        for node in (*self.standbys, self.primary):
            if (node.data / "postmaster.pid").exists():
                node.stop()

    def url(self, sale: str, user: str = HOUSE, *more: str) -> str:
        """Return the URL of a sale on whichever server can be written to."""
        nodes = (self.primary, *self.standbys)
        hosts, ports = (",".join(str(getattr(node, name)) for node in nodes) for name in ("folder", "port"))
        return "&".join([f"postgresql:///{DATABASE}?host={hosts}&port={ports}&user={user}&sale={sale}", *more])

    def is_whole(self) -> bool:
        """Return whether both standbys stream and count."""
        return not self.away()

    def away(self) -> list[Node]:
        """Return the standbys that do not stream, or do not count."""
        there = self.primary.ask(
            "SELECT application_name FROM pg_stat_replication WHERE state = 'streaming' AND sync_state <> 'async'"
        )
        return [standby for standby in self.standbys if (standby.name,) not in there]

    def make_standby(self, standby: Node) -> None:
        """Make and start a standby from a copy of the primary.

        Its slot has the primary keep all that the standby has yet to read. Without one, a checkpoint removes what a
        standby that is away still needs, and the standby never comes back.
        """
        with self.primary.connect() as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s",
                [standby.name],
            )
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [standby.name])
        source = f"host={standby.folder} port={self.primary.port} user={OWNER} application_name={standby.name}"
        run("pg_basebackup", "-D", standby.data, "-d", source, "-R", "-c", "fast", "--no-sync", "-X", "stream")
        with (standby.data / "postgresql.conf").open("a") as file:
            file.write(f"port = {standby.port}\nlisten_addresses = ''\n")
        (standby.data / "postgresql.auto.conf").write_text(
            f"primary_conninfo = '{source}'\nprimary_slot_name = '{standby.name}'\n"
        )  # and nothing to wait for
        standby.start()


def run(program: str, *arguments: object) -> None:
    folder = binaries()
    assert folder is not None
    done = subprocess.run(
        [folder / program, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,  # a server keeps what it inherits
        stderr=subprocess.STDOUT if program != "pg_ctl" else subprocess.DEVNULL,
        cwd="/",
        check=False,
        **unprivileged(),
    )
    assert done.returncode == 0, f"{program} failed: {(done.stdout or b'').decode()}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(is_so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so at a server, which nothing tells by itself."""
    deadline_s, pause = time.monotonic() + patience_s, threading.Event()
    while not is_so():
        assert time.monotonic() < deadline_s, f"waited {patience_s:.0f} s in vain: {what}"
        pause.wait(0.01)
