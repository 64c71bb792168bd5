"""The check of a text that a command sends to bidders."""

from auctioneer.rules.decisions import Refused
from common.errors import RejectCode
from common.names import is_valid_text


def faulty_text(text: str) -> Refused | None:
    """Return why a text can't be sent; None if it can."""
    return None if is_valid_text(text) else Refused(RejectCode.MALFORMED, "the text has control or direction marks")
