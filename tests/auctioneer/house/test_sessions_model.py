"""Random requests under few ids, with repeats, conflicts and restarts, against a naive model of what is remembered."""

from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from auctioneer.audit.invariants import check
from auctioneer.house import sessions
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.messages import Accepted, Rejected
from tests.auctioneer.house.house_examples import ANN, BOB, SmallSale, code_of

REMEMBERED = 4
"""Instead of 32, so that a short story reaches the bound."""
KEYS = st.sampled_from((ANN, BOB))
IDS = st.integers(1, 9)
AMOUNTS = st.sampled_from((500, 1000, 1100, 1500, 2000, 3000))
Verdict = Accepted | Rejected


class SessionMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.sale = SmallSale()
        for key, name in ((ANN, "Ann"), (BOB, "Bob")):
            self.sale.join(key, name)
        self.known: dict[str, dict[int, tuple[BidRequest | BuyRequest, Verdict]]] = {ANN: {}, BOB: {}}

    @rule(key=KEYS, request_id=IDS, lot=st.sampled_from("12"), amount_minor=AMOUNTS, is_secret=st.booleans())
    def bid(self, key: str, request_id: int, lot: str, amount_minor: int, is_secret: bool) -> None:
        open_minor, secret_minor = (None, amount_minor) if is_secret else (amount_minor, None)
        self.ask(key, BidRequest(id=request_id, lot=lot, amount_minor=open_minor, maximum_minor=secret_minor))

    @rule(key=KEYS, request_id=IDS)
    def buy(self, key: str, request_id: int) -> None:
        self.ask(key, BuyRequest(id=request_id, lot="1", price_minor=9000))

    @rule(key=KEYS, data=st.data())
    def repeat(self, key: str, data: st.DataObject) -> None:
        if self.known[key]:
            self.ask(key, self.known[key][data.draw(st.sampled_from(sorted(self.known[key])))][0])

    @rule(by_snapshot=st.booleans())
    def restart(self, by_snapshot: bool) -> None:
        house = self.sale.house
        self.sale.house = (
            self.sale.rebuilt(house.snapshot(), len(self.sale.record)) if by_snapshot else self.sale.rebuilt()
        )

    def ask(self, key: str, request: BidRequest | BuyRequest) -> None:
        known = self.known[key]
        positions = len(self.sale.record), len(self.sale.rejections)
        answer = self.sale.ask(key, request)
        is_new = positions != (len(self.sale.record), len(self.sale.rejections))
        if request.id in known:
            before, verdict = known[request.id]
            assert answer == verdict if before == request else code_of(answer) is RejectCode.ID_CONFLICT
            assert not is_new, "something was decided again"
        elif len(known) == REMEMBERED and request.id < min(known):
            assert code_of(answer) is RejectCode.ID_STALE
            assert not is_new, "what can't be remembered was decided"
        else:
            assert is_new, "a new request was not decided"
            assert isinstance(answer, Accepted | Rejected)
            known[request.id] = (request, answer)
            if len(known) > REMEMBERED:
                del known[min(known)]

    @invariant()
    def is_sound(self) -> None:
        if hasattr(self, "sale"):
            check(self.sale.house.engine)


@pytest.mark.parametrize("sales", [50, pytest.param(1500, marks=pytest.mark.torture)])
def test_many_sessions(sales: int) -> None:
    with patch.object(sessions, "REMEMBERED_REQUESTS_MAX", REMEMBERED):
        run_state_machine_as_test(SessionMachine, settings=settings(max_examples=sales, stateful_step_count=40))
