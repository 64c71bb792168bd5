"""The house's sockets: requests (ROUTER), broadcasts (XPUB) and control (ROUTER), and who may connect to each.

Any key may connect to requests, where its session decides the rest. Only keys that may hear the broadcasts may connect
to those, and only keys that give commands may connect to control. `auctioneer.network.door` has these rules.
"""

import time
from collections.abc import Callable
from enum import IntFlag
from threading import Thread
from typing import Final, NamedTuple

import zmq

from auctioneer.network.addresses import is_every_address, is_loopback, parse_advertised
from auctioneer.network.door import Audience, Controllers, Door, Public, Rule, TurnedAway
from common.errors import UsageError
from common.keys import KeyPair
from common.limits import CONTROL_BYTES_MAX, REQUEST_BYTES_MAX
from common.links import JoinLink, Place, zmq_address
from common.own_address import own_address
from common.sockets import BytesSocket, new_context, set_publisher, set_request_server, use_curve_server

REQUESTS_DOMAIN: Final = "requests"
BROADCASTS_DOMAIN: Final = "broadcasts"
CONTROL_DOMAIN: Final = "control"
LEAVE_S: Final = 5.0
"""How long closing may take; the sockets themselves wait one second for their last messages."""
PARTING_S: Final = 0.05
"""How long the sockets stay when the sale is handed over. libzmq now and then loses what it is sending when a socket is
closed (measured: 4 of 200 answers, and none of 400 after 5 ms), and nobody would be there to ask again."""
LOOPBACK: Final = "127.0.0.1"
"""Where control listens unless the operator says otherwise: TCP and not a local (Unix) socket, since libzmq aborts if
it accepts a local connection while all file handles are used."""
SUBSCRIPTION_BYTES_MAX: Final = 1024
"""Topics are far smaller, but the CURVE handshake's frames (about 400 bytes) must pass too."""


class _IoThread(IntFlag):
    """libzmq's threads, as bits of a socket's affinity.

    With two threads no bid waits while a crowd connects to the broadcasts, with a handshake of a fraction of a
    millisecond each. And broadcasts are encrypted in parallel with answers.
    """

    REQUESTS = 1
    BROADCASTS = 2


class Listening(NamedTuple):
    """Where a house should listen, and where others reach it if that differs.

    Port 0 means a free one: the port of the last run (`port_before`, `publish_port_before`; 0: there was none) if it is
    still free. `publish_port` None means `port` + 1, or a free port if `port` is 0. `advertise` is
    HOST[:PORT[:PORT]]; empty means the address on which the house listens. Commands come to `control_host` and
    `control_port`, which is chosen as `port` is.
    """

    host: str
    port: int
    publish_port: int | None = None
    advertise: str = ""
    is_encrypted: bool = True
    port_before: int = 0
    publish_port_before: int = 0
    control_host: str = LOOPBACK
    control_port: int = 0
    control_port_before: int = 0
    others: tuple[Place, ...] = ()
    """Where else the house may be; the link names these places after its own."""


class Reached(NamedTuple):
    """Where others reach the house; links and `welcome` name this."""

    host: str
    port: int
    publish_port: int


class Endpoints:
    """All sockets of a house; the constructor binds them. Raises UsageError if an address is not available."""

    def __init__(self, listening: Listening, keys: KeyPair) -> None:
        self._listening = listening
        self._keys = keys
        self.context = new_context(len(_IoThread))
        self.turned_away = TurnedAway()
        self._audience = Audience(self.turned_away)
        self._controllers = Controllers(self.turned_away)
        rules: dict[str, Rule] = {
            REQUESTS_DOMAIN: Public(self.turned_away),
            BROADCASTS_DOMAIN: self._audience,
            CONTROL_DOMAIN: self._controllers,
        }
        self._door = Door(self.context, rules)
        self.requests = self.context.socket(zmq.ROUTER, socket_class=BytesSocket)
        self.publisher = self.context.socket(zmq.XPUB, socket_class=BytesSocket)
        self.control = self.context.socket(zmq.ROUTER)
        try:
            self._bind()
        except BaseException:
            self.close()
            raise

    def _bind(self) -> None:
        asked, keys = self._listening, self._keys
        set_request_server(self.requests, REQUEST_BYTES_MAX)
        set_publisher(self.publisher, SUBSCRIPTION_BYTES_MAX)
        set_request_server(self.control, CONTROL_BYTES_MAX)
        if asked.is_encrypted:
            use_curve_server(self.requests, keys, REQUESTS_DOMAIN)
            use_curve_server(self.publisher, keys, BROADCASTS_DOMAIN)
        use_curve_server(self.control, keys, CONTROL_DOMAIN)
        self.requests.setsockopt(zmq.AFFINITY, _IoThread.REQUESTS)
        self.publisher.setsockopt(zmq.AFFINITY, _IoThread.BROADCASTS)
        self.control.setsockopt(zmq.AFFINITY, _IoThread.BROADCASTS)
        self.port = bind_tcp(self.requests, asked.host, asked.port, asked.port_before)
        self.publish_port = bind_tcp(
            self.publisher, asked.host, publish_port_of(asked), asked.publish_port_before, "--publish-port"
        )
        self.reached_at = self._reached_at()
        self.control_port = bind_tcp(
            self.control, asked.control_host, asked.control_port, asked.control_port_before, "--control-port"
        )
        own_host = LOOPBACK if is_every_address(asked.control_host) else asked.control_host
        self.control_address = zmq_address(own_host, self.control_port)
        """Where programs on this machine give commands."""
        self.control_place = Place(self._control_host(), self.control_port)
        """Where clerks on other machines do; they need not be able to reach it."""

    def admit_by(self, may_connect: Callable[[str], bool], may_command: Callable[[str], bool]) -> None:
        """Follow these rules from now on: which keys may hear the broadcasts, and which may give commands."""
        self._audience.ask(may_connect)
        self._controllers.ask(may_command)

    def _control_host(self) -> str:
        """Return the host at which clerks reach the house: the advertised one, unless control is for this machine."""
        asked = self._listening
        if asked.advertise and not is_loopback(asked.control_host):
            return parse_advertised(asked.advertise).host
        return own_address() if is_every_address(asked.control_host) else asked.control_host

    def _reached_at(self) -> "Reached":
        """Return where others reach the house: the advertised address, or the one on which it listens."""
        asked = self._listening
        if asked.advertise:
            host, port, publish_port = parse_advertised(asked.advertise)
            return Reached(host, port or self.port, publish_port or self.publish_port)
        host = own_address() if is_every_address(asked.host) else asked.host
        return Reached(host, self.port, self.publish_port)

    def link(self, invite: str) -> JoinLink:
        """Return the link with which bidders find this house and check that it is the right one."""
        at = self.reached_at
        key = self._keys.public if self._listening.is_encrypted else ""
        return JoinLink(at.host, at.port, at.publish_port, key, invite, self._listening.others)

    def leave(self) -> None:
        """Let go of bidders for another house, and give what was sent a moment to leave; `close` does the rest."""
        time.sleep(PARTING_S)
        for one in (self.requests, self.publisher, self.control):
            one.close()

    def drop(self) -> None:
        """Close the sockets for bidders at once, and send nothing more: another house may speak by now."""
        for one in (self.requests, self.publisher, self.control):
            one.close(linger=0)

    def close(self) -> None:
        """Close everything, and give the last messages a moment to leave."""
        for one in (self.requests, self.publisher, self.control):
            one.close()
        self._door.close()
        # libzmq can take very long, or forever, to close the connections of thousands of listeners that are gone. Those
        # that still listen have received the last messages by then, and the process ends anyway.
        leaving = Thread(target=self.context.term, name="leave", daemon=True)
        leaving.start()
        leaving.join(LEAVE_S)


def publish_port_of(listening: Listening) -> int:
    """Return the port for broadcasts that is asked for; 0: any free one."""
    if listening.publish_port is not None:
        return listening.publish_port
    return listening.port + 1 if listening.port else 0


def user_id(frame: zmq.Frame) -> str | None:
    """Return the authenticated key of a message; None if it has none, and then nothing shows who sent it."""
    try:
        return str(frame.get(b"User-Id"))
    except zmq.ZMQError:
        return None


def bind_tcp(server: "zmq.Socket[bytes]", host: str, port: int, port_before: int, option: str = "--port") -> int:
    """Bind and return the port. Port 0 means the port of the last run if it is still free, so that links stay valid.

    `option` chooses the port. Raises UsageError.
    """
    for candidate in (port,) if port else (port_before, 0) if port_before else (0,):
        address = f"tcp://[{host}]:{candidate or '*'}" if ":" in host else f"tcp://{host}:{candidate or '*'}"
        try:
            server.bind(address)
        except zmq.ZMQError as error:
            if candidate == port:
                raise UsageError(_bind_fault(host, port, option, error)) from error
            continue
        return int(server.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])
    raise AssertionError("the last candidate binds or raises")


def _bind_fault(host: str, port: int, option: str, error: zmq.ZMQError) -> str:
    if error.errno == zmq.EADDRINUSE:
        return f"Port {port} on {host} is in use by another program. Choose another with {option} (0 for any free one)."
    return f"Can't listen on {host}:{port} ({error.strerror}). Is {host} an address of this machine?"
