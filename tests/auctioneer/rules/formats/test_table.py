"""The tables of formats: every member of each union has its place, and none has two."""

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auctioneer.rules.formats.dutch import DutchBook, DutchEntry
from auctioneer.rules.formats.english import Book
from auctioneer.rules.formats.entries import AnyBook, AnyEntry
from auctioneer.rules.formats.format import Outcome, Placed
from auctioneer.rules.formats.sealed import SealedBook, SealedOffer
from auctioneer.rules.formats.table import FAST, FORMATS, closing, first_board, format_of, withdrawing
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.evolve import first_view
from common.formats import AnyBoard, AnyOffer, AnyTerms
from common.formats.dutch import DutchTerms, StopRequest
from common.formats.english import BidRequest, BuyRequest, EnglishTerms, Step
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import CloseCause, LotTerms
from common.lot_events import LotAdded, LotClosed, LotWithdrawn
from common.retraction import RetractRequest

TERMS: list[AnyTerms] = [
    EnglishTerms(100, (Step(0, 10),)),
    SealedTerms(100, Pays.OWN_OFFER),
    DutchTerms(900, 100, 200, 1_000, 2),
]


def scheduled(terms: AnyTerms) -> LotState:
    spec = LotSpec(LotTerms("1", "Lot", terms))
    view = first_view(LotAdded(1, 0, spec.terms, first_board(spec)))
    return LotState(spec, 0, view, book=format_of(spec).open(spec))


def test_every_lot_has_a_format_and_every_offer_belongs_to_one() -> None:
    assert set(FORMATS) == set(get_args(AnyTerms)) == {type(terms) for terms in TERMS}
    offers = [offer for form in FORMATS.values() for offer in form.offers]
    assert sorted(map(str, [*offers, LeaveBidRequest, RetractRequest, ConfirmRequest])) == sorted(
        map(str, get_args(AnyOffer))
    )


def test_a_fast_path_leaves_an_offer_on_a_lot_of_another_format_to_the_frame() -> None:
    bid, stop = BidRequest(id=1, lot="1", amount_minor=900), StopRequest(id=1, lot="1", price_minor=900)
    asked: dict[type, AnyOffer] = {BidRequest: bid, StopRequest: stop}
    assert set(FAST) == set(asked)
    for kind, (decide, _writes) in FAST.items():
        for terms in TERMS:
            lot = scheduled(terms)
            is_its_own = kind in format_of(lot.spec).offers
            assert (decide(lot, 0, 1, asked[kind]) is not None) == is_its_own


@pytest.mark.parametrize("terms", TERMS, ids=lambda terms: type(terms).__name__)
def test_a_lot_without_offers_has_no_fault_passes_and_can_be_withdrawn(terms: AnyTerms) -> None:
    lot = scheduled(terms)
    form = format_of(lot.spec)
    assert isinstance(lot.view.board, AnyBoard)
    assert list(form.faults(lot.spec, lot.book, lot.view)) == []
    assert form.own(lot.spec, lot.book, 1) is None
    assert form.watched(lot.book) is None
    over = form.show(lot.spec, lot.book, is_over=True)
    assert closing(lot, 9, CloseCause.TIME) == LotClosed(1, 9, CloseCause.TIME, over)
    assert withdrawing(lot, 9, "broken") == LotWithdrawn(1, 9, over, "broken")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AnyBook, Book(1, 2, 3)),
        (AnyBook, SealedBook({3: 100, 1: 100})),
        (AnyBook, DutchBook(100, 2)),
        (AnyEntry, Book(1, 2, 3)),
        (AnyEntry, SealedOffer(3, None)),
        (AnyEntry, DutchEntry()),
    ],
    ids=str,
)
def test_books_and_entries_come_back_from_the_disk(kind: type, value: object) -> None:
    for codec in (msgspec.json, msgspec.msgpack):
        back = codec.decode(codec.encode(value), type=kind)
        assert back == value
        assert not isinstance(value, SealedBook) or list(back.offers_minor) == [3, 1], "the earliest offer comes first"


# --- what a bidder may have to pay ---------------------------------------------------------------------------------

AMOUNTS = st.integers(1, 60).map(lambda tens: tens * 10)
MAYBE = st.none() | AMOUNTS
ASKED: dict[type, st.SearchStrategy[AnyOffer]] = {
    EnglishTerms: st.one_of(
        st.builds(BidRequest, id=st.just(1), lot=st.just("1"), amount_minor=MAYBE, maximum_minor=MAYBE),
        st.builds(BuyRequest, id=st.just(1), lot=st.just("1"), price_minor=st.just(700)),
    ),
    SealedTerms: st.one_of(
        st.builds(SealRequest, id=st.just(1), lot=st.just("1"), amount_minor=AMOUNTS),
        st.builds(UnsealRequest, id=st.just(1), lot=st.just("1")),
    ),
    DutchTerms: st.builds(
        StopRequest, id=st.just(1), lot=st.just("1"), price_minor=st.just(900), units=st.integers(1, 2)
    ),
}
EXPOSING: list[LotSpec] = [
    LotSpec(LotTerms("1", "Lot", EnglishTerms(100, (Step(0, 10),), buy_now_minor=700)), None),
    LotSpec(LotTerms("1", "Lot", EnglishTerms(100, (Step(0, 10),), has_reserve=True)), 300),
    LotSpec(LotTerms("1", "Lot", SealedTerms(100, Pays.OWN_OFFER)), None),
    LotSpec(LotTerms("1", "Lot", SealedTerms(100, Pays.SECOND_OFFER, has_reserve=True)), 300),
    LotSpec(LotTerms("1", "Lot", DutchTerms(900, 100, 200, 1_000, 5)), None),
]


@given(data=st.data(), spec=st.sampled_from(EXPOSING))
def test_nobody_pays_more_than_its_exposure_and_an_offer_brings_no_more_than_its_commitment(
    data: st.DataObject, spec: LotSpec
) -> None:
    form = format_of(spec)
    book = form.open(spec)
    offers = data.draw(st.lists(st.tuples(st.integers(1, 4), ASKED[type(spec.terms.format)]), max_size=12))
    for paddle, offer in offers:
        before = {other: form.exposure(spec, book, other) for other in range(1, 5)}
        placed = Placed(paddle, 0, offer)
        commitment = form.commitment(spec, book, placed)
        decided = form.decide(spec, book, placed)
        assert form.commitment(spec, book, placed) == commitment
        if isinstance(decided, RejectCode) or decided is None:
            continue
        if isinstance(decided, Outcome):
            assert sum(row.amount_minor for row in decided.results if row.paddle == paddle) <= commitment
            break
        book = form.apply(spec, book, decided)
        after = {other: form.exposure(spec, book, other) for other in range(1, 5)}
        assert set(form.exposed(book)) == {other for other, minor in after.items() if minor}
        assert after[paddle] <= commitment
        assert all(after[other] <= before[other] for other in after if other != paddle)
        for row in form.close(spec, book):
            assert row.amount_minor <= after[row.paddle]
        if isinstance(spec.terms.format, DutchTerms) and data.draw(st.booleans()) and form.due_ms(spec, book):
            book = form.apply(spec, book, form.step(spec, book))


def test_a_commitment_tells_nothing_of_a_rivals_maximum() -> None:
    spec = EXPOSING[0]
    form = format_of(spec)
    bid = Placed(1, 0, BidRequest(id=1, lot="1", maximum_minor=400))
    books = [Book(100, 2, maximum_minor) for maximum_minor in (100, 390, 410, 9_000)]
    assert [form.commitment(spec, book, bid) for book in books] == [400] * 4
