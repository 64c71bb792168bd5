"""Who may join, and who may hear the broadcasts: the rule, in one place.

The door asks before a handshake is done, a hello when somebody introduces itself, and a subscription when it is made.
"""

from typing import Final

import msgspec

from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode
from common.messages import Hello

TURNED_OUT: Final = "the auctioneer turned you out; bids that you made before stand"
NOT_LISTED: Final = (
    "it admits the keys on its list, and yours is not there; give it to the auctioneer: "
    "`bidder key --name NAME` prints it"
)
"""The cause of `not_admitted`, for people."""


class Admission(msgspec.Struct, frozen=True):
    """The rule in force. `invite` counts with INVITE, `listed` (keys in Z85) with LIST."""

    mode: AdmissionMode = AdmissionMode.OPEN
    invite: str = ""
    listed: frozenset[str] = frozenset()

    def rejection(self, key: str, hello: Hello) -> RejectCode | None:
        """Return why a key that is not enrolled can't join; None if it can."""
        if self.mode is AdmissionMode.INVITE and hello.invite != self.invite:
            return RejectCode.WRONG_INVITE
        if self.mode is AdmissionMode.LIST and key not in self.listed:
            return RejectCode.NOT_ADMITTED
        return None

    def may_connect(self, key: str, *, is_admitted: bool | None) -> bool:
        """Return whether a key may connect to the broadcasts; what it hears is decided when it subscribes.

        `is_admitted` is what the house decided about the key; None where it never had to. A hello would do for such a
        key if it needs no code and no approval, and an observer need not wait for the door after each restart.
        """
        if is_admitted is not None:
            return is_admitted
        return self.mode is AdmissionMode.OPEN or (self.mode is AdmissionMode.LIST and key in self.listed)
