"""The audit passes what was decided by the rules, and notices whatever was not."""

import random
import tracemalloc
from collections.abc import Iterable, Iterator

import msgspec
import pytest
from msgspec.structs import replace

from auctioneer.audit.verify import VerifyReport, verify
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.rules import decisions
from auctioneer.rules.account_facts import DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.decisions import Refused
from auctioneer.rules.engine import Bidder, Engine
from auctioneer.rules.fact import Fact
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderTold,
    BidLeft,
    BidTaken,
    ClockStepped,
    CodeIssued,
    CommandDone,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    HouseStarted,
    HouseStoodStill,
    KeyBound,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    PositionReleased,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    SettingsChanged,
)
from auctioneer.rules.formats.english import default_increments
from auctioneer.rules.sale_settings import AdmissionMode, SaleSettings
from auctioneer.rules.terms import LotSpec
from common.clerk_names import HOUSE
from common.errors import RejectCode
from common.formats.english import BidRequest, EnglishBoard, EnglishTerms, Step
from common.limits import CONDITIONS_CHARS_MAX, REMEMBERED_REQUESTS_MAX, TEXT_CHARS_MAX
from common.lot import CloseCause, CorrectionCause, LotTerms
from common.lot_events import LotClosed, LotOpened, LotRescheduled
from common.messages import Rejected, Role, WordKind
from tests.auctioneer.house.house_examples import DOLLARS, START_MS, sale_created
from tests.auctioneer.rules.random_sales import (
    BIDDERS,
    SaleMaker,
    admitting,
    code_issued,
    command_done,
    conditions_accepted,
    conditions_set,
    contact_erased,
    enrolled,
    given,
    key_bound,
    told,
)
from tests.english import english
from tests.must_be import must_be


def audit(facts: list[AnyFact]) -> VerifyReport:
    return verify(enumerate(facts, start=1))


@pytest.fixture(scope="module")
def record() -> list[AnyFact]:
    return SaleMaker(21).make(600)


@pytest.fixture(scope="module")
def corrected_record() -> list[AnyFact]:
    return SaleMaker(13, corrects=True).make(600)


@pytest.fixture(scope="module")
def asking_record() -> list[AnyFact]:
    return SaleMaker(3, corrects=True, asks=True).make(600)


CORRECTIONS = (CorrectionMade, LotRewritten)
ANSWERS = {CorrectionCause.DECLINED, CorrectionCause.UNANSWERED}
CAUSES = set(CorrectionCause) - {CorrectionCause.RETRACTED}


def causes_in(record: list[AnyFact]) -> set[CorrectionCause]:
    return {fact.cause for fact in record if isinstance(fact, CorrectionMade)}


def test_the_records_have_every_kind_of_event(
    record: list[AnyFact], corrected_record: list[AnyFact], asking_record: list[AnyFact]
) -> None:
    assert set(AnyFact.__args__) - {BidConfirmed} == {type(fact) for fact in record} | set(CORRECTIONS)
    assert set(AnyFact.__args__) - {BidConfirmed} == {type(fact) for fact in corrected_record}
    assert causes_in(corrected_record) == CAUSES - ANSWERS
    assert causes_in(asking_record) >= ANSWERS
    assert BidConfirmed in {type(fact) for fact in asking_record}


@pytest.mark.parametrize("seed", range(25))
def test_what_the_engine_decided_verifies(seed: int) -> None:
    maker = SaleMaker(seed, corrects=seed % 2 == 0, asks=seed % 4 == 0)
    facts = maker.make(300)
    report = audit(facts)
    assert report.mismatch is None, str(report.mismatch)
    assert report.last_position == len(facts) == sum(report.counts.values())
    assert report.counts["bid_taken"] == sum(isinstance(fact, BidTaken) for fact in facts)
    views = [lot.view for lot in maker.engine.catalogue]
    assert (len(report.paddles), report.lots) == (BIDDERS, len(views))
    assert report.sold == sum(bool(view.results) for view in views)
    assert report.hammer_total_minor == sum(view.paid_minor or 0 for view in views) > 0


def test_an_empty_record_is_a_record() -> None:
    assert audit([]) == VerifyReport(None, 0, {}, frozenset(), frozenset(), 0, 0, 0)


# --- tampering with one field --------------------------------------------------------------------------------------

DECIDED = {
    BidTaken: (
        "lot seq public price_minor minimum_minor leader leader_maximum_minor rival_maximum_minor bids ends_at_ms"
        " extended_ms reserve_met buy_now_minor"
    ),
    OfferTaken: "lot seq public board ends_at_ms extended_ms entry own cause results",
    OfferLate: "lot seq late_ms board own",
    BidLeft: "lot seq board own",
    LeftBidVoid: "lot seq paddle request code",
    ClockStepped: "lot seq board entry ends_at_ms",
    PositionReleased: "lot seq paddle entry",
    LotDecided: "at_ms lot seq with_sale",
    SaleDecided: "at_ms lot seq",
    CorrectionMade: "lot seq event void book touched is_revived",
    BidConfirmed: "lot seq paddle event",
    LotRewritten: "lot seq event",
    LotListed: "lot seq board opens_at_ms",
    BidderEnrolled: "lot seq paddle",
    PaddleGiven: "lot seq",
    CodeIssued: "lot seq paddle",
    ContactErased: "lot seq paddle",
    ConditionsSet: "lot seq",
    ConditionsAccepted: "lot seq digest",
    KeyBound: "lot seq paddle",
    BidderAdmitted: "lot seq news_seq",
    BidderTold: "lot seq news_seq",
    HouseStarted: "lot seq",
    HouseStoodStill: "lot seq",
    SaleRestored: "lot seq",
    SettingsChanged: "lot seq",
    CommandDone: "at_ms lot seq by digest",
    LimitSet: "lot seq",
    DepositNoted: "lot seq",
    PaddlesLinked: "lot seq skeletons",
    SaleCreated: "lot seq",
}
"""What is decided, of each fact; the rest of it is what was asked, by whom and when."""


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "0"
    return 77


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in DECIDED.items() for name in names.split()], ids=str
)
def test_one_changed_field_is_noticed(
    record: list[AnyFact], corrected_record: list[AnyFact], asking_record: list[AnyFact], kind: type[Fact], name: str
) -> None:
    if kind in CORRECTIONS:
        record = corrected_record
    if kind is BidConfirmed or name in ("touched", "is_revived"):
        record = asking_record
    places = [place for place, fact in enumerate(record) if isinstance(fact, kind)]
    for place in random.Random(name).sample(places, min(12, len(places))):
        forged = list(record)
        forged[place] = replace(record[place], **{name: _other(getattr(record[place], name))})
        report = audit(forged)
        assert report.mismatch is not None, f"event {place + 1} with another {name} passed"
        if not (kind is BidderEnrolled and name == "paddle"):
            assert report.mismatch.position <= place + 1


@pytest.mark.parametrize("name", ["paddle", "kind", "text", "lot", "seq", "by", "at_ms"])
def test_a_word_about_a_correction_that_is_another_is_noticed(corrected_record: list[AnyFact], name: str) -> None:
    places = [
        place
        for place, fact in enumerate(corrected_record)
        if isinstance(fact, BidderTold) and fact.kind is not WordKind.MESSAGE
    ]
    assert len(places) > 5
    for place in places:
        fact = corrected_record[place]
        other = WordKind.ADMITTED if name == "kind" else _other(getattr(fact, name))
        for forged in ([replace(fact, **{name: other})], []):  # another word, or none
            mismatch = audit([*corrected_record[:place], *forged, *corrected_record[place + 1 :]]).mismatch
            assert mismatch is not None
            assert mismatch.position == place + 1


def test_a_word_about_a_correction_without_one_is_noticed(corrected_record: list[AnyFact]) -> None:
    place = next(place for place, fact in enumerate(corrected_record) if isinstance(fact, BidderTold) and fact.lot)
    told = corrected_record[place]
    assert isinstance(told, BidderTold)
    again = replace(told, news_seq=told.news_seq + 1)
    mismatch = audit([*corrected_record[: place + 1], again]).mismatch
    assert mismatch is not None
    assert mismatch.position == place + 2


def test_one_changed_field_of_a_change_is_noticed(record: list[AnyFact]) -> None:
    seen = set()
    for place, fact in enumerate(record):
        if not isinstance(fact, LotDecided | SaleDecided) or (type(fact.event), getattr(fact, "with_sale", 0)) in seen:
            continue
        seen.add((type(fact.event), getattr(fact, "with_sale", 0)))
        for name in fact.event.__struct_fields__:
            value = getattr(fact.event, name)
            if not isinstance(value, int | None) or (fact.by != HOUSE and _is_asked(fact, name)):
                continue
            forged = list(record)
            forged[place] = replace(fact, event=replace(fact.event, **{name: _other(value)}))
            mismatch = audit(forged).mismatch
            assert mismatch is not None, f"{name} of {fact}"
            assert mismatch.position in (place + 1, place + 2)
    assert len(seen) > 12


def _is_asked(fact: LotDecided | SaleDecided, name: str) -> bool:
    """How long to extend is the auctioneer's word; only what follows from another can show that it was changed."""
    return type(fact.event).__name__ == "LotExtended" and name in ("ends_at_ms", "remaining_ms")


@pytest.mark.parametrize("field", ["amount_minor", "maximum_minor"])
def test_a_changed_bid_is_noticed(record: list[AnyFact], field: str) -> None:
    for place, fact in enumerate(record):
        if isinstance(fact, BidTaken) and field == ("maximum_minor" if fact.maximum_minor else "amount_minor"):
            forged = list(record)
            forged[place] = replace(fact, **{field: getattr(fact, field) - 1})
            mismatch = audit(forged).mismatch
            assert mismatch is not None
            assert mismatch.position == place + 1
            return


# --- tampering with the order --------------------------------------------------------------------------------------


def test_a_hole_in_the_positions_is_noticed(record: list[AnyFact]) -> None:
    numbered = [(position, fact) for position, fact in enumerate(record, start=1) if position != 200]
    mismatch = verify(numbered).mismatch
    assert mismatch is not None
    assert mismatch.position == 200
    assert "it has position 201" in str(mismatch)


def test_a_record_must_begin_with_the_first_event(record: list[AnyFact]) -> None:
    assert verify(enumerate(record, start=5)).last_position == 0
    mismatch = audit(record[1:]).mismatch
    assert mismatch is not None
    assert (mismatch.position, mismatch.recorded) == (1, record[1])


@pytest.mark.parametrize("kind", [BidTaken, OfferTaken, LotDecided, LotListed, BidderEnrolled, SaleDecided])
def test_an_event_taken_out_and_the_rest_renumbered_is_noticed(record: list[AnyFact], kind: type[Fact]) -> None:
    places = [place for place, fact in enumerate(record) if isinstance(fact, kind) and _leaves_a_trace(fact)]
    for place in random.Random(1).sample(places[:-1], min(20, len(places) - 1)):
        assert audit(record[:place] + record[place + 1 :]).mismatch is not None, record[place]


def _leaves_a_trace(fact: AnyFact) -> bool:
    return not isinstance(fact, BidTaken | OfferTaken) or fact.public


@pytest.mark.parametrize(
    "kind",
    [
        *(SaleCreated, BidTaken, OfferTaken, LotDecided, LotListed, BidderEnrolled, OfferLate, CommandDone),
        *(LimitSet, DepositNoted, PaddlesLinked),
    ],
)
def test_an_event_told_twice_is_noticed(record: list[AnyFact], kind: type[Fact]) -> None:
    """A late offer of a clerk may come twice: nothing bars the ids of commands that were refused."""
    places = [
        place
        for place, fact in enumerate(record)
        if isinstance(fact, kind) and not (isinstance(fact, OfferLate) and fact.by)
    ]
    for place in random.Random(2).sample(places, min(10, len(places))):
        assert audit([*record[: place + 1], *record[place:]]).mismatch is not None


def test_two_events_in_the_wrong_order_are_noticed(record: list[AnyFact]) -> None:
    tried = 0
    for place in range(20, len(record) - 1):
        one, other = record[place], record[place + 1]
        if one.at_ms < other.at_ms and tried < 30:
            tried += 1
            assert audit([*record[:place], other, one, *record[place + 2 :]]).mismatch is not None
    assert tried == 30


def test_a_record_that_ends_within_a_decision_is_noticed(record: list[AnyFact]) -> None:
    assert isinstance(record[-1], SaleDecided)
    assert isinstance(record[-2], LotDecided)
    mismatch = audit(record[:-1]).mismatch
    assert mismatch is not None
    assert (mismatch.position, mismatch.recorded, mismatch.decided) == (len(record), None, record[-1])
    assert audit(record[: len(record) // 2]).last_position > 0


# --- what nobody can have decided ----------------------------------------------------------------------------------


def opened_lot(*more: AnyFact) -> list[AnyFact]:
    """Return a record with lot 1 open for 6 s, and then `more`."""
    terms = LotTerms("1", "Lot", EnglishTerms(100, default_increments(DOLLARS)), duration_ms=6_000)
    engine = Engine.create(sale_created())
    listed = decisions.add(engine, START_MS, "clerk", (LotSpec(terms),))
    assert not isinstance(listed, Refused)
    return [sale_created(), enrolled(1), *listed, *engine.advance(START_MS), *more]


def bid_taken(at_ms: int = START_MS, paddle: int = 1, request_id: int = 1) -> BidTaken:
    engine = Engine.create(sale_created())
    for fact in opened_lot()[2:]:
        engine.apply(fact)
    bid = engine.offer(at_ms, Bidder(paddle, ("x",)), BidRequest(id=request_id, lot="1", amount_minor=500))
    assert isinstance(bid, BidTaken)
    return bid


def limit_set(paddle: int, limit_minor: int | None = 1_000) -> LimitSet:
    return LimitSet(at_ms=START_MS, paddle=paddle, limit_minor=limit_minor, by="clerk")


def linked(*paddles: int) -> PaddlesLinked:
    skeletons = tuple((f"bidder{paddle}",) for paddle in paddles)
    return PaddlesLinked(at_ms=START_MS, paddles=paddles, skeletons=skeletons, by="clerk")


BY_CLERK: list[AnyFact] = [admitting(AdmissionMode.OPEN), told(seq=1)]
"""A clerk, and something that the clerk did."""


def test_commands_need_not_come_in_the_order_of_their_ids_while_the_house_remembers_them() -> None:
    def done(ids: Iterable[int]) -> list[AnyFact]:
        facts: list[AnyFact] = []
        for seq, number in enumerate(ids, 2):
            facts += [told(seq=seq), command_done(number)]
        return opened_lot(*BY_CLERK, *facts)

    assert audit(done((7, 3, 5))).mismatch is None
    kept = range(100, 100 + REMEMBERED_REQUESTS_MAX)
    assert audit(done((*kept, 200))).mismatch is None
    stale = audit(done((*kept, 99))).mismatch
    assert stale is not None
    assert "command 99 of clerk was done before" in str(stale)


def test_a_command_that_changes_nothing_may_be_done() -> None:
    nothing: list[AnyFact] = [admitting(AdmissionMode.OPEN), replace(command_done(1), kind="appoint")]
    assert audit(opened_lot(*nothing)).mismatch is None


def test_the_honest_bid_passes() -> None:
    assert audit(opened_lot(bid_taken())).mismatch is None


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([bid_taken(START_MS + 6_000)], "something else was due before it"),
        ([bid_taken(START_MS - 1)], "it is earlier than the fact before it"),
        ([bid_taken(paddle=2)], "paddle 2 belongs to no admitted bidder"),
        (
            [admitting(AdmissionMode.APPROVE), enrolled(2, admitted=False), bid_taken(paddle=2)],
            "paddle 2 belongs to no admitted bidder",
        ),
        ([enrolled(2, admitted=False)], "the rules decide it differently"),
        ([admitting(AdmissionMode.APPROVE), enrolled(2)], "the rules decide it differently"),
        ([admitting(AdmissionMode.INVITE)] * 2, "the rules don't give this fact here"),
        ([replace(admitting(AdmissionMode.INVITE), settings=SaleSettings(AdmissionMode.INVITE))], "without a code"),
        (
            [replace(enrolled(2), role=Role.OBSERVER), bid_taken(paddle=2)],
            "paddle 2 belongs to no admitted bidder",
        ),
        (
            [BidderAdmitted(at_ms=START_MS, paddle=1, news_seq=1, admitted=False, by="clerk"), bid_taken()],
            "paddle 1 belongs to no admitted bidder",
        ),
        (
            [BidderAdmitted(at_ms=START_MS, paddle=1, news_seq=1, admitted=True, by="clerk")],
            "the rules don't give this fact here",
        ),
        ([command_done(1)], "clerk gives no commands"),
        ([admitting(AdmissionMode.OPEN), command_done(1, START_MS + 1)], "nothing was decided by clerk at that time"),
        ([*BY_CLERK, command_done(1), command_done(2)], "nothing was decided by clerk at that time"),
        ([*BY_CLERK, command_done(1), told(seq=2), command_done(1)], "command 1 of clerk was done before"),
        ([*BY_CLERK, command_done(1, digest="d")], "its digest is none"),
        ([told(seq=2)], "the next word to paddle 1 is number 1"),
        ([told(seq=1), told(seq=1)], "the next word to paddle 1 is number 2"),
        ([told(paddle=2)], "the rules don't give this fact here"),
        ([replace(enrolled(2), role=Role.OBSERVER), told(paddle=2)], "the rules don't give this fact here"),
        ([told(text="")], "the rules don't give this fact here"),
        ([told(text="left\u202eright")], "the rules don't give this fact here"),
        ([told(text="x" * (TEXT_CHARS_MAX + 1))], "the rules don't give this fact here"),
        ([given(0)], "refused with malformed"),
        ([given(1)], "refused with name_taken"),
        ([replace(given(2), paddle=1)], "refused with wrong_state: paddle 1 is Bidder 1's"),
        ([replace(given(2), name="")], "that can't be a name"),
        ([given(7), replace(enrolled(2), paddle=7)], "the rules decide it differently"),
        ([code_issued(2)], "refused with unknown_bidder"),
        ([code_issued(1)], "refused with wrong_state: Bidder 1 has joined already"),
        ([given(2), code_issued(2, valid_ms=0)], "refused with malformed"),
        ([given(2), code_issued(2, valid_ms=CODE_VALID_MS_MAX + 1)], "refused with malformed"),
        ([given(2), replace(code_issued(2), digest="K7QM2XFA")], "its digest is none"),
        ([given(2), given(3), code_issued(2), replace(code_issued(2), paddle=3)], "another paddle has this code"),
        ([contact_erased(2)], "refused with unknown_bidder"),
        ([limit_set(2)], "refused with unknown_bidder: paddle 2"),
        ([replace(enrolled(2), role=Role.OBSERVER), limit_set(2)], "refused with unknown_bidder: paddle 2"),
        ([limit_set(1), limit_set(1)], "refused with wrong_state"),
        ([limit_set(1, -1)], "refused with invalid_amount"),
        ([limit_set(1, 499), bid_taken()], "refused with over_spending_limit"),
        (
            [enrolled(2), linked(1, 2), bid_taken(), replace(bid_taken(START_MS + 1, 2), amount_minor=900)],
            "linked_bidder",
        ),
        ([enrolled(2), replace(linked(1, 2), skeletons=(("x",), ("y",)))], "the rules decide it differently"),
        ([linked(1, 2)], "refused with unknown_bidder: paddle 2"),
        ([replace(limit_set(1), at_ms=START_MS + 6_000)], "something else was due before it"),
        ([conditions_set("")], "the rules don't give this fact here"),
        ([conditions_set("left\u202eright")], "characters that steer a terminal"),
        ([conditions_set("x" * (CONDITIONS_CHARS_MAX + 1))], "at most 32,000 fit"),
        ([conditions_set(), conditions_set()], "the rules don't give this fact here"),
        ([conditions_accepted(1)], "the sale has other conditions then"),
        ([conditions_set(), conditions_set("Others."), conditions_accepted(1)], "the sale has other conditions then"),
        ([conditions_set(), conditions_accepted(2)], "refused with unknown_bidder"),
        ([conditions_set(), conditions_accepted(1), conditions_accepted(1)], "refused with wrong_state"),
        (
            [conditions_set(), replace(enrolled(2), role=Role.OBSERVER), conditions_accepted(2)],
            "refused with wrong_state: Bidder 2 looks on",
        ),
        ([contact_erased(1), contact_erased(1)], "refused with wrong_state: what was known of Bidder 1"),
        ([given(2), replace(code_issued(2), replaces_key=True)], "Bidder 2 has no key with which to bid"),
        (
            [
                replace(code_issued(1), replaces_key=True),
                replace(key_bound(1), key="key7"),
                replace(key_bound(1), key="key8"),
            ],
            "the rules don't give this fact here",
        ),
        ([given(2), key_bound(2)], "the rules don't give this fact here"),
        ([given(2), code_issued(2), key_bound(2, START_MS + 60_000)], "the rules don't give this fact here"),
        ([given(2), code_issued(2), key_bound(2), replace(key_bound(2), key="key3")], "don't give this fact here"),
        ([given(2), code_issued(2), replace(key_bound(2), key="key1")], "the key is already enrolled"),
        ([replace(enrolled(2), key="key1")], "the key is already enrolled"),
        ([replace(enrolled(2), skeletons=("bidder1",))], "refused with name_taken"),
        ([bid_taken(), replace(bid_taken(), seq=3)], "request 1 of paddle 1 was decided before"),
        ([bid_taken(), replace(bid_taken(request_id=2), seq=3)], "refused with already_leading"),
        (
            [
                LotDecided(
                    at_ms=START_MS,
                    lot="1",
                    seq=2,
                    event=LotClosed(2, START_MS, CloseCause.TIME, EnglishBoard(1)),
                    by=HOUSE,
                )
            ],
            "the rules don't give this fact here",
        ),
        (
            [LotDecided(at_ms=START_MS, lot="1", seq=2, event=LotOpened(2, START_MS, None), by="clerk")],
            "refused with wrong_state",
        ),
        (
            [LotDecided(at_ms=START_MS, lot="1", seq=2, event=LotRescheduled(2, START_MS, 5), by="clerk")],
            "the rules don't give this fact here",
        ),
        (
            [LotDecided(at_ms=START_MS, lot="9", seq=2, event=LotOpened(2, START_MS, None), by="clerk")],
            "refused with unknown_lot",
        ),
        ([HouseStarted(at_ms=START_MS + 5, instance="i", outage_ms=6)], "nobody can have been away for 6 ms"),
        ([HouseStarted(at_ms=START_MS + 5, instance="i", outage_ms=-1)], "nobody can have been away for -1 ms"),
        ([HouseStoodStill(at_ms=START_MS + 5, outage_ms=6)], "nobody can have been away for 6 ms"),
        ([HouseStoodStill(at_ms=START_MS + 5, outage_ms=-1)], "nobody can have been away for -1 ms"),
        ([SaleRestored(at_ms=START_MS + 5, epoch=1)], "its epoch is not higher than 1"),
        ([SaleRestored(at_ms=START_MS + 5, epoch=0)], "its epoch is not higher than 1"),
        (
            [SaleRestored(at_ms=START_MS + 5, epoch=9), SaleRestored(at_ms=START_MS + 5, epoch=8)],
            "its epoch is not higher than 9",
        ),
        ([opened_lot()[0]], "a sale is created only once"),
    ],
)
def test_what_nobody_can_have_decided(facts: list[AnyFact], reason: str) -> None:
    mismatch = audit(opened_lot(*facts)).mismatch
    assert mismatch is not None
    assert mismatch.recorded == facts[-1]
    assert mismatch.position == len(opened_lot(*facts))
    assert reason in str(mismatch)


def test_paddles_need_not_be_in_order() -> None:
    people: list[AnyFact] = [
        given(40),
        enrolled(41),
        given(7),
        code_issued(7),
        key_bound(7, START_MS + 59_999),
        enrolled(42),
    ]
    assert audit(opened_lot(*people)).mismatch is None


@pytest.mark.parametrize("mode", [AdmissionMode.OPEN, AdmissionMode.INVITE, AdmissionMode.LIST])
def test_who_enrolled_by_an_invitation_or_a_list_was_admitted(mode: AdmissionMode) -> None:
    assert audit(opened_lot(admitting(mode), enrolled(2))).mismatch is None


def test_a_mismatch_shows_both_sides() -> None:
    honest = bid_taken()
    mismatch = audit(opened_lot(replace(honest, price_minor=400))).mismatch
    assert mismatch is not None
    assert (mismatch.recorded, mismatch.decided) == (replace(honest, price_minor=400), honest)
    assert "price_minor=400" in str(mismatch)
    assert "price_minor=500" in str(mismatch)
    assert str(mismatch).startswith("Fact 5: the rules decide it differently")


def test_requests_may_come_out_of_order_but_not_from_behind_what_the_house_remembers() -> None:
    maker = SaleMaker(1)
    late: list[OfferLate] = []
    terms = LotTerms("1", "Lot", EnglishTerms(100, default_increments(DOLLARS)), duration_ms=1_000)
    maker._take(decisions.add(maker.engine, START_MS, "clerk", (LotSpec(terms),)))
    maker._take(maker.engine.advance(START_MS + 1_000))
    for request_id in (2, 1, *range(10, 42)):
        request = BidRequest(id=request_id, lot="1", amount_minor=500)
        outcome = maker.engine.offer(START_MS + 1_000, Bidder(1, ("bidder1",)), request)
        assert isinstance(outcome, OfferLate)
        late.append(outcome)
    base = [maker.facts[0], enrolled(1), *maker.facts[1:]]
    assert audit([*base, *late]).mismatch is None
    for stale_id in (2, 1, 10, 41):
        forged = replace(late[-1], request=replace(late[-1].request, id=stale_id))
        mismatch = audit([*base, *late, forged]).mismatch
        assert mismatch is not None
        assert "was decided before" in str(mismatch)
    between = replace(late[-1], request=replace(late[-1].request, id=5))
    assert audit([*base, *late, between]).mismatch is None


def test_memory_does_not_grow_with_the_record() -> None:
    def bids(count: int) -> Iterator[tuple[int, AnyFact]]:
        maker = SaleMaker(3)
        terms = LotTerms("1", "Lot", EnglishTerms(100, default_increments(DOLLARS)))
        maker._take(decisions.add(maker.engine, START_MS, "clerk", (LotSpec(terms),)))
        maker._take(maker.engine.advance(START_MS))
        start = [maker.facts[0], enrolled(1), enrolled(2), *maker.facts[1:]]
        yield from enumerate(start, start=1)
        for number in range(count):
            paddle = 1 + number % 2
            request = BidRequest(
                id=number + 1, lot="1", amount_minor=english(maker.engine.lots["1"].view).minimum_minor
            )
            maker.engine.pop_events()
            outcome = maker.engine.offer(START_MS, Bidder(paddle, (f"bidder{paddle}",)), request)
            yield len(start) + number + 1, must_be(BidTaken, outcome)

    peaks = []
    for count in (500, 4_000):
        tracemalloc.start()
        assert verify(bids(count)).counts["bid_taken"] == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.5


def test_a_record_read_back_from_bytes_verifies(record: list[AnyFact]) -> None:
    decoder = msgspec.msgpack.Decoder(AnyFact)
    assert audit([decoder.decode(msgspec.msgpack.encode(fact)) for fact in record]).mismatch is None


def test_names_are_compared_as_they_were_and_not_by_the_unicode_of_today() -> None:
    """The record of a version to which `Ann` was a look-alike of `Bob`, and the name of the seller one of neither."""
    terms = LotTerms("1", "A lamp", EnglishTerms(100, (Step(0, 10),)), seller="Zoe")
    created = sale_created()
    engine = Engine.create(created)
    listed = decisions.add(engine, START_MS, "clerk", (LotSpec(terms),), lambda _seller: ("bidder2",))
    assert not isinstance(listed, Refused)
    record = [created, replace(enrolled(1), name="Zoe"), enrolled(2), *listed, *engine.advance(START_MS)]
    bid = engine.offer(START_MS, Bidder(1, ("bidder1",)), BidRequest(id=1, lot="1", amount_minor=500))
    assert isinstance(bid, BidTaken), "by today's Unicode paddle 1 is the seller"
    own = engine.offer(START_MS, Bidder(2, ("bidder2",)), BidRequest(id=1, lot="1", amount_minor=600))
    assert isinstance(own, Rejected)
    assert own.code is RejectCode.OWN_LOT
    assert audit([*record, bid]).mismatch is None
