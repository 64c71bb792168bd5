"""From the bytes of a command to its answer: who may give it, whether it was done before, and which file does it."""

from hashlib import sha256
from typing import Any, Final

import msgspec

from auctioneer.house import reports
from auctioneer.house.bids_at_hand import bids_at_hand
from auctioneer.house.commands import (
    BIDS,
    MYSELF,
    UNNUMBERED,
    AccountCommand,
    AddPaddle,
    AddPaddles,
    Admit,
    AnswerFor,
    AnyCommand,
    AnyControlAnswer,
    AnyCorrection,
    Appoint,
    Ask,
    BidFor,
    ChangeOfKeys,
    DeskCommand,
    Done,
    EndSale,
    HandOver,
    NoteContact,
    NoteSigned,
    Redeem,
    Report,
    SetConditions,
    Tell,
)
from auctioneer.house.control.accounts import keep_account
from auctioneer.house.control.bids import bid_for
from auctioneer.house.control.conditions import about_conditions
from auctioneer.house.control.corrections import answer_for, correct
from auctioneer.house.control.desk import add_paddles, admit, at_the_desk, tell
from auctioneer.house.control.keys import change_keys, redeem
from auctioneer.house.control.lots import decide
from auctioneer.house.house import House
from auctioneer.house.rights import why_not
from auctioneer.house.standbys import why_not_hand_over
from auctioneer.house.typed import typed_words
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import AnyFact, CommandDone
from auctioneer.rules.sale_settings import Controller
from common.codec import RejectedBody, decode_with, encode
from common.errors import RejectCode, RejectedError
from common.limits import CONTROL_BYTES_MAX
from common.messages import Rejected

_commands: Final[msgspec.msgpack.Decoder[AnyCommand]] = msgspec.msgpack.Decoder(AnyCommand)
_UNUSABLE: Final = {
    RejectCode.ID_CONFLICT: "another command had this id",
    RejectCode.ID_STALE: "so many commands came after it that the house can't know whether it was done",
}


def carry_out(house: House, who: Controller, body: bytes, now_ms: int) -> AnyControlAnswer:
    """Carry out a command and return its answer, which may leave only after the house's batch is committed.

    A command that was done before is not done again, and gets the same answer.
    """
    try:
        command = decode_with(_commands, body, CONTROL_BYTES_MAX)
    except RejectedBody as refused:
        return Rejected(id=refused.request_id, code=refused.code, detail=refused.detail)
    if command.id == UNNUMBERED:
        return Rejected(id=UNNUMBERED, code=RejectCode.MALFORMED, detail="a command needs an id")
    refusal = why_not(who, command, now_ms)
    if isinstance(command, Ask) and not refusal:
        house.advance(now_ms)
        return _report(house, who, command, now_ms)
    digest = digest_of(house.engine.sale.sale, _lasting(command, body))
    known = house.commands_done.recall(who.name, command.id, digest)
    if isinstance(known, CommandDone):
        return msgspec.convert({"id": command.id, **known.answer}, Done)
    if known is not None:
        return Rejected(id=command.id, code=known, detail=_UNUSABLE[known])
    if refusal:
        return Rejected(id=command.id, code=RejectCode.FORBIDDEN, detail=refusal)
    house.advance(now_ms)
    answer = _carry_out(house, who, command, now_ms)
    if isinstance(answer, Done):
        house.note_command(
            CommandDone(
                at_ms=now_ms,
                by=who.name,
                command_id=command.id,
                kind=typed_words(command),
                digest=digest,
                answer=_fields_of(answer),
            )
        )
    return answer


def digest_of(sale: str, body: bytes) -> str:
    """Return what the record holds of a command's content. The name of the sale is in it, as in that of a code.

    So the record has no secret that is in a command, such as a paddle code.
    """
    return sha256(f"auction-house command\0{sale}\0".encode() + body).hexdigest()


def _lasting(command: AnyCommand, body: bytes) -> bytes:
    """Return a command's content without what can be erased: even its digest would tell somebody who guesses it."""
    if isinstance(command, AddPaddle | NoteContact):
        return encode(msgspec.structs.replace(command, company="", contact=""))
    return body


def _fields_of(answer: Done) -> dict[str, Any]:
    """Return the fields of an answer but for its id, as the record holds them."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(answer))
    return {name: value for name, value in fields.items() if name not in ("type", "id")}


def _carry_out(house: House, who: Controller, command: AnyCommand, now_ms: int) -> AnyControlAnswer:
    """Do a command that its sender may give, and that was not done before."""
    by = who.name
    if isinstance(command, BidFor):
        return bid_for(house, command, by, now_ms)
    if isinstance(command, AddPaddles):
        return add_paddles(house, command, by, now_ms)
    if isinstance(command, DeskCommand):
        return at_the_desk(house, command, by, now_ms)
    if isinstance(command, AccountCommand):
        return keep_account(house, command, by, now_ms)
    outcome = _outcome(house, who, command, now_ms)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    if isinstance(outcome, dict):
        return Report(id=command.id, report=outcome)
    house.advance(now_ms)
    lots, expires_at_ms = _lots_of(outcome) or _lot_named(house, command), None
    if isinstance(command, Appoint):
        expires_at_ms = now_ms + command.valid_ms
    ended = [lot for name in lots if (lot := house.engine.lots[name]).view.status.is_final]
    person = house.register.find(command.bidder) if isinstance(command, Admit | Tell) else None
    signed = command.bidders if isinstance(command, NoteSigned) else ()
    return Done(
        id=command.id,
        paddle=None if person is None else person.paddle,
        name="" if person is None else person.name,
        people=tuple(_person(house, bidder) for bidder in signed),
        title=house.engine.lots[lots[0]].view.terms.title if len(lots) == 1 else "",
        expires_at_ms=expires_at_ms,
        lots=lots,
        results=tuple(reports.results(house, now_ms, ended)),
        goes_on=isinstance(command, EndSale) and not house.has_ended,
    )


def _outcome(house: House, who: Controller, command: AnyCommand, now_ms: int) -> Decision | reports.Row:
    """Do a command whose answer says which lots it changed; a correction that is only shown gives a report."""
    by = who.name
    match command:
        case _ if isinstance(command, AnyCorrection):
            return correct(house, command, by, now_ms)
        case AnswerFor():
            return answer_for(house, command, by, now_ms)
        case Admit():
            return admit(house, command, by, now_ms)
        case Tell():
            return tell(house, command, by, now_ms)
        case Redeem():
            return redeem(house, who, command, now_ms)
        case HandOver():
            return _hand_over(house)
        case SetConditions() | NoteSigned():
            return about_conditions(house, command, by, now_ms)
        case _ if isinstance(command, ChangeOfKeys):
            return change_keys(house, command, by, now_ms, now_ms)
        case _:
            return decide(house, command, by, now_ms)


def _hand_over(house: House) -> Decision:
    """Have the process let go of the sale once this command is durable, if another house could go on at once."""
    why_not_now = why_not_hand_over(house.standbys)
    if why_not_now:
        return Refused(RejectCode.WRONG_STATE, why_not_now)
    house.is_handed_over = True
    return []


def _report(house: House, who: Controller, command: Ask, now_ms: int) -> AnyControlAnswer:
    if command.report == MYSELF:
        last_id = house.commands_done.last_id(who.name)
        rights = [right.value for right in who.rights]
        mine = {"name": who.name, "role": who.role.value, "rights": rights, "last_id": last_id}
        return Report(id=command.id, report=mine)
    make = bids_at_hand if command.report == BIDS else reports.REPORTS.get(command.report)
    if make is None:
        return Rejected(id=command.id, code=RejectCode.MALFORMED, detail=f"there is no report {command.report!r}")
    try:
        return Report(id=command.id, report=make(house, now_ms, reports.choose(house, command.lots)))
    except RejectedError as error:
        return Rejected(id=command.id, code=error.reject, detail=error.detail)


def _person(house: House, name_or_paddle: str) -> reports.Row:
    entry = house.register.find(name_or_paddle)
    assert entry is not None, "the command was done, so it named somebody"
    return {"paddle": entry.paddle, "name": entry.name}


def _lot_named(house: House, command: AnyCommand) -> tuple[str, ...]:
    """Return the lot that a command is about which changed none, such as a call."""
    lot = house.engine.find(getattr(command, "lot", ""))
    return () if lot is None else (lot.view.lot,)


def _lots_of(facts: list[AnyFact]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fact.lot for fact in facts if fact.lot))
