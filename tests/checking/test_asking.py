"""Each fault that a house could make in asking a revived bidder is found in the records of simulated sales."""

from collections.abc import Iterator

import pytest

from tests.checking.heard import Body
from tests.checking.history import Fact, History
from tests.checking.test_corrections import Places, Spoil, corrections, event_with, facts, spoilt_fact_is_found
from tests.simulation.plan import plan_of

SEEDS = [seed for seed in range(600) if plan_of(seed).answer_ms is not None]


def asked(history: History) -> Iterator[Fact]:
    """Yield the corrections by which somebody is asked."""
    made = corrections("undo", "turned_out", "retracted", "declined", "unanswered")(history)
    yield from (fact for fact in made if fact.body["event"]["asked"] is not None)


def unasked(history: History) -> Iterator[Fact]:
    """Yield the corrections of bids that change the lead, by which nobody is asked."""
    made = corrections("undo", "turned_out", "retracted")(history)
    yield from (fact for fact in made if fact.body["event"]["asked"] is None)


CONFIRMED, UNANSWERED, DECLINED = facts("bid_confirmed"), corrections("unanswered"), corrections("declined")


def other_asked(**changed: int) -> Spoil:
    def spoil(body: Body) -> bool:
        asked = body["event"]["asked"]
        body["event"]["asked"] = {what: value and value + changed.get(what, 0) for what, value in asked.items()}
        return asked["until_ms"] is not None

    return spoil


def earlier(body: Body) -> None:
    body["at_ms"] -= 1
    body["event"]["at_ms"] -= 1


def by_the_clock(body: Body) -> None:
    body["by"] = "house"
    body.pop("request", None)


ASKED = {"paddle": 1, "until_ms": 1, "remaining_ms": None}
SPOILS: list[tuple[str, Places, Spoil]] = [
    ("another bidder is asked", asked, other_asked(paddle=1)),
    ("a bidder has another time for its answer", asked, other_asked(until_ms=1)),
    ("nobody is asked, and the lot stands still", asked, event_with(asked=None)),
    ("a bidder is asked while the lot is open", asked, event_with(status="open")),
    ("the record forgets that a bid is revived", asked, lambda body: body.update(is_revived=False)),
    (
        "a bidder is asked who need not be",
        unasked,
        event_with(asked=ASKED),
    ),
    ("a bid is revived that was never out", unasked, lambda body: body.update(is_revived=True)),
    ("somebody else confirms a bid", CONFIRMED, lambda body: body.update(paddle=body["paddle"] % 2 + 1)),
    ("a confirmed lot goes on at another time", CONFIRMED, lambda body: body["event"].update(remaining_ms=77)),
    ("nobody confirmed a bid", CONFIRMED, by_the_clock),
    ("a bidder had less time for its answer", UNANSWERED, earlier),
    ("a person of the house says that nobody answered", UNANSWERED, lambda body: body.update(by="auctioneer")),
    ("the clock says no for a bidder", DECLINED, by_the_clock),
    ("the bids of one who said no count on", DECLINED, lambda body: body.update(void=())),
]


@pytest.mark.parametrize(("places", "spoil"), [pytest.param(*rest, id=name) for name, *rest in SPOILS])
def test_a_question_against_the_rules_is_found(places: Places, spoil: Spoil) -> None:
    spoilt_fact_is_found(SEEDS, places, spoil)
