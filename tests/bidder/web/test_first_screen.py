"""The page as it comes: the lot, its price and the form, in each language, with strangers' texts as texts."""

from dataclasses import dataclass
from html.parser import HTMLParser

import msgspec
import pytest

from bidder.web.first_screen import Asked, FirstScreen, Seen, amount, current_lot, left
from bidder.web.words import LANGUAGES, language_of, read_words
from common.lot import LotStatus, LotView, SaleStatus
from common.money import Currency
from tests.bidder.web.lots import lot

EURO = Currency("EUR", 2)
NOW_MS = 1_000_000
ATTEMPT = "a" * 40
HOSTILE = "<script>alert(1)</script>\"'"
SCREEN = FirstScreen()


class Texts(HTMLParser):
    """The texts of a page by the first class or the id of their element, and all tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self._name = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self._name = (found.get("class") or found.get("id") or tag).split()[0]
        if tag == "input":
            self.values[found.get("name") or ""] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._name, data)


def seen(*views: LotView, status: SaleStatus = SaleStatus.RUNNING) -> Seen:
    return Seen("An evening", status, EURO, {view.lot: view for view in views}, NOW_MS)


def page(language: str = "en", what: Seen | None = None, asked: Asked | None = None, **more: bool) -> Texts:
    return Texts(SCREEN.page(language, what, asked, None, **more))


def test_it_shows_the_current_lot_with_its_price_and_time_and_the_way_to_join() -> None:
    view = msgspec.structs.replace(lot("7"), ends_at_ms=NOW_MS + 61_000)
    found = page("en", seen(view), Asked(ATTEMPT))
    assert found.texts["sale-title"] == "An evening"
    assert found.texts["lot-number"] == "Lot 7"
    assert found.texts["lot-title"] == view.terms.title
    assert found.texts["status"] == "Open"
    assert found.texts["price"] == amount(100, EURO, "en")
    assert found.texts["time"] == "1:01"
    assert found.values == {"name": "", "code": "", "attempt": ATTEMPT}
    assert "Lot 7" in page("en", seen(view), None).texts["title"]


def test_a_guest_who_has_joined_gets_no_form_and_can_press_nothing_yet() -> None:
    found = page("en", seen(lot("1")))
    assert "form" not in found.tags
    assert found.texts["button"] == "Connecting to the house …"


def test_before_the_sale_is_known_there_is_the_form_alone() -> None:
    found = page("de", None, Asked(ATTEMPT))
    assert "article" not in found.tags
    assert found.texts["join-title"] == read_words("de")("joinTitle")


def test_a_sale_without_lots_says_so() -> None:
    assert page("en", seen()).texts["empty"] == "No lot is open yet."
    assert page("en", seen(status=SaleStatus.ENDED)).texts["empty"] == "There are no more lots."


def test_what_strangers_wrote_is_text() -> None:
    view = lot("1")
    hostile = msgspec.structs.replace(
        view, terms=msgspec.structs.replace(view.terms, title=HOSTILE, description=HOSTILE)
    )
    usual = page("en", seen(view), Asked(ATTEMPT, "x", "x", "wrong_code", "x"))
    found = page("en", seen(hostile)._replace(title=HOSTILE), Asked(ATTEMPT, HOSTILE, HOSTILE, "wrong_code", HOSTILE))
    assert found.tags == usual.tags
    assert found.texts["lot-title"] == found.texts["sale-title"] == HOSTILE
    assert found.values["name"] == found.values["code"] == HOSTILE
    conditions = page("en", None, Asked(ATTEMPT, HOSTILE, HOSTILE, conditions=HOSTILE, digest=HOSTILE))
    assert conditions.texts["conditions"] == HOSTILE
    assert conditions.values == {"name": HOSTILE, "code": HOSTILE, "attempt": ATTEMPT, "accepts": HOSTILE}


def test_a_fault_is_said_in_the_language_of_the_page_and_an_unknown_one_in_that_of_the_gateway() -> None:
    assert page("fr", None, Asked(ATTEMPT, fault="wrong_code")).texts["fault"] == read_words("fr")("reasons.wrong_code")
    assert page("fr", None, Asked(ATTEMPT, fault="odd", reason="Odd.")).texts["fault"] == "Odd."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", list(LotStatus))
def test_each_language_has_words_for_each_state_of_a_lot(language: str, status: LotStatus) -> None:
    view = msgspec.structs.replace(lot("1"), status=status)
    terms = msgspec.structs.replace(view.terms, estimate_low_minor=100, estimate_high_minor=200)
    found = page(language, seen(msgspec.structs.replace(view, terms=terms)), Asked(ATTEMPT))
    assert found.texts["status"] == read_words(language)(f"status.{status.value}")
    assert "\0" not in "".join(found.texts.values())
    assert amount(100, EURO, language) in found.texts["details"]


@dataclass(frozen=True)
class Chosen:
    chosen: str
    accepted: str
    expected: str


@pytest.mark.parametrize(
    "case",
    [
        Chosen("fr", "de", "fr"),
        Chosen("xx", "de-CH, en;q=0.5", "de"),
        Chosen("", "ja, fr;q=0.3, de;q=0.9", "de"),
        Chosen("", "", "en"),
        Chosen("", "*;q=0.1, ;;;, de;q=x", "en"),
        Chosen("", "de;q=0, fr;q=0.1", "fr"),
    ],
)
def test_the_language_is_what_was_chosen_or_else_what_the_browser_wants_most(case: Chosen) -> None:
    assert language_of(case.chosen, case.accepted) == case.expected


def test_the_current_lot_is_the_open_one_that_ends_first_then_the_next_then_the_last() -> None:
    def at(number: str, status: LotStatus, ends_at_ms: int | None = None) -> LotView:
        return msgspec.structs.replace(lot(number), status=status, ends_at_ms=ends_at_ms)

    def current(*views: LotView) -> str | None:
        found = current_lot({view.lot: view for view in views})
        return None if found is None else found.lot

    sold, coming = at("1", LotStatus.SOLD), at("2", LotStatus.SCHEDULED)
    by_hand, late, soon = at("3", LotStatus.OPEN), at("4", LotStatus.OPEN, 9), at("5", LotStatus.PAUSED, 8)
    assert current(sold, coming, by_hand, late, soon) == "5"
    assert current(sold, coming, by_hand) == "3"
    assert current(sold, coming) == "2"
    assert current(at("0", LotStatus.SOLD), sold) == "1"
    assert current() is None


@pytest.mark.parametrize(
    ("ms", "expected"),
    [(0, "0:00"), (-5, "0:00"), (1, "0:01"), (60_000, "1:00"), (3_599_001, "1:00:00"), (172_800_000, "2 d 0 h")],
)
def test_time_left_is_as_the_script_writes_it(ms: int, expected: str) -> None:
    assert left(ms) == expected


@pytest.mark.parametrize(
    ("minor", "currency", "language", "expected"),
    [
        (1_234_500, EURO, "en", "€12,345"),
        (1_234_550, EURO, "de", "12.345,50\u00a0€"),
        (1_234_550, EURO, "fr", "12\u202f345,50\u00a0€"),
        (15_005, Currency("CHF", 2), "en", "CHF\u00a0150.05"),
        (150, Currency("JPY", 0), "de", "150\u00a0¥"),
        (150, Currency("JPY", 0), "fr", "150\u00a0JPY"),
        (150, Currency("USD", 0), "fr", "150\u00a0$US"),
    ],
)
def test_amounts_are_as_browsers_write_them(minor: int, currency: Currency, language: str, expected: str) -> None:
    assert amount(minor, currency, language) == expected


def test_a_script_has_all_words_of_its_language_and_none_of_the_others() -> None:
    for language in LANGUAGES:
        (script,) = (text.decode() for name, text in SCREEN.scripts.items() if f".{language}." in name)
        for other in LANGUAGES:
            assert (read_words(other)("joinLead") in script) is (other == language)
