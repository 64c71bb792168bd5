"""The auctioneer's commands to the house: what each does, and who may give it."""

import re
from collections.abc import Callable
from typing import Any

import click.testing
import msgspec
import pytest

from auctioneer.catalogue import CatalogueKind, parse_catalogue
from auctioneer.cli import main
from auctioneer.house.admission import Admission
from auctioneer.house.commands import (
    AddLots,
    Admit,
    Announce,
    AnyCommand,
    Ask,
    CloseLot,
    Done,
    EndSale,
    Extend,
    OpenLot,
    Pause,
    Report,
    Resume,
    Withdraw,
)
from auctioneer.house.control.carry_out import carry_out
from auctioneer.rules.facts import BidderAdmitted, LotDecided, SaleDecided
from auctioneer.rules.sale_settings import AdmissionMode, Controller
from auctioneer.rules.terms import LotSpec
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest, EnglishTerms
from common.limits import CONTROL_BYTES_MAX, DURATION_MS_MAX, TEXT_CHARS_MAX
from common.lot import LotStatus, LotView, SaleStatus
from common.messages import Accepted, Rejected, Role
from tests.auctioneer.house.house_examples import ANN, BOB, CHAIR, CLERK, HOUR_MS, START_MS, SmallSale, lot
from tests.english import hammer_minor, winner


@pytest.fixture
def sale() -> SmallSale:
    """Return a sale of two open lots and one that opens by hand, with Ann (1) who leads lot 1 at 15.00."""
    sale = SmallSale(lot("1"), lot("2", reserve_minor=9000), lot("3", by_hand=True))
    sale.join(ANN, "Ann")
    assert isinstance(sale.ask(ANN, BidRequest(id=10, lot="1", amount_minor=1500, maximum_minor=8000)), Accepted)
    return sale


def view(sale: SmallSale, number: str) -> LotView:
    return sale.house.engine.lots[number].view


def rejection(sale: SmallSale, command: AnyCommand, who: Controller = CHAIR) -> Rejected:
    """Return why a command is refused, which must have changed nothing."""
    before, record = sale.house.snapshot(), len(sale.record)
    answer = sale.order(command, who)
    assert isinstance(answer, Rejected), answer
    assert answer.id == command.id
    assert (sale.house.snapshot(), len(sale.record)) == (before, record)
    return answer


def status_of(sale: SmallSale) -> dict[str, Any]:
    status = report(sale, "status")
    assert isinstance(status, dict)
    return status


def report(sale: SmallSale, name: str, who: Controller = CHAIR) -> object:
    answer = sale.order(Ask(report=name), who)
    assert isinstance(answer, Report)
    return answer.report


# --- what each command does ----------------------------------------------------------------------------------------


def test_a_lot_is_opened_extended_paused_resumed_and_closed(sale: SmallSale) -> None:
    assert sale.order(OpenLot(id=7, lot="3")) == Done(id=7, lots=("3",), title="Lot 3")
    assert view(sale, "3").ends_at_ms == START_MS + HOUR_MS
    sale.order(Extend(lot="3", extra_ms=5000))
    assert view(sale, "3").ends_at_ms == START_MS + HOUR_MS + 5000
    sale.order(Pause(lot="3"))
    assert (view(sale, "3").status, view(sale, "1").status) == (LotStatus.PAUSED, LotStatus.OPEN)
    sale.now_ms += 1000
    sale.order(Resume(lot="3"))
    assert view(sale, "3").ends_at_ms == START_MS + HOUR_MS + 6000
    sale.order(CloseLot(lot="3"))
    assert view(sale, "3").status is LotStatus.PASSED
    assert all(fact.by == "auctioneer" for fact in sale.effects[-5:] if isinstance(fact, LotDecided))


def test_the_hammer_sells_to_who_leads(sale: SmallSale) -> None:
    done = sale.order(CloseLot(lot="1"))
    assert isinstance(done, Done)
    assert (done.lots, [row["winner"] for row in done.results]) == (("1",), ["Ann"])
    assert (winner(view(sale, "1")), hammer_minor(view(sale, "1"))) == (1, 1500)


def test_the_whole_sale_is_paused_and_resumed_with_its_lots(sale: SmallSale) -> None:
    assert sale.order(Pause(id=7)) == Done(id=7, lots=("1", "2"))
    assert sale.house.engine.sale.status is SaleStatus.PAUSED
    sale.now_ms += 1000
    assert sale.order(Resume()) == Done(id=0, lots=("1", "2"))
    assert view(sale, "1").ends_at_ms == START_MS + HOUR_MS + 1000


def test_a_lot_is_withdrawn_with_its_bids_and_a_reason(sale: SmallSale) -> None:
    sale.order(Withdraw(lot="1", reason="Damaged\nin the viewing"))
    assert (view(sale, "1").status, winner(view(sale, "1"))) == (LotStatus.WITHDRAWN, None)
    assert view(sale, "1").reason == "Damaged\nin the viewing"


def test_lots_are_added_at_the_end(sale: SmallSale) -> None:
    answer = sale.order(AddLots(id=7, lots=(lot("4"), lot("5", by_hand=True))))
    assert isinstance(answer, Done)
    assert [one.view.lot for one in sale.house.engine.catalogue] == ["1", "2", "3", "4", "5"]
    assert view(sale, "4").status is LotStatus.OPEN, "it opens at the start, which was"
    assert view(sale, "5").status is LotStatus.SCHEDULED


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        (("2",), "there is already a lot 2"),
        (("02",), "there is already a lot 02, written 2; the two can't be told apart"),
        (("7a", "7A"), "there is already a lot 7A, written 7a; the two can't be told apart"),
        (("7", "7"), "there is already a lot 7"),
    ],
)
def test_no_lot_is_added_that_can_not_be_told_from_another(
    sale: SmallSale, numbers: tuple[str, ...], told: str
) -> None:
    refused = rejection(sale, AddLots(lots=tuple(map(lot, numbers))))
    assert (refused.code, refused.detail) == (RejectCode.INVALID_LOT, told)
    assert len(sale.house.engine.catalogue) == 3


def test_a_lot_is_found_however_its_number_is_typed(sale: SmallSale) -> None:
    assert isinstance(sale.order(AddLots(lots=(lot("12A"),))), Done)
    answer = sale.order(Pause(lot="0012a"))
    assert isinstance(answer, Done)
    assert answer.lots == ("12A",)
    assert view(sale, "12A").status is LotStatus.PAUSED
    report = sale.order(Ask(report="lots", lots=("12a", "02")))
    assert isinstance(report, Report)
    assert [row["lot"] for row in report.report] == ["12A", "2"]
    assert rejection(sale, Pause(lot="12-A")).code is RejectCode.UNKNOWN_LOT


def test_an_announcement_stays_for_those_who_come_later(sale: SmallSale) -> None:
    sale.order(Announce(text="A break\nof ten minutes"))
    assert sale.house.engine.sale.announcement == "A break\nof ten minutes"
    assert isinstance(sale.effects[-1], SaleDecided)
    assert sale.effects[-1].by == "auctioneer"


def test_the_end_closes_what_is_open_and_withdraws_what_was_not(sale: SmallSale) -> None:
    sale.order(EndSale())
    assert [view(sale, number).status for number in ("1", "2", "3")] == [
        LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN
    ]  # fmt: skip
    assert sale.house.engine.sale.status is SaleStatus.ENDED
    assert rejection(sale, EndSale()).code is RejectCode.SALE_ENDED
    assert rejection(sale, AddLots(lots=(lot("4"),))).code is RejectCode.SALE_ENDED


def test_a_command_that_depends_on_what_was_seen_is_refused_once_that_changed(sale: SmallSale) -> None:
    seen = view(sale, "1").seq
    raised = BidRequest(id=11, lot="1", maximum_minor=9000)
    assert isinstance(sale.ask(ANN, raised), Accepted)
    assert view(sale, "1").seq == seen, "nobody can see that the leader's maximum rose, so nothing was seen wrong"
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(BOB, BidRequest(id=10, lot="1", amount_minor=2000)), Accepted)
    for command in (CloseLot(id=7, lot="1", if_seq=seen), Withdraw(id=7, lot="1", if_seq=seen)):
        assert rejection(sale, command).code is RejectCode.STATE_CHANGED
    assert isinstance(sale.order(Withdraw(lot="3", if_seq=view(sale, "3").seq)), Done)
    assert isinstance(sale.order(CloseLot(lot="1", if_seq=view(sale, "1").seq)), Done)
    assert rejection(sale, CloseLot(lot="1", if_seq=seen)).code is RejectCode.WRONG_STATE, "which says more"


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda sale: sale.ask(BOB, BidRequest(id=10, lot="2", amount_minor=2000)),
        lambda sale: sale.order(AddLots(lots=(lot("4", by_hand=True),))),
        lambda sale: sale.order(Pause()),
        lambda sale: sale.order(OpenLot(lot="3")),
    ],
)
def test_the_end_can_depend_on_nothing_having_changed(
    sale: SmallSale, meanwhile: Callable[[SmallSale], object]
) -> None:
    sale.join(BOB, "Bob")
    seen = status_of(sale)["changes"]
    assert not isinstance(meanwhile(sale), Rejected)
    assert rejection(sale, EndSale(if_changes=seen)).code is RejectCode.STATE_CHANGED
    assert isinstance(sale.order(EndSale(if_changes=status_of(sale)["changes"])), Done)


def test_a_command_tells_how_it_ended_lots(sale: SmallSale) -> None:
    opened = sale.order(OpenLot(lot="3"))
    assert isinstance(opened, Done)
    assert opened.results == ()
    done = sale.order(EndSale())
    assert isinstance(done, Done)
    assert [(row["lot"], row["status"], row["winner"], row["hammer_minor"]) for row in done.results] == [
        ("1", "sold", "Ann", 1500),
        ("2", "passed", None, None),
        ("3", "passed", None, None),
    ]


def test_what_was_due_is_done_before_a_command(sale: SmallSale) -> None:
    sale.now_ms += HOUR_MS
    answer = sale.order(CloseLot(lot="1"))
    assert isinstance(answer, Rejected)
    assert answer.code is RejectCode.WRONG_STATE
    assert view(sale, "1").closed_at_ms == START_MS + HOUR_MS


def test_bidders_are_let_in_and_turned_out_by_name_or_paddle() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.APPROVE))
    sale.hello(ANN, "Ann")
    sale.hello(BOB, "Bob")
    assert sale.order(Admit(bidder="ann")) == Done(id=0, paddle=1, name="Ann")
    assert sale.order(Admit(bidder="2")) == Done(id=0, paddle=2, name="Bob")
    assert sale.house.may_hear(ANN)
    assert sale.house.may_hear(BOB)
    assert sale.effects[-1] == BidderAdmitted(at_ms=START_MS, paddle=2, news_seq=1, admitted=True, by="auctioneer")
    assert rejection(sale, Admit(bidder="Ann")).code is RejectCode.WRONG_STATE
    sale.order(Admit(bidder="Bob", admitted=False))
    assert not sale.house.may_hear(BOB)
    assert rejection(sale, Admit(bidder="Bob", admitted=False)).code is RejectCode.WRONG_STATE
    assert rejection(sale, Admit(bidder="Cat")).code is RejectCode.UNKNOWN_BIDDER
    assert rejection(sale, Admit(bidder="3")).code is RejectCode.UNKNOWN_BIDDER


def test_who_waits_can_be_turned_away() -> None:
    sale = SmallSale(admission=Admission(AdmissionMode.APPROVE))
    sale.hello(ANN, "Ann")
    assert isinstance(sale.order(Admit(bidder="Ann", admitted=False)), Done)
    answer = sale.hello(ANN)
    assert isinstance(answer, Rejected)
    assert answer.code is RejectCode.NOT_ADMITTED


# --- who may -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.BIDDER, Role.OBSERVER, Role.CLERK])
def test_only_the_auctioneers_role_may_all(sale: SmallSale, role: Role) -> None:
    assert rejection(sale, EndSale(), Controller("auctioneer", role, "h" * 40)).code is RejectCode.FORBIDDEN


def test_what_a_clerk_does_is_on_record_under_the_clerks_name(sale: SmallSale) -> None:
    sale.order(CloseLot(lot="1"), CLERK)
    fact = sale.effects[-1]
    assert isinstance(fact, LotDecided)
    assert fact.by == "bea"


# --- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (OpenLot(id=7, lot="9"), RejectCode.UNKNOWN_LOT),
        (OpenLot(id=7, lot="1"), RejectCode.WRONG_STATE),
        (Pause(id=7, lot="3"), RejectCode.WRONG_STATE),
        (Resume(id=7, lot="1"), RejectCode.WRONG_STATE),
        (Resume(id=7), RejectCode.WRONG_STATE),
        (Extend(id=7, lot="3", extra_ms=1), RejectCode.WRONG_STATE),
        (CloseLot(id=7, lot="3"), RejectCode.WRONG_STATE),
        (AddLots(id=7, lots=(lot("4"), lot("1"))), RejectCode.INVALID_LOT),
        (AddLots(id=7, lots=(lot("4"), lot("4"))), RejectCode.INVALID_LOT),
        (Ask(id=7, report="secrets"), RejectCode.MALFORMED),
        (Ask(id=7, report=""), RejectCode.MALFORMED),
        (Announce(id=7, text="a\x1b[2Jb"), RejectCode.MALFORMED),
        (Announce(id=7, text="a\u202eb"), RejectCode.MALFORMED),
        (Withdraw(id=7, lot="1", reason="\x00"), RejectCode.MALFORMED),
    ],
)
def test_a_command_that_can_not_be_carried_out_changes_nothing(
    sale: SmallSale, command: AnyCommand, code: RejectCode
) -> None:
    assert rejection(sale, command).code is code


def faulty(**changes: object) -> LotSpec:
    spec = lot("4", reserve_minor=2000, buy_now_minor=9000)
    own = {name: value for name, value in changes.items() if name == "reserve_minor"}
    of_format = {name: value for name, value in changes.items() if name in EnglishTerms.__struct_fields__}
    of_terms = {name: value for name, value in changes.items() if name not in own | of_format}
    bidding = msgspec.structs.replace(spec.terms.format, **of_format)
    return msgspec.structs.replace(spec, terms=msgspec.structs.replace(spec.terms, format=bidding, **of_terms), **own)


@pytest.mark.parametrize(
    "changes",
    [
        {"reserve_minor": -1},
        {"reserve_minor": 0},
        {"reserve_minor": None},
        {"has_reserve": False},
        {"starting_minor": 0},
        {"starting_minor": 10**16},
        {"buy_now_minor": 1},
        {"increments": ()},
        {"duration_ms": -5},
        {"title": ""},
        {"title": "a\u202eb"},
        {"lot": "no spaces"},
        {"lot": ""},
        {"image": "javascript:alert(1)"},
        {"estimate_low_minor": 5},
    ],
    ids=str,
)
def test_lots_from_any_program_are_held_to_the_catalogues_rules(sale: SmallSale, changes: dict[str, object]) -> None:
    answer = rejection(sale, AddLots(id=7, lots=(lot("5"), faulty(**changes))))
    assert answer.code is RejectCode.INVALID_LOT
    assert answer.detail.startswith(f"lot {changes.get('lot', '4')}, ")
    assert isinstance(sale.order(AddLots(lots=(lot("5"), faulty()))), Done)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        encode({"type": "shut down", "id": 7}),
        encode({"type": "open", "id": 7}),
        encode({"type": "open", "id": 7, "lot": "x" * 17}),
        encode({"type": "close", "id": 7, "lot": ""}),
        encode({"type": "end", "id": 7, "really": True}),
        encode({"type": "end", "id": 0}),
        encode({"type": "extend", "id": 7, "lot": "1", "extra_ms": 0}),
        encode({"type": "extend", "id": 7, "lot": "1", "extra_ms": DURATION_MS_MAX + 1}),
        encode({"type": "announce", "id": 7, "text": ""}),
        encode({"type": "announce", "id": 7, "text": "x" * (TEXT_CHARS_MAX + 1)}),
        encode({"type": "add", "id": 7, "lots": []}),
        encode({"type": "admit", "id": 7, "bidder": ""}),
    ],
)
def test_what_is_no_command_is_refused(sale: SmallSale, body: bytes) -> None:
    before = sale.house.snapshot()
    answer = carry_out(sale.house, CHAIR, body, sale.now_ms)
    assert isinstance(answer, Rejected)
    assert answer.code is RejectCode.MALFORMED
    assert answer.id in (0, 7)
    assert sale.house.snapshot() == before


def test_a_command_may_be_as_large_as_the_bound_and_no_larger(sale: SmallSale) -> None:
    answer = carry_out(sale.house, CHAIR, b"\xc1" * (CONTROL_BYTES_MAX + 1), sale.now_ms)
    assert isinstance(answer, Rejected)
    assert answer.code is RejectCode.TOO_LARGE
    answer = carry_out(sale.house, CHAIR, b"\xc1" * CONTROL_BYTES_MAX, sale.now_ms)
    assert isinstance(answer, Rejected)
    assert answer.code is RejectCode.MALFORMED


# --- reports -------------------------------------------------------------------------------------------------------


def test_the_status_has_what_a_program_needs_to_read_amounts(sale: SmallSale) -> None:
    sale.order(CloseLot(lot="1"))
    status = status_of(sale)
    assert (status["currency"], status["decimals"]) == ("USD", 2)
    assert (status["turnover"], status["turnover_minor"]) == ("15.00", 1500)
    assert (status["bidders"], status["waiting"], status["bids"]) == (1, 0, 1)
    assert status["lots"] == {"scheduled": 1, "open": 1, "paused": 0, "sold": 1, "passed": 0, "withdrawn": 0}


@pytest.mark.parametrize(("code", "decimals"), [("JPY", 0), ("KWD", 3)])
def test_the_status_tells_the_decimals_of_the_sales_own_currency(code: str, decimals: int) -> None:
    text = f"[sale]\ntitle = 'A'\ncurrency = '{code}'\n[[lot]]\ntitle = 'B'\nstarting_price = 5\nduration = '1h'\n"
    spec = parse_catalogue(text, "a.toml", CatalogueKind.TOML)
    sale = SmallSale(*spec.lots, currency=spec.currency)
    status = status_of(sale)
    assert (status["currency"], status["decimals"]) == (code, decimals)


def test_the_lots_are_shown_with_their_secrets_and_the_results_without(sale: SmallSale) -> None:
    rows = report(sale, "lots")
    assert isinstance(rows, list)
    assert [row["lot"] for row in rows] == ["1", "2", "3"]
    assert (rows[0]["leader"], rows[0]["price"], rows[0]["maximum_minor"]) == ("Ann", "15.00", 8000)
    assert (rows[1]["reserve_minor"], rows[1]["reserve_met"], rows[1]["leader"]) == (9000, False, None)
    sale.order(CloseLot(lot="1"))
    results = report(sale, "results")
    assert isinstance(results, list)
    assert (results[0]["winner"], results[0]["hammer_minor"], results[0]["cause"]) == ("Ann", 1500, "hammer")
    assert not any("reserve" in field or "maximum" in field for row in results for field in row)


@pytest.mark.parametrize("name", ["lots", "results"])
def test_a_report_can_be_on_some_lots_only(sale: SmallSale, name: str) -> None:
    answer = sale.order(Ask(report=name, lots=("3", "1")))
    assert isinstance(answer, Report)
    assert [row["lot"] for row in answer.report] == ["3", "1"]
    unknown = rejection(sale, Ask(id=7, report=name, lots=("1", "9")))
    assert (unknown.code, unknown.detail) == (RejectCode.UNKNOWN_LOT, "lot 9")


def test_who_bought_a_lot_at_once_is_told_and_not_who_led_before() -> None:
    sale = SmallSale(lot("1"), lot("2", reserve_minor=4000, buy_now_minor=5000))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    assert isinstance(sale.ask(ANN, BidRequest(id=10, lot="2", amount_minor=1000)), Accepted)
    assert isinstance(sale.ask(BOB, BuyRequest(id=10, lot="2", price_minor=5000)), Accepted)
    rows = report(sale, "lots")
    assert isinstance(rows, list)
    assert (rows[1]["winner"], rows[1]["winner_paddle"], rows[1]["hammer_minor"]) == ("Bob", 2, 5000)
    assert (rows[0]["winner"], rows[0]["winner_paddle"]) == (None, None)


def test_the_bidders_are_told_with_what_they_lead_and_spent(sale: SmallSale) -> None:
    sale.join(BOB, "Bob")
    sale.ask(BOB, BidRequest(id=10, lot="2", amount_minor=2000))
    sale.order(CloseLot(lot="1"))
    sale.order(Admit(bidder="Bob", admitted=False))
    rows = report(sale, "bidders")
    assert isinstance(rows, list)
    assert [
        (row["paddle"], row["name"], row["state"], row["leads"], row["won"], row["spent_minor"]) for row in rows
    ] == [
        (1, "Ann", "admitted", 0, 1, 1500),
        (2, "Bob", "turned out", 1, 0, 0),
    ]


def test_a_report_changes_nothing(sale: SmallSale) -> None:
    before = sale.house.snapshot()
    for name in ("status", "lots", "bidders", "results"):
        report(sale, name, CLERK)
    assert sale.house.snapshot() == before


def test_the_help_of_run_shows_the_admission_as_it_is_typed() -> None:
    shown = click.testing.CliRunner().invoke(main, ["run", "--help"]).output
    assert "[open|invite|approve|list]" in shown
    assert "at first: open" in re.sub(r"\s+", " ", shown)
