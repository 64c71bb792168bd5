"""Accounts at the desk: the commands for limits, deposits and links, what a bidder is told of them, and the reports."""

from typing import Any

import pytest
from msgspec.structs import replace

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.admission import Admission
from auctioneer.house.commands import (
    AddPaddle,
    AnyCommand,
    Ask,
    BidFor,
    Done,
    LinkPaddles,
    NoteDeposit,
    Report,
    SetLimit,
)
from auctioneer.house.tallies import Tally, tallies_of
from auctioneer.rules.account_facts import DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.sale_settings import AdmissionMode
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest
from common.formats.sealed import Pays, SealedTerms, SealRequest
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms
from common.messages import Mine, MineRequest, Rejected, Role
from common.names import skeletons
from common.spending import Spending
from tests.auctioneer.house.house_examples import ANN, BOB, CAT, HOUR_MS, START_MS, SmallSale, bid, code_of, lot
from tests.must_be import must_be

DUTCH = DutchTerms(2_000, 1_000, 500, 60_000, units=3)
OTHER_LOTS = (
    LotSpec(LotTerms("8", "Sealed", SealedTerms(100, Pays.OWN_OFFER), duration_ms=HOUR_MS)),
    LotSpec(LotTerms("9", "Dutch", DUTCH, duration_ms=DUTCH.duration_ms)),
)


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with Ann (1), Bob (2), Cat (3) who looks on, and Dan (4), who only has a paddle."""
    sale = SmallSale(lot("1"), lot("2"), lot("3", seller="Old House Ltd"), *OTHER_LOTS, corrections=True)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.order(AddPaddle(name="Dan", paddle=4))
    return sale


def done(sale: SmallSale, command: AnyCommand) -> Done:
    return must_be(Done, sale.order(command))


def spending(sale: SmallSale, key: str = ANN) -> Spending | None:
    return must_be(Mine, sale.ask(key, MineRequest(id=99))).spending


def rows(sale: SmallSale, report: str) -> dict[int, Any]:
    return {row["paddle"]: row for row in must_be(Report, sale.order(Ask(report=report))).report}


def test_each_command_is_one_fact_with_who_and_when(sale: SmallSale) -> None:
    sale.now_ms += 5_000
    assert done(sale, SetLimit(bidder="Ann", limit_minor=5_000)).paddle == 1
    assert done(sale, NoteDeposit(bidder="4", amount_minor=2_000)).paddle == 4
    people = done(sale, LinkPaddles(bidders=("Bob", "4"), seller="Old House Ltd")).people
    assert people == ({"paddle": 2, "name": "Bob"}, {"paddle": 4, "name": "Dan"})
    at_ms = START_MS + 5_000
    assert sale.effects[-3:] == [
        LimitSet(at_ms=at_ms, paddle=1, limit_minor=5_000, by="auctioneer"),
        DepositNoted(at_ms=at_ms, paddle=4, amount_minor=2_000, by="auctioneer"),
        PaddlesLinked(
            at_ms=at_ms,
            paddles=(2, 4),
            skeletons=(skeletons("Bob"), skeletons("Dan")),
            by="auctioneer",
            seller="Old House Ltd",
            seller_skeletons=skeletons("Old House Ltd"),
        ),
    ]
    assert verify(enumerate(sale.record, start=1)).mismatch is None
    told = must_be(Report, sale.order(Ask(report="commands"))).report
    assert [(row["kind"], row["paddle"]) for row in told[-3:]] == [
        ("limit", 1),
        ("deposit", 4),
        ("paddle link", None),
    ]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SetLimit(bidder="Nobody", limit_minor=1), RejectCode.UNKNOWN_BIDDER),
        (SetLimit(bidder="Cat", limit_minor=1), RejectCode.UNKNOWN_BIDDER),
        (SetLimit(bidder="Ann", limit_minor=None), RejectCode.WRONG_STATE),
        (SetLimit(bidder="Ann", limit_minor=AMOUNT_MINOR_MAX + 1), RejectCode.INVALID_AMOUNT),
        (NoteDeposit(bidder="Ann", amount_minor=0), RejectCode.WRONG_STATE),
        (NoteDeposit(bidder="Ann", amount_minor=AMOUNT_MINOR_MAX + 1), RejectCode.INVALID_AMOUNT),
        (LinkPaddles(bidders=("Ann",)), RejectCode.MALFORMED),
        (LinkPaddles(bidders=("Ann", "1")), RejectCode.MALFORMED),
        (LinkPaddles(bidders=("Ann", "7")), RejectCode.UNKNOWN_BIDDER),
        (LinkPaddles(bidders=("Ann", "Bob"), linked=False), RejectCode.WRONG_STATE),
        (LinkPaddles(bidders=("Ann",), seller="\u202e"), RejectCode.MALFORMED),
        (LinkPaddles(bidders=("Ann",), seller="Old\nHouse"), RejectCode.MALFORMED),
        (LinkPaddles(bidders=("Ann",), seller=" "), RejectCode.MALFORMED),
    ],
    ids=str,
)
def test_a_wrong_command_changes_nothing(sale: SmallSale, command: AnyCommand, code: RejectCode) -> None:
    sale.join(CAT, "", Role.OBSERVER)
    before = list(sale.record)
    assert code_of(sale.order(command)) is code
    assert sale.record == before


def test_the_highest_limit_and_deposit_are_taken(sale: SmallSale) -> None:
    done(sale, SetLimit(bidder="Ann", limit_minor=AMOUNT_MINOR_MAX))
    done(sale, NoteDeposit(bidder="Ann", amount_minor=AMOUNT_MINOR_MAX))
    assert spending(sale) == Spending(AMOUNT_MINOR_MAX, 0, 0)


def test_an_observer_who_had_to_be_admitted_has_no_account() -> None:
    sale = SmallSale(lot("1"), admission=Admission(AdmissionMode.APPROVE))
    sale.hello(CAT, "Cat", role=Role.OBSERVER)
    assert code_of(sale.order(SetLimit(bidder="Cat", limit_minor=5))) is RejectCode.WRONG_STATE
    assert code_of(sale.order(LinkPaddles(bidders=("Cat",), seller="Dan"))) is RejectCode.WRONG_STATE


def test_a_bidder_is_told_its_limit_and_what_counts_and_nobody_elses(sale: SmallSale) -> None:
    assert spending(sale) is None
    done(sale, SetLimit(bidder="Ann", limit_minor=9_000))
    sale.ask(ANN, BidRequest(id=11, lot="1", maximum_minor=4_000))
    sale.ask(ANN, SealRequest(id=12, lot="8", amount_minor=1_500))
    assert spending(sale) == Spending(9_000, 0, 5_500)
    assert spending(sale, BOB) is None
    refused = must_be(Rejected, sale.ask(ANN, StopRequest(id=13, lot="9", price_minor=2_000, units=2)))
    assert (refused.code, refused.own) == (RejectCode.OVER_SPENDING_LIMIT, None)
    assert refused.message.endswith("(USD 35.00 of the limit of USD 90.00 is left for this lot)")
    repeated = sale.ask(ANN, StopRequest(id=13, lot="9", price_minor=2_000, units=2))
    assert repeated == refused
    done(sale, SetLimit(bidder="Ann", limit_minor=None))
    assert spending(sale) is None
    assert sale.ask(ANN, StopRequest(id=13, lot="9", price_minor=2_000, units=2)) == refused, "a verdict stays"


def test_what_is_left_is_never_less_than_nothing() -> None:
    assert Spending(5_000, 2_000, 1_000).left_minor == 2_000
    assert Spending(1_000, 2_000, 1_000).left_minor == 0


def test_a_clerks_bid_is_held_to_the_limit_and_the_link_too(sale: SmallSale) -> None:
    done(sale, SetLimit(bidder="4", limit_minor=2_000))
    bids = [(Source.FLOOR, 2_001), (Source.TELEPHONE, 2_001), (Source.ABSENTEE, 2_001)]
    for source, amount_minor in bids:
        command = BidFor(lot="1", paddle=4, source=source, amount_minor=amount_minor)
        refused = must_be(Rejected, sale.order(command))
        assert refused.code is RejectCode.OVER_SPENDING_LIMIT
        assert "20.00" not in refused.detail, "what is left of a limit tells of sealed offers"
        assert "auctioneer bidders" in refused.detail
    done(sale, BidFor(lot="1", paddle=4, source=Source.FLOOR, amount_minor=2_000))
    done(sale, LinkPaddles(bidders=("Ann", "4")))
    assert code_of(sale.ask(ANN, bid(11, 2_500))) is RejectCode.LINKED_BIDDER
    command = BidFor(lot="1", paddle=1, source=Source.TELEPHONE, amount_minor=2_500)
    assert code_of(sale.order(command)) is RejectCode.LINKED_BIDDER


def test_a_seller_that_is_known_by_another_spelling_is_linked_no_longer(sale: SmallSale) -> None:
    done(sale, LinkPaddles(bidders=("Ann",), seller="OLD HOUSE LTD"))
    assert code_of(sale.ask(ANN, bid(11, 1_000, "3"))) is RejectCode.LINKED_BIDDER
    assert rows(sale, "paddles")[1]["sellers"] == ["OLD HOUSE LTD"]
    assert code_of(sale.order(LinkPaddles(bidders=("Ann",), seller="Old house Ltd"))) is RejectCode.WRONG_STATE
    done(sale, LinkPaddles(bidders=("Ann",), seller="old house ltd", linked=False))
    assert sale.house.engine.state.accounts == {}
    assert not isinstance(sale.ask(ANN, bid(12, 1_000, "3")), Rejected)


def test_reports_show_limits_and_what_is_left_but_no_sealed_offer(sale: SmallSale) -> None:
    done(sale, SetLimit(bidder="Ann", limit_minor=9_000))
    done(sale, NoteDeposit(bidder="Ann", amount_minor=1_000))
    done(sale, LinkPaddles(bidders=("Bob", "4")))
    sale.ask(ANN, BidRequest(id=11, lot="1", maximum_minor=4_000))
    sale.ask(ANN, SealRequest(id=12, lot="8", amount_minor=2_500))
    sale.ask(ANN, StopRequest(id=13, lot="9", price_minor=2_000))
    sale.ask(BOB, StopRequest(id=11, lot="9", price_minor=2_000))
    told = rows(sale, "bidders")
    amounts = ("limit_minor", "spent_minor", "exposed_minor", "left_minor")
    assert [told[1][field] for field in amounts] == [9_000, 0, 6_000, 3_000]
    assert told[1]["limit"] == "90.00"
    assert [told[2][field] for field in amounts] == [None, 0, 2_000, None]
    people = rows(sale, "paddles")
    assert [people[1][field] for field in (*amounts, "deposit_minor")] == [9_000, 0, 6_000, 3_000, 1_000]
    assert (people[2]["linked"], people[4]["linked"], people[1]["linked"]) == ([4], [2], [])
    sale.now_ms += HOUR_MS
    assert tallies_of(sale.house.engine)[1].exposed_minor == 6_000, "nothing has closed yet"
    sale.house.advance(sale.now_ms)
    tallies = tallies_of(sale.house.engine)
    assert tallies[1] == Tally(leads=0, won=3, spent_minor=1_000 + 2_500 + 2_000, exposed_minor=0)


def test_a_limit_lower_than_what_counts_leaves_nothing(sale: SmallSale) -> None:
    sale.ask(ANN, bid(11, 4_000))
    done(sale, SetLimit(bidder="Ann", limit_minor=1_000))
    assert rows(sale, "bidders")[1]["left_minor"] == 0


@pytest.mark.parametrize("by_snapshot", [False, True])
def test_accounts_come_back_after_a_restart(sale: SmallSale, by_snapshot: bool) -> None:
    done(sale, SetLimit(bidder="Ann", limit_minor=5_000))
    done(sale, NoteDeposit(bidder="Ann", amount_minor=500))
    done(sale, LinkPaddles(bidders=("Bob", "4"), seller="Old House Ltd"))
    for number, amount_minor in (("1", 1_000), ("2", 2_000)):
        sale.ask(ANN, bid(10 + int(number), amount_minor, number))
    before = sale.house.engine.state
    sale.house = sale.rebuilt(sale.house.snapshot(), len(sale.record)) if by_snapshot else sale.rebuilt()
    check_same_state(before, sale.house.engine.state)
    assert spending(sale) == Spending(5_000, 0, 3_000)
    assert code_of(sale.ask(ANN, BidRequest(id=13, lot="1", maximum_minor=3_001))) is RejectCode.OVER_SPENDING_LIMIT
    assert code_of(sale.ask(BOB, bid(11, 1_000, "3"))) is RejectCode.LINKED_BIDDER


def test_a_repeated_command_is_done_once(sale: SmallSale) -> None:
    command = SetLimit(id=5, bidder="Ann", limit_minor=5_000)
    first = sale.order(command)
    done(sale, SetLimit(bidder="Ann", limit_minor=6_000))
    length = len(sale.record)
    assert sale.order(command) == first
    assert len(sale.record) == length
    assert code_of(sale.order(replace(command, limit_minor=7_000))) is RejectCode.ID_CONFLICT
