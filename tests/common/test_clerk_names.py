"""The names that clerks can have."""

from common.clerk_names import AUCTIONEER, HOUSE, is_clerk_name


def test_the_names_of_the_auctioneer_and_of_the_house_are_no_clerks() -> None:
    assert is_clerk_name("bea-2")
    assert not any(map(is_clerk_name, (AUCTIONEER, HOUSE, "", "Bea", "../x", "a" * 32)))
