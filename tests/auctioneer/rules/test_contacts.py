"""What can be kept of a person besides the name: one line each, of a named length."""

import pytest

from auctioneer.rules.contacts import COMPANY_CHARS_MAX, CONTACT_CHARS_MAX, Contact, contact_fault


def test_what_fits_is_kept() -> None:
    assert contact_fault(Contact("ö" * COMPANY_CHARS_MAX, "+" * CONTACT_CHARS_MAX)) is None
    assert (Contact().is_empty, Contact("a").is_empty, Contact("", "a").is_empty) == (True, False, False)


@pytest.mark.parametrize(
    ("contact", "field", "reason"),
    [
        (Contact("x" * (COMPANY_CHARS_MAX + 1)), "company", "at most 100 fit"),
        (Contact("", "x" * (CONTACT_CHARS_MAX + 1)), "contact", "at most 200 fit"),
        (Contact("", "a\nb"), "contact", "a line break"),
        (Contact("left\u202eright"), "company", "can't be seen"),
    ],
)
def test_what_can_t_be_kept(contact: Contact, field: str, reason: str) -> None:
    fault = contact_fault(contact)
    assert fault is not None
    assert (fault[0], reason in fault[1]) == (field, True)
