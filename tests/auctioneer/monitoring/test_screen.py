"""The terminal of `auctioneer run`: people's lines, few of them however fast bids come, and none with a secret."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auctioneer.house.admission import Admission
from auctioneer.house.commands import (
    AddLots,
    AddPaddle,
    Admit,
    Announce,
    BidFor,
    CallLot,
    CloseLot,
    EndSale,
    Extend,
    IssueCode,
    OpenLot,
    Pause,
    Resume,
    Withdraw,
)
from auctioneer.house.house import Batch
from auctioneer.monitoring.log_writer import LogWriter
from auctioneer.monitoring.logs import new_log
from auctioneer.monitoring.screen import KIND_LINES_MAX, WRITE_EVERY_MS, Screen
from auctioneer.rules.decisions import start
from auctioneer.rules.facts import SaleRestored
from auctioneer.rules.sale_settings import AdmissionMode
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from bidder import Client
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.keys import new_keys
from common.links import parse_link
from common.lot import LotTerms, SoftClose
from common.lot_events import Call
from common.messages import Accepted, Role
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, START_MS, SmallSale, bid, lot
from tests.auctioneer.process.served_sale import Opens

WAIT_S = 120


class WatchedSale(SmallSale):
    """A small sale of which a screen tells; a test makes time pass between what it wants on lines of their own."""

    def __init__(self, *specs: LotSpec, admission: Admission | None = None) -> None:
        self.written: list[str] = []
        self.screen = Screen(self.written.append, lambda at_ms: f"+{at_ms - START_MS}ms")
        super().__init__(*specs, admission=admission)

    def commit(self) -> Batch:
        batch = super().commit()
        self.screen.tell(self.house, 1, batch, (), self.now_ms)
        return batch

    def told(self) -> list[str]:
        """Return the lines since the last call, without their times; a moment passes."""
        self.now_ms += WRITE_EVERY_MS
        self.screen.pause(self.now_ms)
        lines, self.written[:] = [line.partition("  ")[2].rstrip("\n") for line in self.written], []
        return lines


def two_bidders(*specs: LotSpec) -> WatchedSale:
    sale = WatchedSale(*specs)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.told()
    return sale


def test_a_dutch_clock_and_who_takes_from_the_lot_are_told() -> None:
    terms = DutchTerms(3_000, 1_000, 500, 60_000, units=3)
    sale = two_bidders(LotSpec(LotTerms("1", "Tulips", terms, duration_ms=terms.duration_ms)))
    sale.now_ms = START_MS + 60_000
    sale.house.advance(sale.now_ms)
    sale.commit()
    assert sale.told() == ["Lot 1 is at USD 25.00."]
    sale.ask(ANN, StopRequest(id=10, lot="1", price_minor=2_500, units=2))
    assert sale.told() == ["Lot 1: Ann (1) takes from it at USD 25.00."]
    sale.ask(BOB, StopRequest(id=10, lot="1", price_minor=2_500))
    assert sale.told() == ["Lot 1 is bought by Ann (1) for USD 50.00, Bob (2) for USD 25.00."]


def test_a_bid_of_a_clerk_is_told_with_its_source() -> None:
    sale = two_bidders(lot("1"))
    sale.order(BidFor(lot="1", paddle=1, source=Source.FLOOR, amount_minor=2000, is_maximum=True))
    sale.order(BidFor(lot="1", paddle=2, source=Source.TELEPHONE, amount_minor=1500))
    assert sale.told()[-2:] == [
        "Lot 1: Ann (1) leads at USD 10.00, from the floor.",
        "Lot 1: Bob (2) bid, by telephone; Ann (1) leads at USD 16.00.",
    ]


def test_nothing_is_told_of_a_sealed_offer_before_the_close() -> None:
    sale = two_bidders(LotSpec(LotTerms("1", "Lot", SealedTerms(1_000, Pays.OWN_OFFER))))
    sale.ask(ANN, seal(10, 5_000))
    sale.ask(ANN, seal(11, 500))
    sale.ask(ANN, UnsealRequest(id=12, lot="1"))
    sale.ask(ANN, seal(13, 7_000))
    sale.ask(BOB, UnsealRequest(id=10, lot="1"))
    assert sale.told() == []
    sale.order(CloseLot(lot="1"))
    assert sale.told() == ["Lot 1 is sold to Ann (1) for USD 70.00 by the hammer."]


def seal(number: int, amount_minor: int) -> SealRequest:
    return SealRequest(id=number, lot="1", amount_minor=amount_minor)


def test_what_happens_to_a_lot_is_told_in_words() -> None:
    sale = two_bidders(lot("1", reserve_minor=3000), lot("2", by_hand=True, buy_now_minor=5000))
    sale.ask(ANN, bid(10, 1500))
    assert sale.told() == ["Lot 1: Ann (1) leads at USD 15.00, the reserve is not met yet."]
    sale.ask(BOB, BidRequest(id=10, lot="1", maximum_minor=9000))
    assert sale.told() == ["Lot 1: Bob (2) leads at USD 30.00, the reserve is met."]
    sale.ask(ANN, bid(11, 4000))
    assert sale.told() == ["Lot 1: Ann (1) bid; Bob (2) leads at USD 41.00, the reserve is met."]
    sale.ask(ANN, bid(12, 4100))
    sale.ask(ANN, BuyRequest(id=13, lot="1", price_minor=1))
    assert sale.told() == [
        "Lot 1: a bid of USD 41.00 by Ann (1) was refused: below minimum.",
        "Lot 1: a bid of USD 0.01 by Ann (1) was refused: no buy now.",
    ]
    sale.order(OpenLot(lot="2"))
    opened = f"Lot 2 is open: Lot 2, from USD 10.00, until +{sale.now_ms - START_MS + 3_600_000}ms."
    assert sale.told() == [opened]
    sale.order(Pause(lot="2"))
    sale.order(Extend(lot="2", extra_ms=1000))
    sale.order(Resume(lot="2"))
    paused, extended, resumed = sale.told()
    assert (paused, extended.startswith("Lot 2 has more time: 1h ")) == ("Lot 2 is paused.", True)
    assert re.fullmatch(r"Lot 2 resumes, until \+\d+ms\.", resumed)
    sale.order(Extend(lot="2", extra_ms=1000))
    assert re.fullmatch(r"Lot 2 has more time, until \+\d+ms\.", sale.told()[0])
    sale.ask(ANN, BuyRequest(id=14, lot="2", price_minor=5000))
    assert sale.told() == ["Lot 2 is bought by Ann (1) for USD 50.00."]
    sale.order(CloseLot(lot="1"))
    assert sale.told() == ["Lot 1 is sold to Bob (2) for USD 41.00 by the hammer."]
    sale.now_ms += 5
    sale.ask(ANN, bid(15, 9900))
    assert re.fullmatch(r"Lot 1: a bid by Ann \(1\) came \d+ ms too late\.", sale.told()[0])


def test_how_lots_end_that_are_not_sold() -> None:
    sale = two_bidders(lot("1", reserve_minor=3000), lot("2"), lot("3"), lot("4"))
    sale.ask(ANN, bid(10, 1500))
    sale.told()
    sale.order(CloseLot(lot="1"))
    sale.order(CloseLot(lot="2"))
    sale.order(Withdraw(lot="3", reason="It broke"))
    sale.order(Withdraw(lot="4"))
    assert sale.told() == [
        "Lot 1 passed, since the reserve was not met.",
        "Lot 2 passed, since nobody had bid.",
        "Lot 3 is withdrawn: It broke",
        "Lot 4 is withdrawn.",
    ]


def test_the_clock_sells_without_a_hammer() -> None:
    sale = two_bidders(lot("1"))
    sale.ask(ANN, bid(10, 1500))
    sale.told()
    sale.now_ms += 3_600_000
    sale.house.advance(sale.now_ms)
    sale.commit()
    assert sale.told() == ["Lot 1 is sold to Ann (1) for USD 15.00."]


def test_what_happens_to_the_sale_is_told() -> None:
    sale = two_bidders(lot("1"), lot("2", by_hand=True))
    sale.ask(ANN, bid(10, 1500))
    sale.told()
    sale.order(Announce(text="We continue\nat eight"))
    sale.order(CallLot(lot="1", call=Call.SELLING_NOW))
    sale.order(Pause())
    sale.order(Resume())
    sale.order(AddLots(lots=(lot("3", by_hand=True),)))
    sale.order(EndSale())
    assert sale.told() == [
        "Announced: We continue at eight",
        "Lot 1: selling now.",
        "The sale is paused.",
        "The sale resumes.",
        "Lot 3 is added: Lot 3.",
        "Lot 1 is sold to Ann (1) for USD 15.00 by the hammer.",
        "Lot 2 is withdrawn: The sale ended before this lot was opened.",
        "Lot 3 is withdrawn: The sale ended before this lot was opened.",
        "The sale has ended. Lots sold: 1, for USD 15.00.",
    ]


def test_who_comes_and_who_can_not() -> None:
    sale = WatchedSale(lot("1"), admission=Admission(AdmissionMode.APPROVE))
    sale.told()
    sale.hello(ANN, "Ann")
    sale.order(Admit(bidder="Ann"))
    sale.hello(BOB, "ann")
    sale.hello(BOB, "a\x1b[2Jb\u202e")
    sale.hello(CAT, "Cat", role=Role.OBSERVER)
    sale.order(Admit(bidder="Cat"))
    sale.order(Admit(bidder="Ann", admitted=False))
    assert sale.told() == [
        "Ann (1) waits to be let in: auctioneer admit 1",
        "Ann (1) is let in.",
        "ann could not join: name taken.",
        "a\ufffd[2Jb\ufffd could not join: invalid name.",
        "Cat (2) waits to be let in: auctioneer admit 2",
        "Cat (2) is let in.",
        "Ann (1) is turned out.",
    ]
    opened = WatchedSale(lot("1"))
    opened.told()
    opened.join(ANN, "Ann")
    assert opened.told() == ["Ann (1) joined."]


def test_what_the_desk_does_and_no_code_is_told() -> None:
    sale = WatchedSale(lot("1"))
    sale.told()
    sale.order(AddPaddle(name="Ann", paddle=12))
    sale.order(IssueCode(bidder="12", code="K7QM2XFA", valid_ms=1000))
    sale.hello(BOB, code="K7QM2XFB")
    sale.hello(BOB, code="K7QM2XFA")
    assert sale.told() == [
        "Ann (12) has a paddle.",
        "Ann (12) gets a code.",
        "Somebody without a name could not join: wrong code.",
        "Ann (12) joined by a code.",
    ]


def test_an_outage_is_one_line_however_many_lots_are_open() -> None:
    sale = two_bidders(*(lot(str(number)) for number in range(50)))
    sale.house.stood_still(sale.now_ms, 5000)
    sale.commit()
    assert sale.told() == ["The house stood still for 5s; open lots end as much later."]
    sale.house.record(start(sale.house.engine, sale.now_ms + 90_000, sale.now_ms, "second"))
    sale.now_ms += 90_000
    sale.commit()
    assert sale.told() == ["The house is back after 1m 30s; open lots end as much later."]
    sale.house.record(start(sale.house.engine, sale.now_ms, None, "third"))
    sale.house.record([SaleRestored(at_ms=sale.now_ms, epoch=2)])
    sale.commit()
    assert sale.told() == ["The sale continues from a backup; what happened after the backup is lost."]


def test_a_bid_that_extends_the_lot_says_so() -> None:
    soft_close = SoftClose(window_ms=10_000, extension_ms=10_000)
    sale = two_bidders(lot("1", duration_ms=20_000, soft_close=soft_close))
    sale.ask(ANN, bid(10, 1000))
    assert sale.told() == ["Lot 1: Ann (1) leads at USD 10.00."]
    for request_id, amount_minor in ((11, 1100), (12, 1200)):
        sale.now_ms = START_MS + 4000 + request_id * 1000
        sale.ask(BOB if request_id % 2 else ANN, bid(request_id, amount_minor))
        said = sale.told()[0]
        assert said.endswith(f"; extended by {5 if request_id == 11 else 1}s, until +{14_000 + request_id * 1000}ms.")
    sale.screen = Screen(sale.written.append)
    sale.screen.opened(sale.rebuilt(), 1, Batch([], [], [], [], [], [], []), sale.now_ms)
    sale.now_ms += 1000
    sale.ask(BOB, bid(13, 1300))
    assert "; extended by 1" in sale.told()[0], "what was told before a restart is not told again"


def test_no_line_has_a_secret() -> None:
    sale = two_bidders(lot("1", reserve_minor=7700))
    sale.ask(ANN, BidRequest(id=10, lot="1", maximum_minor=6600))
    sale.ask(ANN, BidRequest(id=11, lot="1", maximum_minor=8800))
    sale.ask(ANN, BidRequest(id=12, lot="1", maximum_minor=8700))
    told = sale.told()
    assert len(told) == 2
    assert isinstance(sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=9900)), Accepted)
    assert sale.told() == [], "that a maximum was raised is nobody's business"
    assert "maximum not raised" in told[1]
    assert not re.search("66|87|88|99", " ".join(told))


# --- how much is written ----------------------------------------------------------------------------------------------


def test_bids_that_come_fast_become_one_line_of_each_lot() -> None:
    sale = two_bidders(lot("1"), lot("2"))
    sale.written.clear()
    sale.now_ms += WRITE_EVERY_MS
    for number in range(50):
        sale.ask((ANN, BOB)[number % 2], bid(10 + number, 1000 + 100 * number))
        sale.now_ms += 1
    sale.ask(ANN, bid(100, 1000, "2"))
    sale.order(Announce(text="Now"))
    sale.now_ms += 1
    sale.ask(ANN, bid(101, 6000))
    sale.now_ms += WRITE_EVERY_MS
    sale.screen.pause(sale.now_ms)
    times = [int(re.findall(r"\d+", line)[0]) for line in sale.written]
    assert times == sorted(times)
    assert sale.told() == [
        "Lot 1: Ann (1) leads at USD 10.00.",
        "Lot 2: Ann (1) leads at USD 10.00.",
        "Announced: Now",
        "Lot 1: Ann (1) leads at USD 60.00 after 50 bids.",
    ], "the first at once, the others together"


def test_what_follows_bids_stands_behind_them() -> None:
    sale = two_bidders(lot("1"))
    sale.now_ms += WRITE_EVERY_MS
    sale.order(Announce(text="Now"))
    sale.ask(ANN, bid(10, 1000))
    sale.order(Pause(lot="1"))
    sale.order(Resume(lot="1"))
    sale.ask(BOB, bid(10, 1100))
    sale.order(CloseLot(lot="1"))
    assert [line.partition(",")[0].rstrip(".") for line in sale.told()] == [
        "Announced: Now",
        "Lot 1: Ann (1) leads at USD 10.00",
        "Lot 1 is paused",
        "Lot 1 resumes",
        "Lot 1: Bob (2) leads at USD 11.00",
        "Lot 1 is sold to Bob (2) for USD 11.00 by the hammer",
    ]


def test_of_each_kind_what_does_not_fit_is_counted() -> None:
    lots = KIND_LINES_MAX + 3
    sale = two_bidders(*(lot(str(number)) for number in range(lots)))
    sale.now_ms += WRITE_EVERY_MS
    sale.order(Announce(text="Now"))
    for number in range(lots):
        sale.ask(ANN, bid(10 + number, 1000, str(number)))
        sale.ask(BOB, bid(10 + number, 1, str(number)))
    sale.order(EndSale())
    lines = sale.told()
    assert len(lines) == 1 + 3 * KIND_LINES_MAX + 1 + 3
    assert lines[-3:] == ["... and 3 more bids.", "... and 3 more refused bids.", "... and 3 more lots that ended."]
    assert "The sale has ended." in lines[-4]
    sale.hello(CAT, "Ann")
    assert sale.told() == ["Ann could not join: name taken."], "and there is room again"


def test_a_screen_that_nobody_reads_does_not_stop_the_house() -> None:
    reading, writing = os.pipe()
    told: list[str] = []
    with os.fdopen(reading) as reader:
        with os.fdopen(writing, "w") as stream:
            writer = LogWriter(stream, lines_max=10)
            sale = two_bidders(lot("1"))
            sale.screen = Screen(writer.write)

            def flood() -> None:
                for _ in range(3000):
                    sale.order(Announce(text="x" * 400))
                    sale.now_ms += WRITE_EVERY_MS

            house = threading.Thread(target=flood, daemon=True)
            house.start()
            house.join(timeout=WAIT_S)
            assert not house.is_alive(), "it waited for a reader"
            late_reader = threading.Thread(target=lambda: told.extend(reader), daemon=True)
            late_reader.start()
            writer.close()
        late_reader.join(timeout=WAIT_S)
    assert 10 <= len(told) < 1000


# --- what the process logs --------------------------------------------------------------------------------------------


def test_what_the_process_logs_is_told_in_words() -> None:
    written: list[str] = []
    screen = Screen(written.append)
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader:
        with os.fdopen(writing, "w") as stream:
            writer = LogWriter(stream)
            log = new_log(writer, [screen.process_line], "info")
            log.info("listening", link="auction://x", data="d", pid=1, metrics="")
            log.error("frozen", reason="The disk is full.\x1b[2J")
            log.warning("thawed")
            log.warning("snapshot_failed", reason="No room.")
            log.warning("still_frozen", reason="No room.")
            log.info("stopped", unfinished_lots=3)
            writer.close()
        told = [line.partition("  ")[2] for line in reader.read().splitlines()]
    assert told == [
        "Error: Nothing can be stored, so the sale stands still and bids are refused: The disk is full.\ufffd[2J",
        "Warning: Storing works again, and the sale continues.",
        "Warning: Snapshot failed: reason No room.",
        "Warning: The sale still stands still: No room.",
        "The house has stopped; unfinished lots: 3. To continue, run the same command.",
    ]


def test_the_server_tells_what_was_kept_back_at_its_heartbeat_and_at_its_end(hold: Opens) -> None:
    written: list[tuple[int, str]] = []
    screen = Screen(lambda text: written.append((sale.world.now_ms, text.partition("  ")[2].strip())))
    sale = hold(facts=screen)
    ann = sale.bidder(ANN, "Ann")
    bob = sale.bidder(BOB, "Bob")
    sale.at(300, lambda: sale.ask(ann, bid(10, 1000)))
    sale.at(350, lambda: sale.ask(bob, bid(11, 1100)))
    sale.at(1500, lambda: sale.ask(ann, bid(12, 1200)))
    sale.at(1550, lambda: sale.ask(bob, bid(13, 1300)))
    sale.at(1000, lambda: sale.bidder(CAT, "Ann"))
    sale.run(1560)
    assert "Ann could not join: name taken." in [text for _, text in written], "though nothing was stored"
    bids = [(at_ms - sale.began_ms, text) for at_ms, text in written if "leads" in text]
    assert [text for _, text in bids] == [f"Lot 1: {who} leads at USD {price}.00." for who, price in
        (("Ann (1)", 10), ("Bob (2)", 11), ("Ann (1)", 12), ("Bob (2)", 13))]  # fmt: skip
    assert bids[0][0] <= 310
    assert 310 < bids[1][0] < 1000, "at the heartbeat"
    assert bids[3][0] >= 1550


# --- at a real terminal -----------------------------------------------------------------------------------------------


@contextmanager
def house_at_terminal(folder: Path, *options: str) -> Iterator[int]:
    """Run a house whose output is a terminal of its own; yield our end of it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "auctioneer",
            "run",
            "--example",
            "--data",
            str(folder / "data"),
            "--port",
            "0",
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"XDG_STATE_HOME": str(folder / "state"), "TERM": "dumb"},
    )
    os.close(theirs)
    try:
        yield ours
    finally:
        process.terminate()
        process.wait(WAIT_S)
        os.close(ours)


def shown_until(ours: int, *texts: str) -> str:
    """Return what the terminal shows up to a moment when it has shown all of these."""
    shown, deadline_s = "", time.monotonic() + WAIT_S
    while not all(text in shown for text in texts):
        assert select.select([ours], [], [], deadline_s - time.monotonic())[0], f"it shows only:\n{shown}"
        shown += os.read(ours, 65_536).decode()
    return shown


def test_a_person_at_the_terminal_reads_names_and_money(tmp_path: Path) -> None:
    with house_at_terminal(tmp_path) as ours:
        shown = shown_until(ours, "To stop", "Lot 1 is open: Longcase clock")
        link = re.search(r"auction://\S+", shown)
        assert link is not None
        with Client.connect(parse_link(link[0]), "Ada", new_keys()) as ada:
            assert isinstance(ada.bid("1", 15_000), Accepted)
            shown += shown_until(ours, "Ada (1) joined.", "Lot 1: Ada (1) leads at USD 150.00")
    assert "house_started" not in shown
    assert "listening" not in shown


@pytest.mark.parametrize(
    ("options", "shows_json"), [(["--log-format", "json"], True), (["--log-level", "debug"], False)]
)
def test_the_log_can_be_had_at_a_terminal_too(tmp_path: Path, options: list[str], shows_json: bool) -> None:
    with house_at_terminal(tmp_path, *options) as ours:
        shown = shown_until(ours, "listening", "house_started", "\n")
    lines = [line for line in shown.splitlines() if "house_started" in line]
    assert lines
    if shows_json:
        assert json.loads(lines[0])["event"] == "house_started"
    else:
        assert all(word in lines[0] for word in ("info", "instance", "position"))
