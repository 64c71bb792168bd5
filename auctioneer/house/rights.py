"""Who may give which command: the one table of it."""

from typing import Final

from auctioneer.house.commands import (
    BIDS,
    MYSELF,
    AddLots,
    AddPaddle,
    AddPaddles,
    AddPartner,
    Admit,
    Announce,
    AnswerFor,
    AnyCommand,
    Appoint,
    Ask,
    Award,
    BidFor,
    CallLot,
    ChangeRights,
    CloseLot,
    Command,
    Dismiss,
    EndSale,
    Extend,
    Finish,
    Forget,
    HandOver,
    IssueCode,
    IssueCodes,
    LinkPaddles,
    Move,
    NoteContact,
    NoteDeposit,
    NoteSigned,
    OpenLot,
    Pause,
    Redeem,
    RemovePartner,
    Reopen,
    Resume,
    Rewrite,
    SetConditions,
    SetLimit,
    Tell,
    Undo,
    VoidSale,
    Withdraw,
)
from auctioneer.rules.sale_settings import Controller, Right
from common.messages import Role

_Needed = frozenset[Right]
AUCTIONEER_ONLY: Final[_Needed] = frozenset()
ANY_RIGHT: Final[_Needed] = frozenset(Right)
_BIDS: Final[_Needed] = frozenset({Right.BIDS})
_DESK: Final[_Needed] = frozenset({Right.DESK})
_CORRECTIONS: Final[_Needed] = frozenset({Right.CORRECTIONS})
_HAMMER: Final[_Needed] = frozenset({Right.HAMMER})

NEEDED: Final[dict[type[Command], _Needed]] = {
    OpenLot: _HAMMER,
    Pause: _HAMMER,
    Resume: _HAMMER,
    Extend: _HAMMER,
    CloseLot: _HAMMER,
    Announce: _HAMMER,
    CallLot: _HAMMER,
    EndSale: _HAMMER,
    Finish: _HAMMER,
    Tell: _HAMMER | _DESK,
    Admit: _DESK,
    AddPaddle: _DESK,
    AddPaddles: _DESK,
    NoteContact: _DESK,
    IssueCode: _DESK,
    IssueCodes: _DESK,
    NoteSigned: _DESK,
    SetLimit: _DESK,
    NoteDeposit: _DESK,
    LinkPaddles: _DESK,
    BidFor: _BIDS,
    AnswerFor: _BIDS | _CORRECTIONS,
    AddLots: _CORRECTIONS,
    Withdraw: _CORRECTIONS,
    Undo: _CORRECTIONS,
    Reopen: _CORRECTIONS,
    VoidSale: _CORRECTIONS,
    Award: _CORRECTIONS,
    Rewrite: _CORRECTIONS,
    Move: _CORRECTIONS,
    Forget: AUCTIONEER_ONLY,
    SetConditions: AUCTIONEER_ONLY,
    Appoint: AUCTIONEER_ONLY,
    ChangeRights: AUCTIONEER_ONLY,
    Dismiss: AUCTIONEER_ONLY,
    AddPartner: AUCTIONEER_ONLY,
    RemovePartner: AUCTIONEER_ONLY,
    HandOver: AUCTIONEER_ONLY,
}
"""For each command the rights of which one is enough."""
FOR_ALL: Final = (Ask, Redeem)
"""Not in the table: everybody who gives commands may read, and a link's key may be exchanged."""
NEEDED_TO_READ: Final[dict[str, _Needed]] = {BIDS: _BIDS | _CORRECTIONS}
"""The reports that are not for all: for each the rights of which one is enough."""


def why_not(who: Controller, command: AnyCommand, now_ms: int) -> str:
    """Return why a person may not give a command, and who can change that; empty if the person may."""
    if who.until_ms is not None:
        return _why_not_by_link(who, command, now_ms)
    if who.is_over(now_ms):
        return "the time as a clerk is over. The auctioneer can make another link: auctioneer clerk add"
    if isinstance(command, Redeem):
        return "this key is no link's, so there is nothing to put in its place"
    if who.role is Role.AUCTIONEER:
        return ""
    needed = NEEDED_TO_READ.get(command.report, ANY_RIGHT) if isinstance(command, Ask) else NEEDED[type(command)]
    if needed is ANY_RIGHT:
        return ""
    if isinstance(command, Admit) and command.void_bids:
        needed = _CORRECTIONS
    if needed.intersection(who.rights):
        return ""
    if not needed:
        return "only the auctioneer may do that"
    rights = [right.value for right in Right if right in needed]
    wanted = ",".join([*(one.value for one in who.rights), rights[0]])
    return (
        f"{who.name} has not the right {' or '.join(rights)}. The auctioneer can give it: "
        f"auctioneer clerk rights {who.name} {wanted}"
    )


def _why_not_by_link(who: Controller, command: AnyCommand, now_ms: int) -> str:
    if who.is_over(now_ms):
        return "the link has expired. The auctioneer can make another: auctioneer clerk add"
    if isinstance(command, Redeem) or (isinstance(command, Ask) and command.report == MYSELF):
        return ""
    return "a link is no key for commands. Make one with it first: auctioneer clerk join LINK"
