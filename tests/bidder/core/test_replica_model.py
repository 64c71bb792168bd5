"""The replica against a naive truth, over a link that loses, repeats and cuts, with snapshots at any moment."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.core.notices import Notice
from bidder.core.replica import SALE, Replica
from common.codec import decode_broadcast
from common.messages import LotEvents, LotRequest, Replay, ReplayRequest, SaleEvents, Snapshot, SnapshotRequest
from tests.bidder.core.lossy_link import check_story
from tests.bidder.core.small_house import SmallHouse
from tests.english import english

KEY = "k"
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["bid", "bid", "add", "announce"]), st.integers(1, 3)),
        st.tuples(st.sampled_from(["deliver", "lose", "repeat"]), st.integers(1, 6)),
        st.tuples(st.sampled_from(["replay", "lot", "snapshot", "beat"]), st.integers(0, 3)),
    ),
    max_size=60,
)


class Model:
    def __init__(self, early_events_max: int) -> None:
        self.house = SmallHouse(3)
        self.house.paddles[KEY] = 1
        self.replica = Replica(early_events_max)
        self.replica.reset(1)
        self.told: list[Notice] = []
        self.last_delivered: bytes | None = None
        self.pages(adopt=False)

    def ask(self, request: ReplayRequest | LotRequest | SnapshotRequest) -> Snapshot | Replay:
        answer = self.house.answer(KEY, request)
        assert isinstance(answer, Snapshot | Replay)
        return answer

    def pages(self, *, adopt: bool) -> None:
        self.replica.begin_snapshot(adopt=adopt)
        start: int | None = 0
        while start is not None:
            page = self.ask(SnapshotRequest(id=1, start=start))
            assert isinstance(page, Snapshot)
            self.told += self.replica.apply_page(page)
            start = page.next

    def deliver(self, frame: bytes) -> None:
        message = decode_broadcast(frame)
        if isinstance(message, LotEvents):
            self.told += self.replica.apply_lot_events(message)
        elif isinstance(message, SaleEvents):
            self.told += self.replica.apply_sale_events(message)
        self.last_delivered = frame

    def replay(self, stream: str) -> None:
        after_seq = self.replica.seq(stream)
        if after_seq is None:
            return
        answer = self.ask(ReplayRequest(id=1, lot=stream, after_seq=after_seq))
        assert isinstance(answer, Replay)
        self.told += self.replica.read_replay(answer)

    def step(self, what: str, number: int) -> None:
        house, lot = self.house, str(number)
        match what:
            case "bid":
                house.bid(lot, english(house.lots[lot]).minimum_minor)
            case "add":
                house.add_lot(f"new-{house.sale.lots}")
            case "announce":
                house.announce(lot)
            case "deliver" | "lose":
                frames, house.outbox = house.outbox[:number], house.outbox[number:]
                for frame in frames if what == "deliver" else []:
                    self.deliver(frame)
            case "repeat" if self.last_delivered is not None:
                self.deliver(self.last_delivered)
            case "replay":
                self.replay(lot if number else SALE)
            case "lot" if number:
                answer = self.ask(LotRequest(id=1, lot=lot))
                assert isinstance(answer, Snapshot)
                self.told += self.replica.apply_lot(answer.lots[0])
            case "snapshot":
                self.pages(adopt=number == 0)

    def check(self) -> None:
        """Assert that the state is one that the house had: of each stream, that after its first `seq` events."""
        self.replica.check()
        check_story(self.told)
        house = SmallHouse(0)
        assert self.replica.sale is not None
        for event in self.house.sale_history[: self.replica.sale.seq]:
            house.publish_sale(event)
        assert house.sale == self.replica.sale
        for lot, view in self.replica.lots.items():
            truth = SmallHouse(0)
            truth.add_lot(lot)
            for change in self.house.lot_histories[lot][: view.seq]:
                truth.publish(lot, change)
            assert truth.lots[lot] == view


@settings(max_examples=200)
@given(steps, st.sampled_from([0, 2, 100]))
def test_the_replica_is_a_prefix_of_the_truth_and_can_be_mended_to_all_of_it(
    moves: list[tuple[str, int]], early_events_max: int
) -> None:
    model = Model(early_events_max)
    for what, number in moves:
        model.step(what, number)
        model.check()
    for frame in model.house.outbox:
        model.deliver(frame)
    model.pages(adopt=False)
    while model.replica.behind:
        for stream in list(model.replica.behind):
            model.replay(stream)
    for lot in [lot for lot in model.house.lots if model.replica.seq(lot) != model.house.lots[lot].seq]:
        model.replay(lot)
        while model.replica.behind:
            model.replay(lot)
    assert model.replica.lots == model.house.lots
    assert model.replica.sale == model.house.sale
    model.check()
