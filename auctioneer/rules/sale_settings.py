"""The settings of a sale: its admission, and the keys that give commands.

They are in the sale's record, as facts that have all of them. What belongs to the machine, such as ports, is in the
data directory (`auctioneer.process.options`), and the list of `--admit list` is a file there, since people edit it.
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from common.limits import INVITE_CHARS_MAX
from common.messages import Role

AUCTIONEER: Final = "auctioneer"
"""The name of the auctioneer's own key."""
HOUSE: Final = "house"
"""The `by` of what the house did by itself, by the clock; no controller has that name."""
CONTROLLERS_MAX: Final = 100
"""The auctioneer and all clerks of a sale: each fact about them names all."""
_CLERK_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)
_INVITE: Final = re.compile(rf"[A-Za-z0-9_.~-]{{1,{INVITE_CHARS_MAX}}}", re.ASCII)


class AdmissionMode(Enum):
    """Who may join: everybody, those with the invite code, those the auctioneer approves, or the keys on a list."""

    OPEN = "open"
    INVITE = "invite"
    APPROVE = "approve"
    LIST = "list"


class Controller(msgspec.Struct, frozen=True):
    """The auctioneer or a clerk: a name for the record, a role, and the public key that the house recognises."""

    name: str
    role: Role
    key: str


class SaleSettings(msgspec.Struct, frozen=True):
    """The settings. `invite` counts with `AdmissionMode.INVITE`, and is kept under any other mode."""

    admission: AdmissionMode = AdmissionMode.OPEN
    invite: str = ""
    controllers: tuple[Controller, ...] = ()

    @property
    def fault(self) -> str:
        """Why no sale can have these settings, in a sentence; empty where one can."""
        names, keys = {one.name for one in self.controllers}, {one.key for one in self.controllers}
        if self.admission is AdmissionMode.INVITE and not self.invite:
            return "an invitation without a code lets everybody in"
        if self.invite and not is_valid_invite(self.invite):
            return "the invite code can't be in a link"
        if len(self.controllers) > CONTROLLERS_MAX:
            return f"a sale has at most {CONTROLLERS_MAX} who give commands"
        if len(names) < len(self.controllers) or len(keys) < len(self.controllers) or HOUSE in names:
            return "each who gives commands has one name and one key"
        if any((one.name == AUCTIONEER) is not (one.role is Role.AUCTIONEER) for one in self.controllers):
            return "the auctioneer alone has the auctioneer's name and role"
        return ""

    def with_controller(self, controller: Controller) -> "SaleSettings":
        """Return the settings with a controller; a new key of a name replaces the old one."""
        others = (one for one in self.controllers if one.name != controller.name)
        by_name = sorted((*others, controller), key=lambda one: one.name)
        return msgspec.structs.replace(self, controllers=tuple(by_name))

    def without_controller(self, name: str) -> "SaleSettings":
        """Return the settings without the controller of a name, if there is one."""
        return msgspec.structs.replace(self, controllers=tuple(one for one in self.controllers if one.name != name))


class Chosen(NamedTuple):
    """The choices of a start; all else stays as it is in the record."""

    admission: AdmissionMode | None = None
    invite: str = ""
    """The code; empty: the one that the sale has, else `new_invite`."""
    new_invite: str = ""
    auctioneer_key: str = ""
    """The public key of the auctioneer on this machine; empty: the one that the sale has, if any."""
    admitted_keys: Callable[[], frozenset[str]] = frozenset
    """Returns the keys for `AdmissionMode.LIST`; called in that mode only."""


NOTHING_CHOSEN: Final = Chosen()


def chosen_settings(settings: SaleSettings, chosen: Chosen) -> SaleSettings:
    """Return the settings after the choices of a start."""
    admission = chosen.admission or settings.admission
    spare = chosen.new_invite if admission is AdmissionMode.INVITE else ""
    changed = msgspec.structs.replace(settings, admission=admission, invite=chosen.invite or settings.invite or spare)
    if not chosen.auctioneer_key:
        return changed
    return changed.with_controller(Controller(AUCTIONEER, Role.AUCTIONEER, chosen.auctioneer_key))


def is_clerk_name(name: str) -> bool:
    """Return whether a clerk can have this name: a plain word, and neither the auctioneer's nor the house's."""
    return _CLERK_NAME.fullmatch(name) is not None and name not in (AUCTIONEER, HOUSE)


def is_valid_invite(code: str) -> bool:
    """Return whether a code is one that every link can carry: up to 64 letters, digits and `-`, `_`, `.`, `~`."""
    return _INVITE.fullmatch(code) is not None
