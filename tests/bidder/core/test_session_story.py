"""A whole session over a link that loses, repeats and delays, with a house that restarts and loses history."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.core.effects import Unanswered
from bidder.core.notices import ConnectionState
from common.messages import Accepted, Rejected
from tests.bidder.core.lossy_link import KEY, Link, check_story
from tests.bidder.core.small_house import SmallHouse
from tests.english import english

LOTS = 5
moves = st.lists(
    st.tuples(
        st.sampled_from(
            ["rival", "rival", "rival", "bid", "bid", "wait", "add", "announce", "restart", "reconnect", "lose", "gone"]
        ),
        st.integers(1, LOTS),
    ),
    min_size=1,
    max_size=40,
)
losses = st.sampled_from([0.0, 0.1, 0.4])


class Story:
    def __init__(self, seed: int, loss: float) -> None:
        chance = Random(seed)
        self.house = SmallHouse(LOTS)
        for lot in self.house.lots:
            self.house.open(lot)
        self.loss = loss
        self.link = Link(
            self.house,
            loses=lambda _: chance.random() < self.loss,
            repeats=lambda _: chance.random() < self.loss / 2,
            holds=lambda _: chance.random() < self.loss,
        )
        self.tickets: list[int] = []
        self.lost_history = False

    def move(self, what: str, number: int) -> None:
        house, lot = self.house, str(number)
        match what:
            case "rival":
                for _ in range(number):
                    house.bid(lot, english(house.lots[lot]).minimum_minor)
            case "bid":
                self.tickets.append(self.link.bid(lot, english(house.lots[lot]).minimum_minor - 10 * (number % 2)))
            case "wait":
                self.link.run(number * 300)
            case "add":
                house.add_lot(f"new-{house.sale.lots}")
            case "announce":
                house.announce(f"text {number}")
            case "restart":
                house.instance += 1
                self.link.connect()
            case "reconnect":
                self.link.connect()
            case "lose":
                if house.lots[lot].seq > 1:
                    house.instance += 1
                    house.lose_tail(lot, 1, epoch=house.epoch + 1)
                    self.lost_history = True
                    self.link.connect()
            case "gone":
                house.has_history = not house.has_history
        self.link.settle()


def tell(steps: list[tuple[str, int]], seed: int, loss: float) -> None:
    """Tell a story, and hold what the client has in the end to what the house has."""
    story = Story(seed, loss)
    story.link.connect()
    for what, number in steps:
        story.move(what, number)
    story.loss = 0
    story.link.run(15_000)

    house, link = story.house, story.link
    assert link.session.state is ConnectionState.LIVE
    assert link.session.replica.lots == house.lots
    assert list(link.session.replica.lots) == list(house.lots)
    assert link.session.replica.sale == house.sale
    assert not link.session.replica.behind
    check_story(link.events)
    assert len(link.topics) == 3, "a probe's topic is still subscribed to"
    for ticket in story.tickets:
        outcome = link.outcomes[ticket]
        if isinstance(outcome, Unanswered):
            assert outcome.may_count or (KEY, outcome.request_id) not in house.verdicts
        else:
            assert isinstance(outcome, Accepted | Rejected)
            assert story.lost_history or house.verdicts[KEY, outcome.id][1] == outcome


@pytest.mark.thorough
@settings(max_examples=60)
@given(moves, st.integers(0, 2**32), losses)
def test_the_client_ends_with_the_truth_and_tells_a_contiguous_story(
    steps: list[tuple[str, int]], seed: int, loss: float
) -> None:
    tell(steps, seed, loss)


@pytest.mark.torture
@pytest.mark.timeout(1800)
@settings(max_examples=3_000)
@given(moves, st.integers(0, 2**32), losses)
def test_thousands_of_stories(steps: list[tuple[str, int]], seed: int, loss: float) -> None:
    tell(steps, seed, loss)
