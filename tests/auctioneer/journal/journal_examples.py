"""One fact of every type, refused bids, and a way to tamper with a journal's file."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from auctioneer.rules.account_facts import DepositNoted, LimitSet, PaddlesLinked
from auctioneer.rules.facts import (
    AnyFact,
    BidConfirmed,
    BidderAdmitted,
    BidderEnrolled,
    BidderTold,
    BidLeft,
    BidTaken,
    ClockStepped,
    CodeIssued,
    CommandDone,
    ConditionsAccepted,
    ConditionsSet,
    ContactErased,
    CorrectionMade,
    HouseStarted,
    HouseStoodStill,
    KeyBound,
    LeftBidVoid,
    LotDecided,
    LotListed,
    LotRewritten,
    OfferLate,
    OfferTaken,
    PaddleGiven,
    PositionReleased,
    Rejection,
    SaleCreated,
    SaleDecided,
    SaleRestored,
    SettingsChanged,
)
from auctioneer.rules.formats.dutch import DutchEntry
from auctioneer.rules.formats.english import Book
from auctioneer.rules.formats.sealed import SealedBook, SealedOffer
from auctioneer.rules.sale_settings import AdmissionMode, Controller, SaleSettings
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.absentee import LeaveBidRequest
from common.confirming import ConfirmRequest
from common.errors import RejectCode
from common.formats.dutch import DutchBoard, DutchTerms
from common.formats.english import BidRequest, BuyRequest, EnglishBoard, EnglishOwn, EnglishTerms, Step
from common.formats.sealed import SealedBoard, SealedOwn, SealRequest
from common.lot import Asked, CloseCause, CorrectionCause, ExtendCause, LotStatus, LotTerms, Result, SoftClose
from common.lot_events import (
    Announced,
    Call,
    Called,
    LotAsked,
    LotClosed,
    LotConfirmed,
    LotCorrected,
    LotExtended,
    LotMoved,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotRevised,
    LotWithdrawn,
    SaleEnded,
    SalePaused,
    SaleResumed,
)
from common.messages import Accepted, Rejected, Role, WordKind
from common.money import Currency

AT_MS = 1_700_000_000_000

TULIPS = LotTerms("12c", "Tulips", DutchTerms(900, 100, 50, 2000, 3))
BOARD = EnglishBoard(550, 500, 2, 1, reserve_met=False)

_LOT_CHANGES = (
    LotRescheduled(1, AT_MS, opens_at_ms=AT_MS + 5),
    LotOpened(2, AT_MS, ends_at_ms=AT_MS + 9),
    LotMoved(3, AT_MS, BOARD, bidder=1),
    LotPaused(4, AT_MS, remaining_ms=7),
    LotResumed(5, AT_MS),
    LotExtended(6, AT_MS, cause=ExtendCause.OUTAGE, ends_at_ms=AT_MS + 20),
    LotClosed(7, AT_MS, CloseCause.HAMMER, BOARD, (Result(2, 500),)),
    LotAsked(7, AT_MS, Asked(1, remaining_ms=9)),
    LotWithdrawn(8, AT_MS, BOARD, reason="Not as described: “signed”, but it isn't."),
)
_SALE_CHANGES = (
    SalePaused(2, AT_MS),
    SaleResumed(3, AT_MS),
    Announced(4, AT_MS, "Tea is served."),
    Called(5, AT_MS, "1", Call.FAIR_WARNING),
    SaleEnded(6, AT_MS),
)

EVERY_EVENT: tuple[AnyFact, ...] = (
    SaleCreated(
        at_ms=AT_MS, sale="spring", title="Spring sale", currency=Currency("USD", 2), epoch=1, ends_after_last_lot=True
    ),
    HouseStarted(at_ms=AT_MS, instance="b7f2", outage_ms=0),
    HouseStoodStill(at_ms=AT_MS, outage_ms=4000),
    BidderEnrolled(
        at_ms=AT_MS, paddle=1, name="Zoë", key="k" * 40, role=Role.BIDDER, admitted=True, skeletons=("zoe",)
    ),
    PaddleGiven(at_ms=AT_MS, paddle=7, name="Åsa", skeletons=("asa",), by="clerk"),
    ConditionsSet(at_ms=AT_MS, text="Pay within a week.\nCollect by Friday.", by="auctioneer"),
    ConditionsAccepted(at_ms=AT_MS, paddle=7, digest="6a" * 32, by="clerk"),
    ContactErased(at_ms=AT_MS, paddle=7, by="auctioneer"),
    CodeIssued(at_ms=AT_MS, paddle=7, digest="5f" * 32, expires_at_ms=AT_MS + 60_000, by="clerk"),
    KeyBound(at_ms=AT_MS + 5, paddle=7, key="l" * 40),
    BidderAdmitted(at_ms=AT_MS, paddle=1, news_seq=1, admitted=False, by="clerk"),
    BidderTold(at_ms=AT_MS, paddle=1, news_seq=2, text="Your lamp is ready, Zoë.", by="clerk"),
    LimitSet(at_ms=AT_MS, paddle=1, limit_minor=50_000, by="clerk"),
    LimitSet(at_ms=AT_MS, paddle=7, limit_minor=None, by="clerk"),
    DepositNoted(at_ms=AT_MS, paddle=1, amount_minor=10_000, by="clerk"),
    PaddlesLinked(
        at_ms=AT_MS,
        paddles=(1, 7),
        skeletons=(("zoe",), ("asa",)),
        by="clerk",
        seller="Old House Ltd",
        seller_skeletons=("oldhouseltd",),
    ),
    LotListed(
        at_ms=AT_MS,
        seq=1,
        spec=LotSpec(
            LotTerms(
                "12a",
                "A lamp",
                EnglishTerms(100, (Step(0, 10), Step(1000, 50)), has_reserve=True),
                soft_close=SoftClose(1000, 2000),
            ),
            reserve_minor=700,
            opening=Opening(OpeningRule.AT_TIME, delay_ms=10),
        ),
        board=EnglishBoard(100, reserve_met=False),
        opens_at_ms=AT_MS + 10,
        by="house",
    ),
    BidTaken(
        at_ms=AT_MS,
        lot="12a",
        seq=9,
        paddle=1,
        request_id=77,
        amount_minor=100,
        maximum_minor=900,
        public=True,
        price_minor=100,
        minimum_minor=110,
        leader=1,
        leader_maximum_minor=900,
        rival_maximum_minor=None,
        bids=3,
        ends_at_ms=AT_MS + 99,
        extended_ms=5,
        reserve_met=True,
        buy_now_minor=None,
        if_seq=8,
        while_connected=True,
    ),
    OfferTaken(
        at_ms=AT_MS,
        lot="12a",
        seq=10,
        paddle=3,
        request=BuyRequest(id=5, lot="12a", price_minor=10**15),
        public=True,
        board=BOARD,
        ends_at_ms=None,
        extended_ms=5,
        entry=None,
        own=None,
        cause=CloseCause.BUY_NOW,
        results=(Result(3, 10**15),),
    ),
    OfferTaken(
        at_ms=AT_MS,
        lot="12b",
        seq=1,
        paddle=3,
        request=SealRequest(id=6, lot="12b", amount_minor=700),
        public=False,
        board=SealedBoard(500),
        ends_at_ms=AT_MS + 99,
        extended_ms=0,
        entry=SealedOffer(3, 700),
        own=SealedOwn(700),
    ),
    OfferTaken(
        at_ms=AT_MS,
        lot="12b",
        seq=1,
        paddle=4,
        request=SealRequest(id=6, lot="12b", amount_minor=700),
        public=False,
        board=SealedBoard(500),
        ends_at_ms=AT_MS + 99,
        extended_ms=0,
        entry=SealedOffer(4, 700),
        own=SealedOwn(700),
        source=Source.TELEPHONE,
        by="bea",
    ),
    BidLeft(
        at_ms=AT_MS,
        lot="12c",
        paddle=4,
        request=LeaveBidRequest(id=6, lot="12c", amount_minor=700),
        board=SealedBoard(500),
        own=SealedOwn(700),
        source=Source.ABSENTEE,
        by="bea",
    ),
    LeftBidVoid(
        at_ms=AT_MS,
        lot="12c",
        seq=3,
        paddle=4,
        request=LeaveBidRequest(id=6, lot="12c", amount_minor=700),
        code=RejectCode.BELOW_MINIMUM,
    ),
    OfferLate(
        at_ms=AT_MS,
        lot="12a",
        seq=10,
        paddle=1,
        request=BuyRequest(id=78, lot="12a", price_minor=4),
        late_ms=0,
        board=BOARD,
        own=EnglishOwn(900),
    ),
    ClockStepped(
        at_ms=AT_MS,
        lot="12c",
        seq=2,
        entry=DutchEntry(2, 2, 900),
        board=DutchBoard(400, 3),
        ends_at_ms=None,
    ),
    PositionReleased(at_ms=AT_MS, lot="12a", seq=11, paddle=1, entry=Book(100, 1, 100)),
    *(LotDecided(at_ms=AT_MS, lot="12a", seq=change.seq, event=change, by="house") for change in _LOT_CHANGES),
    *(SaleDecided(at_ms=AT_MS, seq=change.seq, event=change, by="auctioneer") for change in _SALE_CHANGES),
    CorrectionMade(
        at_ms=AT_MS,
        lot="12a",
        seq=9,
        cause=CorrectionCause.UNDO,
        event=LotCorrected(9, AT_MS, CorrectionCause.UNDO, LotStatus.OPEN, BOARD, AT_MS + 20, void_from_seq=3),
        asked=(4,),
        void=(4, 6),
        book=Book(100, 1, 900),
        by="ada",
        reason="The bid was on the wrong paddle.",
    ),
    CorrectionMade(
        at_ms=AT_MS,
        lot="12b",
        seq=1,
        cause=CorrectionCause.TURNED_OUT,
        event=None,
        asked=(1,),
        void=(1,),
        book=SealedBook({3: 700}),
        by="ada",
        reason="",
        paddle=7,
    ),
    CorrectionMade(
        at_ms=AT_MS,
        lot="12a",
        seq=10,
        cause=CorrectionCause.DECLINED,
        event=LotCorrected(
            10,
            AT_MS,
            CorrectionCause.DECLINED,
            LotStatus.PAUSED,
            BOARD,
            remaining_ms=20,
            asked=Asked(1, AT_MS + 60_000),
        ),
        asked=(4,),
        void=(4,),
        book=Book(100, 1, 900),
        by="",
        reason="",
        paddle=7,
        request=ConfirmRequest(id=79, lot="12a", stands=False),
        verdict=Accepted("12a", 10, AT_MS, BOARD, id=79),
        touched=((1, WordKind.ASKED),),
        is_revived=True,
    ),
    BidConfirmed(
        at_ms=AT_MS,
        lot="12a",
        seq=11,
        paddle=1,
        event=LotConfirmed(11, AT_MS, LotStatus.OPEN, AT_MS + 20),
        request=ConfirmRequest(id=80, lot="12a", stands=True, if_seq=10),
        verdict=Accepted("12a", 11, AT_MS, BOARD, AT_MS + 20, EnglishOwn(900), id=80),
    ),
    LotRewritten(
        at_ms=AT_MS,
        lot="12c",
        seq=10,
        spec=LotSpec(TULIPS, opening=Opening(OpeningRule.BY_HAND)),
        event=LotRevised(10, AT_MS, TULIPS, DutchBoard(900, 3), AT_MS),
        by="ada",
        reason="A typing error",
        seller_skeletons=("asa",),
    ),
    SaleRestored(at_ms=AT_MS, epoch=AT_MS),
    SettingsChanged(
        at_ms=AT_MS,
        settings=SaleSettings(AdmissionMode.INVITE, "our-own", (Controller("auctioneer", Role.AUCTIONEER, "c" * 40),)),
        by="auctioneer",
    ),
    CommandDone(
        at_ms=AT_MS,
        by="auctioneer",
        command_id=2**53 - 1,
        kind="close",
        digest="d" * 64,
        answer={"lots": ["12a"], "results": [{"lot": "12a", "hammer_minor": 100, "winner": None}], "paddle": 7},
    ),
)


def announcements(count: int, first: int = 1) -> list[AnyFact]:
    """Return facts that differ in their seq."""
    return [
        SaleDecided(at_ms=AT_MS + seq, seq=seq, event=Announced(seq, AT_MS + seq, f"number {seq}"), by="auctioneer")
        for seq in range(first, first + count)
    ]


def rejection(paddle: int, request: int, minimum_minor: int = 100) -> Rejection:
    verdict = Rejected(id=request, code=RejectCode.BELOW_MINIMUM, lot="12a", seq=3, board=EnglishBoard(minimum_minor))
    return Rejection(AT_MS, paddle, BidRequest(id=request, lot="12a", amount_minor=5), verdict)


def tamper(path: Path, script: str) -> None:
    """Change a journal's file, as somebody with the sqlite3 program could."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(script)
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


@contextmanager
def any_value_allowed(connection: sqlite3.Connection) -> Iterator[None]:
    """Allow any value in a cell until the end of the block, as if the tables had no rules; only damage could do so."""
    connection.execute("PRAGMA writable_schema = ON")
    described = connection.execute("SELECT rowid, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
    for row, sql in described:
        loose = re.sub(r"NOT NULL|CHECK \(.*\)|STRICT", "", sql)
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE rowid = ?", (loose, row))
    connection.execute("PRAGMA writable_schema = RESET")
    yield
    connection.execute("PRAGMA writable_schema = ON")
    for row, sql in described:
        connection.execute("UPDATE sqlite_schema SET sql = ? WHERE rowid = ?", (sql, row))


def damage_cells(path: Path, script: str) -> None:
    """Change a journal's cells to values that the tables would refuse."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, any_value_allowed(connection):
        connection.executescript(script)


def query(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()
