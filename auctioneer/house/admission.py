"""The rule for who may join and who may hear the broadcasts, in one place.

It is asked three times: by the door before a handshake is done, at a hello, and at a subscription.
"""

from typing import Final

import msgspec

from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode
from common.messages import Hello

TURNED_OUT: Final = "the auctioneer turned you out; bids that you made before stand"
ONLY_LOOKS_ON: Final = "this key is a partner's, and a partner only looks on; bid with another key"
NOT_LISTED: Final = (
    "it admits the keys on its list, and yours is not there; give your key to the auctioneer: "
    "`bidder key --name NAME` prints it"
)
"""The causes of `not_admitted`, for people."""
HOW_TO_ACCEPT: Final = "ask for them by `conditions`, and say hello again with their digest in `accepts`"
TOO_MANY_GUESSES: Final = "many wrong paddle codes came, so no code is looked at for a moment"


class Admission(msgspec.Struct, frozen=True):
    """The rule in force. Only INVITE uses `invite`, and only LIST uses `listed` (keys in Z85).

    A partner (a hall, a gateway, a relay) comes in as an observer in every mode, and as nothing else.
    """

    mode: AdmissionMode = AdmissionMode.OPEN
    invite: str = ""
    listed: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()

    def rejection(self, key: str, hello: Hello) -> RejectCode | None:
        """Return why a key that is not enrolled can't even apply; None if it can."""
        if self.mode is AdmissionMode.INVITE and hello.invite != self.invite:
            return RejectCode.WRONG_INVITE
        if self.mode is AdmissionMode.LIST and key not in self.listed:
            return RejectCode.NOT_ADMITTED
        return None

    def may_connect(self, key: str, *, is_admitted: bool | None) -> bool:
        """Return whether a key may connect to the broadcasts. What it hears is decided when it subscribes.

        `is_admitted` is the house's decision on the key, or None if it never made one. Such a key may connect if its
        hello would need no code and no approval. So an observer need not wait for the door after each restart.
        """
        if key in self.partners:
            return True
        if is_admitted is not None:
            return is_admitted
        return self.mode is AdmissionMode.OPEN or (self.mode is AdmissionMode.LIST and key in self.listed)
