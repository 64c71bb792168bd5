"""A house without sockets and disk, at a time chosen by the test, with the record of all its acts."""

from typing import TypedDict, Unpack

import msgspec

from auctioneer.house.admission import Admission
from auctioneer.house.commands import UNNUMBERED, AnyCommand, AnyControlAnswer
from auctioneer.house.control.carry_out import carry_out
from auctioneer.house.house import Batch, House
from auctioneer.house.news import Parked
from auctioneer.house.settings import HouseSettings
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Refused
from auctioneer.rules.facts import AnyFact, CommandDone, Rejection, SaleCreated
from auctioneer.rules.sale_settings import Controller, Right, SaleSettings
from auctioneer.rules.terms import LotSpec, Opening, OpeningRule
from common.clerk_names import HOUSE
from common.codec import encode
from common.errors import RejectCode
from common.formats.english import BidRequest, Step
from common.limits import (
    AMOUNT_MINOR_MAX,
    DESCRIPTION_CHARS_MAX,
    INCREMENT_STEPS_MAX,
    PROTOCOL_VERSION,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
)
from common.messages import AnyAnswer, AnyRequest, Hello, Rejected, Role, Welcome
from common.money import Currency
from tests.auctioneer.rules.keywords import BidWords, LotWords, english_lot

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000
ANN, BOB, CAT = "a" * 40, "b" * 40, "c" * 40
CHAIR = Controller("auctioneer", Role.AUCTIONEER, "h" * 40)
CLERK = Controller("bea", Role.CLERK, "k" * 40, (Right.DESK, Right.HAMMER))
DOLLARS = Currency("USD", 2)
FIRST_COMMAND_ID = 1000
"""The commands of a small sale that bring no id of their own have higher ones."""


def sale_created(
    currency: Currency = DOLLARS,
    *,
    ends_after_last_lot: bool = False,
    corrections: bool = False,
    retractions: bool = False,
    revived_answer_ms: int | None = None,
) -> SaleCreated:
    """Return the first fact of every record."""
    return SaleCreated(
        at_ms=START_MS,
        sale="5a1e",
        title="A sale",
        currency=currency,
        epoch=1,
        ends_after_last_lot=ends_after_last_lot,
        corrections=corrections,
        retractions=retractions,
        revived_answer_ms=revived_answer_ms,
    )


def lot(number: str, *, by_hand: bool = False, reserve_minor: int | None = None, **terms: Unpack[LotWords]) -> LotSpec:
    """Return a lot that starts at 10.00, with steps of 1.00, open for an hour from the sale's start."""
    given: LotWords = {
        "title": f"Lot {number}",
        "starting_minor": 1000,
        "increments": (Step(0, 100),),
        "duration_ms": HOUR_MS,
        "has_reserve": reserve_minor is not None,
        **terms,
    }
    opening = Opening(OpeningRule.BY_HAND) if by_hand else Opening()
    return LotSpec(english_lot(number, given), reserve_minor, opening)


def lots(count: int) -> tuple[LotSpec, ...]:
    return tuple(lot(str(number)) for number in range(1, count + 1))


def largest_lots(count: int) -> list[LotSpec]:
    """Return lots with texts as long as a catalogue allows, in characters of four bytes."""
    return [
        lot(
            f"{number:016}",
            title="\U0001f600" * TITLE_CHARS_MAX,
            description="\U0001f600" * DESCRIPTION_CHARS_MAX,
            seller="\U0001f600" * TITLE_CHARS_MAX,
            image="\U0001f600" * TEXT_CHARS_MAX,
            starting_minor=AMOUNT_MINOR_MAX,
            increments=tuple(
                Step(AMOUNT_MINOR_MAX - 100 + row, AMOUNT_MINOR_MAX) for row in range(INCREMENT_STEPS_MAX)
            ),
        )
        for number in range(count)
    ]


def bid(request_id: int, amount_minor: int, number: str = "1", **more: Unpack[BidWords]) -> BidRequest:
    return BidRequest(id=request_id, lot=number, amount_minor=amount_minor, **more)


def maximum(request_id: int, number: str = "1", *, while_connected: bool = True) -> BidRequest:
    return BidRequest(id=request_id, lot=number, maximum_minor=9000, while_connected=while_connected)


def code_of(answer: object) -> RejectCode:
    assert isinstance(answer, Rejected), answer
    return answer.code


class HelloWords(TypedDict, total=False):
    """The fields of a hello besides the name."""

    role: Role
    key: str
    invite: str
    code: str
    accepts: str


class SmallSale:
    """A house with lots, called directly; `record` and `rejections` hold what a journal would."""

    def __init__(
        self,
        *specs: LotSpec,
        admission: Admission | None = None,
        requests_per_s: int = 1_000_000,
        encrypted: bool = True,
        currency: Currency = DOLLARS,
        corrections: bool = False,
        retractions: bool = False,
        revived_answer_ms: int | None = None,
    ) -> None:
        self.settings = HouseSettings(
            instance="first",
            publish_port=7001,
            requests_per_s=requests_per_s,
            is_encrypted=encrypted,
        )
        self.now_ms = START_MS
        created = sale_created(
            currency, corrections=corrections, retractions=retractions, revived_answer_ms=revived_answer_ms
        )
        self.record: list[AnyFact] = [created]
        self.rejections: list[Rejection] = []
        self.house = House.rebuild(self.settings, None, [created], (), START_MS)
        self._listed = frozenset() if admission is None else admission.listed
        asked = Admission() if admission is None else admission
        controllers = (CHAIR, CLERK)
        self.house.change_settings(START_MS, "auctioneer", SaleSettings(asked.mode, asked.invite, controllers))
        self.house.admit_listed(self._listed)
        self._command_ids = FIRST_COMMAND_ID
        listed = decisions.add(self.house.engine, START_MS, HOUSE, specs or lots(2))
        assert not isinstance(listed, Refused)
        self.house.record(listed)
        self.house.advance(START_MS)
        self.commit()

    def commit(self) -> Batch:
        """Add the batch of new facts to the record."""
        batch = self.house.flush()
        self.record += batch.facts
        self.rejections += batch.rejections
        self.house.stored(batch)
        return batch

    def send(self, key: str, body: bytes) -> AnyAnswer | Parked | None:
        return self.house.handle(key, body, self.now_ms)

    def ask(self, key: str, request: AnyRequest) -> AnyAnswer:
        """Return the answer to a request; afterwards the request is in the record."""
        answer = self.send(key, encode(request))
        assert answer is not None, "the house was silent"
        assert not isinstance(answer, Parked), "the question waits"
        assert answer.id == request.id
        self.commit()
        return answer

    def hello(self, principal: str, name: str = "", **more: Unpack[HelloWords]) -> AnyAnswer:
        return self.ask(principal, Hello(id=1, versions=(PROTOCOL_VERSION,), name=name, **more))

    def join(self, key: str, name: str = "", role: Role = Role.BIDDER, code: str = "") -> Welcome:
        welcome = self.hello(key, name, role=role, code=code)
        assert isinstance(welcome, Welcome), welcome
        return welcome

    def order(self, command: AnyCommand, who: Controller = CHAIR) -> AnyControlAnswer:
        """Return the answer to a command; afterwards the command is in the record.

        A command without an id is sent with a new one, and its answer is returned without one.
        """
        if command.id != UNNUMBERED:
            return self.send_command(encode(command), who)
        self._command_ids += 1
        body = encode(msgspec.structs.replace(command, id=self._command_ids))
        return msgspec.structs.replace(self.send_command(body, who), id=UNNUMBERED)

    def send_command(self, body: bytes, who: Controller = CHAIR) -> AnyControlAnswer:
        answer = carry_out(self.house, who, body, self.now_ms)
        self.commit()
        return answer

    @property
    def effects(self) -> list[AnyFact]:
        """The record without the facts that commands were done."""
        return [fact for fact in self.record if not isinstance(fact, CommandDone)]

    def rebuilt(self, snapshot: bytes | None = None, after: int = 0) -> House:
        """Return the house rebuilt from the record, or from a snapshot and the record's facts after `after`."""
        house = House.rebuild(self.settings, snapshot, self.record[after:], self.rejections, self.now_ms)
        house.admit_listed(self._listed)
        return house


def two_open_lots() -> SmallSale:
    """Return a sale of two open lots with Ann (1) and Bob (2); the second lot has a buy-now price of 50.00."""
    sale = SmallSale(lot("1"), lot("2", buy_now_minor=5000))
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    return sale
