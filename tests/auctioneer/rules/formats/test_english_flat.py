"""The fast path of an English bid decides, records and shows what the frame does without it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.rules import decisions, engine
from auctioneer.rules.applying import EngineState
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.fact_events import bid_moved, offer_event, verdict_of
from auctioneer.rules.facts import BidTaken, OfferTaken
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.formats.table import FAST
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest, EnglishTerms, Step
from common.limits import AMOUNT_MINOR_MAX
from common.lot import LotTerms, SoftClose
from common.messages import Rejected
from tests.auctioneer.house.house_examples import DOLLARS, START_MS, sale_created
from tests.english import english

AMOUNTS = st.none() | st.integers(1, 3_000) | st.integers(AMOUNT_MINOR_MAX - 300, AMOUNT_MINOR_MAX)
BIDS = st.lists(
    st.tuples(
        st.integers(1, 4),  # who
        st.integers(0, 9_000),  # how much later
        AMOUNTS,
        AMOUNTS,
        st.none() | st.integers(0, 6),  # the seq that it depends on
        st.none() | st.sampled_from((0, 100, 105)),  # the price that it depends on
        st.booleans(),  # while connected
        st.booleans(),  # near the minimum
    ),
    max_size=12,
)


def one_lot(reserve_minor: int | None, buy_now_minor: int | None, table: tuple[Step, ...]) -> Engine:
    made = Engine.create(sale_created())
    terms = LotTerms(
        "1",
        "Lot",
        EnglishTerms(100, table, reserve_minor is not None, buy_now_minor),
        duration_ms=20_000,
        soft_close=SoftClose(8_000, 9_000, 15_000),
    )
    assert not isinstance(decisions.add(made, START_MS, "clerk", (LotSpec(terms, reserve_minor),)), Refused)
    made.advance(START_MS)
    return made


def copy_of(one: Engine) -> Engine:
    return Engine(msgspec.msgpack.decode(msgspec.msgpack.encode(one.state), type=EngineState[LotState]))


@settings(max_examples=150)
@given(
    bids=BIDS,
    reserve_minor=st.none() | st.integers(100, 2_000),
    buy_now_minor=st.none() | st.just(2_500),
    table=st.sampled_from((default_increments(DOLLARS), (Step(0, 1),), (Step(0, 7), Step(500, 100)))),
)
def test_a_flat_fact_says_what_the_frame_would(
    bids: list[tuple[int, int, int | None, int | None, int | None, int | None, bool, bool]],
    reserve_minor: int | None,
    buy_now_minor: int | None,
    table: tuple[Step, ...],
) -> None:
    fast, now_ms = one_lot(reserve_minor, buy_now_minor, table), START_MS
    for number, (paddle, later_ms, amount, maximum, if_seq, if_price, connected, near) in enumerate(bids, start=1):
        now_ms += later_ms
        fast.advance(now_ms)
        fast.pop_events()
        least_minor = english(fast.lots["1"].view).minimum_minor
        request = BidRequest(
            id=number,
            lot="1",
            amount_minor=None
            if amount is None
            else min(AMOUNT_MINOR_MAX, amount % 50 + least_minor if near else amount),
            maximum_minor=None
            if maximum is None
            else min(AMOUNT_MINOR_MAX, maximum % 90 + least_minor if near else maximum),
            if_seq=if_seq,
            if_price_minor=if_price,
            while_connected=connected,
        )
        slow = copy_of(fast)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(engine, "FAST", {})
            by_frame = slow.offer(now_ms, Bidder(paddle, ("x",)), request)
        flat = fast.offer(now_ms, Bidder(paddle, ("x",)), request)
        assert slow.pop_events() == fast.pop_events()
        assert slow.state == fast.state
        assert slow.paddles_to_watch() == fast.paddles_to_watch()
        if not isinstance(flat, BidTaken):
            assert flat == by_frame
            continue
        assert isinstance(by_frame, OfferTaken)
        assert (flat.request, flat.seq, flat.at_ms) == (by_frame.request, by_frame.seq, by_frame.at_ms)
        assert (flat.public, flat.extended_ms) == (by_frame.public, by_frame.extended_ms)
        assert (bid_moved(flat) if flat.public else None) == offer_event(by_frame)
        assert verdict_of(flat) == verdict_of(by_frame)


def test_a_price_from_which_nobody_could_bid_more_is_over_the_limit_on_both_paths() -> None:
    request = BidRequest(id=1, lot="1", amount_minor=AMOUNT_MINOR_MAX)
    for flat in ({}, FAST):
        made = one_lot(None, None, (Step(0, 1),))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(engine, "FAST", flat)
            outcome = made.offer(START_MS, Bidder(1, ("x",)), request)
        assert isinstance(outcome, Rejected)
        assert outcome.code is RejectCode.OVER_LIMIT


def test_a_purchase_has_no_flat_fact() -> None:
    made = one_lot(None, 2_500, (Step(0, 1),))
    assert isinstance(made.offer(START_MS, Bidder(1, ("x",)), BuyRequest(id=1, lot="1", price_minor=2_500)), OfferTaken)
