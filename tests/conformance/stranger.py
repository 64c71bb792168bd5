"""A client written from `docs/protocol.md` alone: plain zmq and msgpack, nothing of this repository.

It is not a good client (it waits for each answer, and never reconnects); its purpose is to check closely.
"""

import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgpack
import zmq
import zmq.utils.monitor
import zmq.utils.z85

WAIT_MS = 120_000
BEAT, SALE, ALL_LOTS = b"beat\x00", b"sale\x00", b"lot/"
LOT_EVENTS = {
    "lot_rescheduled",
    "lot_opened",
    "lot_moved",
    "lot_paused",
    "lot_resumed",
    "lot_extended",
    "lot_closed",
    "lot_withdrawn",
    "lot_corrected",
    "lot_asked",
    "lot_confirmed",
    "lot_revised",
}
SALE_EVENTS = {"lot_added", "lots_reordered", "sale_paused", "sale_resumed", "announced", "called", "sale_ended"}
Body = dict[str, Any]
_HANDSHAKE_EVENTS = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
)


class Link(NamedTuple):
    """A join link, read by section 3.2; `server_key` is Z85, or None for `plain`."""

    host: str
    port: int
    publish_port: int
    server_key: bytes | None
    invite: str


def read_link(text: str) -> Link:
    parts = urlsplit(text)
    query = parse_qs(parts.query)
    key = parts.path.strip("/")
    assert parts.scheme == "auction"
    assert parts.port is not None
    return Link(
        f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "",
        parts.port,
        int(query["publish"][0]),
        None if key == "plain" else zmq.utils.z85.encode(bytes.fromhex(key)),
        query.get("invite", [""])[0],
    )


class Frame(NamedTuple):
    """A broadcast: its topic (without the NUL), its body, its bytes, and its time of receipt (`time.monotonic`)."""

    topic: bytes
    body: Body
    raw: bytes
    at_s: float


class Stranger:
    """One principal with a DEALER and, after `connect_feed`, a SUB. It keeps everything that it receives."""

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        link: str,
        keys: tuple[bytes, bytes] | None = None,
        server_key: bytes | None = None,
        address: str = "",
    ) -> None:
        self.link = read_link(link)
        self.keys = keys or zmq.curve_keypair()
        self._server_key = server_key or self.link.server_key
        self._context = context
        self._ids = itertools.count(time.time_ns() // 1000)
        self.answers: list[bytes] = []
        self.frames: list[Frame] = []
        self.sub: zmq.SyncSocket | None = None
        self.views: dict[str, Body] = {}
        self.sale: Body = {}
        self.paddle = 0
        self.welcome: Body = {}
        self.dealer = self._socket(zmq.DEALER)
        self._monitor = self.dealer.get_monitor_socket(_HANDSHAKE_EVENTS)
        self.dealer.connect(address or f"tcp://{self.link.host}:{self.link.port}")

    def _socket(self, kind: int) -> "zmq.SyncSocket":
        made = self._context.socket(kind)
        made.setsockopt(zmq.LINGER, 0)
        made.setsockopt(zmq.IPV6, 1)
        made.setsockopt(zmq.RECONNECT_IVL, 50)
        if kind == zmq.DEALER:
            made.setsockopt(zmq.IMMEDIATE, 1)
        if self._server_key is not None:
            made.setsockopt(zmq.CURVE_SERVERKEY, self._server_key)
            made.setsockopt(zmq.CURVE_PUBLICKEY, self.keys[0])
            made.setsockopt(zmq.CURVE_SECRETKEY, self.keys[1])
        return made

    def close(self) -> None:
        self.dealer.disable_monitor()
        self._monitor.close()
        self.dealer.close()
        if self.sub is not None:
            self.sub.close()

    # --- requests ----------------------------------------------------------------------------------------------

    def new_id(self) -> int:
        return next(self._ids)

    def send_raw(self, *frames: bytes) -> None:
        assert self.dealer.poll(WAIT_MS, zmq.POLLOUT), "no connection"
        self.dealer.send_multipart(frames)

    def send(self, body: Body) -> None:
        self.send_raw(msgpack.packb(body))

    def receive(self, wait_ms: int = WAIT_MS) -> Body | None:
        """Return the next answer; None if none comes."""
        if not self.dealer.poll(wait_ms):
            return None
        frames = self.dealer.recv_multipart()
        assert len(frames) == 1, "an answer is one frame"
        self.answers.append(frames[0])
        return unpacked(frames[0])

    def ask(self, type_: str, **fields: Any) -> Body:
        """Send a request with a new id, unless `id` is given, and return its answer."""
        body: Body = {"type": type_, "id": self.new_id()} | fields
        self.send(body)
        return self.await_answer(body["id"])

    def ask_raw(self, *frames: bytes) -> Body:
        """Send frames unchanged and return the next answer."""
        self.send_raw(*frames)
        answer = self.receive()
        assert answer is not None, "no answer"
        return answer

    def await_answer(self, request_id: int) -> Body:
        while True:
            answer = self.receive()
            assert answer is not None, "no answer"
            if answer["id"] == request_id:
                return answer

    def ask_until_answered(self, body: Body, wait_ms: int = 200) -> Body:
        """Send the same bytes of a request again and again until a verdict comes, as section 9 requires of clients."""
        deadline_s = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < deadline_s:
            if self.dealer.poll(wait_ms, zmq.POLLOUT):
                self.dealer.send(msgpack.packb(body))
            while (answer := self.receive(wait_ms)) is not None:
                if answer["id"] == body["id"] and answer.get("code") not in ("unavailable", "slow_down"):
                    return answer
        raise AssertionError("no answer")

    def hello(self, **fields: Any) -> Body:
        plain = {} if self.link.server_key else {"key": self.keys[0].decode()}
        answer = self.ask("hello", **({"versions": [1]} | plain | fields))
        if answer["type"] == "welcome":
            self.welcome = answer
            self.paddle = answer["paddle"]
        return answer

    def enrol(self, **fields: Any) -> Body:
        """Say hello as a bidder under an unused name, and be let in."""
        invite = {"invite": self.link.invite} if self.link.invite else {}
        answer = self.hello(**({"name": f"Stranger {secrets.token_hex(4)}"} | invite | fields))
        assert answer["type"] == "welcome", answer
        return answer

    # --- broadcasts --------------------------------------------------------------------------------------------

    def connect_feed(self, *subscriptions: bytes) -> None:
        """Connect the SUB (again), without proof that the subscriptions are in force."""
        if self.sub is not None:
            self.sub.close()
        self.sub = self._socket(zmq.SUB)
        for subscription in subscriptions:
            self.sub.setsockopt(zmq.SUBSCRIBE, subscription)
        self.sub.connect(f"tcp://{self.link.host}:{self.welcome.get('publish_port', self.link.publish_port)}")

    def new_probe(self) -> bytes:
        """Subscribe to a new probe."""
        assert self.sub is not None
        probe = b"~" + secrets.token_hex(8).encode()
        self.sub.setsockopt(zmq.SUBSCRIBE, probe + b"\x00")
        return probe

    def probe(self) -> Frame:
        """Probe until an answer comes. All that the house sent before the answer has then arrived, also in `frames`."""
        for _ in range(WAIT_MS // 2000):
            probe = self.new_probe()
            found = self.find_frame(lambda frame, probe=probe: frame.topic == probe, wait_ms=2000)  # type: ignore[misc]
            assert self.sub is not None
            self.sub.setsockopt(zmq.UNSUBSCRIBE, probe + b"\x00")
            if found is not None:
                return found
        raise AssertionError("no probe was answered")

    def next_frame(self, wait_ms: int) -> Frame | None:
        assert self.sub is not None
        if not self.sub.poll(wait_ms):
            return None
        parts = self.sub.recv_multipart()
        assert len(parts) == 1, "a broadcast is one frame"
        topic, nul, body = parts[0].partition(b"\x00")
        assert nul, "a NUL ends the topic"
        frame = Frame(topic, unpacked(body), parts[0], time.monotonic())
        self.frames.append(frame)
        return frame

    def find_frame(self, wanted: Callable[[Frame], bool], wait_ms: int = WAIT_MS) -> Frame | None:
        """Return the next frame for which `wanted` is true; None if none comes."""
        deadline_s = time.monotonic() + wait_ms / 1000
        while (left_ms := int((deadline_s - time.monotonic()) * 1000)) > 0:
            frame = self.next_frame(left_ms)
            if frame is not None and wanted(frame):
                return frame
        return None

    def await_frame(self, wanted: Callable[[Frame], bool], wait_ms: int = WAIT_MS) -> Frame:
        found = self.find_frame(wanted, wait_ms)
        assert found is not None, "the broadcast did not come"
        return found

    def await_event(self, lot: str, event: str) -> Body:
        """Return a lot's next event of this kind."""

        def events_of(frame: Frame) -> list[Body]:
            return [one for one in lot_events(frame, lot) if one["event"] == event]

        return events_of(self.await_frame(lambda frame: bool(events_of(frame))))[0]

    def await_beat(self) -> Frame:
        return self.await_frame(lambda frame: frame.topic == b"beat")

    # --- the whole way in --------------------------------------------------------------------------------------

    def join(self, **hello: Any) -> "Stranger":
        """Section 7: hello, subscriptions, probe, snapshot."""
        self.enrol(**hello)
        self.connect_feed(BEAT, SALE, ALL_LOTS)
        self.probe()
        self.load()
        return self

    def load(self) -> None:
        """Take all pages of a snapshot, and all later events of the feed."""
        self.views, self.sale = {}, {}
        start: int | None = 0
        while start is not None:
            page = self.ask("snapshot", start=start)
            assert page["type"] == "snapshot", page
            self.sale = page["sale"]
            self.views |= {view["terms"]["lot"]: view for view in page["lots"]}
            start = page["next"]
        for frame in self.frames:
            self.apply(frame.body)

    def catch_up(self) -> None:
        """Apply everything that the house has sent up to now."""
        known = len(self.frames)
        self.probe()
        for frame in self.frames[known:]:
            self.apply(frame.body)

    def apply(self, body: Body) -> None:
        for one in body["lots"] if body["type"] == "many_lots" else (body,):
            for event in one.get("events", ()):
                if body["type"] == "sale_events":
                    self._apply_to_sale(event)
                elif event["seq"] > self.views[one["lot"]]["seq"]:
                    assert event["seq"] == self.views[one["lot"]]["seq"] + 1, "a hole"
                    self.views[one["lot"]] = evolve(self.views[one["lot"]], event)

    def _apply_to_sale(self, event: Body) -> None:
        if event["seq"] <= self.sale["seq"]:
            return
        assert event["seq"] == self.sale["seq"] + 1, "a hole"
        if event["event"] == "lots_reordered" and event["lot"] in self.views:
            self.views = reordered(self.views, event["lot"], event["before"])
        if event["event"] == "lot_added":
            self.views.setdefault(event["terms"]["lot"], first_view(event))
        self.sale = evolve_sale(self.sale, event)

    def await_handshake(self) -> int:
        """Return the libzmq event that ends the DEALER's next handshake."""
        assert self._monitor.poll(WAIT_MS), "no handshake"
        return int(zmq.utils.monitor.recv_monitor_message(self._monitor)["event"])


def unpacked(body: bytes) -> Body:
    """Decode strictly: only str keys, and nothing after the map."""
    value = msgpack.unpackb(body, strict_map_key=True, raw=False)
    assert isinstance(value, dict)
    assert isinstance(value["type"], str)
    return value


def all_events(frame: Frame) -> list[Body]:
    """Return the events of the sale, or of any lots, in a frame."""
    each = frame.body["lots"] if frame.topic == b"lot/" else (frame.body,)
    return [event for one in each for event in one.get("events", ())]


def lot_events(frame: Frame, lot: str) -> list[Body]:
    """Return the events of a lot in a frame."""
    if frame.topic == b"lot/":
        return [event for one in frame.body["lots"] if one["lot"] == lot for event in one["events"]]
    return list(frame.body["events"]) if frame.topic == b"lot/" + lot.encode() else []


# --- section 8, in another hand ------------------------------------------------------------------------------------


def first_view(added: Body) -> Body:
    return dict.fromkeys(("ends_at_ms", "remaining_ms", "closed_at_ms", "close_cause", "asked")) | {
        "terms": added["terms"],
        "board": added["board"],
        "seq": 0,
        "status": "scheduled",
        "opens_at_ms": added["opens_at_ms"],
        "results": [],
        "reason": "",
    }


def reordered(views: dict[str, Body], lot: str, before: str) -> dict[str, Body]:
    others = [name for name in views if name != lot]
    place = others.index(before) if before in others else len(others)
    return {name: views[name] for name in (*others[:place], lot, *others[place:])}


def evolve(view: Body, event: Body) -> Body:
    changes: dict[str, Callable[[], Body]] = {
        "lot_rescheduled": lambda: picked(event, "opens_at_ms"),
        "lot_opened": lambda: {"status": "open", "opens_at_ms": event["at_ms"]} | picked(event, "ends_at_ms"),
        "lot_moved": lambda: picked(event, "board", "ends_at_ms"),
        "lot_paused": lambda: {"status": "paused", "ends_at_ms": None} | picked(event, "remaining_ms"),
        "lot_resumed": lambda: {"status": "open", "remaining_ms": None} | picked(event, "ends_at_ms"),
        "lot_extended": lambda: picked(event, "ends_at_ms", "remaining_ms"),
        "lot_closed": lambda: (
            final(event)
            | {"status": "sold" if event["results"] else "passed", "close_cause": event["cause"]}
            | picked(event, "results")
        ),
        "lot_withdrawn": lambda: final(event) | {"status": "withdrawn"} | picked(event, "reason"),
        "lot_corrected": lambda: corrected(view, event),
        "lot_asked": lambda: picked(event, "asked"),
        "lot_confirmed": lambda: {"asked": None} | picked(event, "status", "ends_at_ms", "remaining_ms"),
        "lot_revised": lambda: picked(event, "terms", "board", "opens_at_ms", "ends_at_ms"),
    }
    return view | {"seq": event["seq"]} | changes[event["event"]]()


def corrected(view: Body, event: Body) -> Body:
    is_over = event["status"] in ("sold", "passed")
    return picked(event, "status", "board", "ends_at_ms", "remaining_ms", "results", "asked") | {
        "opens_at_ms": view["opens_at_ms"] or (None if is_over else event["at_ms"]),
        "closed_at_ms": view["closed_at_ms"] if is_over else None,
        "close_cause": {"void": "voided", "award": "awarded"}[event["cause"]] if is_over else None,
        "reason": "",
    }


def final(event: Body) -> Body:
    nothing = dict.fromkeys(("ends_at_ms", "remaining_ms", "asked"))
    return nothing | {"closed_at_ms": event["at_ms"]} | picked(event, "board")


def evolve_sale(view: Body, event: Body) -> Body:
    changes = {
        "lot_added": {"lots": view["lots"] + 1},
        "lots_reordered": {},
        "sale_paused": {"status": "paused"},
        "sale_resumed": {"status": "running"},
        "announced": {"announcement": event.get("text")},
        "called": {},
        "sale_ended": {"status": "ended"},
    }
    return view | {"seq": event["seq"]} | changes[event["event"]]


def picked(event: Body, *fields: str) -> Body:
    return {field: event[field] for field in fields}


@contextmanager
def strangers(context: "zmq.Context[zmq.SyncSocket]", link: str) -> Iterator[Callable[..., Stranger]]:
    """Yield a maker of strangers; all are closed at the end."""
    made: list[Stranger] = []

    def make(**options: Any) -> Stranger:
        made.append(Stranger(context, link, **options))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()
