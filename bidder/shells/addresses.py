"""The addresses of the house in a link. The client looks their names up repeatedly, and tries one address at a time.

A link has one place at which the house may be, or several, each with its own port.

A name may have several addresses that do not all lead to the house: `localhost` is ::1 and 127.0.0.1 on most machines,
and a house may listen on only one of them. Rules:

- The client tries one address at a time, and connects both of its sockets to the same one.
- It tries the next address after a rejection, or if no connection comes up within `ATTEMPT_MS`.
- After all addresses it looks the names up again, and tries the addresses again after a pause.
- After the end of a connection it tries the same address first.

Where a link has several places, another house may have taken the sale over. Then these rules hold too:

- A connection is no proof. The house at its end must serve: send a heartbeat without `frozen`, or answer anything but
  `unavailable`. The client tries the next address after `SERVICE_MS` without that.
- A handshake has `HANDSHAKE_WAIT_MS`. A machine that stands still accepts connections and says nothing.
- Both times double after each attempt that failed so, because a crowd may keep the house busy with handshakes. They are
  as before once the house has served.
- In the first `SWIFT_MS` after the house last served, a connection has `SWIFT_ATTEMPT_MS` to come up, and the pauses
  stay short for `SWIFT_ROUNDS`: a stand-by takes over in these seconds.
"""

import threading
from collections.abc import Callable, Sequence
from enum import Enum
from queue import Empty, SimpleQueue
from socket import AI_NUMERICHOST, SOCK_STREAM, getaddrinfo
from typing import Final

from common.errors import UsageError
from common.links import Place, zmq_address

ATTEMPT_MS: Final = 2000
"""The time for a connection to come up before the client tries the next address: firewalls drop silently."""
PAUSE_MS: Final = 100
PAUSE_MAX_MS: Final = 500
"""The longest pause after all addresses refused. The pause doubles from `PAUSE_MS` to this."""
LOOKUP_AGAIN_MS: Final = 2000
"""The least time between two lookups of one name."""
SERVICE_MS: Final = 2000
"""The time that a house may not serve before the client tries the next place."""
HANDSHAKE_WAIT_MS: Final = 1000
"""The time for a handshake before the client tries the next place."""
DOUBLINGS_MAX: Final = 3
"""How often a time doubles."""
BEATS_TO_WAIT: Final = 2
"""The client misses at least this many heartbeats before it tries the next place."""
SWIFT_MS: Final = 10_000
SWIFT_ATTEMPT_MS: Final = 500
SWIFT_ROUNDS: Final = 5
ADDRESSES_MAX: Final = 16
"""The most addresses that the client tries, over all names of a link."""

Resolve = Callable[[str], tuple[str, ...]]
"""Returns the numeric addresses of a name, in the order in which to try them. May block. Raises OSError."""


def resolve(host: str) -> tuple[str, ...]:
    """Return the numeric addresses of a name, as this machine orders them. Raises OSError."""
    found = getaddrinfo(host, None, type=SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def numeric_address(host: str) -> str | None:
    """Return an address as the system writes it; None for a name. Raises UsageError if `host` is neither."""
    try:
        return str(getaddrinfo(host, None, type=SOCK_STREAM, flags=AI_NUMERICHOST)[0][4][0])
    except OSError:
        pass
    except ValueError as error:  # no name may contain these characters
        raise _no_host(host) from error
    if any(not char.isprintable() or char in " !/\\@?#[]" for char in host):
        raise _no_host(host)
    return None


def _no_host(host: str) -> UsageError:
    return UsageError(f"{host!r} is not an address or the name of a machine. Check the join link.")


class Progress(Enum):
    """The stage of the attempt at an address."""

    WAITING = "waiting"
    REFUSED = "refused"
    CONNECTED = "connected"
    """TCP is connected. The handshake that follows has its own time-out."""
    UP = "up"


class Addresses:
    """Says which address to try now, and when to try the next one. Methods take the time.

    `tried` has each address tried since the last connection, in order. `has_places` says that a link has several
    places, where one house may take over from another.
    """

    def __init__(self, *, has_places: bool = False) -> None:
        self.current = ""
        self.tried: dict[str, None] = {}
        self.next_ms: int | None = None
        """When to call `move`; None if no address is known yet, or if a connection is up or about to come up."""
        self._has_places = has_places
        self._known: tuple[str, ...] = ()
        self._left: list[str] = []
        self._progress = Progress.WAITING
        self._rounds = 0
        """The rounds through all addresses since the last connection, or since the house last served."""
        self._round_began_ms = 0
        self._connected_ms = 0
        self._served_ms: int | None = None
        self._failures = 0
        """The connections since the house last served at whose end no house served."""

    @property
    def is_round_over(self) -> bool:
        """Whether all addresses were tried since the last connection or the last pause."""
        return not self._left

    def learn(self, found: tuple[str, ...], now_ms: int) -> None:
        """Take the addresses that a lookup found, if any. A connection stays as it is."""
        known = found[:ADDRESSES_MAX]
        if not known or known == self._known:
            return
        self._known = known
        self._left = [address for address in known if address != self.current]
        if not self.current:
            self.move(now_ms)

    def note(self, progress: Progress, now_ms: int) -> None:
        """Note the stage of the attempt at the current address."""
        if progress is self._progress:
            return
        if self._progress is Progress.UP:
            self._round_began_ms = now_ms
        self._progress = progress
        match progress:
            case Progress.WAITING:
                self.next_ms = now_ms + self._attempt_ms(now_ms)
            case Progress.REFUSED if self._left:
                self.next_ms = now_ms
            case Progress.REFUSED:
                self._rounds += 1
                self.next_ms = max(now_ms, self._round_began_ms + self._pause_ms)
            case Progress.CONNECTED:
                self.next_ms = now_ms + self._patient(HANDSHAKE_WAIT_MS) if self._has_places else None
            case Progress.UP:
                self._note_up(now_ms)

    def _note_up(self, now_ms: int) -> None:
        self._connected_ms = now_ms
        self.next_ms = now_ms + self._patient(SERVICE_MS) if self._has_places else None
        self.tried = {self.current: None}
        if not self._has_places:
            self._rounds = 0
        place = self._known.index(self.current) if self.current in self._known else 0
        around = self._known[place + 1 :] + self._known[: place + 1]
        self._left = [address for address in around if address != self.current]

    def note_service(self, served_ms: int | None, beat_ms: int) -> None:
        """Note when the house last served; None while it may be silent. It promises a heartbeat every `beat_ms`.

        Does nothing unless a connection is up, at one of several places.
        """
        if self._progress is not Progress.UP or not self._has_places:
            return
        if served_ms is None:
            self.next_ms = None
            return
        if served_ms >= self._connected_ms:
            self._served_ms, self._failures, self._rounds = served_ms, 0, 0
        last_ms = max(self._connected_ms, served_ms)
        self.next_ms = last_ms + max(self._patient(SERVICE_MS), BEATS_TO_WAIT * beat_ms)

    def move(self, now_ms: int) -> None:
        """Go to the next address."""
        has_served = self._served_ms is not None and self._served_ms >= self._connected_ms
        if self._progress is Progress.CONNECTED or (self._progress is Progress.UP and not has_served):
            self._failures += 1
        if self._progress is Progress.UP or not self._left:
            self._round_began_ms = now_ms
        self._left = self._left or list(self._known)
        self.current = self._left.pop(0)
        self.tried[self.current] = None
        self._progress = Progress.WAITING
        self.next_ms = now_ms + self._attempt_ms(now_ms)

    def _attempt_ms(self, now_ms: int) -> int:
        is_swift = self._has_places and self._served_ms is not None and now_ms < self._served_ms + SWIFT_MS
        return SWIFT_ATTEMPT_MS if is_swift else ATTEMPT_MS

    def _patient(self, wait_ms: int) -> int:
        return wait_ms << min(self._failures, DOUBLINGS_MAX)

    @property
    def _pause_ms(self) -> int:
        """The least time from the beginning of a round in which an address refused to that of the next."""
        doublings = max(0, self._rounds - (SWIFT_ROUNDS if self._has_places else 1))
        return min(PAUSE_MS << min(doublings, DOUBLINGS_MAX), PAUSE_MAX_MS)


class Lookup:
    """Looks a name up in its own thread, because the system's resolver may be slow or never return.

    That thread calls `wake` when `pop` has something to return.
    """

    def __init__(self, host: str, resolve: Resolve, wake: Callable[[], None]) -> None:
        self.failure = ""
        """The reason why the last lookup found nothing."""
        self.again_ms: int | None = None
        """When to begin again; None if a lookup is under way, or if the last one found something."""
        self._host = host
        self._resolve = resolve
        self._wake = wake
        self._results: SimpleQueue[tuple[str, ...] | Exception] = SimpleQueue()
        self._began_ms: int | None = None
        self._is_under_way = False

    def begin(self, now_ms: int) -> None:
        """Look the name up, unless a lookup is under way or began less than `LOOKUP_AGAIN_MS` ago."""
        if self._is_under_way or (self._began_ms is not None and now_ms < self._began_ms + LOOKUP_AGAIN_MS):
            return
        self._began_ms, self._is_under_way, self.again_ms = now_ms, True, None
        threading.Thread(target=self._run, name="auction lookup", daemon=True).start()

    def _run(self) -> None:
        try:
            self._results.put(self._resolve(self._host))
        except Exception as error:  # noqa: BLE001 -- not swallowed: the connection's thread raises it
            self._results.put(error)
        self._wake()

    def pop(self, now_ms: int) -> tuple[str, ...]:
        """Return the addresses found since the last call; none if the lookup goes on, or if it failed."""
        try:
            result = self._results.get_nowait()
        except Empty:
            return ()
        self._is_under_way = False
        if isinstance(result, tuple) and result:
            self.failure = ""
            return result
        if isinstance(result, Exception) and not isinstance(result, OSError | ValueError):
            raise result
        self.failure = str(getattr(result, "strerror", None) or result or "the answer is empty")
        self.again_ms = now_ms + LOOKUP_AGAIN_MS
        return ()


class _Sought:
    """One place of a link: its numeric addresses, and a lookup if the place has a name."""

    def __init__(self, place: Place, resolve: Resolve, wake: Callable[[], None]) -> None:
        self.place = place
        numeric = numeric_address(place.host)
        self.found: tuple[str, ...] = () if numeric is None else (numeric,)
        self.lookup = Lookup(place.host, resolve, wake) if numeric is None else None


class Search:
    """Says where to connect now, among all addresses of all places of a link. Raises UsageError if a host is invalid.

    An address is that of a ROUTER, as ZeroMQ writes it. Another thread calls `wake` after it has looked up a name.
    """

    def __init__(self, places: Sequence[Place], resolve: Resolve, wake: Callable[[], None]) -> None:
        self.addresses = Addresses(has_places=len(places) > 1)
        self._sought = [_Sought(place, resolve, wake) for place in places]
        self._hosts: dict[str, str] = {}

    def begin(self, now_ms: int) -> None:
        """Begin with the numeric addresses of the link, and look its names up."""
        self._learn(now_ms)
        self._look_up(now_ms)

    @property
    def is_choice(self) -> bool:
        """Whether there may be another address besides the current one."""
        return len(self._hosts) > 1 or any(sought.lookup is not None for sought in self._sought)

    @property
    def current(self) -> str:
        """The address to try, or the address of the house; empty while none is known."""
        return self.addresses.current

    @property
    def current_host(self) -> str:
        """The machine of the current address, as a numeric address."""
        return self._hosts.get(self.addresses.current, "")

    @property
    def next_ms(self) -> int | None:
        """When the search has something to do; None if only input can change anything."""
        if not self.is_choice:
            return None
        again = [sought.lookup.again_ms for sought in self._sought if sought.lookup is not None]
        return min((one for one in (self.addresses.next_ms, *again) if one is not None), default=None)

    @property
    def failure(self) -> str:
        """The reason why a lookup failed; empty if no failure is known."""
        return next((one.lookup.failure for one in self._sought if one.lookup is not None and one.lookup.failure), "")

    def read_lookups(self, now_ms: int) -> None:
        """Take the addresses that lookups have found, and begin the failed lookups again when they are due."""
        for sought in self._sought:
            if sought.lookup is not None:
                sought.found = sought.lookup.pop(now_ms) or sought.found
                if sought.lookup.again_ms is not None and sought.lookup.again_ms <= now_ms:
                    sought.lookup.begin(now_ms)
        self._learn(now_ms)

    def go_on(self, now_ms: int) -> None:
        """Go to the next address. If all were tried, look the names up again."""
        if self.addresses.is_round_over:
            self._look_up(now_ms)
        self.addresses.move(now_ms)

    def _learn(self, now_ms: int) -> None:
        found = {
            zmq_address(address, sought.place.port): address for sought in self._sought for address in sought.found
        }
        self._hosts = {self.current: self.current_host} | found if self.current else found
        self.addresses.learn(tuple(found), now_ms)

    def _look_up(self, now_ms: int) -> None:
        for sought in self._sought:
            if sought.lookup is not None:
                sought.lookup.begin(now_ms)
