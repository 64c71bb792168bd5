"""The control protocol: the commands of the auctioneer and clerks to the running house, and who may give which.

It has an endpoint of its own (see `auctioneer.process.server`), which admits only the keys of those who give commands;
a bidder's key does not even finish the handshake. The wire follows the rules of `common.messages`: one MessagePack map
with `type` and `id`, and one answer to each.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from auctioneer.catalogue.rules import lot_faults
from auctioneer.house import reports
from auctioneer.house.house import House
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.rules import decisions
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.facts import AnyFact, CodeIssued, PaddleGiven
from auctioneer.rules.sale_settings import Controller, Partner, SaleSettings, is_clerk_name, is_partner_name
from auctioneer.rules.terms import LotSpec
from common.codec import RejectedBody, decode_with
from common.errors import RejectCode, RejectedError
from common.limits import (
    CONTROL_BYTES_MAX,
    DURATION_MS_MAX,
    KEY_CHARS,
    NAME_CHARS_MAX,
    PADDLE_CHOSEN_MAX,
    TEXT_CHARS_MAX,
)
from common.messages import Rejected, Role
from common.money import Currency
from common.names import is_valid_text
from common.paddle_codes import CODE_CHARS
from common.wire import Count, LotId, RequestId, Stream

WHOLE_SALE: Final = ""


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="type"):
    """What every command has: an id that its answer repeats."""

    id: RequestId = 1


class OpenLot(Command, frozen=True, tag="open"):
    """Open a lot now."""

    lot: LotId


class Pause(Command, frozen=True, tag="pause"):
    """Pause a lot, or the whole sale."""

    lot: Stream = WHOLE_SALE


class Resume(Command, frozen=True, tag="resume"):
    """Resume a lot, or the whole sale."""

    lot: Stream = WHOLE_SALE


class Extend(Command, frozen=True, tag="extend"):
    """Give a lot more time."""

    lot: LotId
    extra_ms: Annotated[int, Meta(ge=1, le=DURATION_MS_MAX)]


class CloseLot(Command, frozen=True, tag="close"):
    """Bring the hammer down on a lot now; with `if_seq`, only if the lot's seq is still that."""

    lot: LotId
    if_seq: Count | None = None


class Withdraw(Command, frozen=True, tag="withdraw"):
    """Remove a lot from the sale; with `if_seq`, only if the lot's seq is still that."""

    lot: LotId
    reason: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""
    if_seq: Count | None = None


class AddLots(Command, frozen=True, tag="add"):
    """Add lots to the catalogue: all of them or none."""

    lots: Annotated[tuple[LotSpec, ...], Meta(min_length=1)]


class Announce(Command, frozen=True, tag="announce"):
    """Tell everybody in the sale something."""

    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]


class EndSale(Command, frozen=True, tag="end"):
    """End the sale: the hammer falls on every open lot, and every lot that was not opened is withdrawn.

    With `if_changes`, only if the sale has still had that many public changes (`changes` in the report `status`).
    """

    if_changes: Count | None = None


class Admit(Command, frozen=True, tag="admit"):
    """Admit a waiting bidder, or with `admitted` false turn one out. `bidder` is a name or a paddle."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    admitted: bool = True


class Tell(Command, frozen=True, tag="tell"):
    """Send a text to one bidder alone, by name or paddle, who gets it now or at the next visit."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]


class AddPaddle(Command, frozen=True, tag="add_paddle"):
    """Give a person without a key a paddle: this one, or the next. The answer names it."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    paddle: Annotated[int, Meta(ge=1, le=PADDLE_CHOSEN_MAX)] | None = None


class IssueCode(Command, frozen=True, tag="issue_code"):
    """Issue a code by which a key can be bound to a paddle, named by its number or a name; it replaces an earlier one.

    Whoever sends the command draws the code (`common.paddle_codes.draw_code`).
    """

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    code: Annotated[str, Meta(min_length=CODE_CHARS, max_length=CODE_CHARS)]
    valid_ms: Annotated[int, Meta(ge=1, le=CODE_VALID_MS_MAX)]


class Appoint(Command, frozen=True, tag="appoint"):
    """Let the clerk with this public key give commands; an earlier key of the same clerk is no longer valid."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
    key: Annotated[str, Meta(min_length=KEY_CHARS, max_length=KEY_CHARS)]


class Dismiss(Command, frozen=True, tag="dismiss"):
    """Let a clerk no longer give commands."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]


class AddPartner(Command, frozen=True, tag="add_partner"):
    """Let a hall, a gateway or a relay look on in every admission mode, known by a public key.

    A key that the partner had before counts no longer.
    """

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
    key: Annotated[str, Meta(min_length=KEY_CHARS, max_length=KEY_CHARS)]


class RemovePartner(Command, frozen=True, tag="remove_partner"):
    """End what a partner sees, at once."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]


class Ask(Command, frozen=True, tag="ask"):
    """Ask for a report: `status`, `lots`, `bidders`, `paddles` or `results`; on lots for those in `lots`, or on all."""

    report: str
    lots: tuple[LotId, ...] = ()


AnyCommand = (
    OpenLot
    | Pause
    | Resume
    | Extend
    | CloseLot
    | Withdraw
    | AddLots
    | Announce
    | EndSale
    | Admit
    | Tell
    | AddPaddle
    | IssueCode
    | Appoint
    | Dismiss
    | AddPartner
    | RemovePartner
    | Ask
)


class Done(Struct, frozen=True, kw_only=True, tag_field="type", tag="done"):
    """A command was carried out and is durable. `lots` are those that it changed, `results` those that it ended.

    `paddle` is that of the person whom a command of the desk was about, and `expires_at_ms` the end of a new code.
    """

    id: int
    paddle: int | None = None
    expires_at_ms: int | None = None
    lots: tuple[str, ...] = ()
    results: tuple[reports.Row, ...] = ()


class Report(Struct, frozen=True, kw_only=True, tag_field="type", tag="report"):
    """The requested report, in the shape that the command line prints as JSON."""

    id: int
    report: Any


AnyControlAnswer = Done | Report | Rejected


ChangeOfKeys = Appoint | Dismiss | AddPartner | RemovePartner
"""What changes whose key counts; also in a sale that nobody holds."""

CLERKS_COMMANDS: Final = (OpenLot, Pause, Resume, Extend, CloseLot, Announce, Tell, AddPaddle, IssueCode, Ask)
"""The commands that a clerk may give; the auctioneer may give all."""

_commands: Final[msgspec.msgpack.Decoder[AnyCommand]] = msgspec.msgpack.Decoder(AnyCommand)
_answers: Final[msgspec.msgpack.Decoder[AnyControlAnswer]] = msgspec.msgpack.Decoder(AnyControlAnswer)
decode_control_answer = _answers.decode


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
        return _at_the_desk(house, command, who.name, now_ms)
    if isinstance(command, Admit):
        outcome = _admit(house, command, who.name, now_ms)
    elif isinstance(command, Tell):
        outcome = _tell(house, command, who.name, now_ms)
    elif isinstance(command, ChangeOfKeys):
        outcome = change_keys(house, command, who.name, now_ms)
    else:
        outcome = decide(house, command, who.name, now_ms)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    house.advance(now_ms)
    lots = _lots_of(outcome)
    ended = [lot for name in lots if (lot := house.engine.lots[name]).view.status.is_final]
    return Done(id=command.id, lots=lots, results=tuple(reports.results(house, now_ms, ended)))


def decide(house: House, command: AnyCommand, by: str, now_ms: int) -> Decision:
    """Decide a command about lots or the sale, and put its facts into the house's batch."""
    outcome = _decide(house, command, by, now_ms)
    if not isinstance(outcome, Refused):
        house.record(outcome)
    return outcome


def _decide(house: House, command: AnyCommand, by: str, now_ms: int) -> Decision:
    engine = house.engine
    match command:
        case OpenLot():
            return decisions.open_lot(engine, now_ms, by, command.lot)
        case Pause(lot=""):
            return decisions.pause_sale(engine, now_ms, by)
        case Pause():
            return decisions.pause(engine, now_ms, by, command.lot)
        case Resume(lot=""):
            return decisions.resume_sale(engine, now_ms, by)
        case Resume():
            return decisions.resume(engine, now_ms, by, command.lot)
        case Extend():
            return decisions.extend(engine, now_ms, by, command.lot, command.extra_ms)
        case CloseLot():
            return decisions.close(engine, now_ms, by, command.lot, command.if_seq)
        case Withdraw():
            return _checked(command.reason) or decisions.withdraw(
                engine, now_ms, by, command.lot, command.reason, command.if_seq
            )
        case AddLots():
            return _faulty(command, engine.sale.currency) or decisions.add(engine, now_ms, by, command.lots)
        case Announce():
            return _checked(command.text) or decisions.announce(engine, now_ms, by, command.text)
        case EndSale():
            return decisions.end(engine, now_ms, by, command.if_changes)
        case _:
            return Refused(RejectCode.MALFORMED, "not a decision")


def _checked(text: str) -> Refused | None:
    return None if is_valid_text(text) else Refused(RejectCode.MALFORMED, "the text has control or direction marks")


def _faulty(command: AddLots, currency: Currency) -> Refused | None:
    """Check lots, which any program may have sent, by the rules for the lots of a catalogue."""
    for spec in command.lots:
        faults = lot_faults(spec, currency)
        if faults:
            return Refused(RejectCode.INVALID_LOT, f"lot {spec.terms.lot}, {faults[0].field}: {faults[0].reason}")
    return None


def _admit(house: House, command: Admit, by: str, now_ms: int) -> Decision:
    entry = house.register.find(command.bidder)
    if entry is None:
        return Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
    if entry.admitted == command.admitted and not entry.waiting:
        state = "admitted" if entry.admitted else "turned out"
        return Refused(RejectCode.WRONG_STATE, f"{entry.name} is already {state}")
    house.admit(now_ms, by, entry.paddle, admitted=command.admitted)
    return []


def _tell(house: House, command: Tell, by: str, now_ms: int) -> Decision:
    entry = house.register.find(command.bidder)
    if entry is None:
        return Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
    if entry.role is not Role.BIDDER:
        return Refused(RejectCode.WRONG_STATE, f"{entry.name} looks on, and observers get no news")
    wrong = _checked(command.text)
    if wrong is not None:
        return wrong
    house.tell(now_ms, by, entry.paddle, command.text)
    return []


def _at_the_desk(house: House, command: AddPaddle | IssueCode, by: str, now_ms: int) -> AnyControlAnswer:
    outcome: PaddleGiven | CodeIssued | Refused
    if isinstance(command, AddPaddle):
        outcome = house.give_paddle(now_ms, by, command.name, command.paddle)
    else:
        entry = house.register.find(command.bidder)
        if entry is None:
            outcome = Refused(RejectCode.UNKNOWN_BIDDER, command.bidder)
        else:
            outcome = house.issue_code(now_ms, by, entry.paddle, command.code, command.valid_ms)
    if isinstance(outcome, Refused):
        return Rejected(id=command.id, code=outcome.code, detail=outcome.detail)
    expires_at_ms = outcome.expires_at_ms if isinstance(outcome, CodeIssued) else None
    return Done(id=command.id, paddle=outcome.paddle, expires_at_ms=expires_at_ms)


def change_keys(house: House, command: ChangeOfKeys, by: str, now_ms: int) -> Decision:
    """Have a key of a clerk or a partner count, or no longer. If nothing changes, there is no fact."""
    settings = house.sale_settings
    if isinstance(command, Appoint | Dismiss):
        changed = _with_clerks(settings, command)
    else:
        changed = _with_partners(house, settings, command)
    if isinstance(changed, Refused):
        return changed
    if changed.fault:
        return Refused(RejectCode.WRONG_STATE, changed.fault)
    if changed != settings:
        house.change_settings(now_ms, by, changed)
    return []


def _with_clerks(settings: SaleSettings, command: Appoint | Dismiss) -> SaleSettings | Refused:
    if not is_clerk_name(command.name):
        return Refused(RejectCode.MALFORMED, "that can't be a clerk's name")
    if isinstance(command, Appoint):
        return settings.with_controller(Controller(command.name, Role.CLERK, command.key))
    changed = settings.without_controller(command.name)
    return changed if changed != settings else Refused(RejectCode.WRONG_STATE, f"there is no clerk {command.name}")


def _with_partners(house: House, settings: SaleSettings, command: AddPartner | RemovePartner) -> SaleSettings | Refused:
    if not is_partner_name(command.name):
        return Refused(RejectCode.MALFORMED, "that can't be a partner's name")
    if isinstance(command, RemovePartner):
        changed = settings.without_partner(command.name)
        if changed == settings:
            return Refused(RejectCode.WRONG_STATE, f"there is no partner {command.name}")
        return changed
    entry = house.register.by_key(command.key)
    if entry is not None:
        return Refused(RejectCode.WRONG_STATE, f"the key is {entry.name}'s, who has paddle {entry.paddle}")
    return settings.with_partner(Partner(command.name, command.key))


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
