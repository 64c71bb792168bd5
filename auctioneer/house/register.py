"""The register: which key is which bidder, and who is admitted.

A principal is the CURVE public key that a message came with. A name belongs to the first key that enrols with it, and
so do all names that look like it. Enrolments are journaled. An observer leaves no trace, unless it must be approved.
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
"""How long a bidder who waits for approval should wait before asking again."""
ENROLMENTS_BURST: Final = 10_000
"""The most enrolments at once, as when the doors open."""
ENROLMENTS_PER_S: Final = 50
"""The most enrolments per second after that. Keys cost nothing, and nobody may fill the register in a moment.

At this rate it takes half an hour to fill. That is time to notice, and to demand an invite code or approval."""
_PLACE_MS: Final = 1000 // ENROLMENTS_PER_S
ENROLMENT_RETRY_MS: Final = 2000
"""How long a newcomer should wait while too many enrol."""


class Enrolled(msgspec.Struct, frozen=True):
    """An entry of the register. If it is not admitted, it waits for the auctioneer, or was turned out."""

    paddle: int
    name: str
    key: str
    role: Role
    admitted: bool
    skeletons: tuple[str, ...]
    waiting: bool = False


OBSERVER_PADDLE = 0


def observer(key: str) -> Enrolled:
    """Return the entry of an observer, which is in no register."""
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
        """All entries, in the order of paddles."""
        return list(self._by_paddle.values())

    def by_key(self, key: str) -> Enrolled | None:
        """Return the entry of a key; None if it is not enrolled."""
        return self._by_key.get(key)

    def by_paddle(self, paddle: int) -> Enrolled | None:
        """Return the entry of a paddle; None if nobody has it."""
        return self._by_paddle.get(paddle)

    def entry(self, paddle: int) -> Enrolled:
        """Return the entry of a paddle. Raises StorageError if nobody has it."""
        entry = self._by_paddle.get(paddle)
        if entry is None:
            raise StorageError(f"The record names paddle {paddle}, which nobody has.")
        return entry

    def find(self, name_or_paddle: str) -> Enrolled | None:
        """Return the entry that an auctioneer means by a typed paddle or name; None if there is none."""
        if name_or_paddle.isascii() and name_or_paddle.isdigit() and len(name_or_paddle) <= len(str(BIDDERS_MAX)):
            return self._by_paddle.get(int(name_or_paddle))
        paddles = (self._by_skeleton.get(skeleton) for skeleton in skeletons(name_or_paddle))
        return next((self._by_paddle[paddle] for paddle in paddles if paddle is not None), None)

    def enrol(self, now_ms: int, key: str, hello: Hello, admission: Admission) -> BidderEnrolled | RejectCode:
        """Enrol a new key, or let it wait for approval. Return the fact, which is applied, or why it can't enrol."""
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
        """Enrol a key under a valid name with these skeletons. Return the fact, which is applied, or why it can't."""
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
        """Return whether one more key may enrol now. The places are counted in milliseconds, so as integers."""
        waited_ms = 0 if self._places_at_ms is None else max(0, now_ms - self._places_at_ms)
        self._places_ms = min(ENROLMENTS_BURST * _PLACE_MS, self._places_ms + waited_ms)
        self._places_at_ms = now_ms
        if self._places_ms < _PLACE_MS:
            return False
        self._places_ms -= _PLACE_MS
        return True

    def apply(self, fact: BidderEnrolled | BidderAdmitted) -> None:
        """Apply a fact to the register."""
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
