"""How a sale is run: what a start may choose, what stays, and by what no sale can be run."""

import pytest
from msgspec.structs import replace

from auctioneer.rules.sale_settings import (
    CONTROLLERS_MAX,
    NOTHING_CHOSEN,
    AdmissionMode,
    Chosen,
    Controller,
    Right,
    SaleSettings,
    chosen_settings,
    is_valid_invite,
)
from common.clerk_names import AUCTIONEER, HOUSE
from common.limits import INVITE_CHARS_MAX
from common.messages import Role

CHAIR = Controller(AUCTIONEER, Role.AUCTIONEER, "c" * 40)
BEA = Controller("bea", Role.CLERK, "b" * 40)
BY_INVITATION = SaleSettings(AdmissionMode.INVITE, "xyz", (CHAIR, BEA))


def test_what_is_not_chosen_stays_as_it_is() -> None:
    assert chosen_settings(BY_INVITATION, NOTHING_CHOSEN) == BY_INVITATION
    assert chosen_settings(BY_INVITATION, Chosen(new_invite="spare", auctioneer_key=CHAIR.key)) == BY_INVITATION


def test_what_is_chosen_takes_the_place_of_what_was() -> None:
    assert chosen_settings(BY_INVITATION, Chosen(AdmissionMode.OPEN)).admission is AdmissionMode.OPEN
    assert chosen_settings(BY_INVITATION, Chosen(invite="abc")).invite == "abc"
    other = chosen_settings(BY_INVITATION, Chosen(auctioneer_key="n" * 40))
    assert other.controllers == (replace(CHAIR, key="n" * 40), BEA), "the key that was lost counts no longer"


def test_a_code_is_made_where_one_is_needed_and_kept_while_it_is_not() -> None:
    chosen = Chosen(new_invite="made")
    assert chosen_settings(SaleSettings(), chosen).invite == ""
    by_invitation = chosen_settings(SaleSettings(), chosen._replace(admission=AdmissionMode.INVITE))
    assert by_invitation.invite == "made"
    opened = chosen_settings(by_invitation, Chosen(AdmissionMode.OPEN, new_invite="another"))
    again = chosen_settings(opened, Chosen(AdmissionMode.INVITE, new_invite="another"))
    assert again == by_invitation, "so that links that were given out stay good"


def test_clerks_come_and_go_and_have_one_key_each() -> None:
    settings = SaleSettings().with_controller(BEA).with_controller(CHAIR)
    assert settings.controllers == (CHAIR, BEA), "in the order of names"
    fresh = replace(BEA, key="n" * 40)
    assert settings.with_controller(fresh).controllers == (CHAIR, fresh)
    assert settings.without_controller("bea").controllers == (CHAIR,)
    assert settings.without_controller("cy") == settings


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (BY_INVITATION, ""),
        (SaleSettings(), ""),
        (SaleSettings(invite="kept", controllers=(BEA,)), ""),
        (replace(BY_INVITATION, invite=""), "without a code"),
        (replace(BY_INVITATION, invite="two words"), "can't be in a link"),
        (
            replace(BY_INVITATION, controllers=(CHAIR, BEA, replace(BEA, key="n" * 40))),
            "a key that no other has",
        ),
        (
            replace(BY_INVITATION, controllers=(CHAIR, replace(BEA, key=CHAIR.key))),
            "a key that no other has",
        ),
        (replace(BY_INVITATION, controllers=(replace(BEA, name=HOUSE),)), "a key that no other has"),
        (replace(BY_INVITATION, controllers=(replace(CHAIR, role=Role.CLERK),)), "only the auctioneer"),
        (replace(BY_INVITATION, controllers=(replace(BEA, role=Role.AUCTIONEER),)), "only the auctioneer"),
        (replace(BY_INVITATION, controllers=(replace(BEA, rights=(Right.DESK, Right.BIDS)),)), "in their order"),
        (replace(BY_INVITATION, controllers=(replace(BEA, rights=(Right.DESK, Right.DESK)),)), "once each"),
    ],
)
def test_by_what_no_sale_can_be_run(settings: SaleSettings, fault: str) -> None:
    assert fault in settings.fault
    assert bool(fault) is bool(settings.fault)


def test_so_many_give_commands_and_no_more() -> None:
    clerks = [Controller(f"clerk-{number}", Role.CLERK, f"{number:040}") for number in range(CONTROLLERS_MAX)]
    settings = SaleSettings(controllers=(CHAIR, *clerks[1:]))
    assert not settings.fault
    assert f"at most {CONTROLLERS_MAX}" in settings.with_controller(clerks[0]).fault


@pytest.mark.parametrize("code", ["a", "our-own", "A.b_c~9", "x" * INVITE_CHARS_MAX])
def test_what_can_be_a_code(code: str) -> None:
    assert is_valid_invite(code)


@pytest.mark.parametrize("code", ["", "two words", "a&b", "ü", "x\n", "x" * (INVITE_CHARS_MAX + 1)])
def test_what_can_not_be_a_code(code: str) -> None:
    assert not is_valid_invite(code)
