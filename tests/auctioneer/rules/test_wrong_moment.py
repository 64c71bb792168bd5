"""At the wrong moment a command is refused with the way on, for every state of a lot."""

import re

import click
import pytest

from auctioneer.cli import main
from auctioneer.house.commands import (
    AnyCommand,
    Award,
    CallLot,
    CloseLot,
    EndSale,
    Extend,
    Finish,
    Move,
    OpenLot,
    Pause,
    Reopen,
    Resume,
    Undo,
    VoidSale,
    Withdraw,
)
from auctioneer.rules.wrong_moment import Deed
from common.errors import RejectCode
from common.lot import LotStatus
from common.lot_events import Call
from common.messages import Rejected
from tests.auctioneer.house.house_examples import ANN, SmallSale, bid, lot

COMMANDS: dict[Deed, AnyCommand] = {
    Deed.OPEN: OpenLot(lot="1"),
    Deed.PAUSE: Pause(lot="1"),
    Deed.RESUME: Resume(lot="1"),
    Deed.EXTEND: Extend(lot="1", extra_ms=1000),
    Deed.CLOSE: CloseLot(lot="1"),
    Deed.WITHDRAW: Withdraw(lot="1"),
    Deed.CALL: CallLot(lot="1", call=Call.FAIR_WARNING),
    Deed.MOVE: Move(lot="1"),
    Deed.UNDO: Undo(lot="1"),
    Deed.REOPEN: Reopen(lot="1", for_ms=60_000),
    Deed.VOID: VoidSale(lot="1"),
    Deed.AWARD: Award(lot="1", bidder="Ann", amount_minor=2000),
}
WAYS: dict[LotStatus, tuple[AnyCommand, ...]] = {
    LotStatus.SCHEDULED: (),
    LotStatus.OPEN: (OpenLot(lot="1"),),
    LotStatus.PAUSED: (OpenLot(lot="1"), Pause(lot="1")),
    LotStatus.SOLD: (OpenLot(lot="1"), CloseLot(lot="1")),
    LotStatus.PASSED: (OpenLot(lot="1"), CloseLot(lot="1")),
    LotStatus.WITHDRAWN: (Withdraw(lot="1"),),
}
FITTING = {
    (LotStatus.SCHEDULED, Deed.AWARD): "open",
    (LotStatus.SCHEDULED, Deed.CLOSE): "open",
    (LotStatus.SCHEDULED, Deed.EXTEND): "change",
    (LotStatus.OPEN, Deed.AWARD): "close",
    (LotStatus.PAUSED, Deed.OPEN): "resume",
    (LotStatus.PAUSED, Deed.VOID): "close",
    (LotStatus.SOLD, Deed.CLOSE): "reopen",
    (LotStatus.SOLD, Deed.AWARD): "void",
    (LotStatus.SOLD, Deed.UNDO): "reopen",
    (LotStatus.PASSED, Deed.VOID): "award",
    (LotStatus.WITHDRAWN, Deed.VOID): "reopen",
}


def sale_with_a_lot(status: LotStatus, *, corrections: bool = True) -> SmallSale:
    sale = SmallSale(lot("1", by_hand=True), lot("2"), corrections=corrections)
    sale.join(ANN, "Ann")
    for command in WAYS[status]:
        sale.order(command)
        if isinstance(command, OpenLot) and status is LotStatus.SOLD:
            sale.ask(ANN, bid(10, 1500))
    assert sale.house.engine.lots["1"].view.status is status
    return sale


def refusal(sale: SmallSale, deed: Deed) -> str | None:
    """Return what a person reads who wants to do that now; None if it is done or refused for another reason."""
    answer = sale.order(COMMANDS[deed])
    if not isinstance(answer, Rejected):
        return None
    return answer.detail if answer.code is RejectCode.WRONG_STATE else None


@pytest.mark.parametrize("status", LotStatus)
@pytest.mark.parametrize("deed", Deed)
def test_the_refusal_says_the_state_and_a_command_that_there_is(status: LotStatus, deed: Deed) -> None:
    said = refusal(sale_with_a_lot(status), deed)
    if said is None:
        assert (status, deed) not in FITTING
        return
    assert said.startswith(f"lot 1 is {status.value}; ") or "there already" in said
    assert "{" not in said
    named = re.findall(r"`auctioneer (\w+)", said)
    assert set(named) <= main.commands.keys()
    assert deed.value in main.commands
    assert isinstance(main.commands[deed.value], click.Command)
    if (status, deed) in FITTING:
        assert named[0] == FITTING[status, deed]


def test_a_lot_with_a_clock_needs_to_be_told_for_how_long() -> None:
    assert "`auctioneer reopen 1 --for 1m`" in (refusal(sale_with_a_lot(LotStatus.SOLD), Deed.CLOSE) or "")
    sale = SmallSale(lot("1", duration_ms=None), corrections=True)
    sale.order(CloseLot(lot="1"))
    assert "`auctioneer reopen 1`" in (refusal(sale, Deed.CLOSE) or "")


@pytest.mark.parametrize("status", [LotStatus.SOLD, LotStatus.PASSED, LotStatus.WITHDRAWN])
def test_without_corrections_nothing_is_advised_that_would_be_refused(status: LotStatus) -> None:
    said = refusal(sale_with_a_lot(status, corrections=False), Deed.CLOSE)
    assert said == f'lot 1 is {status.value}, and stays so: the sale was begun without corrections = "on"'


def test_after_the_end_nothing_is_advised() -> None:
    sale = sale_with_a_lot(LotStatus.SOLD)
    sale.order(EndSale())
    sale.order(Finish())
    assert refusal(sale, Deed.CLOSE) == "lot 1 is sold, and the sale has ended"


def test_a_paused_sale_says_how_it_continues() -> None:
    sale = sale_with_a_lot(LotStatus.SCHEDULED)
    sale.order(Pause())
    for deed in (Deed.OPEN, Deed.PAUSE):
        said = sale.order(COMMANDS[deed] if deed is Deed.OPEN else Pause())
        assert isinstance(said, Rejected)
        assert said.detail == "the sale is paused; `auctioneer resume` continues it"
