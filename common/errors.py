"""Everything that can be refused, and whose fault it is.

A rejection is data: the house answers with a `RejectCode`, and `ADVICE` has the sentence that a person reads. An
exception is for what a caller can't treat as an answer. The tree of exceptions says who must act:

    AuctionError
    +-- UsageError          the caller: a wrong amount, name, link or option            exit status 2
    +-- RejectedError       the house said no, with a code                              exit status 3
    +-- UnreachableError    the network or the house: nothing answered in time          exit status 4
    |   +-- WrongKeyError   something answers there, but not with the link's key        exit status 4
    +-- ProtocolError       the peer broke the protocol (a bug, or not an auction)      exit status 5
    +-- StorageError        the disk or the journal; the house can't continue           exit status 6
"""

from enum import Enum
from typing import Final


class RejectCode(Enum):
    """Why the house refuses a request; the values are the codes on the wire."""

    # the lot
    UNKNOWN_LOT = "unknown_lot"
    LOT_NOT_OPEN = "lot_not_open"
    LOT_PAUSED = "lot_paused"
    ALREADY_OPEN = "already_open"
    LOT_CLOSED = "lot_closed"
    LOT_WITHDRAWN = "lot_withdrawn"
    SALE_ENDED = "sale_ended"
    # the amount
    BELOW_MINIMUM = "below_minimum"
    INVALID_AMOUNT = "invalid_amount"
    OVER_LIMIT = "over_limit"
    OVER_SPENDING_LIMIT = "over_spending_limit"
    ALREADY_LEADING = "already_leading"
    MAXIMUM_NOT_RAISED = "maximum_not_raised"
    NO_BUY_NOW = "no_buy_now"
    STATE_CHANGED = "state_changed"
    OTHER_FORMAT = "other_format"
    NO_OFFER = "no_offer"
    NO_RETRACTION = "no_retraction"
    NOT_ASKED = "not_asked"
    NO_HOUSE_BIDS = "no_house_bids"
    HOUSE_BID_TOO_HIGH = "house_bid_too_high"
    # the bidder
    OWN_LOT = "own_lot"
    LINKED_BIDDER = "linked_bidder"
    HELLO_FIRST = "hello_first"
    NAME_TAKEN = "name_taken"
    INVALID_NAME = "invalid_name"
    NOT_ADMITTED = "not_admitted"
    AWAITING_APPROVAL = "awaiting_approval"
    WRONG_INVITE = "wrong_invite"
    WRONG_CODE = "wrong_code"
    CONDITIONS_NOT_ACCEPTED = "conditions_not_accepted"
    FORBIDDEN = "forbidden"
    HOUSE_FULL = "house_full"
    # the request
    ID_CONFLICT = "id_conflict"
    ID_STALE = "id_stale"
    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    UNSUPPORTED_VERSION = "unsupported_version"
    HISTORY_GONE = "history_gone"
    SLOW_DOWN = "slow_down"
    # the house
    UNAVAILABLE = "unavailable"
    # the auctioneer's commands
    WRONG_STATE = "wrong_state"
    UNKNOWN_BIDDER = "unknown_bidder"
    UNKNOWN_BID = "unknown_bid"
    INVALID_LOT = "invalid_lot"


ADVICE: Final[dict[RejectCode, str]] = {
    RejectCode.UNKNOWN_LOT: "There is no such lot in this sale. List the lots to see their numbers.",
    RejectCode.LOT_NOT_OPEN: "Bidding on this lot has not begun. Wait for it to open.",
    RejectCode.LOT_PAUSED: "The auctioneer has paused bidding; the clock stands still. Bid again when bidding resumes.",
    RejectCode.ALREADY_OPEN: "The lot has opened, so no bid can be left any more. Bid on it now.",
    RejectCode.LOT_CLOSED: "Bidding on this lot is over.",
    RejectCode.LOT_WITHDRAWN: "The lot was withdrawn from the sale.",
    RejectCode.SALE_ENDED: "The sale has ended.",
    RejectCode.BELOW_MINIMUM: "The bid is below the minimum. Bid at least the minimum.",
    RejectCode.INVALID_AMOUNT: "That is not a valid amount: it must be a whole number of minor units, 1 or more.",
    RejectCode.OVER_LIMIT: (
        "The amount is over the house's limit, or would bring the price so near to it that nobody could bid more. "
        "Check for a typing error, or bid less."
    ),
    RejectCode.OVER_SPENDING_LIMIT: (
        "That would take you over your spending limit: what you have won counts, and the most that you may have to pay "
        "on lots that are not over. Offer less, or ask the desk for a higher limit."
    ),
    RejectCode.ALREADY_LEADING: "You already lead this lot. To be ready for other bids, raise your maximum.",
    RejectCode.MAXIMUM_NOT_RAISED: "You lead with this maximum or a higher one. A maximum can only be raised.",
    RejectCode.NO_BUY_NOW: "This lot can't be bought at once at that price, or can no longer be. Bid instead.",
    RejectCode.STATE_CHANGED: "The lot changed since you looked, and you asked to bid only if it had not.",
    RejectCode.OTHER_FORMAT: "This lot is sold by other rules, which have no such offer. See how the lot is sold.",
    RejectCode.NO_OFFER: "You have no offer on this lot that could be taken back.",
    RejectCode.NO_RETRACTION: (
        "Bids can't be taken back in this sale, or not any more on this lot. Ask the auctioneer if it was a mistake."
    ),
    RejectCode.NOT_ASKED: (
        "You are not asked whether a bid of yours on this lot stands, or not any more. See how the lot stands now."
    ),
    RejectCode.NO_HOUSE_BIDS: (
        "The house may not bid on this lot, or only openly. The catalogue must allow it, and it has no maximum."
    ),
    RejectCode.HOUSE_BID_TOO_HIGH: (
        "The house bids for the seller below the reserve only. Bid less, or leave the lot to the bidders."
    ),
    RejectCode.OWN_LOT: "You are the seller of this lot and can't bid on it.",
    RejectCode.LINKED_BIDDER: (
        "You are linked with the seller of this lot, or with somebody who has an offer on it, so you can't bid on it. "
        "Ask the desk if that is wrong."
    ),
    RejectCode.HELLO_FIRST: "The house does not know this key yet. Send hello first.",
    RejectCode.NAME_TAKEN: "Another bidder has this name, or one that looks like it. Choose another name.",
    RejectCode.INVALID_NAME: "A name has 1 to 40 visible characters, at least one of them a letter or a digit.",
    RejectCode.NOT_ADMITTED: "The house does not let your key take part in this sale.",
    RejectCode.AWAITING_APPROVAL: "The auctioneer has to admit you first. Wait; the client asks again automatically.",
    RejectCode.WRONG_INVITE: "This sale needs an invite code, and yours is missing or wrong. Use the whole join link.",
    RejectCode.WRONG_CODE: "The paddle code is wrong, used or expired. Check it, or ask the desk for a new one.",
    RejectCode.CONDITIONS_NOT_ACCEPTED: "This sale has conditions. Read them and accept them, then join again.",
    RejectCode.FORBIDDEN: "Your role does not allow that.",
    RejectCode.HOUSE_FULL: "The house is full and can admit no more.",
    RejectCode.ID_CONFLICT: "This request id was used before with other content. Use a new id for a new request.",
    RejectCode.ID_STALE: (
        "This request id is below all that the house remembers. See what you lead, then use a higher id."
    ),
    RejectCode.MALFORMED: "The request is not one of this protocol's messages.",
    RejectCode.TOO_LARGE: "The request is larger than the limit.",
    RejectCode.UNSUPPORTED_VERSION: "The house and the client share no version of the protocol. Upgrade the older one.",
    RejectCode.HISTORY_GONE: "The house no longer has these events in memory. Ask for a snapshot.",
    RejectCode.SLOW_DOWN: "Too many requests. Wait a moment, then continue more slowly.",
    RejectCode.UNAVAILABLE: "The house can't store bids now; nothing was decided. Repeat with the same id.",
    RejectCode.WRONG_STATE: "The lot or the sale is not in a state that allows this.",
    RejectCode.UNKNOWN_BIDDER: "There is no such bidder. List the bidders to see names and paddles.",
    RejectCode.UNKNOWN_BID: "There is no such bid that could be taken back. `auctioneer bids LOT` lists them.",
    RejectCode.INVALID_LOT: "A lot has a fault. Correct it and add the lot again; nothing was added.",
}
"""The sentence for each code; it says what happened and what to do."""


COMMAND_ADVICE: Final[dict[RejectCode, str]] = ADVICE | {
    RejectCode.UNAVAILABLE: (
        "The house can't store anything now, since its disk or its database fails. `auctioneer doctor` and the house's "
        "log say why; it goes on by itself."
    ),
    RejectCode.LOT_PAUSED: "Bidding on this lot is paused. Resume it first.",
    RejectCode.ALREADY_OPEN: "The lot has opened, so no bid can be left any more. Bid on it for the paddle.",
    RejectCode.OVER_SPENDING_LIMIT: (
        "That would take the bidder over its spending limit. Bid less, or set a higher one with `auctioneer limit`."
    ),
    RejectCode.ALREADY_LEADING: "The bidder already leads this lot.",
    RejectCode.MAXIMUM_NOT_RAISED: "The bidder leads with this maximum or a higher one. A maximum can only be raised.",
    RejectCode.STATE_CHANGED: "The lot changed since you looked. See how it stands now, then give the command again.",
    RejectCode.NO_OFFER: "The bidder has no offer on this lot that could be taken back.",
    RejectCode.NOT_ASKED: "Nobody is asked whether a bid on this lot stands, or not any more.",
    RejectCode.OWN_LOT: "The bidder is the seller of this lot and can't bid on it.",
    RejectCode.LINKED_BIDDER: (
        "The bidder is linked with the seller of this lot, or with somebody who has an offer on it. "
        "`auctioneer paddle unlink` ends that."
    ),
}
"""The sentence for whoever gives the house commands: what a bidder is told of itself is told of the bidder."""


def sentence(reject: RejectCode, detail: str = "") -> str:
    """Return the sentence for a rejection, followed in brackets by `detail`, which the house may have added."""
    return _with(ADVICE[reject], detail)


def _with(advice: str, detail: str) -> str:
    return f"{advice} ({detail})" if detail else advice


class AuctionError(Exception):
    """The root of this package's exceptions; `str()` is a sentence for the person at the keyboard."""

    exit_status = 1
    code = "error"

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentence as one line, or a line for each thing if there are several to tell."""
        return (str(self),)


class UsageError(AuctionError):
    """The caller gave something wrong; nothing was sent or changed."""

    exit_status = 2
    code = "usage"


class RejectedError(AuctionError):
    """The house refused; `reject` is the reason, and `detail` is what the house added, or empty."""

    exit_status = 3

    def __init__(self, reject: RejectCode, detail: str = "") -> None:
        self.reject = reject
        self.detail = detail
        self.code = reject.value
        super().__init__(self._sentence(reject, detail))

    def _sentence(self, reject: RejectCode, detail: str) -> str:
        return sentence(reject, detail)


class CommandRefusedError(RejectedError):
    """The house refused a command; its words are for the person who gave it."""

    def _sentence(self, reject: RejectCode, detail: str) -> str:
        return _with(COMMAND_ADVICE[reject], detail)


class UnreachableError(AuctionError):
    """Nothing answered in time. A bid's outcome is unknown until the bid is repeated with the same id."""

    exit_status = 4
    code = "unreachable"


class WrongKeyError(UnreachableError):
    """Something listens at the address, but the handshake with the link's key fails."""

    code = "wrong_key"


class ProtocolError(AuctionError):
    """The peer sent what the protocol does not allow."""

    exit_status = 5
    code = "protocol"


class StorageError(AuctionError):
    """The journal or another necessary file can't be read or written; the message says what to do."""

    exit_status = 6
    code = "storage"
