"""Which peers are measured, in which shapes: those that are here, and those whose packages can be installed."""

import sqlite3
from collections.abc import Collection, Sequence
from importlib.metadata import version
from typing import Final, NamedTuple

import click

from benchmarks.peers.house_peer import EchoPeer, HousePeer
from benchmarks.peers.measuring import Case, Plan, best_pool
from benchmarks.peers.packages import MissingPackageError, postgres_programs, provide, redis_program, version_of
from benchmarks.peers.peer import Peer
from benchmarks.peers.postgres_peer import PostgresPeer
from benchmarks.peers.redis_peer import ALWAYS, EVERY_SECOND, RedisPeer
from benchmarks.peers.websocket_peer import WebSocketPeer

REDIS: Final = "redis"
POSTGRES: Final = "postgresql"
WEBSOCKET: Final = "websocket"
NAMES: Final = (REDIS, POSTGRES, WEBSOCKET)
REDIS_RATIO: Final = 2.0
"""The house against Redis with a sync for every answer; below 1.4 is not acceptable."""
OTHERS_RATIO: Final = 10.0


class Aim(NamedTuple):
    """How many times as fast as a peer the house is to be. `peer` is None where its programs are missing."""

    ratio: float
    name: str
    peer: Peer | None


class Lineup(NamedTuple):
    """The cases in their order, what the house is to reach, and what a reader must know of the peers."""

    house: Peer
    ceiling: Peer
    """The bare echo: what no house on these sockets passes, under the same load."""
    connections: Sequence[int]
    cases: list[Case]
    aims: list[Aim]
    notes: list[str]


def line_up(names: Collection[str], plan: Plan) -> Lineup:
    """Return what to measure, after it was tried how large a pool is best. A peer that is not here is said aloud."""
    echo, house = EchoPeer(), HousePeer()
    lineup = Lineup(house, echo, plan.connections, [], [], [])
    lineup.cases.extend(Case(echo, connections, has_subscriber=False) for connections in plan.connections)
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
                click.secho(f"{name} is NOT measured. {why_not}", err=True, bold=True)
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
    postgres, mute = PostgresPeer(programs), PostgresPeer(programs, publishes=False)
    pool, mute_pool = best_pool(postgres, plan), best_pool(mute, plan)
    lineup.cases.extend(Case(postgres, pool, has_subscriber, is_pool=True) for has_subscriber in plan.subscribers)
    lineup.cases.append(Case(mute, mute_pool, has_subscriber=False, is_pool=True))
    lineup.notes.append(
        f"{version_of(programs / 'postgres')}; of pools of {', '.join(map(str, plan.pools))} connections that of "
        f"{pool} was the fastest. {mute.name} publishes nothing: with NOTIFY no two commits share a write to the disk. "
        f"Its pool has {mute_pool}."
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
    """Return the cases of a peer to which bidders connect."""
    return [
        Case(peer, connections, has_subscriber)
        for connections in plan.connections
        for has_subscriber in plan.subscribers
    ]
