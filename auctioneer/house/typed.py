"""What a person would type for a command: the words by which the record and `auctioneer commands` name it."""

from typing import Final

from auctioneer.house.commands import (
    AddPaddle,
    AddPaddles,
    AddPartner,
    Admit,
    AnswerFor,
    AnyCommand,
    Appoint,
    BidFor,
    ChangeRights,
    Command,
    Dismiss,
    HandOver,
    IssueCode,
    IssueCodes,
    LinkPaddles,
    NoteContact,
    NoteDeposit,
    NoteSigned,
    Redeem,
    RemovePartner,
    Rewrite,
    SetConditions,
    SetLimit,
)

_OTHER_WORDS: Final[dict[type[Command], str]] = {
    AddPaddle: "paddle add",
    AddPaddles: "paddle add --from",
    AddPartner: "partner",
    AnswerFor: "asked",
    Appoint: "clerk add",
    BidFor: "bid",
    ChangeRights: "clerk rights",
    Dismiss: "clerk remove",
    HandOver: "hand-over",
    IssueCode: "paddle code",
    IssueCodes: "paddle sheets",
    LinkPaddles: "paddle link",
    NoteContact: "paddle contact",
    NoteDeposit: "deposit",
    NoteSigned: "paddle signed",
    Redeem: "clerk join",
    RemovePartner: "partner --remove",
    Rewrite: "change",
    SetConditions: "conditions",
    SetLimit: "limit",
}
"""The commands whose type on the wire is not what a person types."""


def typed_words(command: AnyCommand) -> str:
    """Return the words after `auctioneer` with which a person would give a command."""
    if isinstance(command, Admit) and not command.admitted:
        return "turn-out --void-bids" if command.void_bids else "turn-out"
    if isinstance(command, LinkPaddles) and not command.linked:
        return "paddle unlink"
    return _OTHER_WORDS.get(type(command)) or str(command.__struct_config__.tag)
