"""The settings of a sale: who may join, and who gives commands.

They are in the sale's record; each fact about them has all of them. The settings of the machine, such as ports, are in
the data directory (`auctioneer.process.options`). So is the file for `--admit list`, since people edit it.
"""

import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from common.clerk_names import AUCTIONEER, HOUSE
from common.limits import INVITE_CHARS_MAX
from common.messages import Role

CONTROLLERS_MAX: Final = 100
"""The most people who give commands, the auctioneer included; each fact about the settings lists them all."""
PARTNERS_MAX: Final = 100
"""The most halls, gateways and relays; each fact about the settings lists them all."""
GATEWAY: Final = "web"
"""The partner's name of the gateway that `auctioneer run --web` starts beside the house."""
_PARTNER_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)
_INVITE: Final = re.compile(rf"[A-Za-z0-9_.~-]{{1,{INVITE_CHARS_MAX}}}", re.ASCII)


class AdmissionMode(Enum):
    """Who may join: everybody, holders of the invite code, those whom the auctioneer admits, or the keys on a list."""

    OPEN = "open"
    INVITE = "invite"
    APPROVE = "approve"
    LIST = "list"


class Right(Enum):
    """What a clerk may do. Everybody who gives commands may read; the auctioneer may do all."""

    BIDS = "bids"
    """Bid for others: from the floor, by telephone, absentee."""
    DESK = "desk"
    """Give paddles and codes, admit people, say something to one of them."""
    CORRECTIONS = "corrections"
    """Correct what was done or printed; add and withdraw lots."""
    HAMMER = "hammer"
    """Conduct the lots: open, pause, extend, close; end the sale; say something to all."""


class Controller(msgspec.Struct, frozen=True):
    """A person who gives commands: the name in the record, the role, and the public key that proves who it is.

    `rights` are those of a clerk, each once, in the order of `Right`; the auctioneer needs none. If `until_ms` is set,
    the key is that of a link: it only serves to put the clerk's own key in its place, and only before that moment. A
    clerk's own key counts until `ends_ms`, or without an end if that is None.
    """

    name: str
    role: Role
    key: str
    rights: tuple[Right, ...] = ()
    until_ms: int | None = None
    ends_ms: int | None = None

    def is_over(self, now_ms: int) -> bool:
        """Return whether the key counts no longer."""
        return any(end_ms is not None and now_ms >= end_ms for end_ms in (self.until_ms, self.ends_ms))


class Partner(msgspec.Struct, frozen=True):
    """A program that shows the sale to others (a hall, a gateway, a relay): a name for people, and the public key."""

    name: str
    key: str


class SaleSettings(msgspec.Struct, frozen=True):
    """The settings. `invite` matters only with `AdmissionMode.INVITE`, but is kept in the other modes too."""

    admission: AdmissionMode = AdmissionMode.OPEN
    invite: str = ""
    controllers: tuple[Controller, ...] = ()
    partners: tuple[Partner, ...] = ()
    """They come in as observers, whatever `admission` is."""

    @property
    def fault(self) -> str:
        """Why no sale can have these settings, for people; empty if one can."""
        names, keys = {one.name for one in self.controllers}, {one.key for one in self.controllers}
        if self.admission is AdmissionMode.INVITE and not self.invite:
            return "an invitation without a code lets everybody in"
        if self.invite and not is_valid_invite(self.invite):
            return "the invite code can't be in a link"
        if len(self.controllers) > CONTROLLERS_MAX:
            return f"a sale has at most {CONTROLLERS_MAX} people who give commands"
        if len(names) < len(self.controllers) or len(keys) < len(self.controllers) or HOUSE in names:
            return "each person who gives commands needs a name and a key that no other has"
        if any((one.name == AUCTIONEER) is not (one.role is Role.AUCTIONEER) for one in self.controllers):
            return "only the auctioneer can have the auctioneer's name and role"
        if any(one.rights != rights_in_order(one.rights) for one in self.controllers):
            return "a clerk's rights are listed once each, in their order"
        if len(self.partners) > PARTNERS_MAX:
            return f"a sale has at most {PARTNERS_MAX} partners"
        names, keys = {one.name for one in self.partners}, {one.key for one in self.partners}
        if len(names) < len(self.partners) or len(keys) < len(self.partners):
            return "each partner needs a name and a key that no other has"
        return ""

    def with_partner(self, partner: Partner) -> "SaleSettings":
        """Return the settings with a partner; a new key of a name takes the place of the one before."""
        others = (one for one in self.partners if one.name != partner.name)
        by_name = sorted((*others, partner), key=lambda one: one.name)
        return msgspec.structs.replace(self, partners=tuple(by_name))

    def without_partner(self, name: str) -> "SaleSettings":
        """Return the settings without the partner of a name, if there is one."""
        return msgspec.structs.replace(self, partners=tuple(one for one in self.partners if one.name != name))

    def controller(self, name: str) -> Controller | None:
        """Return the controller of that name; None if there is none."""
        return next((one for one in self.controllers if one.name == name), None)

    def with_controller(self, controller: Controller) -> "SaleSettings":
        """Return the settings with a controller added, in place of any other of the same name."""
        others = (one for one in self.controllers if one.name != controller.name)
        by_name = sorted((*others, controller), key=lambda one: one.name)
        return msgspec.structs.replace(self, controllers=tuple(by_name))

    def without_controller(self, name: str) -> "SaleSettings":
        """Return the settings without the controller of that name; unchanged if there is none."""
        return msgspec.structs.replace(self, controllers=tuple(one for one in self.controllers if one.name != name))


class Chosen(NamedTuple):
    """The settings chosen at a start. Any that is not chosen stays as it is in the record."""

    admission: AdmissionMode | None = None
    invite: str = ""
    """The invite code; empty: the code that the sale has, or `new_invite` if it has none."""
    new_invite: str = ""
    auctioneer_key: str = ""
    """The public key of the auctioneer on this machine; empty: the key that the sale has, if any."""
    admitted_keys: Callable[[], frozenset[str]] = frozenset
    """Returns the keys on the list; called only with `AdmissionMode.LIST`."""
    gateway_key: str = ""
    """The public key of the gateway beside the house; empty: there is none, and the sale's partners stay."""


NOTHING_CHOSEN: Final = Chosen()


def chosen_settings(settings: SaleSettings, chosen: Chosen) -> SaleSettings:
    """Return the settings after the choices of a start."""
    admission = chosen.admission or settings.admission
    spare = chosen.new_invite if admission is AdmissionMode.INVITE else ""
    changed = msgspec.structs.replace(settings, admission=admission, invite=chosen.invite or settings.invite or spare)
    if chosen.gateway_key:
        changed = changed.with_partner(Partner(GATEWAY, chosen.gateway_key))
    if not chosen.auctioneer_key:
        return changed
    return changed.with_controller(Controller(AUCTIONEER, Role.AUCTIONEER, chosen.auctioneer_key))


def rights_in_order(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Return rights, each once, in the order of `Right`."""
    wanted = set(rights)
    return tuple(right for right in Right if right in wanted)


def is_partner_name(name: str) -> bool:
    """Return whether a partner can have this name: a plain word."""
    return _PARTNER_NAME.fullmatch(name) is not None


def is_valid_invite(code: str) -> bool:
    """Return whether a code fits every link: 1 to 64 letters, digits and `-`, `_`, `.`, `~`."""
    return _INVITE.fullmatch(code) is not None
