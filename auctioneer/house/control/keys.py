"""Commands that change whose key counts: clerks and partners."""

import msgspec

from auctioneer.house.commands import AddPartner, Appoint, ChangeOfKeys, ChangeRights, Dismiss, RemovePartner
from auctioneer.house.house import House
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.sale_settings import (
    Controller,
    Partner,
    SaleSettings,
    is_clerk_name,
    is_partner_name,
    rights_in_order,
)
from common.errors import RejectCode
from common.messages import Role


def change_keys(house: House, command: ChangeOfKeys, by: str, now_ms: int) -> Decision:
    """Have a key of a clerk or a partner count, or no longer. If nothing changes, there is no fact."""
    settings = house.sale_settings
    if isinstance(command, Appoint | ChangeRights | Dismiss):
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


def _with_clerks(settings: SaleSettings, command: Appoint | ChangeRights | Dismiss) -> SaleSettings | Refused:
    if not is_clerk_name(command.name):
        return Refused(RejectCode.MALFORMED, "that can't be a clerk's name")
    if isinstance(command, Appoint):
        rights = rights_in_order(command.rights)
        return settings.with_controller(Controller(command.name, Role.CLERK, command.key, rights))
    clerk = settings.controller(command.name)
    if clerk is None:
        return Refused(RejectCode.WRONG_STATE, f"there is no clerk {command.name}")
    if isinstance(command, ChangeRights):
        return settings.with_controller(msgspec.structs.replace(clerk, rights=rights_in_order(command.rights)))
    return settings.without_controller(command.name)


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
