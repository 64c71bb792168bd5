"""Access for tests to an English lot: its board, its terms, and the single row of its result."""

from common.formats import AnyBoard, AnyOwn, AnyTerms
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms
from common.lot import LotTerms, LotView
from tests.must_be import must_be


def english(shown: LotView | AnyBoard | None) -> EnglishBoard:
    """Return the English board of a view, an event, or a verdict."""
    return must_be(EnglishBoard, shown.board if isinstance(shown, LotView) else shown)


def english_terms(terms: LotTerms | AnyTerms) -> EnglishTerms:
    """Return the English part of a lot's terms."""
    return must_be(EnglishTerms, terms.format if isinstance(terms, LotTerms) else terms)


def own_maximum_minor(own: AnyOwn | None) -> int | None:
    """Return the bidder's own maximum if it leads; None otherwise."""
    return None if own is None else must_be(EnglishOwn, own).maximum_minor


def winner(view: LotView) -> int | None:
    """Return the paddle that bought the lot."""
    return view.results[0].paddle if view.results else None


def hammer_minor(view: LotView) -> int | None:
    """Return the price paid for the lot."""
    return view.results[0].amount_minor if view.results else None
