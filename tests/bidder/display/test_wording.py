"""The sentences that people read: true for whoever reads them, right in the singular, and plain."""

import re
from collections.abc import Iterator

import click
import pytest
from msgspec.structs import replace

from auctioneer.cli import main as auctioneer
from bidder.cli import main as bidder
from bidder.core.notices import ConnectionState, LotChanged, NoticesDropped, Told
from bidder.display.records import notice_record
from bidder.display.wording import connection_line, notice_line, standing_words
from common.errors import ADVICE
from common.lot import CloseCause, LotClosed, evolve
from common.messages import Word, WordKind
from common.money import Currency
from common.words import counted
from tests.bidder.core.small_house import START_MS, SmallHouse

NOT_PLAIN = re.compile(
    r"goes? on by itself|when it goes on|slip of the hand|\bto who\b|\banew\b|\bfor ever\b|\bjust those\b|\bthe own\b"
    r"|\b[Mm]end\b|\b1 (?:lots|bids|bidders|events|changes)\b"
)


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
        (WordKind.TURNED_OUT, 2, "turned you out. Your bids stand. (2 words before this can't be had any more)"),
    ],
)
def test_what_is_said_to_one_bidder(kind: WordKind, missing: int, expected: str) -> None:
    text = "Your lot is ready." if kind is WordKind.MESSAGE else ""
    told = Told(1, Word(5, START_MS, kind, text), missing)
    currency = Currency("USD", 2)
    line = notice_line(told, 7, currency, None)
    assert line is not None
    assert line.text.endswith(expected)
    assert notice_record(told, 1, currency) == {
        "event": "told",
        "epoch": 1,
        "lot": None,
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
    closed = LotClosed(view.seq + 1, START_MS, cause, view.leader, view.price_minor)
    change = LotChanged(1, "1", closed.seq, view, evolve(view, closed), closed)
    line = notice_line(change, 0, house.sale.currency, None)
    assert line is not None
    assert line.text == expected


def test_the_buy_now_price_stands_where_the_price_is() -> None:
    house = SmallHouse(1)
    house.open("1")
    view = replace(house.lots["1"], buy_now_minor=9_000)
    assert "buy now at USD 90.00" in standing_words(view, 0, house.sale.currency, None)
    assert "buy now" not in standing_words(house.lots["1"], 0, house.sale.currency, None)


def test_one_is_no_plural() -> None:
    assert [counted(count, "lot") for count in (0, 1, 2, 2_000)] == ["0 lots", "1 lot", "2 lots", "2,000 lots"]
    line = notice_line(NoticesDropped(1), 0, SmallHouse().sale.currency, None)
    assert line is not None
    assert "1 change came" in line.text
