"""From the bytes of a command to its answer: who may give it, and which file carries it out."""

from typing import Final

import msgspec

from auctioneer.house import reports
from auctioneer.house.commands import (
    CLERKS_COMMANDS,
    AddPaddle,
    Admit,
    AnyCommand,
    AnyControlAnswer,
    AnyCorrection,
    Ask,
    ChangeOfKeys,
    Done,
    EndSale,
    IssueCode,
    Report,
    Tell,
)
from auctioneer.house.control.corrections import correct
from auctioneer.house.control.desk import admit, at_the_desk, tell
from auctioneer.house.control.keys import change_keys
from auctioneer.house.control.lots import decide
from auctioneer.house.house import House
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import AnyFact
from auctioneer.rules.sale_settings import Controller
from common.codec import RejectedBody, decode_with
from common.errors import RejectCode, RejectedError
from common.limits import CONTROL_BYTES_MAX
from common.messages import Rejected, Role

_commands: Final[msgspec.msgpack.Decoder[AnyCommand]] = msgspec.msgpack.Decoder(AnyCommand)


def carry_out(house: House, who: Controller, body: bytes, now_ms: int) -> AnyControlAnswer:
    """Carry out a command and return its answer, which may leave only after the house's batch is committed."""
    try:
        command = decode_with(_commands, body, CONTROL_BYTES_MAX)
    except RejectedBody as refused:
        return Rejected(id=refused.request_id, code=refused.code, detail=refused.detail)
    if who.role is not Role.AUCTIONEER and not isinstance(command, CLERKS_COMMANDS):
        return Rejected(id=command.id, code=RejectCode.FORBIDDEN, detail="a clerk's key can't do that")
    house.advance(now_ms)
    if isinstance(command, Ask):
        return _report(house, command, now_ms)
    if isinstance(command, AddPaddle | IssueCode):
        return at_the_desk(house, command, who.name, now_ms)
    outcome: Decision | reports.Row
    if isinstance(command, AnyCorrection):
        outcome = correct(house, command, who.name, now_ms)
    elif isinstance(command, Admit):
        outcome = admit(house, command, who.name, now_ms)
    elif isinstance(command, Tell):
        outcome = tell(house, command, who.name, now_ms)
    elif isinstance(command, ChangeOfKeys):
        outcome = change_keys(house, command, who.name, now_ms)
    else:
        outcome = decide(house, command, who.name, now_ms)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    if isinstance(outcome, dict):
        return Report(id=command.id, report=outcome)
    house.advance(now_ms)
    lots = _lots_of(outcome)
    ended = [lot for name in lots if (lot := house.engine.lots[name]).view.status.is_final]
    return Done(
        id=command.id,
        lots=lots,
        results=tuple(reports.results(house, now_ms, ended)),
        goes_on=isinstance(command, EndSale) and not house.has_ended,
    )


def _report(house: House, command: Ask, now_ms: int) -> AnyControlAnswer:
    make = reports.REPORTS.get(command.report)
    if make is None:
        return Rejected(id=command.id, code=RejectCode.MALFORMED, detail=f"there is no report {command.report!r}")
    try:
        return Report(id=command.id, report=make(house, now_ms, reports.choose(house, command.lots)))
    except RejectedError as error:
        return Rejected(id=command.id, code=error.reject, detail=error.detail)


def _lots_of(facts: list[AnyFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.lot for fact in facts if fact.lot))
