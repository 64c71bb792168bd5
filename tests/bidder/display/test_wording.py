"""The sentences that people read: true for whoever reads them, right in the singular, and plain."""

import re
from collections.abc import Iterator

import click
import pytest
from msgspec.structs import replace

from auctioneer.cli import main as auctioneer
from bidder.cli import main as bidder
from bidder.core.notices import ConnectionState, Lost, LotChanged, NoticesDropped, Told
from bidder.display.records import lot_record, mine_record, notice_record
from bidder.display.shown import ShownLot
from bidder.display.wording import connection_line, mine_lines, notice_line, outcome_words, standing_words
from common.errors import ADVICE
from common.evolve import evolve
from common.formats.english import EnglishBoard
from common.lot import CloseCause, CorrectionCause, LotStatus, Result
from common.lot_events import LotClosed, LotCorrected, LotRevised
from common.messages import Mine, Word, WordKind
from common.money import Currency
from common.spending import Spending
from common.words import counted
from tests.bidder.core.small_house import START_MS, SmallHouse, results_of
from tests.english import english

NOT_PLAIN = re.compile(
    r"goes? on by itself|when it goes on|slip of the hand|\bto who\b|\banew\b|\bfor ever\b|\bjust those\b|\bthe own\b"
    r"|\b[Mm]end\b|\b1 (?:lots|bids|bidders|events|changes)\b"
)


CORRECTED = set(WordKind) - {WordKind.MESSAGE, WordKind.ADMITTED, WordKind.TURNED_OUT, WordKind.LEFT_BID_VOID}


def helps(command: click.Command) -> Iterator[str]:
    yield from filter(None, (command.help, command.short_help))
    yield from (option.help for option in command.params if isinstance(option, click.Option) and option.help)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from helps(each)


def test_advice_and_help_are_plain() -> None:
    sentences = [*ADVICE.values(), *helps(auctioneer), *helps(bidder)]
    assert len(sentences) > 100
    assert [sentence for sentence in sentences if NOT_PLAIN.search(sentence)] == []


@pytest.mark.parametrize("state", list(ConnectionState))
def test_only_a_bidder_is_told_that_bids_stand(state: ConnectionState) -> None:
    watching, bidding = connection_line(state, 0), connection_line(state, 7)
    assert (watching is None) == (bidding is None)
    if watching is not None and bidding is not None:
        assert "bids stand" not in watching.text
        assert not NOT_PLAIN.search(watching.text + bidding.text)
        is_away = state in (ConnectionState.CONNECTING, ConnectionState.SILENT)
        assert bidding.text.endswith("Your bids stand.") == is_away


@pytest.mark.parametrize(
    ("kind", "missing", "expected"),
    [
        (WordKind.MESSAGE, 0, ">>> The auctioneer says to you alone: Your lot is ready."),
        (WordKind.MESSAGE, 1, "you alone: Your lot is ready. (1 word before this can't be had any more)"),
        (WordKind.ADMITTED, 0, "*** The auctioneer let you in."),
        (
            WordKind.TURNED_OUT,
            2,
            "bids stand unless they are taken back. (2 words before this can't be had any more)",
        ),
        (WordKind.OFFER_VOID, 0, "*** The house took back your bid on lot 12. The reason: A slip."),
        (WordKind.LEAD_BACK, 0, "*** You lead lot 12 again, since the house took back a bid. The reason: A slip."),
        (WordKind.LEAD_LOST, 0, "no longer lead lot 12, since the house corrected its bids. The reason: A slip."),
        (WordKind.SALE_VOID, 0, "*** Lot 12 is no longer sold to you. The reason: A slip."),
        (WordKind.AWARDED, 1, "as agreed. The reason: A slip. (1 word before this can't be had any more)"),
    ],
)
def test_what_is_said_to_one_bidder(kind: WordKind, missing: int, expected: str) -> None:
    text = "Your lot is ready." if kind is WordKind.MESSAGE else "A slip." if kind in CORRECTED else ""
    told = Told(1, Word(5, START_MS, kind, text, "12" if kind in CORRECTED else ""), missing)
    currency = Currency("USD", 2)
    line = notice_line(told, 7, currency, None)
    assert line is not None
    assert line.text.endswith(expected)
    assert notice_record(told, 1, currency) == {
        "event": "told",
        "epoch": 1,
        "lot": "12" if kind in CORRECTED else None,
        "seq": None,
        "news_seq": 5,
        "at_ms": START_MS,
        "kind": kind.value,
        "text": text,
        "missing": missing,
    }


@pytest.mark.parametrize(
    ("has_bid", "cause", "expected"),
    [
        (False, CloseCause.HAMMER, "Lot 1: passed, there were no bids (the auctioneer closed it)"),
        (False, CloseCause.TIME, "Lot 1: passed, there were no bids"),
        (True, CloseCause.HAMMER, "Lot 1: sold to paddle 99 at USD 5.00 (the auctioneer closed it)"),
        (True, CloseCause.BUY_NOW, "Lot 1: sold to paddle 99 at USD 5.00 (its buy-now price)"),
    ],
)
def test_how_a_lot_ended(has_bid: bool, cause: CloseCause, expected: str) -> None:
    house = SmallHouse(1)
    house.open("1")
    if has_bid:
        house.bid("1", 500)
    view = house.lots["1"]
    closed = LotClosed(view.seq + 1, START_MS, cause, view.board, results_of(view))
    change = LotChanged(1, "1", closed.seq, view, evolve(view, closed), closed)
    line = notice_line(change, 0, house.sale.currency, None)
    assert line is not None
    assert line.text == expected


@pytest.mark.parametrize(
    ("paddle", "expected"),
    [
        (7, "sold to you at USD 0.55"),
        (8, "sold to paddle 7 at USD 0.55, and you pay USD 0.50"),
        (9, "sold to paddle 7 at USD 0.55"),
    ],
)
def test_who_pays_without_buying_is_told_so(paddle: int, expected: str) -> None:
    house = SmallHouse(1)
    house.open("1")
    rows = (Result(7, 55), Result(8, 50, units=0))
    view = evolve(house.lots["1"], LotClosed(2, START_MS, CloseCause.TIME, house.lots["1"].board, rows))
    currency = Currency("USD", 2)
    shown = ShownLot(view, None)
    assert outcome_words(view, paddle, currency) == expected
    record = lot_record(shown, currency, paddle)
    assert (record["winner"], record["hammer_minor"], record["won"]) == (7, 55, paddle == 7)
    mine = Mine(id=1, paddle=8, total_minor=50)
    assert mine_lines(mine, "Bob", {}, currency)[-1].text == "  total USD 0.50"


def test_a_loser_who_pays_is_told_how_much() -> None:
    currency = Currency("USD", 2)
    lost = Lost("1", 4, 7, 55, pays_minor=50)
    line = notice_line(lost, 8, currency)
    assert line is not None
    assert line.text == ">>> LOST: lot 1 went to paddle 7 at USD 0.55, and you pay USD 0.50."
    assert notice_record(lost, 1, currency)["pays_minor"] == 50
    assert "pays_minor" not in notice_record(replace(lost, pays_minor=0), 1, currency)


def test_the_buy_now_price_stands_where_the_price_is() -> None:
    house = SmallHouse(1)
    house.open("1")
    view = house.lots["1"]
    offered = replace(view, board=replace(english(view), buy_now_minor=9_000))
    assert "buy now at USD 90.00" in standing_words(ShownLot(offered), 0, house.sale.currency)
    assert "buy now" not in standing_words(ShownLot(view), 0, house.sale.currency)


def test_one_is_no_plural() -> None:
    assert [counted(count, "lot") for count in (0, 1, 2, 2_000)] == ["0 lots", "1 lot", "2 lots", "2,000 lots"]
    line = notice_line(NoticesDropped(1), 0, SmallHouse().sale.currency, None)
    assert line is not None
    assert "1 change came" in line.text


def corrected(cause: CorrectionCause, status: LotStatus, *, has_results: bool = False) -> LotCorrected:
    rows = (Result(99, 500),) if has_results else ()
    return LotCorrected(0, START_MS, cause, status, EnglishBoard(600, 500, 99, 1), START_MS + 9_000, results=rows)


BID = "USD 5.00, paddle 99 leads, next bid USD 6.00, 9s left"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (corrected(CorrectionCause.UNDO, LotStatus.OPEN), f"corrected: a bid was taken back; {BID}"),
        (corrected(CorrectionCause.RETRACTED, LotStatus.OPEN), f"corrected: a bidder retracted a bid; {BID}"),
        (
            corrected(CorrectionCause.TURNED_OUT, LotStatus.OPEN),
            f"corrected: the bids of a bidder who was turned out no longer count; {BID}",
        ),
        (corrected(CorrectionCause.REOPEN, LotStatus.OPEN), f"open again; {BID}"),
        (corrected(CorrectionCause.VOID, LotStatus.PASSED), "corrected: a sale was undone; passed, its sale is void"),
        (
            corrected(CorrectionCause.AWARD, LotStatus.SOLD, has_results=True),
            "corrected after the close; sold to paddle 99 at USD 5.00 by agreement",
        ),
    ],
)
def test_everybody_sees_that_a_lot_was_corrected(event: LotCorrected, expected: str) -> None:
    house = SmallHouse(1)
    house.open("1")
    before = house.lots["1"]
    view = evolve(before, replace(event, seq=before.seq + 1))
    changed = LotChanged(1, "1", view.seq, before, view, event)
    remaining_ms = view.remaining_at(START_MS) if view.status is LotStatus.OPEN else None
    line = notice_line(changed, 7, house.sale.currency, remaining_ms)
    assert line is not None
    assert line.text == f"Lot 1: {expected}"
    record = notice_record(changed, 1, house.sale.currency)
    assert (record["event"], record["cause"], record["status"]) == (
        "lot_corrected",
        event.cause.value,
        view.status.value,
    )


def test_everybody_sees_the_new_title() -> None:
    house = SmallHouse(1)
    before = house.lots["1"]
    event = LotRevised(before.seq + 1, START_MS, replace(before.terms, title="A clock, signed"), before.board)
    changed = LotChanged(1, "1", event.seq, before, evolve(before, event), event)
    line = notice_line(changed, 7, house.sale.currency, None)
    assert line is not None
    assert line.text.startswith("Lot 1: changed by the house: A clock, signed; ")
    assert notice_record(changed, 1, house.sale.currency)["title"] == "A clock, signed"


def test_a_limit_and_what_is_left_of_it_stand_below_what_was_won() -> None:
    currency = Currency("USD", 2)
    mine = Mine(id=1, paddle=8, total_minor=5_000, spending=Spending(20_000, 5_000, 2_500))
    assert mine_lines(mine, "Bob", {}, currency)[-1].text == (
        "  limit USD 200.00: USD 50.00 for lots won, up to USD 25.00 on lots that are not over, USD 125.00 left"
    )
    record = mine_record(mine, "Bob", {}, currency)
    assert [record[field] for field in ("limit", "exposed_minor", "left")] == ["200.00", 2_500, "125.00"]
    over = replace(mine, spending=Spending(1_000, 5_000, 2_500))
    assert mine_lines(over, "Bob", {}, currency)[-1].text.endswith("USD 0.00 left")
    without = mine_record(replace(mine, spending=None), "Bob", {}, currency)
    assert [without[field] for field in ("limit", "exposed", "left", "left_minor")] == [None] * 4


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("below_minimum", "Earlier bids lead as high or higher. You can bid more."),
        (
            "over_spending_limit",
            "It would have taken you over your spending limit. Bid less, or ask the desk for a higher limit.",
        ),
        (
            "linked_bidder",
            "You are linked with the seller of this lot, or with somebody who has an offer on it, so you can't bid on "
            "it. Ask the desk if that is wrong.",
        ),
        ("a_code_of_a_later_house", "(a_code_of_a_later_house)"),
    ],
)
def test_a_bidder_is_told_why_the_bid_that_waited_does_not_count(code: str, why: str) -> None:
    line = notice_line(Told(1, Word(5, START_MS, WordKind.LEFT_BID_VOID, code, "12"), 0), 7, Currency("USD", 2), None)
    assert line is not None
    assert line.text == f"*** Your bid that waited for lot 12 to open does not count. {why}"
