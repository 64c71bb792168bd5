"""The measured peers and their shapes: the installed peers, and those whose packages can be installed."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.peers.house_peer import EchoPeer, HousePeer
from benchmarks.peers.measuring import Case, Plan, best_pool
from benchmarks.peers.postgres_peer import PostgresPeer
from benchmarks.peers.redis_peer import ALWAYS, EVERY_SECOND, RedisPeer
from benchmarks.peers.websocket_peer import WebSocketPeer
from benchmarks.peers.wire import Peer
from common.errors import UsageError
from common.terminal.output import say

_POSTGRES_FOLDER: Final = Path("/usr/lib/postgresql")
_POSTGRES_VERSION: Final = "15"
REDIS: Final = "redis"
POSTGRES: Final = "postgresql"
WEBSOCKET: Final = "websocket"
NAMES: Final = (REDIS, POSTGRES, WEBSOCKET)
REDIS_RATIO: Final = 2.0
"""The wanted ratio of the house to Redis with a sync for every answer; a ratio below 1.4 is not acceptable."""
OTHERS_RATIO: Final = 10.0


class MissingPackageError(UsageError):
    """A program is missing and can't be installed; the message tells the user what to do."""


def provide(find: Callable[[], Path | None], package: str) -> Path:
    """Return the result of `find`, after installing `package` if needed. Raises MissingPackageError."""
    found = find()
    if found is None:
        _install(package)
        found = find()
    if found is None:
        raise MissingPackageError(f"The package {package} does not have the program that is looked for.")
    return found


def redis_program() -> Path | None:
    """Return the path of the Redis server; None if it is not installed."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


def postgres_programs() -> Path | None:
    """Return the folder with PostgreSQL's server programs, version 15 if there are several; None if there are none."""
    folders = sorted(
        (program.parent for program in _POSTGRES_FOLDER.glob("*/bin/initdb")),
        key=lambda folder: (folder.parent.name == _POSTGRES_VERSION, int(folder.parent.name)),
    )
    return folders[-1] if folders else None


def version_of(program: Path) -> str:
    """Return a program's own words on its version."""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def _install(package: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingPackageError(f"It is not installed. On Debian: sudo apt-get install {package}")
    say(f"Installing Debian's package {package} ...", err=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["install", "-y", package], ["update"], ["install", "-y", package]):
        done = subprocess.run(["apt-get", *words], capture_output=True, text=True, check=False, env=environment)
        if words[0] == "install" and done.returncode == 0:
            return
    raise MissingPackageError(f"`apt-get install {package}` failed: {done.stderr.strip()}")


class Aim(NamedTuple):
    """The wanted ratio of the house's rate to a peer's. `peer` is None if its programs are missing."""

    ratio: float
    name: str
    peer: Peer | None


class Lineup(NamedTuple):
    """The cases in their order, the house's targets, and notes on the peers for the reader."""

    house: Peer
    ceiling: Peer
    """The bare echo: no house on these sockets can be faster under the same load."""
    connections: Sequence[int]
    cases: list[Case]
    aims: list[Aim]
    notes: list[str]


def line_up(names: Collection[str], plan: Plan) -> Lineup:
    """Return the cases to measure, after finding each pool's best size. A missing peer is reported on the terminal."""
    echo, house = EchoPeer(), HousePeer()
    lineup = Lineup(house, echo, plan.connections, [], [], [])
    lineup.cases.extend(Case(echo, connections) for connections in plan.connections)
    lineup.cases.extend(_shapes(house, plan))
    for name, ratio, add in (
        (REDIS, REDIS_RATIO, _add_redis),
        (POSTGRES, OTHERS_RATIO, _add_postgres),
        (WEBSOCKET, OTHERS_RATIO, _add_websocket),
    ):
        if name in names:
            try:
                lineup.aims.append(Aim(ratio, name, add(lineup, plan)))
            except MissingPackageError as why_not:
                say(f"{name} is NOT measured. {why_not}", err=True, style={"bold": True})
                lineup.aims.append(Aim(ratio, name, None))
                lineup.notes.append(f"{name} was not measured: {why_not}")
    return lineup


def _add_redis(lineup: Lineup, plan: Plan) -> Peer:
    program = provide(redis_program, "redis-server")
    always, every_second = RedisPeer(program, ALWAYS), RedisPeer(program, EVERY_SECOND)
    lineup.cases.extend(_shapes(always, plan) + _shapes(every_second, plan))
    lineup.notes.append(version_of(program))
    return always


def _add_postgres(lineup: Lineup, plan: Plan) -> Peer:
    programs = provide(postgres_programs, "postgresql")
    postgres = PostgresPeer(programs)
    pool = best_pool(postgres, plan)
    lineup.cases.append(Case(postgres, pool, is_pool=True))
    lineup.notes.append(
        f"{version_of(programs / 'postgres')}; of pools of {', '.join(map(str, plan.pools))} connections that of "
        f"{pool} was the fastest."
    )
    return postgres


def _add_websocket(lineup: Lineup, plan: Plan) -> Peer:
    peer = WebSocketPeer()
    lineup.cases.extend(_shapes(peer, plan))
    lineup.notes.append(
        f"websockets {version('websockets')}, uvloop {version('uvloop')}, SQLite {sqlite3.sqlite_version}"
    )
    return peer


def _shapes(peer: Peer, plan: Plan) -> list[Case]:
    """Return the cases of a peer to which the bidders connect themselves, without a pool."""
    return [Case(peer, connections) for connections in plan.connections]
