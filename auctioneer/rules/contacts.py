"""What the desk knows of a person besides the name: it can be erased, so it is never in a fact.

It stands beside the chain, in a table of its own. The record says when and by whom it was erased (`ContactErased`), and
nothing of what it was.
"""

from typing import Final, NamedTuple

import msgspec

from common.names import is_valid_text

COMPANY_CHARS_MAX: Final = 100
CONTACT_CHARS_MAX: Final = 200
"""An e-mail address, telephone numbers, or both."""


class Contact(msgspec.Struct, frozen=True):
    """The company of a person, and how to reach the person; each may be empty, but not both."""

    company: str = ""
    contact: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not self.company and not self.contact


class ContactChange(NamedTuple):
    """What is known of the person with a paddle from now on; None erases it."""

    paddle: int
    contact: Contact | None


def contact_fault(contact: Contact) -> tuple[str, str] | None:
    """Return the field that can't be kept, and why as a sentence; None if both can."""
    for field, text, limit in (
        ("company", contact.company, COMPANY_CHARS_MAX),
        ("contact", contact.contact, CONTACT_CHARS_MAX),
    ):
        if len(text) > limit:
            return field, f"It has {len(text)} characters; at most {limit} fit."
        if not is_valid_text(text) or "\n" in text:
            return field, "It has a line break, or characters that steer a terminal or can't be seen; remove them."
    return None
