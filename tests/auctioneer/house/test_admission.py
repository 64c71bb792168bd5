"""Who is let in: by anybody, an invite, a list or an approval, and who is turned out."""

from auctioneer.house.admission import NOT_LISTED, TURNED_OUT, Admission
from auctioneer.house.commands import Admit, Done
from auctioneer.house.register import APPROVAL_POLL_MS
from auctioneer.rules.facts import BidderAdmitted, BidderEnrolled
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode, RejectedError
from common.formats.english import BidRequest, BuyRequest
from common.messages import (
    Accepted,
    AnyRequest,
    LotRequest,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    ReplayRequest,
    SnapshotRequest,
    Welcome,
)
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, code_of
from tests.english import english

APPROVE = Admission(AdmissionMode.APPROVE)
BID = BidRequest(id=10, lot="1", amount_minor=1500)
ALL_BUT_HELLO: list[AnyRequest] = [
    Ping(id=10),
    SnapshotRequest(id=10),
    LotRequest(id=10, lot="1"),
    ReplayRequest(id=10, lot="1", after_seq=0),
    BID,
    BuyRequest(id=10, lot="1", price_minor=1500),
    MineRequest(id=10),
]


def test_the_invite_code_lets_in_and_is_asked_once() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.INVITE, invite="xyz"))
    for wrong in ("", "xy", "XYZ"):
        assert code_of(sale.hello(ANN, "Ann", invite=wrong)) is RejectCode.WRONG_INVITE
    assert not sale.house.may_hear(ANN)
    assert isinstance(sale.hello(ANN, "Ann", invite="xyz"), Welcome)
    assert isinstance(sale.hello(ANN), Welcome), "who is enrolled needs it no more"


def test_only_listed_keys_are_let_in() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.LIST, listed=frozenset({ANN})))
    assert code_of(sale.hello(BOB, "Bob")) is RejectCode.NOT_ADMITTED
    assert isinstance(sale.hello(ANN, "Ann"), Welcome)
    assert [entry.key for entry in sale.house.register.entries] == [ANN]


def test_not_admitted_says_which_it_is() -> None:
    """Who was turned out is not to be told how to get on a list: that would not let them in."""
    by_list = SmallSale(admission=Admission(AdmissionMode.LIST, listed=frozenset({ANN})))
    refused = by_list.hello(BOB, "Bob")
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.detail) == (RejectCode.NOT_ADMITTED, NOT_LISTED)
    by_list.join(ANN, "Ann")
    by_list.order(Admit(bidder="Ann", admitted=False))
    for answer in (by_list.hello(ANN), by_list.ask(ANN, Ping(id=20))):
        assert isinstance(answer, Rejected)
        assert (answer.code, answer.detail) == (RejectCode.NOT_ADMITTED, TURNED_OUT)
    assert "bidder key --name" in str(RejectedError(refused.code, refused.detail))
    sentence = str(RejectedError(RejectCode.NOT_ADMITTED, TURNED_OUT))
    assert ("list" in sentence, "bidder key" in sentence) == (False, False)


def test_approval_is_awaited_given_and_kept() -> None:
    sale = SmallSale(admission=APPROVE)
    waiting = Rejected(id=1, code=RejectCode.AWAITING_APPROVAL, retry_ms=APPROVAL_POLL_MS)
    assert sale.hello(ANN, "Ann") == waiting
    assert sale.hello(ANN, "Ann") == waiting
    assert sum(isinstance(fact, BidderEnrolled) for fact in sale.record) == 1
    for request in ALL_BUT_HELLO:
        assert code_of(sale.ask(ANN, request)) is RejectCode.AWAITING_APPROVAL
    assert not sale.rejections
    assert not sale.house.may_hear(ANN)
    sale.house = sale.rebuilt()
    assert sale.hello(ANN) == waiting

    assert isinstance(sale.order(Admit(bidder="1")), Done)
    assert isinstance(sale.effects[-1], BidderAdmitted)
    assert sale.house.may_hear(ANN)
    assert isinstance(sale.ask(ANN, BID), Accepted), "the bid that was refused while waiting was never decided"
    sale.house = sale.rebuilt()
    assert isinstance(sale.hello(ANN), Welcome)


def test_who_is_turned_out_is_out_at_once_and_may_come_back() -> None:
    sale = SmallSale()
    sale.join(ANN, "Ann")
    accepted = sale.ask(ANN, BID)
    sale.order(Admit(bidder="Ann", admitted=False))
    assert not sale.house.may_hear(ANN)
    assert code_of(sale.hello(ANN)) is RejectCode.NOT_ADMITTED
    for request in ALL_BUT_HELLO:
        if request != BID:
            assert code_of(sale.ask(ANN, request)) in (RejectCode.NOT_ADMITTED, RejectCode.ID_CONFLICT), request
    assert english(sale.house.engine.lots["1"].view).leader == 1, "what was bid before stands"
    sale.house = sale.rebuilt()
    assert code_of(sale.ask(ANN, Ping(id=20))) is RejectCode.NOT_ADMITTED
    assert code_of(sale.hello(BOB, "Ann")) is RejectCode.NAME_TAKEN
    sale.order(Admit(bidder="Ann"))
    assert isinstance(sale.ask(ANN, Ping(id=20)), Pong)
    assert sale.ask(ANN, BID) == accepted


def test_who_was_turned_out_still_learns_whether_an_earlier_bid_counted() -> None:
    """Its answer may have been lost, and the bid stands: `not_admitted` would be a lie about it."""
    sale = SmallSale()
    sale.join(ANN, "Ann")
    accepted = sale.ask(ANN, BID)
    sale.order(Admit(bidder="Ann", admitted=False))
    assert sale.ask(ANN, BID) == accepted
    assert code_of(sale.ask(ANN, BidRequest(id=11, lot="1", maximum_minor=9000))) is RejectCode.NOT_ADMITTED
    assert code_of(sale.ask(ANN, BidRequest(id=10, lot="1", maximum_minor=9000))) is RejectCode.NOT_ADMITTED
    assert len(sale.rejections) == 0, "nothing was decided"
