"""A real gateway in a process of its own, and phones that speak to it as a browser does."""

import json
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import Message
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, Self

from websockets import Origin
from websockets.sync.client import ClientConnection, connect

from tests.house_process import ROOT, WAIT_S

Record = dict[str, Any]


class Answer(NamedTuple):
    """An answer to HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Record:
        """The body as an object."""
        record: Record = json.loads(self.body)
        return record

    @property
    def cookie(self) -> str:
        """The cookie that a browser sends from now on."""
        return self.headers["set-cookie"].partition(";")[0]


class GatewayProcess:
    """`bidder web`; use `running_gateway`. `start` it again after `kill`, on the same port."""

    def __init__(self, link: str, home: Path, *arguments: str) -> None:
        self._link = link
        self._home = home
        self._arguments = arguments
        self._listen = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        """Start the process, and wait until it listens."""
        command = [sys.executable, "-m", "bidder", "web", "--to", self._link, "--home", str(self._home), "--json"]
        self.process = subprocess.Popen(
            [*command, "--listen", self._listen, *self._arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the gateway ended before it listened"
        self.listening: Record = json.loads(line)
        self.origin = str(self.listening["url"]).rstrip("/")
        self._listen = self.origin.partition("://")[2]

    def kill(self) -> None:
        """End the process at once, as a crash does."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """End the process as an operator does; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(timeout=WAIT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    # --- browsers ---------------------------------------------------------------------------------------------------

    def get(self, path: str, **headers: str) -> Answer:
        """Return the answer to a GET."""
        return answer_to(self.origin + path, None, headers)

    def post(self, path: str, body: object, *, cookie: str = "", **headers: str) -> Answer:
        """Return the answer to a POST of a page of this gateway. Headers replace those of the page."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "origin": self.origin, "cookie": cookie, **headers}
        return answer_to(self.origin + path, raw, sent)

    def join(self, name: str, **more: str) -> Answer:
        """Return the answer to a guest that joins."""
        return self.post("/api/join", {"name": name, "attempt": token_hex(20), **more})

    def phone(self, cookie: str = "", query: str = "", **headers: str) -> "Phone":
        """Return a phone with a cookie, connected to `/live`."""
        return Phone(self.origin, cookie, query, headers)

    def guest(self, name: str, **more: str) -> "Phone":
        """Return the phone of a guest that has joined."""
        joined = self.join(name, **more)
        assert joined.status == 200, joined.body
        return self.phone(joined.cookie)


def answer_to(url: str, body: bytes | None, headers: Mapping[str, str], *, trusting: Path | None = None) -> Answer:
    """Return the answer to a GET, or to a POST if there is a body. Empty headers are left out.

    `trusting` is the certificate of a gateway with TLS.
    """
    request = urllib.request.Request(url, body, {name: value for name, value in headers.items() if value})
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        _Staying,
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusting)),
    )
    try:
        with opener.open(request, timeout=WAIT_S) as answer:
            return Answer(answer.status, _headers(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _headers(error.headers), error.read())


class _Staying(urllib.request.HTTPRedirectHandler):
    """Leaves an answer that leads elsewhere to the test."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing."""


def _headers(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Phone:
    """A WebSocket, and all that came over it."""

    def __init__(self, origin: str, cookie: str, query: str, headers: Mapping[str, str]) -> None:
        self.cookie = cookie
        self.heard: list[Record] = []
        self.raw: list[str] = []
        sent = {"Cookie": cookie, **headers} if cookie else dict(headers)
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                f"ws{origin.removeprefix('http')}/live{query}",
                origin=Origin(headers.get("Origin", origin)),
                additional_headers={name: value for name, value in sent.items() if name != "Origin"},
                compression=None,
                proxy=None,
                max_size=None,
            )
        )
        self._next_id = time.time_ns() // 1000

    def new_id(self) -> int:
        """Return an id that is larger than all before."""
        self._next_id += 1
        return self._next_id

    def send(self, **message: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps(message))

    def ask(self, **message: Any) -> Record:
        """Ask for something of the house; return the verdict."""
        request_id = message.setdefault("id", self.new_id())
        self.send(**message)
        return self.until("verdict", lambda record: record["id"] == request_id and record["status"] != "unknown")

    def until(self, event: str, fits: Callable[[Record], object] = lambda _: True) -> Record:
        """Return the next record of an event that fits."""
        deadline_s = time.monotonic() + WAIT_S
        while time.monotonic() < deadline_s:
            text = self.socket.recv(timeout=WAIT_S)
            assert isinstance(text, str)
            record: Record = json.loads(text)
            self.raw.append(text)
            self.heard.append(record)
            if record["event"] == event and fits(record):
                return record
        raise AssertionError(f"no {event} came; there were {[one['event'] for one in self.heard[-20:]]}")

    def lot(self, number: str) -> Record:
        """Return a lot as the records so far leave it."""
        lot: Record = {"seq": -1}
        for record in self.heard:
            pieces = record["lots"] if record["event"] == "lots" else [record]
            for piece in pieces:
                if piece.get("lot") == number and isinstance(piece.get("seq"), int) and piece["seq"] >= lot["seq"]:
                    lot |= piece
        return lot

    def close(self) -> None:
        """Close the WebSocket."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def running_gateway(link: str, home: Path, *arguments: str) -> Iterator[GatewayProcess]:
    """Run a gateway until the end of the block."""
    gateway = GatewayProcess(link, home, *arguments)
    try:
        yield gateway
    finally:
        gateway.stop()
