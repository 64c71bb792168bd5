"""The house's messages and the clients' copies, compared with the record's public events."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec

from bidder.core.notices import HistoryLost, LotCaughtUp, LotChanged, Notice, SaleCaughtUp, SaleChanged
from common.limits import NEWS_WORDS_MAX
from common.lot import LotView
from common.lot_events import AnyLotEvent, AnySaleEvent
from common.messages import (
    Accepted,
    Heartbeat,
    LotEvents,
    Mine,
    News,
    NewsRequest,
    Rejected,
    Replay,
    ReplayRequest,
    SaleEvents,
    Snapshot,
    Welcome,
)
from tests.checking.history import WIRE, Fact, Heard, Replica, plain
from tests.checking.record import Record
from tests.checking.rules import FINAL, Lot, Shown

Found = Iterator[tuple[str, str]]

_SALE = ""


def shown_by(view: LotView) -> Shown:
    """Return a view's facts in the checker's shape."""
    told: dict[str, Any] = msgspec.to_builtins(view)
    return Shown(**{field: told[field] for field in Shown._fields})


# --- the wire ---------------------------------------------------------------------------------------------------------


def check_heard(heard: Iterable[Heard], record: Record) -> Found:
    """Yield messages that were wrong, or were sent before their facts were durable."""
    clocks: dict[tuple[str, str], int] = {}
    for one in heard:
        message = one.message
        match message:
            case LotEvents():
                yield from _check_events(one, message.lot, message.events, record)
            case SaleEvents():
                yield from _check_events(one, _SALE, message.events, record)
            case Replay():
                yield from _check_replay(one, message)
                yield from _check_events(one, message.lot, message.lot_events or message.sale_events, record)
            case Heartbeat():
                yield from _check_seqs(
                    one, {_SALE: message.sale_seq, **{told.lot: told.seq for told in message.lots}}, record
                )
                earlier_ms = clocks.get((one.who, message.instance), 0)
                if message.server_time_ms < earlier_ms:
                    yield "told", f"the house's clock ran back from {earlier_ms} to {message.server_time_ms}"
                clocks[one.who, message.instance] = message.server_time_ms
            case Snapshot():
                yield from _check_seqs(one, {_SALE: message.sale.seq}, record)
                for view in message.lots:
                    yield from _check_view(one.who, view, record)
                    yield from _check_seqs(one, {view.lot: view.seq}, record)
            case Welcome():
                yield from _check_seqs(one, {_SALE: message.sale.seq}, record)
            case Accepted():
                yield from _check_accepted(one, message, record)
            case Rejected() if message.lot and message.seq:
                yield from _check_seqs(one, {message.lot: message.seq}, record)


def _check_events(
    one: Heard, stream: str, events: tuple[AnyLotEvent, ...] | tuple[AnySaleEvent, ...], record: Record
) -> Found:
    for before, event in pairwise(events):
        if event.seq != before.seq + 1:
            yield "told", f"{one.who or 'all'} heard {event} of {stream or 'the sale'} right after {before}"
    for event in events:
        public = record.public.get((stream, event.seq))
        if public is None or public.event != plain(event):
            recorded = None if public is None else public.event
            yield (
                "told",
                f"{one.who or 'all'} heard {plain(event)} of {stream or 'the sale'}; the record has {recorded}",
            )
        elif public.fact.durable is not None and public.fact.durable > one.at:
            yield "early", f"{one.who or 'all'} heard of fact {public.fact.position} before it was durable"


def _check_accepted(one: Heard, accepted: Accepted, record: Record) -> Found:
    facts = record.decided.get((one.who, accepted.id), [])
    if not facts:
        yield "early", f"{one.who[:8]} was told that bid {accepted.id} is accepted, and the record does not have it"
    elif facts[0].durable is not None and facts[0].durable > one.at:
        yield "early", f"{one.who[:8]} was told that bid {accepted.id} is accepted before it was durable"


def check_mine(heard: Iterable[Heard], record: Record) -> Found:
    """Yield positions that a bidder had not had by then, and lots that it has not won."""
    for one in heard if record.is_sound else ():
        if isinstance(one.message, Mine):
            yield from _check_mine(one, one.message, record)


def _check_mine(one: Heard, mine: Mine, record: Record) -> Found:
    paddle = record.paddles.get(one.who, 0)
    if mine.paddle != paddle:
        yield "told", f"{one.who[:8]} was told that it has paddle {mine.paddle}, and has {paddle}"
    for position in mine.positions:
        own: Any = msgspec.to_builtins(position.own)
        lots = _durable(position.lot, one.at, record)
        if not any(lot.own(paddle) == own and lot.status not in FINAL for lot in lots):
            yield "told", f"{one.who[:8]} was told that it has {own} on lot {position.lot}, and never had"
    won = _won(mine.won, paddle, one.at, record)
    if (mine.won or mine.total_minor) and mine.total_minor not in won:
        yield "told", f"{one.who[:8]} was told to pay {mine.total_minor} for lots {mine.won}, and never had to: {won}"
    if mine.spending is not None:
        told = (mine.spending.limit_minor, mine.spending.won_minor, mine.spending.exposed_minor)
        if told not in (moment.accounts.spent(paddle) for moment in record.moments):
            yield "told", f"{one.who[:8]} was told that it has spent {told}, and never had"


def _won(names: tuple[str, ...], paddle: int, at: int, record: Record) -> set[int]:
    """Return what a bidder had to pay for these lots, each time that it had won all of them and others could know it.

    An answer may be older than the moment at which it leaves: it waits for what it shows to be durable.
    """
    versions = {
        name: [one for one in record.versions.get(name, []) if one.fact.durable is None or one.fact.durable <= at]
        for name in names
    }
    totals = set()
    for position in {one.fact.position for of_lot in versions.values() for one in of_lot}:
        rows = [
            [row for row in stood[-1].lot.results() if row["paddle"] == paddle]
            for of_lot in versions.values()
            if (stood := [one for one in of_lot if one.fact.position <= position])
        ]
        if len(rows) == len(names) and all(rows):
            totals.add(sum(row["amount_minor"] for of_lot in rows for row in of_lot))
    return totals


def _durable(name: str, at: int, record: Record) -> list[Lot]:
    """Return a lot in each of its states that were durable at a moment."""
    versions = record.versions.get(name, [])
    return [one.lot for one in versions if one.fact.durable is None or one.fact.durable <= at]


def _check_replay(one: Heard, replay: Replay) -> Found:
    events = replay.lot_events or replay.sale_events
    if isinstance(one.asked, ReplayRequest) and events and events[0].seq != one.asked.after_seq + 1:
        yield "told", f"{one.who[:8]} asked for what follows {one.asked.after_seq}, and got {events[0]} first"


def check_news(heard: Iterable[Heard], record: Record) -> Found:
    """Yield words that were not meant for this bidder, came out of order, left a gap, or came too early."""
    for one in heard:
        if isinstance(one.message, News):
            yield from _check_news(one, one.message, record)


def check_last_word(replica: Replica, record: Record) -> Found:
    """Yield words that a client has not received, though it had every chance."""
    said = len(record.words.get(record.paddles.get(replica.who, 0), []))
    if replica.is_current and replica.last_word is not None and replica.last_word != said:
        yield "news", f"{replica.who[:8]} has heard {replica.last_word} words in the end, and {said} were said"


def _check_news(one: Heard, news: News, record: Record) -> Found:
    words = record.words.get(record.paddles.get(one.who, 0), [])
    for word in news.words:
        said = words[word.seq - 1] if 1 <= word.seq <= len(words) else None
        if said is None or said.event != msgspec.to_builtins(word):
            recorded = None if said is None else said.event
            yield "news", f"{one.who[:8]} was told {word}; the record has {recorded}"
        elif said.fact.durable is not None and said.fact.durable > one.at:
            yield "early", f"{one.who[:8]} was told of fact {said.fact.position} before it was durable"
    seqs = [word.seq for word in news.words]
    if seqs != sorted(set(seqs)):
        yield "news", f"{one.who[:8]} was told words in the order {seqs}"
    is_whole = 0 < len(seqs) < NEWS_WORDS_MAX
    if is_whole and isinstance(one.asked, NewsRequest) and seqs[0] != one.asked.after_seq + 1:
        yield "news", f"{one.who[:8]} asked for what follows word {one.asked.after_seq}, and got word {seqs[0]} first"


def _check_seqs(one: Heard, seqs: dict[str, int], record: Record) -> Found:
    for stream, seq in seqs.items():
        public = record.public.get((stream, seq))
        if seq and public is None:
            yield "told", f"{one.who or 'all'} heard of seq {seq} of {stream or 'the sale'}, which is not in the record"
        elif public is not None and public.fact.durable is not None and public.fact.durable > one.at:
            yield "early", f"{one.who or 'all'} heard of seq {seq} of {stream or 'the sale'} before it was durable"


def _check_view(who: str, view: LotView, record: Record) -> Found:
    if not record.is_sound:
        return
    shown, by_rule = shown_by(view), record.shown_at(view.lot, view.seq)
    if shown != by_rule:
        yield "told", f"{who[:8]} has lot {view.lot} at seq {view.seq} as {shown}, and the record as {by_rule}"


def check_broadcast(heard: Iterable[Heard], record: Record) -> Found:
    """Yield facts that were never broadcast, though the house lived on and sent later facts, or a heartbeat.

    The house sends all held broadcasts before each heartbeat. Between two heartbeats it sends lots in any order, so a
    house that ends in between has sent only some of them.
    """
    told: set[tuple[str, int]] = set()
    beats: list[int] = []
    for one in heard:
        if one.who == WIRE and isinstance(one.message, LotEvents | SaleEvents):
            stream = one.message.lot if isinstance(one.message, LotEvents) else _SALE
            told.update((stream, event.seq) for event in one.message.events)
        elif one.who == WIRE and isinstance(one.message, Heartbeat) and not one.message.frozen:
            beats.append(one.at)
    publics: dict[int, list[tuple[str, int]]] = {}  # an outage has an event in each open lot
    for place, public in record.public.items():
        publics.setdefault(public.fact.position, []).append(place)
    goes_on: set[str] = set()  # the streams with a later broadcast by the same process
    until = beats[-1] + 1 if beats else 0
    for fact in reversed(record.facts):
        durable = until if fact.durable is None else fact.durable
        for stream, seq in publics.get(fact.position, ()):
            if (stream, seq) in told:
                goes_on.add(stream)
                continue
            beats_after = bisect_left(beats, until) - bisect_right(beats, durable)
            if (stream in goes_on or beats_after > 0) and not _is_of_the_start(fact, record):
                yield "told", f"event {seq} of {stream or 'the sale'}, fact {fact.position}, was never broadcast"
        if fact.body["fact"] == "house_started":
            goes_on, until = set(), durable


def _is_of_the_start(fact: Fact, record: Record) -> bool:
    """Return whether a fact belongs to a new process's first batch, which nobody can receive."""
    for earlier in reversed(record.facts[: fact.position]):
        body = earlier.body
        if body["fact"] == "sale_created":
            return True
        if body["fact"] == "house_started":
            before = record.facts[: earlier.position - 1]
            return all(one.body.get("instance") != body["instance"] for one in before)
        if body["fact"] != "lot_listed":
            return False
    return True


# --- replicas ---------------------------------------------------------------------------------------------------------


def check_replica(replica: Replica, record: Record) -> Found:
    """Yield deviations of a client's copy from the record, and delays of a copy that should be current."""
    yield from (("replica", what) for what in _faults_of_story(replica.who, replica.told, record))
    for view in replica.lots.values():
        yield from (("replica", what) for _, what in _check_view(replica.who, view, record))
    if not replica.is_current:
        return
    seqs = {lot: view.seq for lot, view in replica.lots.items()}
    seqs[_SALE] = -1 if replica.sale is None else replica.sale.seq
    for stream in sorted(record.streams):
        if seqs.get(stream) != record.seq_of(stream):
            name = f"{stream or 'the sale'}"
            yield "replica", f"{replica.who[:8]} has {name} at seq {seqs.get(stream)}, not {record.seq_of(stream)}"
    for stream in sorted(seqs.keys() - record.streams):
        yield "replica", f"{replica.who[:8]} has lot {stream}, which was never listed"


def _faults_of_story(who: str, told: list[Notice], record: Record) -> Iterator[str]:
    """Yield faults in an application's notices: each stream must be contiguous, and must agree with the record."""
    seqs: dict[str, int] = {}
    for event in told:
        match event:
            case HistoryLost() if len(record.epochs) == 1:
                yield f"{who[:8]} was told that history was lost, and it was not"
            case LotChanged() | SaleChanged():
                stream = event.lot if isinstance(event, LotChanged) else _SALE
                if event.seq != seqs.get(stream, event.seq - 1) + 1:
                    yield f"{who[:8]} was told {event.seq} of {stream or 'the sale'} after {seqs[stream]}"
                seqs[stream] = event.seq
                public = record.public.get((stream, event.seq))
                if public is None or public.event != msgspec.to_builtins(event.event):
                    yield f"{who[:8]} was told {event.event} of {stream or 'the sale'}, which the record has not"
            case LotCaughtUp() | SaleCaughtUp():
                stream = event.lot if isinstance(event, LotCaughtUp) else _SALE
                if event.seq <= seqs.get(stream, -1):
                    yield f"{who[:8]} caught up with {event.seq} of {stream or 'the sale'}, and was further already"
                seqs[stream] = event.seq
        if isinstance(event, LotChanged | LotCaughtUp):
            yield from (what for _, what in _check_view(who, event.view, record))
