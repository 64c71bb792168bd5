"""A clerk bids for a paddle: by the same rules, with the source on the record, and apart from the bidder's own ids."""

from typing import Any, TypedDict, Unpack

import pytest
from msgspec.structs import replace

from auctioneer.audit.invariants import check_same_state
from auctioneer.audit.verify import Mismatch, verify
from auctioneer.house.commands import AddPaddle, Admit, BidFor, CloseLot, Done, Pause
from auctioneer.rules.facts import AnyFact, CommandDone, OfferLate, OfferTaken
from auctioneer.rules.sale_settings import Controller, Right
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.dutch import DutchTerms
from common.formats.english import BidRequest, EnglishOwn
from common.formats.sealed import Pays, SealedTerms
from common.limits import BIDDERS_MAX, REMEMBERED_REQUESTS_MAX
from common.lot import LotStatus, LotTerms
from common.messages import Accepted, Mine, MineRequest, Rejected
from tests.auctioneer.house.house_examples import ANN, BOB, CLERK, HOUR_MS, SmallSale, bid, code_of, lot, maximum
from tests.english import english
from tests.must_be import must_be

BEA = Controller(CLERK.name, CLERK.role, CLERK.key, tuple(Right))


class BidWords(TypedDict, total=False):
    is_maximum: bool
    is_purchase: bool
    units: int
    if_seq: int


def bid_for(
    paddle: int, amount_minor: int | None, lot: str = "1", source: Source = Source.FLOOR, **words: Unpack[BidWords]
) -> BidFor:
    return BidFor(lot=lot, paddle=paddle, source=source, amount_minor=amount_minor, **words)


def other_lots() -> tuple[LotSpec, ...]:
    sealed = SealedTerms(100, Pays.OWN_OFFER)
    dutch = DutchTerms(9_000, 1_000, 1_000, 60_000, units=3)
    return (
        LotSpec(LotTerms("8", "Sealed", sealed, duration_ms=HOUR_MS)),
        LotSpec(LotTerms("9", "Dutch", dutch, duration_ms=dutch.duration_ms)),
    )


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale with Ann (1), who has a key, and Ben (2), who only has a paddle."""
    sale = SmallSale(lot("1"), lot("2", buy_now_minor=5000), *other_lots())
    sale.join(ANN, "Ann")
    sale.order(AddPaddle(name="Ben"), BEA)
    return sale


def last(sale: SmallSale) -> AnyFact:
    return next(fact for fact in reversed(sale.record) if not isinstance(fact, CommandDone))


def taken(sale: SmallSale, command: BidFor) -> OfferTaken:
    done = sale.order(command, BEA)
    assert isinstance(done, Done), done
    fact = must_be(OfferTaken, last(sale))
    assert (fact.source, fact.by, fact.paddle) == (command.source, BEA.name, command.paddle)
    assert verify(enumerate(sale.record, start=1)).mismatch is None
    assert must_be(Accepted, done.accepted).board == sale.house.engine.lots[command.lot].view.board
    return fact


def refused(sale: SmallSale, command: BidFor) -> Rejected:
    before = list(sale.record)
    answer = must_be(Rejected, sale.order(command, BEA))
    assert sale.record == before
    return answer


def test_a_paddle_without_a_key_leads_by_a_clerk(sale: SmallSale) -> None:
    fact = taken(sale, bid_for(2, 1500))
    assert (fact.public, fact.request) == (True, BidRequest(id=fact.request.id, lot="1", amount_minor=1500))
    view = sale.house.engine.lots["1"].view
    assert (english(view).leader, english(view).price_minor) == (2, 1500)
    taken(sale, bid_for(1, 9000, source=Source.TELEPHONE, is_maximum=True))
    assert (english(sale.house.engine.lots["1"].view).leader) == 1


def test_the_same_rules_hold(sale: SmallSale) -> None:
    sale.ask(ANN, bid(10, 1500))
    low = refused(sale, bid_for(2, 1500))
    assert low.code is RejectCode.BELOW_MINIMUM
    assert low.detail == "lot 1 is at USD 15.00, the minimum is USD 16.00"
    assert refused(sale, bid_for(1, 1700)).code is RejectCode.ALREADY_LEADING
    assert refused(sale, bid_for(2, 2000, if_seq=0)).code is RejectCode.STATE_CHANGED
    assert refused(sale, bid_for(2, 2000, lot="7")).code is RejectCode.UNKNOWN_LOT
    assert refused(sale, bid_for(2, 5001, lot="2", is_purchase=True)).code is RejectCode.NO_BUY_NOW
    sale.order(Pause(lot="1"))
    assert refused(sale, bid_for(2, 2000)).code is RejectCode.LOT_PAUSED


def test_the_seller_gets_no_bid_by_a_clerk_either() -> None:
    sale = SmallSale(lot("1", seller="Ben"))
    sale.order(AddPaddle(name="Ben"), BEA)
    assert refused(sale, bid_for(1, 2000)).code is RejectCode.OWN_LOT


def test_a_late_bid_of_a_clerk_is_recorded_with_its_source(sale: SmallSale) -> None:
    sale.order(CloseLot(lot="1"))
    sale.now_ms += 70
    answer = must_be(Rejected, sale.order(bid_for(2, 2000, source=Source.TELEPHONE), BEA))
    assert (answer.code, answer.late_ms) == (RejectCode.LOT_CLOSED, 70)
    assert "70 ms too late" in answer.detail
    fact = must_be(OfferLate, last(sale))
    assert (fact.source, fact.by, fact.paddle) == (Source.TELEPHONE, BEA.name, 2)
    assert verify(enumerate(sale.record, start=1)).mismatch is None


@pytest.mark.parametrize("paddle", [3, BIDDERS_MAX])
def test_nobody_bids_for_a_paddle_that_nobody_has(sale: SmallSale, paddle: int) -> None:
    assert refused(sale, bid_for(paddle, 2000)).code is RejectCode.UNKNOWN_BIDDER


def test_nobody_bids_for_who_was_turned_out(sale: SmallSale) -> None:
    sale.order(Admit(bidder="Ben", admitted=False))
    turned_out = refused(sale, bid_for(2, 2000))
    assert (turned_out.code, turned_out.detail) == (
        RejectCode.WRONG_STATE,
        "Ben (2) is turned out; `auctioneer admit 2` lets it in",
    )


def test_a_clerk_is_not_the_bidder(sale: SmallSale) -> None:
    assert refused(sale, bid_for(2, 2000, source=Source.BIDDER)).code is RejectCode.MALFORMED


def test_what_the_words_mean_goes_by_the_format(sale: SmallSale) -> None:
    bought = taken(sale, bid_for(2, 5000, lot="2", is_purchase=True))
    assert bought.results[0].paddle == 2
    taken(sale, bid_for(2, 4000, lot="8"))
    taken(sale, bid_for(2, None, lot="8"))
    assert refused(sale, bid_for(2, None, lot="8")).code is RejectCode.NO_OFFER
    assert taken(sale, bid_for(2, 9_000, lot="9")).public
    assert taken(sale, bid_for(1, 9_500, lot="9", units=2)).results
    assert sale.house.engine.lots["9"].view.status is LotStatus.SOLD


@pytest.mark.parametrize(
    "command",
    [
        bid_for(2, None),
        bid_for(2, 2000, units=2),
        bid_for(2, 2000, is_maximum=True, is_purchase=True),
        bid_for(2, 2000, lot="8", is_maximum=True),
        bid_for(2, 2000, lot="8", is_purchase=True),
        bid_for(2, 2000, lot="8", units=1),
        bid_for(2, None, lot="9"),
        bid_for(2, 9_000, lot="9", is_maximum=True),
    ],
)
def test_words_that_mean_nothing_on_the_lot_are_refused(sale: SmallSale, command: BidFor) -> None:
    assert refused(sale, command).code is RejectCode.OTHER_FORMAT


def test_the_bidder_s_own_ids_and_a_clerk_s_are_apart(sale: SmallSale) -> None:
    number = taken(sale, bid_for(1, 1500)).request_id
    own = sale.ask(ANN, BidRequest(id=number, lot="1", maximum_minor=3000))
    assert must_be(Accepted, own).own == EnglishOwn(3000), "the id is new to Ann's own session"
    for _ in range(REMEMBERED_REQUESTS_MAX + 1):
        refused(sale, bid_for(1, 1500))
    assert sale.ask(ANN, BidRequest(id=number, lot="1", maximum_minor=3000)) == own
    assert code_of(sale.ask(ANN, maximum(number, while_connected=False))) is RejectCode.ID_CONFLICT
    for house in (sale.rebuilt(), sale.rebuilt(sale.house.snapshot(), len(sale.record))):
        session = house._sessions.of_paddle(1)
        assert [fact.request_id for fact in session.remembered] == [number]


def test_the_bidder_s_device_sees_what_the_clerk_did(sale: SmallSale) -> None:
    taken(sale, bid_for(1, 3000, is_maximum=True))
    mine = must_be(Mine, sale.ask(ANN, MineRequest(id=9)))
    assert [(position.lot, position.own) for position in mine.positions] == [("1", EnglishOwn(3000))]


def test_a_clerk_s_maximum_does_not_end_with_the_bidder_s_silence(sale: SmallSale) -> None:
    sale.ask(ANN, BidRequest(id=1, lot="1", maximum_minor=3000, while_connected=True))
    assert sale.house.engine.paddles_to_watch() == [1]
    taken(sale, bid_for(1, 4000, is_maximum=True))
    assert sale.house.engine.paddles_to_watch() == []


@pytest.mark.parametrize("forged", [{"by": ""}, {"source": Source.BIDDER, "by": ""}, {"paddle": 3}])
def test_a_record_that_says_something_else_is_noticed(sale: SmallSale, forged: dict[str, Any]) -> None:
    fact = taken(sale, bid_for(2, 1500))
    record = [*sale.record[: sale.record.index(fact)], replace(fact, **forged)]
    assert must_be(Mismatch, verify(enumerate(record, start=1)).mismatch).position == len(record)


def test_the_record_reads_the_same_fast_and_slowly(sale: SmallSale) -> None:
    sale.join(BOB, "Bob")
    for number, amount_minor in enumerate(range(2000, 9000, 500), start=10):
        sale.ask(ANN if number % 2 else BOB, bid(number, amount_minor))
        if number % 3 == 0:
            taken(sale, bid_for(2, amount_minor + 200))
    check_same_state(sale.rebuilt().engine.state, sale.house.engine.state)
