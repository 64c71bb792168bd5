"""Answers to questions about the sale: pages of lots, one lot, missed events, and a bidder's positions and wins.

None of them changes anything.
"""

import msgspec

from auctioneer.house.history import History
from auctioneer.house.pages import page_of_events, page_of_lots
from auctioneer.rules.engine import Engine
from common.errors import RejectCode
from common.limits import MINE_LOTS_MAX, REPLAY_EVENTS_MAX
from common.lot import SALE_STREAM
from common.messages import (
    LotRequest,
    Mine,
    MineRequest,
    Position,
    Rejected,
    Replay,
    ReplayRequest,
    Snapshot,
    SnapshotRequest,
)


def snapshot(engine: Engine, request: SnapshotRequest, now_ms: int) -> Snapshot:
    """Return one page of all lots, from the requested index in the catalogue on."""
    lots = page_of_lots(engine.catalogue, request.start)
    stop = request.start + len(lots)
    return Snapshot(
        id=request.id,
        epoch=engine.epoch,
        server_time_ms=now_ms,
        sale=engine.sale,
        lots=lots,
        next=stop if stop < len(engine.catalogue) else None,
    )


def lot(engine: Engine, request: LotRequest, now_ms: int) -> Snapshot | Rejected:
    """Return one lot, in the shape of a snapshot."""
    found = engine.lots.get(request.lot)
    if found is None:
        return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=request.lot)
    return Snapshot(id=request.id, epoch=engine.epoch, server_time_ms=now_ms, sale=engine.sale, lots=(found.view,))


def replay(engine: Engine, history: History, request: ReplayRequest) -> Replay | Rejected:
    """Return the events of a stream after a seq, as many as fit into one answer; Rejected if they are not kept."""
    stream = request.lot
    if stream != SALE_STREAM and stream not in engine.lots:
        return Rejected(id=request.id, code=RejectCode.UNKNOWN_LOT, lot=stream)
    seq = engine.sale.seq if stream == SALE_STREAM else engine.lots[stream].view.seq
    if request.after_seq >= seq:
        return Replay(id=request.id, epoch=engine.epoch, lot=stream)
    events = history.after(stream, request.after_seq, REPLAY_EVENTS_MAX)
    if events is None:
        return Rejected(id=request.id, code=RejectCode.HISTORY_GONE, lot=stream, seq=seq)
    events = page_of_events(events)
    more = bool(events) and events[-1].seq < seq  # the events of the present batch come with its broadcast
    answer = Replay(id=request.id, epoch=engine.epoch, lot=stream, more=more)
    field = "sale_events" if stream == SALE_STREAM else "lot_events"
    return msgspec.structs.replace(answer, **{field: tuple(events)})


def mine(engine: Engine, paddle: int, request: MineRequest) -> Mine:
    """Return a bidder's own positions and wins on one part of the catalogue."""
    stop = request.start + MINE_LOTS_MAX
    lots = engine.catalogue[request.start : stop]
    positions = tuple(
        Position(one.view.lot, own)
        for one in lots
        if not one.view.status.is_final and (own := engine.own(one, paddle)) is not None
    )
    rows = [(one.view.lot, result) for one in lots if (result := one.view.result_of(paddle)) is not None]
    return Mine(
        id=request.id,
        paddle=paddle,
        positions=positions,
        won=tuple(name for name, result in rows if result.units),
        total_minor=sum(result.amount_minor for _, result in rows),
        spending=engine.accounts.spending(paddle),
        next=stop if stop < len(engine.catalogue) else None,
    )
