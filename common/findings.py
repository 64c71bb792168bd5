"""What a check before the sale found: whether it is right, what it is, why that matters, and what to do."""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct


class Verdict(Enum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    """The sale can be held, but something may go wrong, or can't be known from here."""
    FAULT = "fault"
    """The sale can't be held like this, or guests can't take part."""


class Finding(Struct, frozen=True):
    """The outcome of one check. `what` is a sentence; `why` and `advice` may be empty if nothing is to be done."""

    check: str
    """The name of the check, for programs: a word."""
    verdict: Verdict
    what: str
    why: str = ""
    advice: str = ""


def has_fault(findings: Iterable[Finding]) -> bool:
    """Return whether any of the findings is a fault."""
    return any(finding.verdict is Verdict.FAULT for finding in findings)
