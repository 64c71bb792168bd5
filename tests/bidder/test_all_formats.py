"""Each format of a lot is known wherever the bidder lists formats: nothing that the wire has is missing here."""

from collections.abc import Callable, Iterator
from importlib import import_module
from inspect import getmembers, isfunction
from pkgutil import iter_modules
from typing import Any, get_args, get_type_hints

import pytest

import bidder.core.formats
from bidder import AsyncClient, Client, Desk
from bidder.core.notices import LotChanged
from bidder.display.formats import display_of
from bidder.display.orders import OfferOrder
from bidder.display.records import lot_record, mine_record, notice_record, verdict_record
from bidder.display.shown import ShownLot
from bidder.display.wording import lot_lines, mine_lines, notice_line, verdict_line
from common.errors import RejectCode
from common.evolve import evolve
from common.formats import AnyBoard, AnyOffer, AnyOwn, AnyTerms
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms
from common.formats.english import EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms
from common.lot import CloseCause, LotStatus, LotTerms, LotView, Result
from common.lot_events import LotClosed
from common.messages import Accepted, Mine, Position, Rejected
from common.money import Currency

USD = Currency("USD", 2)
ME = 7
EXAMPLES: list[tuple[AnyTerms, AnyBoard, AnyOwn]] = [
    (EnglishTerms(100, (Step(0, 10),)), EnglishBoard(110, 100, ME, 1), EnglishOwn(200)),
    (SealedTerms(100, Pays.OWN_OFFER), SealedBoard(100), SealedOwn(200)),
    (DutchTerms(1_000, 500, 100, 10_000, 3), DutchBoard(900, 2), DutchOwn(1, 900)),
]


def makers() -> Iterator[Callable[..., Any]]:
    """Yield the functions that make an offer from what the application says."""
    of_formats = [module.name for module in iter_modules(bidder.core.formats.__path__, "bidder.core.formats.")]
    for module in (*of_formats, "bidder.core.absentee", "bidder.core.retraction", "bidder.core.confirming"):
        for name, function in getmembers(import_module(module), isfunction):
            if name.endswith("_request") and function.__module__ == module:
                yield function


@pytest.mark.parametrize(("place", "union"), [(0, AnyTerms), (1, AnyBoard), (2, AnyOwn)])
def test_there_is_an_example_of_each_format(place: int, union: Any) -> None:
    assert {type(example[place]) for example in EXAMPLES} == set(get_args(union))


def test_each_offer_has_its_maker() -> None:
    assert {get_type_hints(maker)["return"] for maker in makers()} == set(get_args(AnyOffer))


@pytest.mark.parametrize("client", [Client, AsyncClient, Desk])
def test_each_client_makes_each_offer(client: type) -> None:
    for offer in get_args(AnyOffer):
        assert callable(getattr(client, offer.__struct_config__.tag, None)), offer


def test_each_offer_has_an_order() -> None:
    orders = {order.__name__.removesuffix("Order") for order in get_args(OfferOrder)}
    assert orders == {offer.__name__.removesuffix("Request") for offer in get_args(AnyOffer)}


@pytest.mark.parametrize(("terms", "board", "own"), EXAMPLES)
def test_each_format_has_its_display(terms: AnyTerms, board: AnyBoard, own: AnyOwn) -> None:
    view = LotView(LotTerms("1", "Vase", terms), board, 1, LotStatus.OPEN)
    event = LotClosed(2, 0, CloseCause.TIME, board, (Result(ME, 900),))
    mine = Mine(id=1, paddle=ME, positions=(Position("1", own),))
    assert display_of(view) is display_of(board)
    for verdict in (
        Accepted("1", 1, 0, board, own=own, id=1),
        Rejected(id=1, code=RejectCode.BELOW_MINIMUM, board=board),
    ):
        assert verdict_line(verdict, "1", USD).text
        assert verdict_record(verdict, USD, "1", "said", display_of(board))
    for shown in (ShownLot(view, None, own), ShownLot(evolve(view, event))):
        assert lot_lines(shown, ME, USD)
        assert lot_record(shown, USD, ME)["format"] == type(terms).__struct_config__.tag
    change = LotChanged(1, "1", 2, view, evolve(view, event), event)
    assert notice_line(change, ME, USD)
    row = {"paddle": ME, "units": 1, "amount": "9.00", "amount_minor": 900}
    assert notice_record(change, 1, USD)["results"] == [row]
    assert len(mine_lines(mine, "Ada", {"1": view}, USD)) == 2
    assert mine_record(mine, "Ada", {"1": view}, USD)[display_of(view).mine_key]
