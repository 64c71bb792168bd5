"""The register: the key, name, paddle and admission of each bidder.

A principal is the CURVE public key of a message's connection. A name belongs to the first key that enrols under it, and
so do all names that look like it. Enrolments are recorded; observers leave no trace, except where they must be
approved.
"""

from typing import Final

import msgspec

from auctioneer.house.admission import Admission
from auctioneer.rules.facts import BidderAdmitted, BidderEnrolled
from auctioneer.rules.sale_settings import AdmissionMode
from common.errors import RejectCode, StorageError
from common.limits import BIDDERS_MAX
from common.messages import Hello, Role
from common.names import is_valid_name, skeletons

APPROVAL_POLL_MS = 2000
"""How long a bidder who waits for approval is asked to wait before asking again."""
ENROLMENTS_BURST: Final = 10_000
"""Enrolments that are allowed at once, as when the doors open."""
ENROLMENTS_PER_S: Final = 50
"""And a second after that: keys cost nothing, and nobody may fill the register in a moment with many.

At this rate it takes half an hour to fill, which is time to notice and to ask for an invite code or for approval."""
_PLACE_MS: Final = 1000 // ENROLMENTS_PER_S
ENROLMENT_RETRY_MS: Final = 2000
"""How long a newcomer is asked to wait while too many enrol."""


class Enrolled(msgspec.Struct, frozen=True):
    """An entry of the register. Not admitted: waiting for the auctioneer, or turned out."""

    paddle: int
    name: str
    key: str
    role: Role
    admitted: bool
    skeletons: tuple[str, ...]
    waiting: bool = False


OBSERVER_PADDLE = 0


def observer(key: str) -> Enrolled:
    """Return the entry of an observer, which is not recorded."""
    return Enrolled(OBSERVER_PADDLE, "", key, Role.OBSERVER, admitted=True, skeletons=())


class Register:
    """All enrolled bidders, by key, paddle and name."""

    def __init__(self, entries: list[Enrolled]) -> None:
        self._by_key: dict[str, Enrolled] = {}
        self._by_paddle: dict[int, Enrolled] = {}
        self._by_skeleton: dict[str, int] = {}
        self._places_ms = ENROLMENTS_BURST * _PLACE_MS
        self._places_at_ms: int | None = None
        for entry in entries:
            self._put(entry)

    @property
    def entries(self) -> list[Enrolled]:
        """Everybody, in the order of paddles."""
        return list(self._by_paddle.values())

    def by_key(self, key: str) -> Enrolled | None:
        """Return the entry of a key."""
        return self._by_key.get(key)

    def by_paddle(self, paddle: int) -> Enrolled | None:
        """Return the entry of a paddle."""
        return self._by_paddle.get(paddle)

    def entry(self, paddle: int) -> Enrolled:
        """Return the entry of a paddle that somebody has. Raises StorageError where nobody has it."""
        entry = self._by_paddle.get(paddle)
        if entry is None:
            raise StorageError(f"The record names paddle {paddle}, which nobody has.")
        return entry

    def find(self, name_or_paddle: str) -> Enrolled | None:
        """Return the entry that an auctioneer means by a paddle or a name."""
        if name_or_paddle.isascii() and name_or_paddle.isdigit() and len(name_or_paddle) <= len(str(BIDDERS_MAX)):
            return self._by_paddle.get(int(name_or_paddle))
        paddles = (self._by_skeleton.get(skeleton) for skeleton in skeletons(name_or_paddle))
        return next((self._by_paddle[paddle] for paddle in paddles if paddle is not None), None)

    def enrol(self, now_ms: int, key: str, hello: Hello, admission: Admission) -> BidderEnrolled | RejectCode:
        """Decide whether a key that is not enrolled becomes a bidder, or waits to; the fact is applied."""
        rejection = admission.rejection(key, hello)
        if rejection is not None:
            return rejection
        if not is_valid_name(hello.name):
            return RejectCode.INVALID_NAME
        is_admitted = admission.mode is not AdmissionMode.APPROVE
        return self.enter(now_ms, key, hello, skeletons(hello.name), is_admitted=is_admitted)

    def enter(
        self, now_ms: int, key: str, hello: Hello, skeletons: tuple[str, ...], *, is_admitted: bool
    ) -> BidderEnrolled | RejectCode:
        """Decide whether a valid name with these skeletons is free; the fact is applied."""
        if any(skeleton in self._by_skeleton for skeleton in skeletons):
            return RejectCode.NAME_TAKEN
        if len(self._by_key) >= BIDDERS_MAX:
            return RejectCode.HOUSE_FULL
        if not self._spend_place(now_ms):
            return RejectCode.SLOW_DOWN
        fact = BidderEnrolled(
            at_ms=now_ms,
            paddle=len(self._by_paddle) + 1,
            name=hello.name,
            key=key,
            role=hello.role,
            admitted=is_admitted,
            skeletons=skeletons,
        )
        self.apply(fact)
        return fact

    def _spend_place(self, now_ms: int) -> bool:
        """Return whether one more may enrol now. Kept in milliseconds of the rate, so that all is in integers."""
        waited_ms = 0 if self._places_at_ms is None else max(0, now_ms - self._places_at_ms)
        self._places_ms = min(ENROLMENTS_BURST * _PLACE_MS, self._places_ms + waited_ms)
        self._places_at_ms = now_ms
        if self._places_ms < _PLACE_MS:
            return False
        self._places_ms -= _PLACE_MS
        return True

    def apply(self, fact: BidderEnrolled | BidderAdmitted) -> None:
        """Take a fact into the register."""
        match fact:
            case BidderEnrolled():
                self._put(
                    Enrolled(
                        fact.paddle,
                        fact.name,
                        fact.key,
                        fact.role,
                        fact.admitted,
                        fact.skeletons,
                        waiting=not fact.admitted,
                    )
                )
            case BidderAdmitted():
                entry = self._by_paddle[fact.paddle]
                self._put(msgspec.structs.replace(entry, admitted=fact.admitted, waiting=False))

    def _put(self, entry: Enrolled) -> None:
        self._by_key[entry.key] = entry
        self._by_paddle[entry.paddle] = entry
        self._by_skeleton.update(dict.fromkeys(entry.skeletons, entry.paddle))
