"""What no bot ever does, whatever the others and chance do: pay too much, bid against itself, overdraw its purse."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bidder.core.strategies.english import BuyNow, PlaceBid, Plan, Purse, Strategy, choose, decide
from common.formats.english import EnglishBoard, EnglishTerms, Step
from common.lot import LotStatus, LotTerms, LotView, Result
from tests.english import english, english_terms

ME, RIVAL = 7, 8
NOW_MS = 50_000
INCREMENTS = (Step(0, 10), Step(200, 25))

amounts = st.integers(1, 1_000)
chances = st.floats(0, 1, exclude_max=True)


def terms(lot: str) -> LotTerms:
    return LotTerms(lot, "A vase", EnglishTerms(100, INCREMENTS))


def untouched(lot: str) -> LotView:
    return LotView(terms(lot), EnglishBoard(100), status=LotStatus.OPEN)


@st.composite
def views(draw: st.DrawFn, lot: str = "1") -> LotView:
    return LotView(
        terms=terms(lot),
        board=EnglishBoard(
            minimum_minor=draw(amounts),
            leader=draw(st.sampled_from([None, ME, RIVAL])),
            buy_now_minor=draw(st.none() | amounts),
        ),
        status=draw(st.sampled_from(LotStatus)),
        ends_at_ms=draw(st.none() | st.integers(NOW_MS - 2_000, NOW_MS + 2_000)),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return Plan(
        strategy=draw(st.sampled_from(Strategy)),
        value_minor=draw(amounts),
        begins_at_ms=draw(st.integers(NOW_MS - 1_000, NOW_MS + 1_000)),
    )


@given(views(), plans(), chances)
def test_nobody_offers_more_than_the_value_or_bids_as_the_leader(view: LotView, plan: Plan, chance: float) -> None:
    intent = decide(view, NOW_MS, ME, plan, chance)
    assert intent == decide(view, NOW_MS, ME, plan, chance), "the same arguments gave another decision"
    if intent is not None:
        assert 1 <= intent.most_minor <= plan.value_minor
        assert english(view).leader != ME
        assert view.status is LotStatus.OPEN
        assert intent.lot == view.lot


@given(views(), amounts, chances)
def test_noise_goes_little_over_the_minimum_if_it_does_not_bid_in_vain(
    view: LotView, value: int, chance: float
) -> None:
    plan = Plan(strategy=Strategy.NOISE, value_minor=value)
    intent = decide(view, NOW_MS, ME, plan, chance)
    if isinstance(intent, PlaceBid):
        minimum_minor = english(view).minimum_minor
        assert intent.most_minor <= minimum_minor + 3 * english_terms(view.terms).step_at(minimum_minor)


def test_noise_is_in_every_mood_some_time() -> None:
    view = untouched("1")
    plan = Plan(strategy=Strategy.NOISE, value_minor=900)
    intents = [decide(view, NOW_MS, ME, plan, number / 200) for number in range(200)]
    assert sum(isinstance(intent, BuyNow) for intent in intents) == 20
    bids = [intent for intent in intents if isinstance(intent, PlaceBid)]
    assert {intent.amount_minor for intent in bids} == {None, 1, 50, 100, 110, 120, 130}
    assert {intent.maximum_minor for intent in bids} == {None, 100, 110, 120, 130}
    assert sum(intent.most_minor < 100 for intent in bids) == 40


@given(st.lists(views(), min_size=1, max_size=6), st.data())
def test_a_purse_is_never_overdrawn_and_goes_where_the_gain_is_greatest(
    lots: list[LotView], data: st.DataObject
) -> None:
    lots = [replace(view, terms=terms(str(number))) for number, view in enumerate(lots)]
    strategy = data.draw(st.sampled_from(Strategy))
    values = {view.lot: data.draw(amounts) for view in lots}
    cares = {
        view.lot: Plan(strategy=strategy, value_minor=values[view.lot]) for view in lots if data.draw(st.booleans())
    }
    purse = Purse(
        total_minor=data.draw(st.integers(0, 3_000)),
        bids_minor={view.lot: data.draw(amounts) for view in lots if data.draw(st.booleans())},
        pending=frozenset(view.lot for view in lots if data.draw(st.booleans())),
    )
    chance = data.draw(chances)
    intent = choose(lots, NOW_MS, ME, cares, purse, chance)
    left_minor = purse.total_minor - purse.bound_minor(lots, ME)
    others = [decide(view, NOW_MS, ME, cares[view.lot], chance) for view in lots if view.lot in cares]
    payable = [one for one in others if one and one.lot not in purse.pending and one.most_minor <= left_minor]
    assert (intent is None) == (not payable)
    if intent is not None:
        assert intent in payable
        gains = {one.lot: values[one.lot] - one.most_minor for one in payable}
        assert gains[intent.lot] == max(gains.values())


@given(st.lists(amounts.filter(lambda value: value >= 100), min_size=2, max_size=6), st.integers(0, 1_000))
def test_of_lots_that_cost_the_same_the_one_worth_most_is_chosen(values: list[int], total_minor: int) -> None:
    lots = [untouched(str(number)) for number in range(len(values))]
    cares = {str(number): Plan(strategy=Strategy.BUDGET, value_minor=value) for number, value in enumerate(values)}
    intent = choose(lots, NOW_MS, ME, cares, Purse(total_minor, {}), 0.5)
    best = PlaceBid(str(values.index(max(values))), amount_minor=100)
    assert intent == (best if total_minor >= 100 else None)


@dataclass
class Market:
    """The rules of open bids alone, for many lots; what the bidder sees may be older than what is."""

    lots: dict[str, LotView]
    offers_minor: dict[str, int] = field(default_factory=dict)

    def bid(self, lot: str, paddle: int, amount_minor: int) -> None:
        view, board = self.lots[lot], english(self.lots[lot])
        if board.leader != paddle and amount_minor >= board.minimum_minor and view.status is LotStatus.OPEN:
            minimum_minor = amount_minor + english_terms(view.terms).step_at(amount_minor)
            moved = replace(board, leader=paddle, price_minor=amount_minor, minimum_minor=minimum_minor)
            self.lots[lot] = replace(view, seq=view.seq + 1, board=moved)

    def close(self, lot: str) -> None:
        view, board = self.lots[lot], english(self.lots[lot])
        results = () if board.leader is None else (Result(board.leader, board.price_minor or 0),)
        self.lots[lot] = replace(view, seq=view.seq + 1, status=LotStatus.SOLD, results=results)

    def owed_minor(self, paddle: int) -> int:
        return sum(english(view).price_minor or 0 for view in self.lots.values() if english(view).leader == paddle)


steps = st.lists(
    st.tuples(st.sampled_from(["me", "arrive", "rival", "close", "see"]), st.integers(0, 3), st.integers(0, 40)),
    max_size=80,
)


@given(steps, st.integers(100, 900), st.lists(st.integers(100, 600), min_size=4, max_size=4))
def test_in_a_whole_sale_seen_late_a_purse_always_covers_what_is_owed(
    moves: list[tuple[str, int, int]], total_minor: int, values: list[int]
) -> None:
    market = Market({str(lot): untouched(str(lot)) for lot in range(4)})
    cares = {str(lot): Plan(strategy=Strategy.BUDGET, value_minor=value) for lot, value in enumerate(values)}
    seen, offers, on_the_way, unseen = dict(market.lots), dict[str, int](), dict[str, int](), dict[str, int]()
    for move, number, more in moves:
        lot = str(number)
        match move:
            case "me":
                pending = on_the_way.keys() | {one for one, seq in unseen.items() if seen[one].seq < seq}
                intent = choose(seen.values(), NOW_MS, ME, cares, Purse(total_minor, offers, frozenset(pending)), 0.5)
                if intent is not None:
                    on_the_way[intent.lot] = offers[intent.lot] = intent.most_minor
            case "arrive" if lot in on_the_way:
                market.bid(lot, ME, on_the_way.pop(lot))
                unseen[lot] = market.lots[lot].seq
            case "rival":
                market.bid(lot, RIVAL, english(market.lots[lot]).minimum_minor + more)
            case "close":
                market.close(lot)
            case "see":
                seen[lot] = market.lots[lot]
        assert market.owed_minor(ME) + sum(on_the_way.values()) <= total_minor
