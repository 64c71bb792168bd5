"""The client in JavaScript at a real house. It was written from docs/protocol.md alone, so it tries that document.

It needs Node 20 and npm, and two npm packages, which are installed into a copy; without them these tests are skipped.
"""

import json
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq
from msgspec.structs import replace

from bidder import Client as Rival
from common.errors import RejectCode
from common.keys import new_keys
from common.links import parse_link
from common.messages import Accepted
from tests.bidder.core.small_house import SmallHouse
from tests.bidder.shells.fake_house import FakeHouse, heir_of, standing_still
from tests.house_process import CATALOGUE, WAIT_S, HouseProcess, running_house
from tests.test_docs_protocol import VECTORS, with_unknown_fields

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "javascript"
NODE_MAJOR_MIN = 20
INSTALL_S = 90
PROXY_HOST = "127.0.0.2"
SAME_FIELDS = (
    *("seq", "status", "bids", "price_minor", "minimum_minor", "reserve_met"),
    *("opens_at_ms", "ends_at_ms", "hammer_minor", "buy_now_minor"),
)
"""What a view and a row of `auctioneer lots --json` have in common, under one name."""
ONE_MORE_LOT = """
[[lot]]
title = "A late one"
starting_price = "10"
increment = "1"
opens = "by hand"
"""
Change = Callable[[bytes], list[bytes]]
"""What a network makes of one broadcast: the frames that arrive."""


def said(*command: str, cwd: Path = EXAMPLE) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_S, check=True).stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the example with its packages, or skip, and say what is missing."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("the example in JavaScript needs node and npm, which are not here")
    version = said("node", "--version").strip()
    if int(version.removeprefix("v").partition(".")[0]) < NODE_MAJOR_MIN:
        pytest.skip(f"the example in JavaScript needs node {NODE_MAJOR_MIN} or newer, and this is {version}")
    copy = tmp_path_factory.mktemp("javascript") / "example"
    shutil.copytree(EXAMPLE, copy, symlinks=True)
    if not (copy / "node_modules").exists():
        try:
            said("npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--fetch-retries=0", cwd=copy)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"npm can't install the packages of the example in JavaScript: {error.stderr!s}")
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm has not installed the packages of the example in JavaScript in {INSTALL_S} s")
    return copy


def _has(told: dict[str, Any], fields: dict[str, Any]) -> bool:
    return fields.items() <= {**told.get("board", {}), **told}.items()


class Client:
    """The program, and the lines that it prints."""

    def __init__(self, example: Path, link: str, folder: Path, name: str, *words: str) -> None:
        keys = str(folder / f"{name}.json")
        command = ["node", str(example / "client.mjs"), link, "--name", name, "--key", keys, *words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.printed: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)
            self._lines.put(line)
        self._lines.put("")

    def says(self, **fields: Any) -> dict[str, Any]:
        """Return the next line with these fields, in itself or in the board that it shows, passing over others."""
        return self._next(lambda told: _has(told, fields), str(fields))

    def has_said(self, **fields: Any) -> dict[str, Any]:
        """Return a line with these fields, also one that came already: a broadcast may overtake a verdict."""
        lines = (json.loads(line) for line in list(self.printed) if line.startswith("{"))
        return next((told for told in lines if _has(told, fields)), None) or self.says(**fields)

    def says_verdict(self) -> dict[str, Any]:
        """Return the next verdict of a bid."""
        return self._next(lambda told: told["type"] in {"accepted", "rejected"}, "a verdict")

    def _next(self, is_wanted: Callable[[dict[str, Any]], bool], wanted: str) -> dict[str, Any]:
        deadline_s = time.monotonic() + WAIT_S
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, deadline_s - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"it did not say {wanted}:\n" + "".join(self.printed[-20:])) from None
            assert line, f"it ended and did not say {wanted}:\n" + "".join(self.printed[-20:])
            if line.startswith("{"):
                told: dict[str, Any] = json.loads(line)
                if is_wanted(told):
                    return told

    def order(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def views(self) -> dict[str, dict[str, Any]]:
        self.order("lots")
        return {view["terms"]["lot"]: view for view in self.says(type="lots")["lots"]}

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=WAIT_S)
        self._reader.join(timeout=WAIT_S)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()


@contextmanager
def client_at(example: Path, link: str, folder: Path, name: str = "Ada", *words: str) -> Iterator[Client]:
    client = Client(example, link, folder, name, *words)
    try:
        client.says(type="in_step")
        yield client
    finally:
        client.stop()


@contextmanager
def rival_at(house: HouseProcess) -> Iterator[Rival]:
    """Have a bidder in Python at the house itself."""
    with Rival.connect(house.link, "Ben", new_keys()) as rival:
        yield rival


def flat(view: dict[str, Any]) -> dict[str, Any]:
    """Return an English view with its board and the one row of its results as fields of its own."""
    sold = view["results"][0] if view["results"] else {}
    outcome = {"winner": sold.get("paddle"), "hammer_minor": sold.get("amount_minor")}
    return {**view, **view["board"], **outcome}


def assert_same_view(client: Client, house: HouseProcess) -> None:
    """All that both tell of each lot is the same."""
    told = house.auctioneer("lots", "--json")
    rows = {row["lot"]: row for row in json.loads(told.stdout)}
    views = {lot: flat(view) for lot, view in client.views().items()}
    assert {lot: [view[name] for name in (*SAME_FIELDS, "leader", "winner")] for lot, view in views.items()} == {
        lot: [row[name] for name in (*SAME_FIELDS, "paddle", "winner_paddle")] for lot, row in rows.items()
    }


@pytest.mark.parametrize("kind", ["answers", "broadcasts"])
@pytest.mark.parametrize("grow", [lambda message: message, with_unknown_fields], ids=["as they are", "grown"])
def test_it_decodes_every_vector(example: Path, kind: str, grow: Callable[[Any], Any]) -> None:
    script = """
        import { decode, split } from './protocol.mjs'
        for await (const chunk of process.stdin) {
          const frames = JSON.parse(chunk).map((hex) => Buffer.from(hex, 'hex'))
          const isBroadcast = process.argv[1] === 'broadcasts'
          console.log(JSON.stringify(frames.map((frame) => decode(isBroadcast ? split(frame)[1] : frame))))
        }
    """
    messages = [grow(vector["json"]) for vector in VECTORS[kind]]
    bodies = [bytes.fromhex(vector["hex"]) for vector in VECTORS[kind]]
    if grow is with_unknown_fields:
        heads = [body[: body.index(b"\0") + 1] if kind == "broadcasts" else b"" for body in bodies]
        bodies = [head + msgpack.packb(message) for head, message in zip(heads, messages, strict=True)]
    decoded = subprocess.run(
        ["node", "--input-type=module", "-e", script, kind],
        cwd=example,
        input=json.dumps([body.hex() for body in bodies]),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    assert json.loads(decoded.stdout) == messages


@pytest.mark.parametrize("kind", ["requests", "answers", "broadcasts"])
def test_what_it_decodes_and_encodes_again_is_the_same_bytes(example: Path, kind: str) -> None:
    """JavaScript sorts keys that look like integers, so no map of the protocol may have any."""
    script = """
        import { decode, encode } from './protocol.mjs'
        for await (const chunk of process.stdin) {
          const bodies = JSON.parse(chunk).map((hex) => Buffer.from(hex, 'hex'))
          console.log(JSON.stringify(bodies.map((body) => encode(decode(body)).toString('hex'))))
        }
    """
    frames = {vector["name"]: bytes.fromhex(vector["hex"]) for vector in VECTORS[kind]}
    if kind == "broadcasts":
        frames = {name: frame[frame.index(b"\0") + 1 :] for name, frame in frames.items()}
    encoded = subprocess.run(
        ["node", "--input-type=module", "-e", script],
        cwd=example,
        input=json.dumps([frame.hex() for frame in frames.values()]),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=True,
    )
    assert dict(zip(frames, json.loads(encoded.stdout), strict=True)) == {
        name: frame.hex() for name, frame in frames.items()
    }


def test_it_refuses_what_is_not_of_the_protocol(example: Path) -> None:
    """Floats, bin, ext, integers beyond the range, and bytes after the map: a client can't go on with them."""
    script = """
        import { decode } from './protocol.mjs'
        for (const hex of process.argv.slice(1)) {
          try {
            console.log(decode(Buffer.from(hex, 'hex')))
          } catch (error) {
            console.log(error.constructor.name)
          }
        }
    """
    wrong = [1.5, b"bytes", msgpack.ExtType(5, b"x"), msgpack.Timestamp(0, 0), 2**53, -1, float("nan")]
    bodies = [msgpack.packb({"type": "pong", "id": 1, "x": [{"y": value}]}) for value in wrong]
    bodies += [b"", b"\xc1", b"\x92\x01\x02", msgpack.packb({"type": "pong"}) + b"\xc0", msgpack.packb({"id": 1})]
    told = said("node", "--input-type=module", "-e", script, *(body.hex() for body in bodies), cwd=example)
    assert told.split() == ["Fault"] * len(bodies)


def test_it_is_outbid_repairs_a_crash_and_ends_with_the_view_of_the_house(example: Path, tmp_path: Path) -> None:
    with (
        running_house(tmp_path) as house,
        rival_at(house) as rival,
        client_at(example, house.link, tmp_path) as client,
    ):
        client.order("bid 01 1000")
        assert client.says(type="accepted")["own"] == {"format": "english", "maximum_minor": 1000}
        assert isinstance(rival.bid("1", amount_minor=1200), Accepted)
        client.says(type="outbid", lot="1")
        house.kill_server()
        client.order("max 1 5000")  # it may be sent to the old house, to none, and to the new one
        assert client.says(type="accepted", lot="1")["own"] == {"format": "english", "maximum_minor": 5000}
        assert isinstance(rival.bid("2", amount_minor=1000), Accepted)
        for command in (["open", "3"], ["close", "1", "--yes"], ["pause", "2"], ["announce", "Thank you"]):
            ordered = house.auctioneer(*command)
            assert ordered.exit_code == 0, ordered.stderr
        client.says(type="won", lot="1")
        client.says(type="sale", announcement="Thank you")
        assert_same_view(client, house)
        house.stop()
        client.says(type="stale")
        client.order("bid 2 9000")
        client.order("quit")
        assert client.says(type="unanswered")["amount_minor"] == 9000
        assert client.process.wait(timeout=WAIT_S) == 0


def freeze(house: SmallHouse) -> None:
    house.is_frozen, house.bid_answer, house.hello_answer = True, RejectCode.UNAVAILABLE, RejectCode.UNAVAILABLE


@pytest.mark.parametrize("owner", ["refuses", "stands still", "is frozen"])
def test_it_goes_to_the_house_that_took_over(example: Path, tmp_path: Path, owner: str) -> None:
    with FakeHouse() as house, ExitStack() as until_the_end:
        heir = heir_of(house)
        link = str(replace(house.link, others=heir.link.places))
        client = until_the_end.enter_context(client_at(example, link, tmp_path))
        if owner == "refuses":
            house.stop()
        elif owner == "stands still":
            until_the_end.enter_context(standing_still(house))
        else:
            house.do(freeze)
        client.order("bid 1 100")
        until_the_end.enter_context(heir)
        assert client.says_verdict()["type"] == "accepted"
        client.has_said(type="lot", lot="1", price_minor=100)
        heir.do(lambda sale: sale.bid("2", 100))
        client.has_said(type="lot", lot="2", price_minor=100)
        told = [json.loads(line) for line in client.printed if '"type":"lot"' in line]
        changes = [(change["lot"], change["seq"]) for change in told if change["seq"]]
        assert changes == [("1", 1), ("2", 1)], "each change is told once"


def test_it_follows_corrections_and_says_what_they_mean(example: Path, tmp_path: Path) -> None:
    catalogue = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"')
    with (
        running_house(tmp_path, catalogue=catalogue) as house,
        client_at(example, house.link, tmp_path) as client,
    ):

        def order(*command: str) -> None:
            ordered = house.auctioneer(*command)
            assert ordered.exit_code == 0, ordered.stderr

        client.order("bid 1 1000")
        client.says(type="accepted", lot="1")
        order("undo", "1", "--reason", "A slip")
        client.says(type="bid_void", lot="1")
        client.has_said(type="news", kind="offer_void", lot="1", text="A slip", seq=1)
        order("change", "1", "--title", "A clock, signed")
        assert client.says(type="lot", event="lot_revised")["title"] == "A clock, signed"
        client.order("bid 1 1100")
        client.says(type="accepted", lot="1")
        order("close", "1", "--yes")
        client.says(type="won", lot="1")
        order("reopen", "1", "--for", "1h")
        client.says(type="won_no_longer", lot="1")
        order("close", "1", "--yes")
        client.says(type="won", lot="1")
        order("void", "1")
        client.says(type="won_no_longer", lot="1")
        for number in ("8", "9"):
            order("add", "--lot", number, "--title", "Another", "--starting-price", "5", "--opens", "by hand")
        order("move", "9", "--before", "8")
        client.has_said(type="sale", event="lots_reordered")
        order("announce", "Thank you")
        client.says(type="sale", announcement="Thank you")
        assert list(client.views())[-2:] == ["9", "8"]
        assert_same_view(client, house)


ALL_FORMATS = """
[sale]
title = "All formats"
currency = "USD"
[defaults]
duration = "1h"
starting_price = "10"
[[lot]]
title = "By sealed offers"
format = "sealed"
[[lot]]
title = "At the second price"
format = "vickrey"
[[lot]]
title = "By a falling price"
format = "dutch"
floor = "1"
decrement = "1"
every = "1h"
units = 3
"""


def test_it_takes_a_bid_back_and_hears_what_is_said_to_it_alone(example: Path, tmp_path: Path) -> None:
    catalogue = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"\nretractions = "on"')
    with (
        running_house(tmp_path, catalogue=catalogue) as house,
        client_at(example, house.link, tmp_path) as client,
    ):
        client.order("retract 1")
        assert client.says_verdict()["code"] == "no_offer"
        client.order("bid 1 1000")
        client.says(type="accepted", lot="1")
        client.order("retract 1")
        assert client.says_verdict()["type"] == "accepted"
        client.has_said(type="lot", event="lot_corrected", leader=None)
        for seq, text in enumerate(("Your parcel is ready", "At the desk"), 1):
            assert house.auctioneer("tell", "1", text).exit_code == 0
            assert client.says(type="news", kind="message")["text"] == text, seq
        house.kill_server()
        assert house.auctioneer("tell", "1", "Still there").exit_code == 0
        assert client.says(type="news", kind="message")["text"] == "Still there"


def test_it_says_whether_its_bid_stands_where_the_house_asks(example: Path, tmp_path: Path) -> None:
    catalogue = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"\nrevived = "ask"')
    with (
        running_house(tmp_path, catalogue=catalogue) as house,
        rival_at(house) as rival,
        client_at(example, house.link, tmp_path) as client,
    ):
        for order, leader in (("confirm 1", 2), ("decline 1", None)):
            if order == "confirm 1":
                client.order(order)
                assert client.says_verdict()["code"] == "not_asked"
                client.order("bid 1 1000")
                client.says(type="accepted", lot="1")
            assert isinstance(rival.bid("1", 5_000), Accepted)
            assert house.auctioneer("undo", "1", "--yes").exit_code == 0
            assert client.says(type="news", kind="asked")["lot"] == "1"
            client.order(order)
            assert client.says_verdict()["type"] == "accepted"
            event = "lot_confirmed" if leader else "lot_corrected"
            client.has_said(type="lot", event=event, leader=leader)


def test_it_makes_the_offers_of_all_formats_and_has_their_boards(example: Path, tmp_path: Path) -> None:
    with (
        running_house(tmp_path, catalogue=ALL_FORMATS) as house,
        rival_at(house) as rival,
        client_at(example, house.link, tmp_path) as client,
    ):
        client.order("seal 1 1500")
        assert client.says(type="accepted", lot="1")["own"] == {"format": "sealed", "amount_minor": 1500}
        client.order("unseal 1")
        assert client.says(type="accepted", lot="1")["own"] is None
        client.order("unseal 1")
        assert client.says_verdict()["code"] == "no_offer"
        client.order("seal 2 3000")
        assert client.says(type="accepted", lot="2")["own"]["amount_minor"] == 3000
        assert isinstance(rival.seal("2", 2000), Accepted)
        client.order("stop 3 900")
        assert client.says_verdict()["code"] == "below_minimum"
        client.order("stop 03")
        assert client.says(type="accepted", lot="3")["own"] == {"format": "dutch", "units": 1, "amount_minor": 1000}
        client.has_said(type="lot", lot="3", units_left=2)
        client.order("stop 3 1200 x3")
        assert client.says(type="accepted", lot="3")["own"] == {"format": "dutch", "units": 3, "amount_minor": 3000}
        assert client.has_said(type="won", lot="3")["results"] == [{"paddle": 2, "amount_minor": 3000, "units": 3}]
        client.order("bid 2 5000")
        assert client.says_verdict()["code"] == "other_format"
        for lot in ("1", "2"):
            assert house.auctioneer("close", lot, "--yes").exit_code == 0
        client.has_said(type="won", lot="2")
        views = client.views()
        assert [view["board"] for view in views.values()] == [
            {"format": "sealed", "minimum_minor": 1000, "offers": 0},
            {"format": "sealed", "minimum_minor": 1000, "offers": 2},
            {"format": "dutch", "price_minor": 1000, "units_left": 0},
        ]
        assert [view["results"] for view in views.values()] == [
            [],
            [{"paddle": 2, "amount_minor": 2000, "units": 1}],
            [{"paddle": 2, "amount_minor": 3000, "units": 3}],
        ]
        assert [view["close_cause"] for view in views.values()] == ["hammer", "hammer", "sold_out"]


def test_it_shows_conditions_and_takes_part_once_they_are_accepted(example: Path, tmp_path: Path) -> None:
    text = "Pay within a week."
    with running_house(
        tmp_path / "house", catalogue=CATALOGUE.replace("[sale]", f'[sale]\nconditions = "{text}"')
    ) as house:
        ann = Client(example, house.link, tmp_path, "Ann")
        try:
            told = ann.says(type="conditions")
            assert (told["text"], told["digest"]) == (text, sha256(text.encode()).hexdigest())
            assert ann.process.wait(WAIT_S) == 1
        finally:
            ann.stop()
        with client_at(example, house.link, tmp_path, "Ann", "--accepts", told["digest"]) as ann:
            assert ann.process.poll() is None


def test_what_a_house_may_leave_out_has_its_value_if_absent(example: Path) -> None:
    """The tables of the specification say it; this house happens to send these fields."""
    script = """
        import { evolveLot, lotView } from './protocol.mjs'
        const results = [{ paddle: 2, amount_minor: 5 }]
        const view = lotView({ board: { format: 'sealed', minimum_minor: 1 }, results })
        const closed = { event: 'lot_closed', seq: 1, at_ms: 0, cause: 'time', board: view.board, results }
        console.log(JSON.stringify([view.board.offers, view.results, evolveLot(view, closed).results]))
    """
    row = {"units": 1, "paddle": 2, "amount_minor": 5}
    assert json.loads(said("node", "--input-type=module", "-e", script, cwd=example)) == [None, [row], [row]]


def test_an_order_that_can_be_none_is_not_sent(example: Path, tmp_path: Path) -> None:
    with running_house(tmp_path, catalogue=ALL_FORMATS) as house, client_at(example, house.link, tmp_path) as client:
        for line in (
            "stop 3 x0",
            "stop 3 x65",
            "stop 3 10 20 30",
            "stop 1",
            "unseal 1 2",
            "seal 1",
            "seal 1 0",
            "stop",
        ):
            client.order(line)
            assert client.says(type="error")["text"], line
        assert client.views()["3"]["seq"] == 1
        assert not [line for line in client.printed if '"accepted"' in line or '"rejected"' in line]


def test_its_bid_is_taken_once_when_the_house_dies_at_once_after_it(example: Path, tmp_path: Path) -> None:
    with running_house(tmp_path) as house, client_at(example, house.link, tmp_path) as client:
        for lot in ("1", "2"):
            client.order(f"bid {lot} 1000")
            house.kill_server()
            client.says(type="accepted", lot=lot)
        assert house.auctioneer("announce", "Thank you").exit_code == 0
        client.says(type="sale", announcement="Thank you")
        assert house.auctioneer("call", "1", "fair-warning").exit_code == 0
        client.says(type="sale", event="called", lot="1", call="fair_warning", announcement="Thank you")
        assert [view["board"]["bids"] for view in client.views().values()] == [1, 1, 0]
        assert_same_view(client, house)


def test_it_waits_as_long_as_it_is_told_and_every_bid_has_a_verdict(example: Path, tmp_path: Path) -> None:
    with (
        running_house(tmp_path, "--requests-per-second", "20") as house,
        client_at(example, house.link, tmp_path) as client,
    ):
        for amount_minor in range(1001, 1033):
            client.order(f"max 1 {amount_minor}")
        ids = {client.says_verdict()["id"] for _ in range(32)}
        assert len(ids) == 32
        slowed = [json.loads(line)["id"] for line in client.printed if '"type":"slow_down"' in line]
        assert 0 < len(slowed) < 2 * len(set(slowed))  # who waits as long as it is told is heard
        assert_same_view(client, house)


class Network:
    """What lies between a client and a house without CURVE: it may lose broadcasts or change them."""

    def __init__(self, house: HouseProcess) -> None:
        link = parse_link(house.link)
        self.link = f"auction://{PROXY_HOST}:{link.port}/plain?publish={link.publish_port}"
        self.change: Change = lambda frame: [frame]
        self._context = zmq.Context()
        self._pairs = [
            (self._socket(zmq.ROUTER, link.port), self._socket(zmq.DEALER, link.request_address)),
            (self._socket(zmq.XPUB, link.publish_port), self._socket(zmq.XSUB, link.publish_address)),
        ]
        self._stop = self._context.socket(zmq.PAIR)
        self._stop.bind("inproc://stop")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _socket(self, kind: int, where: int | str) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, 0)
        if isinstance(where, int):
            socket.bind(f"tcp://{PROXY_HOST}:{where}")
        else:
            socket.connect(where)
        return socket

    def _run(self) -> None:
        (requests, to_house), (feed, from_house) = self._pairs
        stop = self._context.socket(zmq.PAIR)
        stop.connect("inproc://stop")
        poller = zmq.Poller()
        for socket in (requests, to_house, feed, from_house, stop):
            poller.register(socket, zmq.POLLIN)
        whose = b""
        while True:
            ready = dict(poller.poll())
            if stop in ready:
                break
            if requests in ready:
                whose, body = requests.recv_multipart()
                to_house.send(body)
            if to_house in ready:
                requests.send_multipart([whose, to_house.recv()])
            if feed in ready:
                from_house.send(feed.recv())
            if from_house in ready:
                for frame in self.change(from_house.recv()):
                    feed.send(frame)
        for socket in (requests, to_house, feed, from_house, stop):
            socket.close()

    def close(self) -> None:
        self._stop.send(b"")
        self._thread.join(timeout=WAIT_S)
        self._stop.close()
        self._context.term()


@contextmanager
def client_behind_a_network(example: Path, folder: Path) -> Iterator[tuple[HouseProcess, Network, Rival, Client]]:
    with running_house(folder, "--no-encryption") as house:
        network = Network(house)
        try:
            with rival_at(house) as rival, client_at(example, network.link, folder) as client:
                yield house, network, rival, client
        finally:
            network.close()


def loses_the_first(prefix: bytes, instead: Change = lambda frame: [frame]) -> Change:
    """Lose one broadcast of which the topic begins so, and change all others."""
    lost: list[bytes] = []

    def change(frame: bytes) -> list[bytes]:
        if not lost and frame.startswith(prefix):
            lost.append(frame)
            return []
        return instead(frame)

    return change


def without_seqs(frame: bytes) -> list[bytes]:
    """Have heartbeats name no seq: nothing that was lost is noticed by them."""
    head, _, body = frame.partition(b"\0")
    if head != b"beat":
        return [frame]
    return [head + b"\0" + msgpack.packb(msgpack.unpackb(body) | {"sale_seq": 0, "lots": []})]


def test_it_notices_a_lost_tail_by_the_heartbeat_and_repairs_it(example: Path, tmp_path: Path) -> None:
    with client_behind_a_network(example, tmp_path) as (house, network, rival, client):
        network.change = loses_the_first(b"lot/")
        assert isinstance(rival.bid("1", amount_minor=1000), Accepted)
        assert client.says(type="repaired", lot="1")["events"] == 1
        assert client.says(type="lot", lot="1")["board"]["price_minor"] == 1000
        assert_same_view(client, house)


def test_it_notices_a_hole_by_the_next_event_and_repairs_it(example: Path, tmp_path: Path) -> None:
    with client_behind_a_network(example, tmp_path) as (house, network, rival, client):
        network.change = loses_the_first(b"lot/", without_seqs)
        assert isinstance(rival.bid("1", amount_minor=1000), Accepted)
        client.order("bid 1 1100")
        assert client.says(type="repaired", lot="1")["after_seq"] == 1
        assert [client.says(type="lot", lot="1")["board"]["price_minor"] for _ in range(2)] == [1000, 1100]
        assert_same_view(client, house)


def test_it_holds_a_lot_of_which_the_announcement_was_lost(example: Path, tmp_path: Path) -> None:
    """The answer to `lot` has a newer view of the sale too. To take that would be to drop the `lot_added` as known."""
    more = tmp_path / "more.toml"
    more.write_text(ONE_MORE_LOT)
    with client_behind_a_network(example, tmp_path) as (house, network, rival, client):
        network.change = loses_the_first(b"sale", lambda frame: without_seqs(frame.replace(b"lot_moved", b"lot_mused")))
        added = house.auctioneer("add", str(more))
        assert added.exit_code == 0, added.stderr
        assert isinstance(rival.bid("1", amount_minor=1000), Accepted)
        assert client.says(type="lot", lot="1", event="snapshot", bids=1)["board"]["price_minor"] == 1000
        network.change = lambda frame: [frame]
        assert client.says(type="lot", event="lot_added")["title"] == "A late one"
        assert_same_view(client, house)


def test_it_passes_over_what_a_newer_house_would_send(example: Path, tmp_path: Path) -> None:
    """Unknown fields and types change nothing; of a lot with an unknown event the view is asked for."""
    with client_behind_a_network(example, tmp_path) as (house, network, rival, client):

        def newer(frame: bytes) -> list[bytes]:
            head, _, body = frame.partition(b"\0")
            message = with_unknown_fields(msgpack.unpackb(body))
            if message["type"] == "lot_events":
                message["events"][0] |= {"event": "bid_blessed"}
            unknown = msgpack.packb({"type": "weather", "sky": ["blue"]})
            return [b"beat\0" + unknown, head + b"\0" + msgpack.packb(message), b"lot/1\0" + unknown]

        network.change = newer
        assert isinstance(rival.bid("1", amount_minor=1000), Accepted)
        assert client.says(type="lot", lot="1", event="snapshot", bids=1)["board"]["price_minor"] == 1000
        assert house.auctioneer("announce", "Still here").exit_code == 0
        client.says(type="sale", announcement="Still here")
        assert_same_view(client, house)
        assert not [line for line in client.printed if '"stale"' in line]


@pytest.mark.parametrize("link", ["", "auction://host/plain?publish=1", "auction://[::1]:1/KEY?publish=1"])
def test_what_is_no_join_link_is_said(example: Path, link: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        ["node", str(example / "client.mjs"), link],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr == "client: that is no join link: it looks like auction://HOST:PORT/KEY?publish=PORT\n"
