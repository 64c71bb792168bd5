"""To whom a sale can be handed over."""

import pytest

from auctioneer.audit.verify import verify
from auctioneer.house.commands import Done, HandOver
from auctioneer.house.standbys import NEAR_FACTS, Standby, why_not_hand_over
from common.errors import RejectCode
from tests.auctioneer.house.house_examples import SmallSale, code_of, lot

NEAR, FAR = Standby("two:1", NEAR_FACTS), Standby("three:1", NEAR_FACTS + 1)


@pytest.mark.parametrize(
    ("standbys", "why"), [((), "no house stands by"), ((FAR,), "three:1 has still to read"), ((FAR, NEAR), "")]
)
def test_somebody_must_be_able_to_go_on_at_once(standbys: tuple[Standby, ...], why: str) -> None:
    told = why_not_hand_over(standbys)
    assert why in told
    assert bool(why) == bool(told)


def test_a_sale_is_handed_over_once_the_command_is_in_the_record() -> None:
    sale = SmallSale(lot("1"))
    assert code_of(sale.order(HandOver())) is RejectCode.WRONG_STATE
    assert not sale.house.is_handed_over
    sale.house.standbys = (NEAR,)
    assert isinstance(sale.order(HandOver()), Done)
    assert sale.house.is_handed_over
    (command,) = sale.house.commands_done.kept
    assert command.kind == "hand-over"
    assert verify(enumerate(sale.record, 1)).mismatch is None, "it changes nothing of the sale"
