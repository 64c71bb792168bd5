"""A house without sockets, small enough to read, that a test can make misbehave.

It holds a state (views by the shared reducers, histories, verdicts) that outlives its process (`instance`). It knows
one rule of an auction: a bid must be at least the minimum.
"""

from auctioneer.house.budgets import SNAPSHOT_COST, Budget
from common.codec import (
    BEAT_TOPIC,
    LOT_TOPIC_PREFIX,
    PROBE_TOPIC_PREFIX,
    SALE_TOPIC,
    encode_broadcast,
    lot_topic,
    topic,
)
from common.conditions import digest_of
from common.errors import RejectCode
from common.evolve import evolve, evolve_sale, first_view
from common.formats import AnyOwn
from common.formats.dutch import DutchBoard, DutchOwn, DutchTerms, StopRequest
from common.formats.english import BidRequest, EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.formats.sealed import Pays, SealedBoard, SealedOwn, SealedTerms, SealRequest, UnsealRequest
from common.limits import HEARTBEAT_MS, REMEMBERED_REQUESTS_MAX
from common.lot import CloseCause, LotTerms, LotView, Result, SaleView
from common.lot_events import (
    Announced,
    AnyLotEvent,
    AnySaleEvent,
    LotAdded,
    LotClosed,
    LotMoved,
    LotOpened,
    SaleEnded,
    SaleEvent,
)
from common.messages import (
    Accepted,
    Answer,
    AnyRequest,
    Conditions,
    ConditionsRequest,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    LotSeq,
    Mine,
    MineRequest,
    News,
    NewsRequest,
    Ping,
    Pong,
    Position,
    Probed,
    Rejected,
    Replay,
    ReplayRequest,
    SaleEvents,
    Snapshot,
    SnapshotRequest,
    Welcome,
    Word,
)
from common.money import Currency
from tests.english import english

BEAT_MS = 50
PAGE_LOTS = 2
REPLAY_EVENTS = 3
START_MS = 1_700_000_000_000
SmallOffer = BidRequest | SealRequest | UnsealRequest | StopRequest
_BOARDS = {
    BidRequest: EnglishBoard,
    SealRequest: SealedBoard,
    UnsealRequest: SealedBoard,
    StopRequest: DutchBoard,
}
"""The boards of the lots that take each kind of offer."""
RIVAL = 99
"""The paddle of somebody else."""


def lot_added(lot: str, seq: int, at_ms: int = START_MS) -> LotAdded:
    terms = LotTerms(lot, f"Lot {lot}", EnglishTerms(100, (Step(0, 10),)))
    return LotAdded(seq, at_ms, terms, EnglishBoard(100))


def sealed_lot_added(lot: str, seq: int, at_ms: int = START_MS) -> LotAdded:
    terms = LotTerms(lot, f"Lot {lot}", SealedTerms(100, Pays.OWN_OFFER))
    return LotAdded(seq, at_ms, terms, SealedBoard(100))


def dutch_lot_added(lot: str, seq: int, units: int, at_ms: int = START_MS) -> LotAdded:
    terms = LotTerms(lot, f"Lot {lot}", DutchTerms(1_000, 500, 100, 10_000, units))
    return LotAdded(seq, at_ms, terms, DutchBoard(1_000, units))


def bid_moved(seq: int, paddle: int, price_minor: int, at_ms: int = START_MS, bids: int = 1) -> LotMoved:
    return LotMoved(seq, at_ms, EnglishBoard(price_minor + 10, price_minor, paddle, bids), bidder=paddle)


class SmallHouse:
    """`outbox` holds the frames to broadcast; their carrier must remove them."""

    def __init__(self, lots: int = 0) -> None:
        self.now_ms = START_MS
        self.epoch = 1
        self.instance = 1
        self.term = 1
        self.publish_port = 7001
        self.heartbeat_ms = HEARTBEAT_MS
        self.sale = SaleView(sale="s", title="Fake", currency=Currency("USD", 2))
        self.lots: dict[str, LotView] = {}
        self.sale_history: list[AnySaleEvent] = []
        self.lot_histories: dict[str, list[AnyLotEvent]] = {}
        self.verdicts: dict[tuple[str, int], tuple[AnyRequest, Answer]] = {}
        self.paddles: dict[str, int] = {}
        self.positions: dict[tuple[str, str], AnyOwn] = {}
        """The standing sealed offers, and the units taken of Dutch lots, by key and lot."""
        self.words: dict[str, list[Word]] = {}
        """The words to each key alone. A question before the first word gets no answer here."""
        self.outbox: list[bytes] = []
        self.seen: list[AnyRequest] = []
        self.broadcasts_to_drop = 0
        self.bid_answers_to_drop = 0
        self.has_history = True
        self.hello_answer: RejectCode | None = None
        self.conditions = ""
        """What each key must accept before it is welcome; empty: nothing."""
        self.conditions_digest = ""
        """A digest that is told in place of the right one."""
        self.accepted: set[str] = set()
        self.bid_answer: RejectCode | None = None
        self.budget: Budget | None = None
        """The budget of all requests together; None for no limit."""
        self.slowed_down = 0
        self.is_frozen = False
        self.refuses_subscriptions = False
        self.turned_out = False
        for number in range(1, lots + 1):
            self.add_lot(str(number))
        self.outbox.clear()

    # --- what happens in the sale -----------------------------------------------------------------------------------

    def add_lot(self, lot: str) -> None:
        self.publish_sale(lot_added(lot, self.sale.seq + 1, self.now_ms))
        self.lots[lot] = first_view(self.sale_history[-1])  # type: ignore[arg-type]
        self.lot_histories[lot] = []

    def add_sealed_lot(self, lot: str) -> None:
        self.publish_sale(sealed_lot_added(lot, self.sale.seq + 1, self.now_ms))
        self.lots[lot] = first_view(self.sale_history[-1])  # type: ignore[arg-type]
        self.lot_histories[lot] = []

    def add_dutch_lot(self, lot: str, units: int = 1) -> None:
        self.publish_sale(dutch_lot_added(lot, self.sale.seq + 1, units, self.now_ms))
        self.lots[lot] = first_view(self.sale_history[-1])  # type: ignore[arg-type]
        self.lot_histories[lot] = []

    def announce(self, text: str) -> None:
        self.publish_sale(Announced(self.sale.seq + 1, self.now_ms, text))

    def end_sale(self) -> None:
        self.publish_sale(SaleEnded(self.sale.seq + 1, self.now_ms))

    def open(self, lot: str, ends_at_ms: int | None = None) -> None:
        self.publish(lot, LotOpened(self.lots[lot].seq + 1, self.now_ms, ends_at_ms))

    def bid(self, lot: str, price_minor: int, paddle: int = RIVAL) -> None:
        bids = english(self.lots[lot]).bids + 1
        self.publish(lot, bid_moved(self.lots[lot].seq + 1, paddle, price_minor, self.now_ms, bids))

    def fall(self, lot: str, price_minor: int) -> None:
        """Let the price of a Dutch lot fall."""
        view = self.lots[lot]
        board = DutchBoard(price_minor, dutch(view).units_left)
        self.publish(lot, LotMoved(view.seq + 1, self.now_ms, board, view.ends_at_ms))

    def close_lot(self, lot: str) -> None:
        view = self.lots[lot]
        self.publish(lot, LotClosed(view.seq + 1, self.now_ms, CloseCause.HAMMER, view.board, results_of(view)))

    def publish_sale(self, event: AnySaleEvent) -> None:
        self.sale = evolve_sale(self.sale, event)
        self.sale_history.append(event)
        self.broadcast(topic(SALE_TOPIC), SaleEvents(epoch=self.epoch, events=(event,)))

    def publish(self, lot: str, event: AnyLotEvent) -> None:
        self.lots[lot] = evolve(self.lots[lot], event)
        self.lot_histories[lot].append(event)
        self.broadcast(lot_topic(lot), LotEvents(epoch=self.epoch, lot=lot, events=(event,)))

    def broadcast(self, to_topic: bytes, message: LotEvents | SaleEvents) -> None:
        if self.broadcasts_to_drop:
            self.broadcasts_to_drop -= 1
            return
        self.outbox.append(encode_broadcast(to_topic, message))

    def beat(self) -> None:
        beat = Heartbeat(
            epoch=self.epoch,
            instance=str(self.instance),
            term=self.term,
            server_time_ms=self.now_ms,
            sale_seq=self.sale.seq,
            lots=tuple(LotSeq(lot, view.seq) for lot, view in self.lots.items()),
            frozen=self.is_frozen,
        )
        self.outbox.append(encode_broadcast(topic(BEAT_TOPIC), beat))

    def lose_tail(self, lot: str, events: int, *, epoch: int | None = None) -> None:
        """Forget the last events of a lot, as a restored copy would."""
        kept = self.lot_histories[lot][:-events]
        self.lots[lot] = first_view(next(one for one in self.sale_history if _adds(one, lot)))  # type: ignore[arg-type]
        self.lot_histories[lot] = kept
        for event in kept:
            self.lots[lot] = evolve(self.lots[lot], event)
        self.epoch = epoch or self.epoch
        self.verdicts.clear()

    def hold_another_sale(self, lots: int) -> None:
        """Begin another sale in another process, also in epoch 1, as with a new data directory behind the same key."""
        self.instance += 1
        self.term = self.epoch = 1
        self.sale = SaleView(sale=self.sale.sale + "'", title="Another", currency=Currency("USD", 2))
        for kept in (self.lots, self.sale_history, self.lot_histories, self.verdicts, self.paddles, self.outbox):
            kept.clear()
        self.words.clear()
        for number in range(1, lots + 1):
            self.add_lot(str(number))
        self.outbox.clear()

    # --- what clients want ------------------------------------------------------------------------------------------

    def subscribed(self, wanted: bytes) -> None:
        """Take a subscription; a probe is answered on its own topic."""
        if wanted.startswith(PROBE_TOPIC_PREFIX.encode()):
            probed = Probed(
                epoch=self.epoch,
                instance=str(self.instance),
                term=self.term,
                server_time_ms=self.now_ms,
                subscriptions=3 - self.refuses_subscriptions,
            )
            self.outbox.append(encode_broadcast(wanted, probed))
        else:
            known = (topic(BEAT_TOPIC), topic(SALE_TOPIC), LOT_TOPIC_PREFIX.encode())
            assert wanted in known, f"an odd subscription: {wanted!r}"

    def answer(self, key: str, request: AnyRequest) -> Answer | None:
        self.seen.append(request)
        return self._put_off(request) or self._answer(key, request)

    def _put_off(self, request: AnyRequest) -> Rejected | None:
        if self.budget is None:
            return None
        if not self.budget.spend(self.now_ms):
            self.slowed_down += 1
            assert not self.budget.is_exhausted, "who does as told is never a flood"
            return Rejected(id=request.id, code=RejectCode.SLOW_DOWN, retry_ms=self.budget.retry_ms)
        if isinstance(request, SnapshotRequest | MineRequest):
            self.budget.charge(SNAPSHOT_COST)
        return None

    def _answer(self, key: str, request: AnyRequest) -> Answer | None:
        match request:
            case Hello():
                return self._hello(key, request)
            case ConditionsRequest():
                return Conditions(id=request.id, digest=self.conditions_digest or self._digest, text=self.conditions)
            case _ if key not in self.paddles:
                return Rejected(id=request.id, code=RejectCode.HELLO_FIRST)
            case _ if self.turned_out:
                return Rejected(id=request.id, code=RejectCode.NOT_ADMITTED)
            case Ping():
                return Pong(id=request.id, server_time_ms=self.now_ms)
            case SnapshotRequest(start=start):
                following = start + PAGE_LOTS if start + PAGE_LOTS < len(self.lots) else None
                return self._snapshot(request.id, tuple(self.lots.values())[start : start + PAGE_LOTS], following)
            case LotRequest(lot=lot) if lot not in self.lots:
                return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT)
            case LotRequest():
                return self._snapshot(request.id, (self.lots[request.lot],))
            case ReplayRequest():
                return self._replay(request)
            case MineRequest() | NewsRequest():
                return self._own(key, request)
            case BidRequest() | SealRequest() | UnsealRequest() | StopRequest():
                return self._apply_offer(key, request)
        raise AssertionError(f"the small house does not know {request}")

    def _own(self, key: str, request: MineRequest | NewsRequest) -> Mine | News | None:
        if isinstance(request, MineRequest):
            positions = tuple(Position(lot, own) for (whose, lot), own in self.positions.items() if whose == key)
            return Mine(id=request.id, paddle=self.paddles[key], positions=positions)
        words = tuple(word for word in self.words.get(key, ()) if word.seq > request.after_seq)
        return News(id=request.id, epoch=self.epoch, words=words) if words else None

    def _hello(self, key: str, request: Hello) -> Welcome | Rejected:
        if self.hello_answer is not None:
            return Rejected(id=request.id, code=self.hello_answer, retry_ms=50)
        if key not in self.accepted and self.conditions and request.accepts != self._digest:
            return Rejected(id=request.id, code=RejectCode.CONDITIONS_NOT_ACCEPTED)
        self.accepted.add(key)
        return self._welcome(key, request)

    @property
    def _digest(self) -> str:
        return digest_of(self.conditions)

    def _welcome(self, key: str, request: Hello) -> Welcome:
        return Welcome(
            id=request.id,
            version=request.versions[0],
            epoch=self.epoch,
            instance=str(self.instance),
            term=self.term,
            paddle=self.paddles.setdefault(key, len(self.paddles) + 1),
            name=request.name,
            role=request.role,
            sale=self.sale,
            publish_port=self.publish_port,
            server_time_ms=self.now_ms,
            heartbeat_ms=self.heartbeat_ms,
            requests_per_s=100,
            last_id=max(self._remembered(key), default=0),
        )

    def _snapshot(self, request_id: int, views: tuple[LotView, ...], following: int | None = None) -> Snapshot:
        return Snapshot(
            id=request_id, epoch=self.epoch, server_time_ms=self.now_ms, sale=self.sale, lots=views, next=following
        )

    def _replay(self, request: ReplayRequest) -> Answer:
        if not self.has_history:
            return Rejected(id=request.id, code=RejectCode.HISTORY_GONE)
        lot, after_seq = request.lot, request.after_seq
        history = self.lot_histories[lot] if lot else self.sale_history
        events = tuple(history[after_seq : after_seq + REPLAY_EVENTS])
        more = after_seq + REPLAY_EVENTS < len(history)
        if lot:
            return Replay(id=request.id, epoch=self.epoch, lot=lot, lot_events=events, more=more)  # type: ignore[arg-type]
        return Replay(id=request.id, epoch=self.epoch, lot="", sale_events=events, more=more)  # type: ignore[arg-type]

    def _remembered(self, key: str) -> list[int]:
        """Return the ids whose verdicts the house still knows."""
        return sorted(request_id for whose, request_id in self.verdicts if whose == key)[-REMEMBERED_REQUESTS_MAX:]

    def _apply_offer(self, key: str, request: SmallOffer) -> Answer | None:
        known, remembered = self.verdicts.get((key, request.id)), self._remembered(key)
        if len(remembered) == REMEMBERED_REQUESTS_MAX and request.id < remembered[0]:
            return Rejected(id=request.id, code=RejectCode.ID_STALE)
        if known is None and self.bid_answer is not None:
            return Rejected(id=request.id, code=self.bid_answer, retry_ms=200)
        if known is None:
            known = self.verdicts[key, request.id] = (request, self._judge(key, request))
        if self.bid_answers_to_drop:
            self.bid_answers_to_drop -= 1
            return None
        return known[1] if known[0] == request else Rejected(id=request.id, code=RejectCode.ID_CONFLICT)

    def _judge(self, key: str, request: SmallOffer) -> Answer:
        view, lot = self.lots[request.lot], request.lot
        if view.status.is_final:
            return Rejected(id=request.id, code=RejectCode.LOT_CLOSED, lot=lot, late_ms=0)
        if not isinstance(view.board, _BOARDS[type(request)]):
            return Rejected(id=request.id, code=RejectCode.OTHER_FORMAT, lot=lot, board=view.board)
        if isinstance(request, StopRequest):
            return self._judge_stop(key, request)
        if not isinstance(request, BidRequest):
            return self._judge_sealed(key, request)
        if (request.amount_minor or 0) < english(view).minimum_minor:
            return Rejected(id=request.id, code=RejectCode.BELOW_MINIMUM, lot=lot, board=view.board)
        self.bid(lot, request.amount_minor or 0, self.paddles[key])
        view = self.lots[lot]
        own = EnglishOwn(request.maximum_minor or request.amount_minor or 0)
        return Accepted(id=request.id, lot=lot, seq=view.seq, at_ms=self.now_ms, board=view.board, own=own)

    def _judge_sealed(self, key: str, request: SealRequest | UnsealRequest) -> Answer:
        view, own = self.lots[request.lot], None
        if isinstance(request, SealRequest):
            own = self.positions[key, view.lot] = SealedOwn(request.amount_minor)
        else:
            del self.positions[key, view.lot]
        return Accepted(id=request.id, lot=view.lot, seq=view.seq, at_ms=self.now_ms, board=view.board, own=own)

    def _judge_stop(self, key: str, request: StopRequest) -> Answer:
        """Sell the wanted units, but at most those left; the last unit closes the lot."""
        view = self.lots[request.lot]
        board, paddle = dutch(view), self.paddles[key]
        if request.price_minor < board.price_minor:
            return Rejected(id=request.id, code=RejectCode.BELOW_MINIMUM, lot=view.lot, seq=view.seq, board=board)
        units = min(request.units, board.units_left)
        own = DutchOwn(units, units * board.price_minor)
        if isinstance(taken := self.positions.get((key, view.lot)), DutchOwn):
            own = DutchOwn(taken.units + units, taken.amount_minor + own.amount_minor)
        self.positions[key, view.lot] = own
        board, results = DutchBoard(board.price_minor, board.units_left - units), self._taken(view.lot)
        if board.units_left:
            self.publish(view.lot, LotMoved(view.seq + 1, self.now_ms, board, view.ends_at_ms, paddle))
        else:
            self.publish(view.lot, LotClosed(view.seq + 1, self.now_ms, CloseCause.SOLD_OUT, board, results))
        return Accepted(
            id=request.id,
            lot=view.lot,
            seq=view.seq + 1,
            at_ms=self.now_ms,
            board=board,
            ends_at_ms=self.lots[view.lot].ends_at_ms,
            own=own,
            results=self.lots[view.lot].results,
        )

    def _taken(self, lot: str) -> tuple[Result, ...]:
        return tuple(
            Result(self.paddles[key], own.amount_minor, own.units)
            for (key, name), own in self.positions.items()
            if name == lot and isinstance(own, DutchOwn)
        )


def dutch(view: LotView) -> DutchBoard:
    assert isinstance(view.board, DutchBoard)
    return view.board


def results_of(view: LotView) -> tuple[Result, ...]:
    """Return the results of a lot with this view at its close, if it has no reserve."""
    board = english(view)
    return () if board.leader is None else (Result(board.leader, board.price_minor or 0),)


def _adds(event: SaleEvent, lot: str) -> bool:
    return isinstance(event, LotAdded) and event.terms.lot == lot
