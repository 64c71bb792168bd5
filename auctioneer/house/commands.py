"""The control protocol: the commands of the auctioneer and clerks to the running house, and who may give which.

It has an endpoint of its own (see `auctioneer.process.server`), which admits only the keys of those who give commands;
a bidder's key does not even finish the handshake. The wire follows the rules of `common.messages`: one MessagePack map
with `type` and `id`, and one answer to each. `auctioneer.house.control` carries them out.
"""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from auctioneer.house import reports
from auctioneer.house.paddle_lists import PEOPLE_AT_ONCE_MAX, Listed, ListFault, Placed
from auctioneer.house.register import CODE_VALID_MS_MAX
from auctioneer.rules.accounts import LINKS_MAX
from auctioneer.rules.contacts import COMPANY_CHARS_MAX, CONTACT_CHARS_MAX
from auctioneer.rules.lots import OFFERS_KEPT_MAX
from auctioneer.rules.sale_settings import Right
from auctioneer.rules.sources import Source
from auctioneer.rules.terms import LotSpec
from common.limits import (
    BIDDERS_MAX,
    CONDITIONS_CHARS_MAX,
    DURATION_MS_MAX,
    KEY_CHARS,
    NAME_CHARS_MAX,
    PADDLE_CHOSEN_MAX,
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    UNITS_MAX,
)
from common.lot_events import Call
from common.messages import Accepted, Rejected
from common.paddle_codes import CODE_CHARS
from common.the_house import HOUSE_PADDLE
from common.wire import Amount, Count, LotId, RequestId, Stream

WHOLE_SALE: Final = ""
UNNUMBERED: Final = 0
"""The id of a command that is not sent yet. The house accepts none with it."""
MYSELF: Final = "myself"
"""The report on the sender: the name, the role, and the highest id of the commands that the house remembers."""
BIDS: Final = "bids"
"""The report on the bids on one lot that count (`auctioneer.house.bids_at_hand`); it needs a right."""
CODES_AT_ONCE_MAX: Final = 5000
"""The most codes in one command; they are one batch, which takes a fraction of a second."""


class Command(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, tag_field="type"):
    """What every command has: an id, chosen by the sender, that its answer repeats.

    A new command has a higher id than all that the sender gave before (`MYSELF` tells the last). If the answer is lost,
    the sender repeats the same bytes: the command is done once, and a repeat gets the same answer.
    """

    id: RequestId = UNNUMBERED


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


class Move(Command, frozen=True, tag="move"):
    """Move a scheduled lot before another scheduled one, or to the end of the catalogue."""

    lot: LotId
    before: Stream = ""


class Announce(Command, frozen=True, tag="announce"):
    """Tell everybody in the sale something."""

    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]


class CallLot(Command, frozen=True, tag="call"):
    """Call something about an open lot to everybody: fair warning, selling now, or that the reserve is met."""

    lot: LotId
    call: Call


class EndSale(Command, frozen=True, tag="end"):
    """End the sale: the hammer falls on every open lot, and every lot that was not opened is withdrawn.

    With `if_changes`, only if the sale has still had that many public changes (`changes` in the report `status`).
    """

    if_changes: Count | None = None


class Finish(Command, frozen=True, tag="finish"):
    """End a sale with corrections for good, once every lot is over."""


class HandOver(Command, frozen=True, tag="hand_over"):
    """Hand the sale over to a house that stands by on another machine; this one stands by from then on.

    It is refused where none stands by, or the nearest is far behind.
    """


class Correction(Command, frozen=True, kw_only=True):
    """What every correction of a lot has. `reason` is for bidders.

    With `if_seq` it is carried out only if the lot's seq is still that. With `preview` nothing is changed, and the
    answer is a report that says what would be.
    """

    lot: LotId
    reason: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""
    if_seq: Count | None = None
    preview: bool = False


class Undo(Correction, frozen=True, tag="undo"):
    """Take back bids on an open lot: those of these numbers, all from number `back_to` on, or the last public one."""

    numbers: Annotated[tuple[Count, ...], Meta(max_length=OFFERS_KEPT_MAX)] = ()
    back_to: Count | None = None


class AnswerFor(Command, frozen=True, kw_only=True, tag="answer_for"):
    """Answer for the bidder who is asked whether its bid on a lot stands, as it said in the room or on the telephone.

    With `if_seq`, only if the lot's seq is still that.
    """

    lot: LotId
    stands: bool
    if_seq: Count | None = None


class Reopen(Correction, frozen=True, tag="reopen"):
    """Open a lot that is over again, for `for_ms`, or for a lot with a price clock from `price_minor` on."""

    for_ms: Annotated[int, Meta(ge=1, le=DURATION_MS_MAX)] | None = None
    price_minor: Amount | None = None


class VoidSale(Correction, frozen=True, tag="void"):
    """Undo the sale of a lot to a buyer, by name or paddle; without one, to its only buyer."""

    bidder: Annotated[str, Meta(max_length=NAME_CHARS_MAX)] = ""


class Award(Correction, frozen=True, kw_only=True, tag="award"):
    """Sell a lot that has passed to a bidder, by name or paddle, at an agreed price."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    amount_minor: Amount


class Rewrite(Correction, frozen=True, kw_only=True, tag="rewrite"):
    """Replace what the catalogue says of a lot."""

    spec: LotSpec


class Admit(Command, frozen=True, tag="admit"):
    """Admit a waiting bidder, or with `admitted` false turn one out. `bidder` is a name or a paddle.

    With `void_bids` the bids of one who is turned out no longer count, on all lots that are open or paused.
    """

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    admitted: bool = True
    void_bids: bool = False
    reason: Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] = ""


class Tell(Command, frozen=True, tag="tell"):
    """Send a text to one bidder alone, by name or paddle, who gets it now or at the next visit."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    text: Annotated[str, Meta(min_length=1, max_length=TEXT_CHARS_MAX)]


class BidFor(Command, frozen=True, tag="bid_for"):
    """Make an offer for a paddle that a person in the room or on the telephone has; the lot's format says which.

    On an English lot `amount_minor` is an open bid, a maximum or a purchase; on a sealed lot it is the offer; on a
    Dutch lot it is the price at which `units` are taken. Without an amount an offer is taken back; before the
    lot opens that is the bid that waits, whatever the source. With the source
    `absentee` the amount is a maximum or a sealed offer, which waits if the lot is not open yet. With the source
    `house` the house bids openly for the seller, and the paddle is 0, as with no other source. With `if_seq`, only if
    the lot's seq is still that.
    """

    lot: LotId
    paddle: Annotated[int, Meta(ge=HOUSE_PADDLE, le=BIDDERS_MAX)]
    source: Source
    amount_minor: Amount | None
    is_maximum: bool = False
    is_purchase: bool = False
    units: Annotated[int, Meta(ge=1, le=UNITS_MAX)] | None = None
    if_seq: Count | None = None


class AddPaddle(Command, frozen=True, tag="add_paddle"):
    """Give a person without a key a paddle: this one, or the next. The answer names it.

    `company` and `contact` are kept beside the record, where they can be erased (`Forget`).
    """

    name: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    paddle: Annotated[int, Meta(ge=1, le=PADDLE_CHOSEN_MAX)] | None = None
    company: Annotated[str, Meta(max_length=COMPANY_CHARS_MAX)] = ""
    contact: Annotated[str, Meta(max_length=CONTACT_CHARS_MAX)] = ""
    is_signed: bool = False
    """Whether the person signed the conditions of the sale on paper."""


class AddPaddles(Command, frozen=True, tag="add_paddles"):
    """Give the people of a list their paddles, all or none. A person who has one already keeps it.

    The answer is `Placing`.

    With `is_check` nothing is done, and the answer is what would be.
    """

    people: Annotated[tuple[Listed, ...], Meta(min_length=1, max_length=PEOPLE_AT_ONCE_MAX)]
    is_check: bool = False
    is_signed: bool = False
    """Whether all of them signed the conditions of the sale on paper."""


class NoteContact(Command, frozen=True, tag="note_contact"):
    """Keep the company and the contact of a bidder, by name or paddle, in place of those that are kept."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    company: Annotated[str, Meta(max_length=COMPANY_CHARS_MAX)] = ""
    contact: Annotated[str, Meta(max_length=CONTACT_CHARS_MAX)] = ""


class Forget(Command, frozen=True, tag="forget"):
    """Erase the company and the contact of a bidder, by name or paddle. No list brings them back."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]


class IssueCode(Command, frozen=True, tag="issue_code"):
    """Issue a code by which a key can be bound to a paddle, named by its number or a name; it replaces an earlier one.

    The sender draws the code (`common.paddle_codes.draw_code`).
    """

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    code: Annotated[str, Meta(min_length=CODE_CHARS, max_length=CODE_CHARS)]
    valid_ms: Annotated[int, Meta(ge=1, le=CODE_VALID_MS_MAX)]
    replaces_key: bool = False
    """Whether the key that shows the code replaces the one that the paddle has: a phone was lost."""


class SetLimit(Command, frozen=True, tag="set_limit"):
    """Set the spending limit of a bidder, by name or paddle; None: it has none any more."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    limit_minor: Count | None


class NoteDeposit(Command, frozen=True, tag="note_deposit"):
    """Note the deposit that the house holds for a bidder, by name or paddle, in place of that before; 0: none."""

    bidder: Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]
    amount_minor: Count


class LinkPaddles(Command, frozen=True, tag="link_paddles"):
    """Link bidders, by name or paddle, each with each other one, and with a seller if one is named; or link no more.

    None of them can bid on a lot while another has an offer standing there, nor on a lot of a seller of the link.
    """

    bidders: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)], ...],
        Meta(min_length=1, max_length=LINKS_MAX),
    ]
    seller: Annotated[str, Meta(max_length=TITLE_CHARS_MAX)] = ""
    linked: bool = True


class NoteSigned(Command, frozen=True, tag="note_signed"):
    """Note that bidders, by name or paddle, signed the present conditions of the sale on paper: all or none."""

    bidders: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)], ...],
        Meta(min_length=1, max_length=PEOPLE_AT_ONCE_MAX),
    ]


class SetConditions(Command, frozen=True, tag="set_conditions"):
    """Have other conditions of the sale, or with an empty text none. Bidders accept them at their next hello."""

    text: Annotated[str, Meta(max_length=CONDITIONS_CHARS_MAX)]


class NewCode(Struct, frozen=True):
    """A code that was drawn for a paddle."""

    paddle: int
    code: Annotated[str, Meta(min_length=CODE_CHARS, max_length=CODE_CHARS)]


class IssueCodes(Command, frozen=True, tag="issue_codes"):
    """Issue a code for each of several paddles, all or none, as `IssueCode` does for one."""

    codes: Annotated[tuple[NewCode, ...], Meta(min_length=1, max_length=CODES_AT_ONCE_MAX)]
    valid_ms: Annotated[int, Meta(ge=1, le=CODE_VALID_MS_MAX)]


class Appoint(Command, frozen=True, tag="appoint"):
    """Appoint a clerk by a link, whose key this is. The clerk puts a key of its own in its place, by `Redeem`.

    The sender makes the key of the link, and gives its secret half to the clerk alone.
    """

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
    key: Annotated[str, Meta(min_length=KEY_CHARS, max_length=KEY_CHARS)]
    rights: tuple[Right, ...]
    valid_ms: Annotated[int, Meta(ge=1, le=CODE_VALID_MS_MAX)]
    lasts_ms: Annotated[int, Meta(ge=1, le=DURATION_MS_MAX)] | None = None
    """For how long the clerk's own key counts, from now on; None: until the clerk is removed."""


class Redeem(Command, frozen=True, tag="redeem"):
    """Put a clerk's own public key in the place of the link's, with which this command comes. The link is used up."""

    key: Annotated[str, Meta(min_length=KEY_CHARS, max_length=KEY_CHARS)]


class ChangeRights(Command, frozen=True, tag="change_rights"):
    """Give a clerk these rights in place of those before. They count at once."""

    name: Annotated[str, Meta(max_length=NAME_CHARS_MAX)]
    rights: tuple[Right, ...]


class Dismiss(Command, frozen=True, tag="dismiss"):
    """Let a clerk no longer give commands, from now on: connections end, and what is under way is refused."""

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
    """Ask for a report by its name in `auctioneer.house.reports`; one on lots is on those in `lots`, or on all.

    The house remembers no questions, so their ids may be any.
    """

    report: str
    lots: tuple[LotId, ...] = ()


AccountCommand = SetLimit | NoteDeposit | LinkPaddles
"""What the desk does about the account of a bidder."""

AnyCorrection = Undo | Reopen | VoidSale | Award | Rewrite

AnyCommand = (
    OpenLot
    | Pause
    | Resume
    | Extend
    | CloseLot
    | Withdraw
    | AddLots
    | Move
    | Announce
    | CallLot
    | EndSale
    | Finish
    | HandOver
    | AnyCorrection
    | AnswerFor
    | Admit
    | Tell
    | BidFor
    | AddPaddle
    | AddPaddles
    | NoteContact
    | Forget
    | IssueCode
    | IssueCodes
    | AccountCommand
    | NoteSigned
    | SetConditions
    | Appoint
    | Redeem
    | ChangeRights
    | Dismiss
    | AddPartner
    | RemovePartner
    | Ask
)


class Done(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="done"):
    """A command was carried out and is durable. `lots` are those that it changed or was about.

    `results` are rows of the report for those that it ended.

    `paddle` and `name` are those of the person whom the command was about, `people` those of several (`paddle` and
    `name` each), and `title` is that of the lot, where there is one. A new code or link ends at `expires_at_ms`.
    `accepted` is the verdict on an offer that a clerk made for somebody, `number` the one by which a correction names
    the offer, and `standing` how the lot stands then. `of_seller` counts the lots of a seller who was linked.
    """

    id: int
    paddle: int | None = None
    name: str = ""
    people: tuple[reports.Row, ...] = ()
    title: str = ""
    number: int | None = None
    expires_at_ms: int | None = None
    lots: tuple[str, ...] = ()
    results: tuple[reports.Row, ...] = ()
    goes_on: bool = False
    """Whether the sale goes on after a command that closed all its lots, since they may have to be corrected."""
    accepted: Accepted | None = None
    standing: reports.Row | None = None
    of_seller: int | None = None


class Placing(Struct, frozen=True, kw_only=True, tag_field="type", tag="placing"):
    """What a list did, which is durable, or would do: a row for each person. If it has faults, nothing was done."""

    id: int
    placed: tuple[Placed, ...]
    faults: tuple[ListFault, ...]


class Report(Struct, frozen=True, kw_only=True, tag_field="type", tag="report"):
    """The requested report, in the shape that the command line prints as JSON."""

    id: int
    report: Any


AnyControlAnswer = Done | Placing | Report | Rejected


ChangeOfKeys = Appoint | ChangeRights | Dismiss | AddPartner | RemovePartner
"""What changes whose key counts, and for what; also in a sale that nobody holds."""

DeskCommand = AddPaddle | NoteContact | Forget | IssueCode | IssueCodes
"""What the desk does about one person, and the codes for several."""

_answers: Final[msgspec.msgpack.Decoder[AnyControlAnswer]] = msgspec.msgpack.Decoder(AnyControlAnswer)
decode_control_answer = _answers.decode
