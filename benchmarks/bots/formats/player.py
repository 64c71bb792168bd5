"""How bots bid on lots of one format, as the bot itself sees it: in the same steps for every format."""

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
    """What was drawn for one bot and one lot that it cares for."""

    strategy: Strategy
    value_minor: int
    begins_at_ms: int
    """The server time from which it takes an interest."""
    snipe_ms: int
    draw: Random
    """For what only this format needs."""


class Shopping(NamedTuple):
    """What a bot with one purse for several lots goes by."""

    views: Collection[LotView]
    """All lots of the sale."""
    plans: Mapping[str, Any]
    """The bot's plans for the lots that it cares for, whatever their format."""
    budget_minor: int
    offers_minor: Mapping[str, int]
    """The most that it ever offered for each lot."""
    pending: frozenset[str]
    """Lots with an offer that has no verdict yet, or one that the view does not show yet."""


class Situation(NamedTuple):
    """What a bot knows when it decides about a lot."""

    now_ms: int
    me: int
    own: AnyOwn | None
    """Its own position on the lot, by the last verdict."""
    is_unsettled: bool
    """Whether an offer of its own on the lot had no answer, so that its position is not known."""
    chance: float
    """In [0, 1)."""
    shopping: Callable[[], Shopping]


class Intent(Protocol):
    """An offer that is to be made."""

    @property
    def lot(self) -> str:
        """The lot's number."""

    @property
    def most_minor(self) -> int:
        """The most that the bidder can come to pay by it."""


class Player(Protocol[Plan]):
    """How bots bid on lots of one format."""

    def plan(self, view: LotView, taste: Taste) -> Plan | None:
        """Return what a bot has in mind for a lot; None: its strategy is not for this format."""

    def looks_from_ms(self, view: LotView, plan: Plan, own: AnyOwn | None, now_ms: int) -> int | None:
        """Return the server time from which it acts on the lot as it stands; None: not before the lot changes."""

    def decide(self, view: LotView, plan: Plan, situation: Situation) -> Intent | None:
        """Return what it does about the lot; None: nothing. The offer may be for another lot."""

    async def send(self, client: AsyncClient, intent: Any, request_id: int, timeout_ms: int) -> Accepted | Rejected:
        """Make the offer, and return the verdict."""
