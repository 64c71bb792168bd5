"""A sale in views and notices, without a house."""

from msgspec.structs import replace

from bidder.core.notices import LotChanged, SaleChanged
from common.evolve import evolve, evolve_sale
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, SaleView
from common.lot_events import AnyLotEvent, AnySaleEvent, LotMoved
from common.money import Currency

EUROS = Currency("EUR", 2)


def lot(number: str, status: LotStatus = LotStatus.OPEN, *, title: str = "", image: str = "") -> LotView:
    """Return an English lot without bids."""
    terms = LotTerms(number, title or f"Title {number}", EnglishTerms(100, (Step(0, 10),)), image=image)
    return LotView(terms, EnglishBoard(100), status=status, seq=1, ends_at_ms=9_000)


class Hall:
    """Holds what a hall would hold, and makes the notices that it would give."""

    def __init__(self, *views: LotView) -> None:
        self.views = {view.lot: view for view in views}
        self.sale = SaleView("a-sale", "A sale", EUROS, lots=len(views))

    def lots(self) -> dict[str, LotView]:
        """Return all lots by number, in catalogue order."""
        return dict(self.views)

    def bid(self, number: str, price_minor: int, paddle: int = 7) -> LotChanged:
        """Have a bid move a lot."""
        before = self.views[number]
        board = EnglishBoard(price_minor + 10, price_minor, paddle, 1)
        event = LotMoved(before.seq + 1, 1000, board, before.ends_at_ms, bidder=paddle)
        return self.change(number, event)

    def change(self, number: str, event: AnyLotEvent) -> LotChanged:
        """Have an event change a lot."""
        before = self.views[number]
        self.views[number] = view = evolve(before, event)
        return LotChanged(1, number, view.seq, before, view, event)

    def tell(self, event: AnySaleEvent) -> SaleChanged:
        """Have an event change the sale."""
        self.sale = evolve_sale(self.sale, event)
        return SaleChanged(1, self.sale.seq, self.sale, event)

    def retitle(self, number: str, title: str) -> LotView:
        """Have a lot go by another title, as after a gap."""
        view = self.views[number]
        terms = replace(view.terms, title=title)
        self.views[number] = view = replace(view, terms=terms, seq=view.seq + 1)
        return view
