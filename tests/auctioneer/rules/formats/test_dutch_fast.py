"""The fast path of a Dutch stop decides, records and shows what the frame does without it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auctioneer.rules import decisions, engine
from auctioneer.rules.applying import EngineState
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.facts import OfferTaken
from auctioneer.rules.formats import dutch_fast
from auctioneer.rules.formats.dutch import DutchBook
from auctioneer.rules.lots import LotState
from auctioneer.rules.terms import LotSpec
from common.errors import RejectCode
from common.formats.dutch import DutchTerms, StopRequest
from common.lot import CloseCause, LotTerms, SoftClose
from common.messages import Rejected
from tests.auctioneer.house.house_examples import START_MS, sale_created

STOPS = st.lists(
    st.tuples(
        st.integers(1, 4),  # who
        st.integers(0, 1_500),  # how much later
        st.integers(-1, 2),  # by how many steps the price is above that of the clock
        st.integers(1, 4),  # how many units
        st.none() | st.integers(0, 9),  # the seq that it depends on
    ),
    max_size=15,
)


def one_lot(units: int, *, corrections: bool = False, soft_close: SoftClose | None = None) -> Engine:
    made = Engine.create(msgspec.structs.replace(sale_created(), corrections=corrections))
    terms = DutchTerms(1_000, 100, 70, 1_000, units)
    listed = decisions.add(
        made, START_MS, "clerk", (LotSpec(LotTerms("1", "Lot", terms, duration_ms=14_000, soft_close=soft_close)),)
    )
    assert not isinstance(listed, Refused)
    made.advance(START_MS)
    return made


def copy_of(one: Engine) -> Engine:
    return Engine(msgspec.msgpack.decode(msgspec.msgpack.encode(one.state), type=EngineState[LotState]))


@settings(max_examples=150)
@given(stops=STOPS, units=st.integers(1, 12), corrections=st.booleans(), has_soft_close=st.booleans())
def test_a_stop_on_the_fast_path_is_what_the_frame_makes_of_it(
    stops: list[tuple[int, int, int, int, int | None]], units: int, corrections: bool, has_soft_close: bool
) -> None:
    soft_close = SoftClose(13_000, 13_500) if has_soft_close else None
    fast, now_ms = one_lot(units, corrections=corrections, soft_close=soft_close), START_MS
    for number, (paddle, later_ms, above, wanted, if_seq) in enumerate(stops, start=1):
        now_ms += later_ms
        fast.advance(now_ms)
        fast.pop_events()
        book = fast.lots["1"].book
        assert isinstance(book, DutchBook)
        price_minor = max(1, book.price_minor + 70 * above)
        request = StopRequest(id=number, lot="1", price_minor=price_minor, units=wanted, if_seq=if_seq)
        slow = copy_of(fast)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(engine, "FAST", {})
            by_frame = slow.offer(now_ms, Bidder(paddle, ("x",)), request)
        assert fast.offer(now_ms, Bidder(paddle, ("x",)), request) == by_frame
        assert slow.pop_events() == fast.pop_events()
        assert slow.state == fast.state
        assert slow.paddles_to_watch() == fast.paddles_to_watch()


def test_the_last_unit_is_left_to_the_frame_which_closes_the_lot() -> None:
    made = one_lot(3)
    lot = made.lots["1"]
    assert dutch_fast.decide(lot, START_MS, 1, StopRequest(id=1, lot="1", price_minor=1_000, units=3)) is None
    assert dutch_fast.decide(lot, START_MS, 1, StopRequest(id=1, lot="1", price_minor=1_000, units=4)) is None
    made.offer(START_MS, Bidder(1, ("x",)), StopRequest(id=1, lot="1", price_minor=1_000, units=2))
    last = made.offer(START_MS, Bidder(2, ("x",)), StopRequest(id=1, lot="1", price_minor=1_000))
    assert isinstance(last, OfferTaken)
    assert last.cause is CloseCause.SOLD_OUT


def test_a_price_that_the_clock_does_not_show_yet_is_refused() -> None:
    refused = one_lot(3).offer(START_MS, Bidder(1, ("x",)), StopRequest(id=1, lot="1", price_minor=999))
    assert isinstance(refused, Rejected)
    assert refused.code is RejectCode.BELOW_MINIMUM
