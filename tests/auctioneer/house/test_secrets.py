"""Two sales that differ only in what is secret are the same to an observer: byte for byte, and in their times.

An observer gets every broadcast and heartbeat, and asks for the state after every step. It also sees when the house
acts, so the house's next deadline must be the same.
"""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from auctioneer.house.commands import LinkPaddles, NoteDeposit, SetLimit, Undo
from auctioneer.house.control.carry_out import carry_out
from auctioneer.network.broadcasts import frames
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.codec import encode
from common.confirming import ConfirmRequest
from common.formats import AnyOffer
from common.formats.english import BidRequest
from common.formats.sealed import Pays, SealedTerms, SealRequest, UnsealRequest
from common.lot import LotTerms
from common.messages import LotRequest, ReplayRequest, Role, SnapshotRequest
from common.retraction import RetractRequest
from tests.auctioneer.house.house_examples import ANN, BOB, CHAIR, HOUR_MS, SmallSale, lot

CAT, OBSERVER = "c" * 40, "o" * 40
Command = Undo | SetLimit | NoteDeposit | LinkPaddles
Step = tuple[int, str, AnyOffer | Command]
"""Milliseconds after the opening, who, and what. Commands are the auctioneer's, whoever it is."""


def observed(
    spec: LotSpec, steps: Sequence[Step], until_ms: int, *, revived_answer_ms: int | None = None
) -> list[object]:
    """Return all that an observer receives up to a time, and when the house would act next."""
    sale = SmallSale(spec, corrections=True, retractions=True, revived_answer_ms=revived_answer_ms)
    for key, name in ((ANN, "Ann"), (BOB, "Bob"), (CAT, "Cat")):
        sale.join(key, name)
    sale.join(OBSERVER, "", Role.OBSERVER)
    opened_ms, seen = sale.now_ms, list[object]()

    def look() -> None:
        events = sale.commit().events
        seen.extend((sale.now_ms, frame) for frame in frames(1, events, lambda _lot: False))
        asked = (SnapshotRequest(id=9), LotRequest(id=9, lot="1"), ReplayRequest(id=9, lot="1", after_seq=0))
        seen.extend(encode(sale.ask(OBSERVER, request)) for request in asked)
        seen.append(encode(sale.house.heartbeat(sale.now_ms)))
        seen.append(sale.house.next_deadline_ms())

    for after_ms, key, offer in steps:
        sale.now_ms = opened_ms + after_ms
        if isinstance(offer, Command):
            carry_out(sale.house, CHAIR, encode(offer), sale.now_ms)
        else:
            sale.send(key, encode(offer))
        look()
    sale.now_ms = opened_ms + until_ms
    sale.house.advance(sale.now_ms)
    look()
    return seen


def leave(request_id: int, amount_minor: int | None) -> LeaveBidRequest:
    return LeaveBidRequest(id=request_id, lot="1", amount_minor=amount_minor)


@pytest.mark.parametrize(
    "steps",
    [
        [(5, ANN, leave(1, 9_000))],
        [(5, ANN, leave(1, 9_000)), (9, BOB, leave(1, 8_000)), (12, ANN, leave(2, None))],
        [(5, ANN, leave(1, 9_000)), (7, ANN, leave(2, 2_000)), (12, BOB, leave(1, 9_000)), (12, CAT, leave(1, 5_000))],
    ],
)
@pytest.mark.parametrize("spec", ["english", "sealed"])
def test_a_bid_that_is_left_is_secret_until_the_lot_opens(spec: str, steps: Sequence[Step]) -> None:
    made = lot("1") if spec == "english" else sealed_lot(Pays.OWN_OFFER)
    waits = replace(made, opening=Opening(OpeningRule.AT_TIME, delay_ms=HOUR_MS))
    nobody = [(after_ms, key, leave(9, None)) for after_ms, key, _ in steps]  # the same steps, and no bid
    assert observed(waits, steps, HOUR_MS - 1) == observed(waits, nobody, HOUR_MS - 1)
    same_at_the_opening = observed(waits, steps, HOUR_MS) == observed(waits, nobody, HOUR_MS)
    assert same_at_the_opening is (spec == "sealed"), "an English lot then has bids"


def seal(request_id: int, amount_minor: int) -> SealRequest:
    return SealRequest(id=request_id, lot="1", amount_minor=amount_minor)


def secret(request_id: int, maximum_minor: int) -> BidRequest:
    return BidRequest(id=request_id, lot="1", maximum_minor=maximum_minor)


def sealed_lot(pays: Pays, reserve_minor: int | None = None) -> LotSpec:
    terms = SealedTerms(1000, pays, reserve_minor is not None)
    return LotSpec(LotTerms("1", "Lot", terms, duration_ms=HOUR_MS), reserve_minor)


NOBODY: list[Step] = [(second * 1000, ANN, UnsealRequest(id=10 + second, lot="1")) for second in range(1, 6)]
"""Five requests that come to nothing."""
SOME: list[Step] = [
    (1000, ANN, seal(11, 5000)),
    (2000, BOB, seal(11, 7000)),
    (3000, ANN, seal(12, 9000)),
    (4000, BOB, UnsealRequest(id=12, lot="1")),
    (5000, CAT, seal(11, 1000)),
]
OTHERS: list[Step] = [(at_ms, CAT, seal(11 + at_ms, 2000 + at_ms)) for at_ms in (1000, 2000, 3000, 4000, 5000)]


@pytest.mark.parametrize("pays", Pays)
@pytest.mark.parametrize(("one", "other"), [(NOBODY, SOME), (SOME, OTHERS)])
@pytest.mark.parametrize("reserves", [(None, None), (1500, 9999)])
def test_until_the_close_nobody_can_tell_one_sealed_lot_from_another(
    pays: Pays, one: list[Step], other: list[Step], reserves: tuple[int | None, int | None]
) -> None:
    until_ms = HOUR_MS - 1
    first = observed(sealed_lot(pays, reserves[0]), one, until_ms)
    assert first == observed(sealed_lot(pays, reserves[1]), other, until_ms)


def test_after_the_close_of_a_second_price_lot_the_highest_offer_stays_secret() -> None:
    two_sales = [
        observed(sealed_lot(Pays.SECOND_OFFER), [(1000, ANN, seal(11, 4000)), (2000, BOB, seal(11, most))], HOUR_MS)
        for most in (5000, 90_000)
    ]
    assert two_sales[0] == two_sales[1]


def test_the_close_itself_tells_the_result() -> None:
    """Else the tests above would compare nothing."""
    two_sales = [observed(sealed_lot(Pays.OWN_OFFER), steps, HOUR_MS) for steps in (SOME, OTHERS)]
    assert two_sales[0] != two_sales[1]


@pytest.mark.parametrize(
    "pair",
    [
        ((secret(11, 3000),), (secret(11, 99_000),)),
        ((secret(11, 3000), secret(12, 3500)), (secret(11, 3000), secret(12, 3000))),
        ((secret(11, 3000), secret(12, 9000)), (secret(11, 8000), secret(12, 7000))),
    ],
    ids=["how much", "raised", "raised or not"],
)
def test_a_maximum_of_the_leader_stays_secret(pair: tuple[tuple[BidRequest, ...], tuple[BidRequest, ...]]) -> None:
    """Also that it was raised, by how much, and whether there is more than the price."""
    two_sales = [
        observed(lot("1"), [(number * 1000, ANN, offer) for number, offer in enumerate(offers, start=1)], HOUR_MS)
        for offers in pair
    ]
    assert two_sales[0] == two_sales[1]


def test_an_english_reserve_that_is_far_from_met_stays_secret() -> None:
    steps: list[Step] = [(1000, ANN, BidRequest(id=11, lot="1", amount_minor=1200))]
    assert observed(lot("1", reserve_minor=5000), steps, HOUR_MS) == observed(
        lot("1", reserve_minor=9000), steps, HOUR_MS
    )


def undo(number: int) -> Undo:
    return Undo(id=1, lot="1", numbers=(number,))


def test_a_raise_in_silence_is_taken_back_in_silence() -> None:
    then: list[Step] = [(5000, BOB, BidRequest(id=11, lot="1", amount_minor=4000))]
    raised: list[Step] = [(1000, ANN, secret(11, 3000)), (2000, ANN, secret(12, 9000)), (4000, ANN, undo(2))]
    plain: list[Step] = [(1000, ANN, secret(11, 3000)), (2000, ANN, secret(12, 3000)), (4000, ANN, undo(2))]
    assert observed(lot("1"), raised + then, HOUR_MS) == observed(lot("1"), plain + then, HOUR_MS)
    kept = [*raised[:2], (4000, ANN, undo(3)), *then]
    assert observed(lot("1"), kept, HOUR_MS) != observed(lot("1"), plain + then, HOUR_MS), "it was taken back"


def test_a_raise_in_silence_is_retracted_in_silence() -> None:
    raised: list[Step] = [(1000, ANN, secret(11, 3000)), (2000, ANN, secret(12, 9000))]
    plain: list[Step] = [(1000, ANN, secret(11, 3000)), (2000, ANN, secret(12, 3000))]
    then: list[Step] = [(5000, BOB, BidRequest(id=11, lot="1", amount_minor=4000))]
    retracted: Step = (4000, ANN, RetractRequest(id=13, lot="1"))
    refused: Step = (4000, ANN, secret(13, 3000))
    seen = observed(lot("1"), [*raised, retracted, *then], HOUR_MS)
    assert seen == observed(lot("1"), [*plain, refused, *then], HOUR_MS)
    assert seen != observed(lot("1"), [*raised, refused, *then], HOUR_MS), "it was taken back"


def confirm(request_id: int, *, stands: bool) -> ConfirmRequest:
    return ConfirmRequest(id=request_id, lot="1", stands=stands)


@pytest.mark.parametrize(
    "answers",
    [
        [(6000, ANN, confirm(14, stands=True)), (7000, CAT, BidRequest(id=11, lot="1", amount_minor=1500))],
        [(6000, ANN, confirm(14, stands=False))],
        [],
    ],
    ids=["yes", "no", "silence"],
)
@pytest.mark.parametrize(("fewer", "more"), [((), ()), ((2500,), (3600,))], ids=["one maximum", "raised"])
def test_a_question_and_its_answer_tell_no_maximum(
    answers: list[Step], fewer: tuple[int, ...], more: tuple[int, ...]
) -> None:
    """Ann is asked about a bid of which only the price was seen; what she would pay at most is in no frame and time."""

    def steps(most: Sequence[int]) -> list[Step]:
        offers: list[Step] = [(1000 + number, ANN, secret(11 + number, minor)) for number, minor in enumerate(most)]
        higher: Step = (3000, BOB, BidRequest(id=11, lot="1", amount_minor=4000))
        return [*offers, higher, (5000, BOB, RetractRequest(id=12, lot="1")), *answers]

    seen = observed(lot("1"), steps((2000, *fewer)), HOUR_MS, revived_answer_ms=60_000)
    assert seen == observed(lot("1"), steps((2400, *more)), HOUR_MS, revived_answer_ms=60_000)
    assert seen != observed(lot("1"), steps((2000, *fewer)), HOUR_MS), "she was asked"


@pytest.mark.parametrize("pays", Pays)
def test_a_sealed_lot_asks_nobody_so_nobody_learns_of_its_offers(pays: Pays) -> None:
    offers: list[Step] = [(1000, ANN, seal(11, 5000)), (2000, BOB, seal(11, 7000)), (3000, BOB, undo(2))]
    asks = observed(sealed_lot(pays), offers, HOUR_MS - 1, revived_answer_ms=60_000)
    others: list[Step] = [(1000, ANN, seal(11, 9000)), (2000, CAT, seal(11, 1000)), (3000, BOB, undo(2))]
    assert asks == observed(sealed_lot(pays), others, HOUR_MS - 1, revived_answer_ms=60_000)


@pytest.mark.parametrize("pays", Pays)
def test_a_sealed_offer_is_taken_back_in_secret(pays: Pays) -> None:
    taken_back: list[Step] = [
        (1000, ANN, seal(11, 5000)),
        (2000, BOB, seal(11, 7000)),
        (3000, BOB, undo(2)),
    ]
    never_made: list[Step] = [
        (1000, ANN, seal(11, 5000)),
        (2000, BOB, UnsealRequest(id=11, lot="1")),
        (3000, BOB, undo(2)),
    ]
    assert observed(sealed_lot(pays), taken_back, HOUR_MS) == observed(sealed_lot(pays), never_made, HOUR_MS)


# --- accounts --------------------------------------------------------------------------------------------------------

BIDS: list[Step] = [
    (1000, ANN, secret(11, 3000)),
    (2000, BOB, secret(11, 5000)),
    (3000, ANN, secret(12, 6000)),
    (4000, BOB, BidRequest(id=12, lot="1", amount_minor=6500)),
]


def limit(command_id: int, bidder: str, limit_minor: int | None) -> SetLimit:
    return SetLimit(id=command_id, bidder=bidder, limit_minor=limit_minor)


@pytest.mark.parametrize(
    "commands",
    [
        [limit(1, "Ann", 6000)],
        [limit(1, "Ann", 6000), limit(2, "Bob", 6500), limit(3, "Bob", 9000)],
        [NoteDeposit(id=1, bidder="Ann", amount_minor=5000)],
        [LinkPaddles(id=1, bidders=("Ann", "Cat"), seller="Old House Ltd")],
    ],
    ids=["limit", "limits", "deposit", "link"],
)
@pytest.mark.parametrize("at_ms", [500, 2500])
def test_accounts_are_secret(commands: list[Command], at_ms: int) -> None:
    """Nobody else can tell that an account was kept at all: the auctioneer's refused command stands in for it."""
    kept: list[Step] = [(at_ms, ANN, command) for command in commands]
    nothing: list[Step] = [(at_ms, ANN, limit(number, "Cat", None)) for number in range(1, len(commands) + 1)]
    by_time = [sorted([*BIDS, *steps], key=lambda step: step[0]) for steps in (kept, nothing)]
    assert observed(lot("1"), by_time[0], HOUR_MS) == observed(lot("1"), by_time[1], HOUR_MS)


def test_an_offer_that_is_refused_for_an_account_looks_like_any_that_is_refused() -> None:
    over: list[Step] = [(500, ANN, limit(1, "Ann", 5999)), *BIDS]
    linked: list[Step] = [(500, ANN, LinkPaddles(id=1, bidders=("Ann", "Bob"))), BIDS[0], (2000, CAT, BIDS[1][2])]
    low: list[Step] = [(500, ANN, limit(1, "Cat", None)), *BIDS[:2], (3000, ANN, secret(12, 10)), BIDS[3]]
    assert observed(lot("1"), over, HOUR_MS) == observed(lot("1"), low, HOUR_MS)
    refused = [*linked, (3000, ANN, secret(12, 6000))]
    assert observed(lot("1"), [*refused, (4000, BOB, secret(11, 9000))], HOUR_MS) == observed(
        lot("1"), [*refused, (4000, BOB, secret(11, 10))], HOUR_MS
    ), "Ann leads, so Bob is refused in either sale"
    assert observed(lot("1"), over, HOUR_MS) != observed(lot("1"), [*BIDS], HOUR_MS), "else nothing was refused"
