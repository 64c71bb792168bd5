"""The printed pages: they say what everybody may know, keep hostile texts as texts, and need no script."""

from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from bidder.core.notices import LotChanged
from bidder.web.documents import lot_page, results_page
from bidder.web.paper import Histories, Paper
from common.evolve import evolve
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedTerms
from common.lot import CloseCause, LotTerms, LotView, Result, SaleStatus
from common.lot_events import LotClosed, LotMoved, LotOpened
from common.money import Currency

USD = Currency("USD", 2)
START_MS = 1_700_000_000_000
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onload='alert(3)'>&amp;"""
TERMS = LotTerms("1", "Longcase clock", EnglishTerms(10_000, (Step(0, 1000),)))
OPENED = LotOpened(seq=1, at_ms=START_MS, ends_at_ms=START_MS + 60_000)


class Page(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def _paper(*views: LotView, histories: Histories | None = None, status: SaleStatus = SaleStatus.RUNNING) -> Paper:
    lots = {view.lot: view for view in views}
    return Paper("Harbour House", status, USD, lots, histories or Histories(), START_MS + 30_000)


def _sold() -> tuple[LotView, Histories]:
    """Return a lot that was bid on twice and sold to paddle 7, and its history."""
    view, histories = LotView(TERMS, EnglishBoard(10_000)), Histories()
    for event in (
        OPENED,
        LotMoved(seq=2, at_ms=START_MS + 5000, board=EnglishBoard(11_000, 10_000, 3, 1), bidder=3),
        LotMoved(seq=3, at_ms=START_MS + 9000, board=EnglishBoard(13_000, 12_000, 7, 2), bidder=7),
        LotClosed(
            seq=4,
            at_ms=START_MS + 60_000,
            cause=CloseCause.TIME,
            board=EnglishBoard(13_000, 12_000, 7, 2),
            results=(Result(7, 12_000),),
        ),
    ):
        before, view = view, evolve(view, event)
        histories.hear(LotChanged(1, "1", event.seq, before, view, event))
    return view, histories


def test_a_lot_has_its_outcome_its_history_and_a_drawing() -> None:
    view, histories = _sold()
    page = Page(lot_page(_paper(view, histories=histories), "1"))

    assert "Sold to paddle 7 at USD 120.00" in page.text
    told = ["The lot closes", "Paddle 7 bids and leads", "Paddle 3 bids and leads", "The lot opens"]
    assert [page.text.index(words) for words in told] == sorted(page.text.index(words) for words in told)
    assert page.count("svg") == 1
    assert page.count("tr") == 1 + 4


def test_a_lot_that_nothing_happened_to_says_so() -> None:
    page = Page(lot_page(_paper(LotView(TERMS, EnglishBoard(10_000))), "1"))

    assert "Nothing has happened to this lot since this gateway started." in page.text
    assert page.count("svg") == page.count("table") == 0


def test_a_bid_below_a_maximum_says_who_leads() -> None:
    view, histories = LotView(TERMS, EnglishBoard(10_000)), Histories()
    moved = LotMoved(seq=2, at_ms=START_MS, board=EnglishBoard(13_000, 12_000, 7, 2), bidder=3)
    histories.hear(LotChanged(1, "1", 2, view, replace(view, board=moved.board), moved))

    assert "Paddle 3 bids but paddle 7 leads by its maximum" in lot_page(_paper(view, histories=histories), "1")


@pytest.mark.parametrize(
    ("terms", "board", "words"),
    [
        (DutchTerms(12_000, 4000, 500, 1000, 4), DutchBoard(8000, 3), "whoever stops the clock has bought"),
        (SealedTerms(8000, Pays.SECOND_OFFER), SealedBoard(8000), "nobody sees any offer before the close"),
    ],
)
def test_each_format_says_how_it_is_sold(
    terms: DutchTerms | SealedTerms, board: DutchBoard | SealedBoard, words: str
) -> None:
    view = evolve(LotView(replace(TERMS, format=terms), board), OPENED)

    assert words in Page(lot_page(_paper(view), "1")).text


def test_the_results_add_up() -> None:
    sold, histories = _sold()
    passed = replace(sold, terms=replace(TERMS, lot="2", title="Teapot"), status=sold.status.PASSED, results=())
    page = Page(results_page(_paper(sold, passed, histories=histories)))

    assert "Results so far" in page.text
    assert "1 of 2 lots sold for USD 120.00" in page.text
    assert page.count("tr") == 1 + 2 + 1
    assert "Results so far" not in results_page(_paper(sold, status=SaleStatus.ENDED))


def test_units_are_told_for_each_buyer() -> None:
    shared = replace(_sold()[0], results=(Result(7, 16_000, 2), Result(9, 7000)))

    assert "sold to paddle 7 (2 units), 9" in Page(results_page(_paper(shared))).text


def test_hostile_texts_stay_texts() -> None:
    hostile = replace(TERMS, lot="a/b?c", title=HOSTILE, description=HOSTILE, seller=HOSTILE)
    paper = _paper(LotView(hostile, EnglishBoard(10_000)))._replace(title=HOSTILE)

    for text in (lot_page(paper, "a/b?c"), results_page(paper)):
        page = Page(text)
        assert HOSTILE in page.text
        assert page.count("script") == page.count("img") == 0
        assert not [attrs for _, attrs in page.tags if any(name.startswith("on") or name == "style" for name in attrs)]
        links = [attrs["href"] for _, attrs in page.tags if "href" in attrs]
        assert all(link is not None and link.startswith("/") for link in links)
    assert ("a", {"href": "/lots/a%2Fb%3Fc"}) in Page(results_page(paper)).tags
