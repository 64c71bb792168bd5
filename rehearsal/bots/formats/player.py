"""How bots bid on lots of one format. A bot takes the same steps for every format."""

from collections.abc import Callable, Collection, Mapping
from random import Random
from typing import Any, NamedTuple, Protocol, TypeVar

from bidder import AsyncClient
from bidder.core.strategies.english import Strategy
from common.formats import AnyOwn
from common.lot import LotView
from common.messages import Accepted, Rejected

Plan = TypeVar("Plan")


class Taste(NamedTuple):
    """The draws for one bot and one lot that it wants."""

    strategy: Strategy
    value_minor: int
    begins_at_ms: int
    """The server time at which the bot becomes interested."""
    snipe_ms: int
    draw: Random
    """A source of chance for draws that only this format needs."""


class Shopping(NamedTuple):
    """The facts from which a bot with one purse for several lots decides."""

    views: Collection[LotView]
    """All lots of the sale."""
    plans: Mapping[str, Any]
    """The bot's plans for the lots that it wants, in any format."""
    budget_minor: int
    offers_minor: Mapping[str, int]
    """The most that the bot ever offered for each lot."""
    pending: frozenset[str]
    """Lots with an offer that has no verdict yet, or with a verdict that the view does not show yet."""


class Situation(NamedTuple):
    """The bot's knowledge when it decides about a lot."""

    now_ms: int
    me: int
    own: AnyOwn | None
    """The bot's own position on the lot, from the last verdict."""
    is_unsettled: bool
    """Whether one of the bot's offers on the lot got no answer, so that its position is unknown."""
    chance: float
    """A random number in [0, 1)."""
    shopping: Callable[[], Shopping]


class Intent(Protocol):
    """An offer that the bot intends to make."""

    @property
    def lot(self) -> str:
        """The lot's number."""

    @property
    def most_minor(self) -> int:
        """The most that the bidder may have to pay for the offer, in minor units."""


class Player(Protocol[Plan]):
    """How bots bid on lots of one format."""

    def plan(self, view: LotView, taste: Taste) -> Plan | None:
        """Return a bot's plan for a lot; None if its strategy does not suit this format."""

    def looks_from_ms(self, view: LotView, plan: Plan, own: AnyOwn | None, now_ms: int) -> int | None:
        """Return the server time from which the bot acts on the lot as it is; None if it first waits for a change."""

    def decide(self, view: LotView, plan: Plan, situation: Situation) -> Intent | None:
        """Return the bot's offer, which may be for another lot; None if it makes no offer."""

    async def send(self, client: AsyncClient, intent: Any, request_id: int, timeout_ms: int) -> Accepted | Rejected:
        """Make the offer, and return the verdict."""
