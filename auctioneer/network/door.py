"""The door: which key may connect to which endpoint. libzmq asks it during each handshake (ZAP, ZeroMQ RFC 27).

The door runs before anything is bound, since without it CURVE would let every key in. It has a thread of its own, so
that a crowd at the door does not keep the loop from the bids. It only reads what the loop writes.

A key that is turned away *for now* sees the connection end and tries again automatically, so admitting it is enough.
A key that is turned away *for good* is told so in the handshake, and its libzmq gives up.
"""

import threading
from collections.abc import Callable, Mapping
from enum import Enum
from time import monotonic
from typing import Final

import zmq
from zmq.utils import z85

TURNED_AWAY_S: Final = 5.0
"""How long a key that flooded one endpoint is kept out of all of them: as long as a client waits between attempts."""
TURNED_AWAY_MAX: Final = 10_000
"""The most keys that are kept out at a time; beyond it, the first one kept out may come back early."""
_ZAP_ADDRESS: Final = "inproc://zeromq.zap.01"
_ZAP_VERSION: Final = b"1.0"
_CURVE: Final = b"CURVE"
_STOP_ADDRESS: Final = "inproc://door.stop"


class Word(Enum):
    """The door's answer to a key; the values are ZAP's status codes."""

    COME_IN = b"200"
    NOT_NOW = b"300"
    NEVER = b"400"


Rule = Callable[[str], Word]


class TurnedAway:
    """The keys that are kept out for a while, since they flooded an endpoint."""

    def __init__(self, clock_s: Callable[[], float] = monotonic) -> None:
        self._clock_s = clock_s
        self._until_s: dict[str, float] = {}  # written by the loop, read by the door

    def add(self, key: str) -> None:
        """Keep a key out for `TURNED_AWAY_S` from now."""
        self._until_s.pop(key, None)
        if len(self._until_s) >= TURNED_AWAY_MAX:
            del self._until_s[next(iter(self._until_s))]
        self._until_s[key] = self._clock_s() + TURNED_AWAY_S

    def __contains__(self, key: str) -> bool:
        return self._clock_s() < self._until_s.get(key, 0.0)


class Public:
    """The rule for requests: every key may connect, since its session decides the rest; but a flooding key waits."""

    def __init__(self, turned_away: TurnedAway) -> None:
        self._turned_away = turned_away

    def __call__(self, key: str) -> Word:
        """Judge a key."""
        return Word.NOT_NOW if key in self._turned_away else Word.COME_IN


class Controllers:
    """The rule for control: the keys that give commands may connect, and none before `ask` was called.

    A key that floods a socket waits, whoever it is.
    """

    def __init__(self, turned_away: TurnedAway) -> None:
        self._turned_away = turned_away
        self._may_command: Callable[[str], bool] | None = None

    def ask(self, may_command: Callable[[str], bool]) -> None:
        """Go by this rule from now on; the door's thread calls it."""
        self._may_command = may_command

    def __call__(self, key: str) -> Word:
        """Judge a key."""
        if self._may_command is None or key in self._turned_away:
            return Word.NOT_NOW
        return Word.COME_IN if self._may_command(key) else Word.NEVER


class Audience:
    """The rule for broadcasts: only keys that may hear them may connect, so nobody else can even send to that socket.

    Before `ask` was called, every key may connect: a restarted house must not turn its bidders away while it reads the
    record. It grants no subscription in that time either. A key that floods a socket waits, whoever it is.
    """

    def __init__(self, turned_away: TurnedAway) -> None:
        self._turned_away = turned_away
        self._may_connect: Callable[[str], bool] | None = None

    def ask(self, may_connect: Callable[[str], bool]) -> None:
        """Go by this rule from now on; the door's thread calls it."""
        self._may_connect = may_connect

    def __call__(self, key: str) -> Word:
        """Judge a key."""
        if key in self._turned_away:
            return Word.NOT_NOW
        return Word.COME_IN if self._may_connect is None or self._may_connect(key) else Word.NOT_NOW


class Door:
    """Answers libzmq by the rule of each domain, until it is closed."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", rules: Mapping[str, Rule]) -> None:
        self._rules = {domain.encode(): rule for domain, rule in rules.items()}
        self._asked = context.socket(zmq.REP)
        self._asked.bind(_ZAP_ADDRESS)
        self._stopped = context.socket(zmq.PAIR)
        self._stopped.bind(_STOP_ADDRESS)
        self._stop = context.socket(zmq.PAIR)
        self._stop.connect(_STOP_ADDRESS)
        self._thread = threading.Thread(target=self._answer_all, name="door", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; every later handshake fails."""
        self._stop.send(b"")
        self._thread.join()
        for one in (self._stop, self._stopped, self._asked):
            one.close(linger=0)

    def _answer_all(self) -> None:
        poller = zmq.Poller()
        for one in (self._stopped, self._asked):
            poller.register(one, zmq.POLLIN)
        while True:
            ready = dict(poller.poll())
            if self._stopped in ready:
                return
            _, request_id, domain, _, _, mechanism, *credentials = self._asked.recv_multipart()
            key = z85.encode(credentials[0]) if mechanism == _CURVE else b""
            word = self._rules[domain](key.decode()) if key else Word.NEVER
            user_id = key if word is Word.COME_IN else b""
            self._asked.send_multipart([_ZAP_VERSION, request_id, word.value, b"", user_id, b""])
