"""Connections to the hosts of a URL: all are tried at once, so that one that is away holds nobody up.

libpq tries one host after the other and takes the first that can be written to. After a failover that may be the wrong
one: a primary that came back, or was cut off, still takes connections and can be written to, though no standby confirms
what is written there. So whoever asks here gets every host that can be written to within a moment, and chooses.
"""

import select
import time
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import psycopg
from psycopg import pq
from psycopg.abc import ConnDict
from psycopg.conninfo import make_conninfo

HOST_S_MAX: Final = 2.0
"""How long hosts may take to let a connection in, where there are several."""
OTHERS_S: Final = 0.2
"""How long the others are waited for once one host let a connection in."""


class Reached(NamedTuple):
    """A connection that is ready, and to which of the hosts."""

    connection: pq.abc.PGconn
    server: str


class _Attempt:
    """A connection to one host that is being made."""

    def __init__(self, options: ConnDict) -> None:
        self.server = server_of(options)
        self.connection = pq.PGconn.connect_start(make_conninfo("", **options).encode())
        self.state = int(pq.PollingStatus.WRITING)
        self.fault = ""
        if self.connection.status == pq.ConnStatus.BAD:
            self._fail(self._said())

    @property
    def is_under_way(self) -> bool:
        return not self.fault and self.state != pq.PollingStatus.OK

    def go_on(self) -> None:
        """Do the next step; the socket must be ready for it."""
        self.state = self.connection.connect_poll()
        if self.state == pq.PollingStatus.FAILED:
            self._fail(self._said())

    def give_up(self) -> None:
        if self.is_under_way:
            self._fail(f"{self.server} did not answer in time")

    def _said(self) -> str:
        return self.connection.get_error_message().strip()

    def _fail(self, what: str) -> None:
        self.fault = what
        self.connection.finish()


def server_of(options: ConnDict) -> str:
    """Return by what one host is told from the others."""
    return f"{options.get('hostaddr') or options.get('host') or ''}:{options.get('port') or ''}"


def reach(hosts: Sequence[ConnDict], until_s: float, avoiding: Collection[str] = ()) -> list[Reached]:
    """Return connections to all hosts but those in `avoiding` that let one in within a moment; at least one.

    `hosts` are libpq's options for each, and `until_s` is of `time.monotonic`. Raises psycopg.OperationalError.
    """
    if len(hosts) > 1:
        until_s = min(until_s, time.monotonic() + HOST_S_MAX)
    attempts = [_Attempt(options) for options in hosts if server_of(options) not in avoiding]
    try:
        while under_way := [one for one in attempts if one.is_under_way]:
            if not _wait(under_way, until_s):
                break
            if any(not one.fault and not one.is_under_way for one in attempts):
                until_s = min(until_s, time.monotonic() + OTHERS_S)
    finally:
        for one in attempts:
            one.give_up()
    reached = [Reached(one.connection, one.server) for one in attempts if not one.fault]
    if not reached:
        raise psycopg.OperationalError("; ".join(one.fault for one in attempts) or "no other host is left to try")
    for connection, _ in reached:
        connection.nonblocking = 1
    return reached


def _wait(attempts: Sequence[_Attempt], until_s: float) -> bool:
    """Go on with those attempts that can; return whether any could before the time was over."""
    by_handle = {one.connection.socket: one for one in attempts}
    writing = [handle for handle, one in by_handle.items() if one.state == pq.PollingStatus.WRITING]
    reading = [handle for handle in by_handle if handle not in writing]
    ready = select.select(reading, writing, [], max(0.0, until_s - time.monotonic()))
    for handle in {*ready[0], *ready[1]}:
        by_handle[handle].go_on()
    return any(ready)
