"""Commands that change whose key counts: clerks and partners."""

import msgspec

from auctioneer.house.commands import AddPartner, Appoint, ChangeOfKeys, ChangeRights, Dismiss, Redeem, RemovePartner
from auctioneer.house.house import House
from auctioneer.rules.decisions import Decision, Refused
from auctioneer.rules.sale_settings import Controller, Partner, SaleSettings, is_partner_name, rights_in_order
from common.clerk_names import is_clerk_name
from common.errors import RejectCode
from common.messages import Role


def change_keys(house: House, command: ChangeOfKeys, by: str, at_ms: int, clock_ms: int) -> Decision:
    """Have a key of a clerk or a partner count, or no longer. If nothing changes, there is no fact.

    `at_ms` is the fact's time. It is before `clock_ms`, the time now, where nobody holds the sale.
    """
    settings = house.sale_settings
    if isinstance(command, Appoint | ChangeRights | Dismiss):
        changed = _with_clerks(settings, command, clock_ms)
    else:
        changed = _with_partners(house, settings, command)
    return changed if isinstance(changed, Refused) else _change(house, changed, by, at_ms)


def redeem(house: House, who: Controller, command: Redeem, now_ms: int) -> Decision:
    """Put a clerk's own key in the place of the link's."""
    own = msgspec.structs.replace(who, key=command.key, until_ms=None)
    return _change(house, house.sale_settings.with_controller(own), who.name, now_ms)


def _change(house: House, changed: SaleSettings, by: str, at_ms: int) -> Decision:
    if changed.fault:
        return Refused(RejectCode.WRONG_STATE, changed.fault)
    if changed != house.sale_settings:
        house.change_settings(at_ms, by, changed)
    return []


def _with_clerks(
    settings: SaleSettings, command: Appoint | ChangeRights | Dismiss, clock_ms: int
) -> SaleSettings | Refused:
    if not is_clerk_name(command.name):
        return Refused(RejectCode.MALFORMED, "that can't be a clerk's name")
    clerk = settings.controller(command.name)
    if isinstance(command, Appoint):
        if clerk is not None and clerk.until_ms is None and not clerk.is_over(clock_ms):
            what = f"{command.name} is a clerk already, with a key. To replace it, remove the clerk first"
            return Refused(RejectCode.WRONG_STATE, what)
        rights, until_ms = rights_in_order(command.rights), clock_ms + command.valid_ms
        ends_ms = None if command.lasts_ms is None else clock_ms + command.lasts_ms
        return settings.with_controller(Controller(command.name, Role.CLERK, command.key, rights, until_ms, ends_ms))
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
