"""A small sale on disk, a desk (the control endpoint of a house on it, in a thread), and the program at a terminal."""

import errno
import fcntl
import multiprocessing
import os
import pty
import struct
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

import msgspec
import zmq

from auctioneer.catalogue import CatalogueKind, parse_catalogue
from auctioneer.cli import main
from auctioneer.house.commands import MYSELF
from auctioneer.house.control.carry_out import carry_out
from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import append
from auctioneer.network.endpoints import Endpoints, Listening
from auctioneer.process.folder import DataFolder, RunningHouse
from auctioneer.process.startup import OpenSale, open_sale
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.sale_settings import Chosen
from common.codec import encode
from common.formats.english import BidRequest, BuyRequest
from common.limits import PROTOCOL_VERSION
from common.messages import Accepted, Hello, Role, Welcome

LINK = "auction://127.0.0.1:1/plain?publish=2"
PID = 4321
FORMULA_TITLE = '=HYPERLINK("http://x","a, b")'
LOT_1 = f"1, {FORMULA_TITLE},"
LOT_2 = "2, Vase, [red]glazed[/red],"
LOT_3 = "3, A title that is a good deal longer than what a narrow termi…,"
"""How a sentence names these lots; a long title is cut."""
CATALOGUE = f"""
[sale]
title = "Evening sale"
currency = "USD"

[defaults]
starting_price = "10"
increment = "5"

[[lot]]
title = '{FORMULA_TITLE}'
starting_price = "1250.50"
reserve = "1300"
duration = "1h"

[[lot]]
title = "Vase, [red]glazed[/red]"
opens = "by hand"
duration = "until closed"
buy_now = "2000"

[[lot]]
title = "A title that is a good deal longer than what a narrow terminal has room for in one line"
opens = "by hand"
duration = "90s"
"""
_SETTINGS = HouseSettings(instance="test", publish_port=2)
_Answer = Callable[[House, bytes], bytes | None]


@contextmanager
def sale_of(folder: DataFolder) -> Iterator[OpenSale]:
    spec = None if folder.has_sale else parse_catalogue(CATALOGUE, "evening.toml", CatalogueKind.TOML)
    chosen = Chosen(auctioneer_key=folder.keys.make_control().public)
    sale = open_sale(folder, _SETTINGS, spec, chosen=chosen)
    try:
        yield sale
    finally:
        sale.journal.close()


def begin_sale(path: Path, maximum_minor: int = 130_000, *, corrections: bool = False) -> DataFolder:
    """Begin the sale of CATALOGUE: Ann (paddle 1) leads lot 1 with this maximum, by default the reserve of 1,300."""
    folder = DataFolder(path)
    folder.prepare()
    if corrections:
        with_corrections = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"')
        spec = parse_catalogue(with_corrections, "evening.toml", CatalogueKind.TOML)
        chosen = Chosen(auctioneer_key=folder.keys.make_control().public)
        open_sale(folder, _SETTINGS, spec, chosen=chosen).journal.close()
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        sale.house.advance(now_ms)
        hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name="Ann", role=Role.BIDDER)
        assert isinstance(sale.house.handle("a" * 40, encode(hello), now_ms), Welcome)
        bid = BidRequest(id=2, lot="1", maximum_minor=maximum_minor)
        assert isinstance(sale.house.handle("a" * 40, encode(bid), now_ms), Accepted)
        batch = sale.house.flush()
        append(sale.journal, batch.facts, batch.rejections, now_ms)
    return folder


def sell_lot_1(folder: DataFolder) -> None:
    """Bring the hammer down on lot 1, which Ann's maximum takes to its reserve."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        events = decisions.close(sale.house.engine, now_ms, "auctioneer", "1")
        assert isinstance(events, list)
        append(sale.journal, events, (), now_ms)


def buy_lot_2(folder: DataFolder) -> None:
    """Have Bob buy lot 2 at once, for 2,000."""
    with sale_of(folder) as sale:
        now_ms = sale.clock.now_ms()
        opened = decisions.open_lot(sale.house.engine, now_ms, "auctioneer", "2")
        assert not isinstance(opened, Refused)
        sale.house.record(opened)
        hello = Hello(id=1, versions=(PROTOCOL_VERSION,), name="Bob", role=Role.BIDDER)
        assert isinstance(sale.house.handle("b" * 40, encode(hello), now_ms), Welcome)
        bought = sale.house.handle("b" * 40, encode(BuyRequest(id=2, lot="2", price_minor=200_000)), now_ms)
        assert isinstance(bought, Accepted)
        append(sale.journal, sale.house.flush().facts, (), now_ms)


@contextmanager
def desk(folder: DataFolder, answer: _Answer | None = None) -> Iterator[None]:
    """Answer control requests as a house does, or by `answer`; its None is silence."""
    hold = folder.whereabouts.hold()
    context: zmq.Context[zmq.SyncSocket] = zmq.Context()
    stop = context.socket(zmq.PAIR)
    stop.bind("inproc://stop")
    ready = threading.Event()
    thread = threading.Thread(target=_serve, args=(folder, answer, context, ready))
    thread.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        stop.send(b"")
        thread.join()
        stop.close()
        context.term()
        os.close(hold)


def _serve(
    folder: DataFolder, answer: _Answer | None, context: "zmq.Context[zmq.SyncSocket]", ready: threading.Event
) -> None:
    stop = context.socket(zmq.PAIR)
    stop.connect("inproc://stop")
    endpoints = Endpoints(Listening("127.0.0.1", 0), folder.keys.house())
    folder.whereabouts.write(
        RunningHouse(PID, PID, "test", endpoints.control_address, LINK, 1, 2, str(endpoints.control_place))
    )
    try:
        with sale_of(folder) as sale:
            endpoints.admit_by(sale.house.may_connect, lambda key: sale.house.may_command(key, sale.clock.now_ms()))
            ready.set()
            _answer_all(sale, endpoints.control, stop, answer)
    finally:
        endpoints.close()
        stop.close()


def _answer_all(sale: OpenSale, control: zmq.SyncSocket, stop: zmq.SyncSocket, answer: _Answer | None) -> None:
    poller = zmq.Poller()
    poller.register(control, zmq.POLLIN)
    poller.register(stop, zmq.POLLIN)
    while stop not in dict(poller.poll()):
        routing_id, frame = control.recv_multipart(copy=False)
        who = sale.house.controllers[str(frame.get("User-Id"))]
        if answer is not None and not _asks_for_ids(frame.bytes):
            body = answer(sale.house, frame.bytes)
        else:
            now_ms = sale.clock.now_ms()
            body = encode(carry_out(sale.house, who, frame.bytes, now_ms))
            if answer is None:
                batch = sale.house.flush()
                append(sale.journal, batch.facts, (), now_ms, batch.contacts)
        if body is not None:
            control.send_multipart([routing_id.bytes, body])


def _asks_for_ids(body: bytes) -> bool:
    """Return whether a client asks from where on it may number its commands."""
    return bool(msgspec.msgpack.decode(body).get("report") == MYSELF)


_starter = multiprocessing.get_context("forkserver")
_starter.set_forkserver_preload(["auctioneer.cli"])
"""Its processes begin with the program imported, since the import takes far longer than most commands."""


def _run_at(terminal: Any, words: tuple[str, ...]) -> None:
    """Run the program in this process, whose standard streams become the terminal."""
    descriptor = terminal.detach()
    for number in range(3):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 -- as long as the process
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
    os.environ["TERM"] = "dumb"
    main(words)


def at_terminal(folder: DataFolder, *words: str, typed: bytes = b"", columns: int = 80) -> tuple[int, str]:
    """Run the program at a terminal without colours; return its exit status and the text on the terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = _starter.Process(target=_run_at, args=(DupFd(theirs), (*words, "--data", str(folder.path))))
    process.start()
    os.close(theirs)
    os.write(ours, typed)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError as error:
        if error.errno != errno.EIO:  # Linux reports this when the program has closed its end
            raise
    finally:
        os.close(ours)
    process.join(60)
    assert process.exitcode is not None, "the program goes on"
    return process.exitcode, shown.decode()
