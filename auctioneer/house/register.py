"""The register: which key is which bidder, and who is admitted.

A principal is the CURVE public key that a message came with. A name belongs to the first who gets it, and so do all
names that look like it. Enrolments are journaled. An observer leaves no trace, unless it must be approved.

A bidder either enrols with a key, or gets a paddle at the desk and binds a key to it later by a code. No number is
given twice. Unless the desk chooses one, it is the one after the highest that was given.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

import msgspec

from auctioneer.house.admission import Admission
from auctioneer.rules.decisions import Refused
from auctioneer.rules.facts import (
    BidderAdmitted,
    BidderEnrolled,
    CodeIssued,
    ConditionsAccepted,
    ContactErased,
    KeyBound,
    PaddleGiven,
    RegisterFact,
)
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
    """An entry of the register. If it is not admitted, it waits for the auctioneer, or was turned out.

    `key` is empty while a paddle that the desk gave has no key. `is_forgotten` is set once the contact of the person
    was erased: from then on none is kept for this paddle.
    """

    paddle: int
    name: str
    key: str
    role: Role
    admitted: bool
    skeletons: tuple[str, ...]
    waiting: bool = False
    is_forgotten: bool = False
    accepted: str = ""
    """The digest of the conditions that the bidder accepted last."""


class IssuedCode(msgspec.Struct, frozen=True):
    """The last code of a paddle, used or not."""

    paddle: int
    digest: str
    expires_at_ms: int
    replaces_key: bool = False
    is_used: bool = False


CODE_VALID_MS_MAX: Final = 7 * 24 * 3600 * 1000
"""The longest time for which a code is valid."""
OBSERVER_PADDLE = 0


def observer(key: str) -> Enrolled:
    """Return the entry of an observer, which is in no register."""
    return Enrolled(OBSERVER_PADDLE, "", key, Role.OBSERVER, admitted=True, skeletons=())


class Register:
    """All bidders, by key, paddle and name, and the last code of each paddle that has one."""

    def __init__(self, entries: Iterable[Enrolled] = (), codes: Iterable[IssuedCode] = ()) -> None:
        self._by_key: dict[str, Enrolled] = {}
        self._by_paddle: dict[int, Enrolled] = {}
        self._by_skeleton: dict[str, int] = {}
        self._codes: dict[int, IssuedCode] = {}
        self._paddle_by_digest: dict[str, int] = {}
        self._highest_paddle = 0
        self._lowest_free = 1  # no lower number is free
        self._places_ms = ENROLMENTS_BURST * _PLACE_MS
        self._places_at_ms: int | None = None
        for entry in entries:
            self._put(entry)
        for code in codes:
            self._put_code(code)

    def __len__(self) -> int:
        return len(self._by_paddle)

    @property
    def entries(self) -> list[Enrolled]:
        """All entries, in the order of paddles."""
        return [self._by_paddle[paddle] for paddle in sorted(self._by_paddle)]

    @property
    def codes(self) -> list[IssuedCode]:
        """The last code of each paddle that has one, used or not."""
        return list(self._codes.values())

    def code_of(self, paddle: int) -> IssuedCode | None:
        """Return the last code of a paddle, used or not; None if it never had one."""
        return self._codes.get(paddle)

    def by_key(self, key: str) -> Enrolled | None:
        """Return the entry of a key; None if it is not enrolled."""
        return self._by_key.get(key)

    def by_paddle(self, paddle: int) -> Enrolled | None:
        """Return the entry of a paddle; None if nobody has it."""
        return self._by_paddle.get(paddle)

    def by_skeleton(self, skeleton: str) -> Enrolled | None:
        """Return the entry of whoever has a name with this skeleton; None if nobody has."""
        paddle = self._by_skeleton.get(skeleton)
        return None if paddle is None else self._by_paddle[paddle]

    def free_paddles(self, reserved: Collection[int] = ()) -> Iterator[int]:
        """Yield the numbers that the next paddles get: those after the highest one, then the lowest free ones.

        `reserved` are numbers that are given as well, to somebody else.
        """
        highest = max(self._highest_paddle, *reserved, 0)
        yield from range(highest + 1, BIDDERS_MAX + 1)
        while self._lowest_free in self._by_paddle:
            self._lowest_free += 1
        between = range(self._lowest_free, highest)
        yield from (number for number in between if number not in self._by_paddle and number not in reserved)

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
        if len(self._by_paddle) >= BIDDERS_MAX:
            return RejectCode.HOUSE_FULL
        if not self._spend_place(now_ms):
            return RejectCode.SLOW_DOWN
        fact = BidderEnrolled(
            at_ms=now_ms,
            paddle=next(self.free_paddles()),
            name=hello.name,
            key=key,
            role=hello.role,
            admitted=is_admitted,
            skeletons=skeletons,
        )
        self.apply(fact)
        return fact

    def give(
        self, now_ms: int, by: str, name: str, skeletons: tuple[str, ...], paddle: int | None = None
    ) -> PaddleGiven | Refused:
        """Give a paddle to a person with a valid name: this one, or the next. Return the fact, which is applied."""
        taken = next((self._by_skeleton[skeleton] for skeleton in skeletons if skeleton in self._by_skeleton), None)
        if taken is not None:
            return Refused(RejectCode.NAME_TAKEN, f"{self._by_paddle[taken].name} has paddle {taken}")
        if len(self._by_paddle) >= BIDDERS_MAX:
            return Refused(RejectCode.HOUSE_FULL, "")
        if paddle is not None and not 1 <= paddle <= BIDDERS_MAX:
            return Refused(RejectCode.MALFORMED, f"there is no paddle {paddle}")
        if paddle in self._by_paddle:
            return Refused(RejectCode.WRONG_STATE, f"paddle {paddle} is {self._by_paddle[paddle].name}'s")
        number = next(self.free_paddles()) if paddle is None else paddle
        fact = PaddleGiven(at_ms=now_ms, paddle=number, name=name, skeletons=skeletons, by=by)
        self.apply(fact)
        return fact

    def issue(
        self, now_ms: int, by: str, paddle: int, digest: str, expires_at_ms: int, *, replaces_key: bool = False
    ) -> CodeIssued | Refused:
        """Issue a code for a paddle, in place of its earlier one. Return the fact, which is applied.

        The paddle has no key; with `replaces_key` it has one, which the key that shows the code replaces.
        """
        why_not = self.why_no_code(paddle, digest, replaces_key=replaces_key)
        if why_not is not None:
            return why_not
        if not 0 < expires_at_ms - now_ms <= CODE_VALID_MS_MAX:
            return Refused(RejectCode.MALFORMED, f"a code is valid for at most {CODE_VALID_MS_MAX} ms")
        fact = CodeIssued(
            at_ms=now_ms, paddle=paddle, digest=digest, expires_at_ms=expires_at_ms, by=by, replaces_key=replaces_key
        )
        self.apply(fact)
        return fact

    def why_no_code(self, paddle: int, digest: str, *, replaces_key: bool = False) -> Refused | None:
        """Return why a paddle can't get the code with this digest; None if it can."""
        entry = self._by_paddle.get(paddle)
        if entry is None:
            return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {paddle}")
        if entry.key and not replaces_key:
            lost = "unless a lost phone is replaced: --replace-key"
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} has joined already, so a code is of no use, {lost}")
        if replaces_key and (not entry.key or entry.role is not Role.BIDDER):
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} has no key with which to bid that could be replaced")
        if self._paddle_by_digest.get(digest, paddle) != paddle:
            return Refused(RejectCode.WRONG_STATE, "another paddle has this code; draw another")
        return None

    def bind(self, now_ms: int, key: str, digest: str) -> KeyBound | None:
        """Bind a new key by a code with this digest. Return the fact, which is applied; None if the code is no good."""
        entry = self.bindable(now_ms, digest)
        if entry is None:
            return None
        fact = KeyBound(at_ms=now_ms, paddle=entry.paddle, key=key)
        self.apply(fact)
        return fact

    def erase(self, now_ms: int, by: str, paddle: int) -> ContactErased | Refused:
        """Have no contact kept for a paddle any more. Return the fact, which is applied."""
        entry = self._by_paddle.get(paddle)
        if entry is None:
            return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {paddle}")
        if entry.is_forgotten:
            return Refused(RejectCode.WRONG_STATE, f"what was known of {entry.name} besides the name is erased already")
        fact = ContactErased(at_ms=now_ms, paddle=paddle, by=by)
        self.apply(fact)
        return fact

    def accept(self, now_ms: int, paddle: int, digest: str, by: str = "") -> ConditionsAccepted | Refused:
        """Note that a bidder accepted the conditions with this digest. Return the fact, which is applied."""
        entry = self._by_paddle.get(paddle)
        if entry is None:
            return Refused(RejectCode.UNKNOWN_BIDDER, f"paddle {paddle}")
        if entry.role is not Role.BIDDER:
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} looks on, and observers accept nothing")
        if entry.accepted == digest:
            return Refused(RejectCode.WRONG_STATE, f"{entry.name} has accepted these conditions already")
        fact = ConditionsAccepted(at_ms=now_ms, paddle=paddle, digest=digest, by=by)
        self.apply(fact)
        return fact

    def bindable(self, now_ms: int, digest: str) -> Enrolled | None:
        """Return the entry to which a code with this digest would bind a key now; None if the code is no good."""
        paddle = self._paddle_by_digest.get(digest)
        return None if paddle is None or not self.may_bind(now_ms, paddle) else self._by_paddle[paddle]

    def may_bind(self, now_ms: int, paddle: int) -> bool:
        """Return whether a paddle waits for a key, or for another one, and has a code that is still valid."""
        entry, code = self._by_paddle.get(paddle), self._codes.get(paddle)
        if entry is None or code is None or code.is_used or now_ms >= code.expires_at_ms:
            return False
        return code.replaces_key or not entry.key

    def _spend_place(self, now_ms: int) -> bool:
        """Return whether one more key may enrol now. The places are counted in milliseconds, so as integers."""
        waited_ms = 0 if self._places_at_ms is None else max(0, now_ms - self._places_at_ms)
        self._places_ms = min(ENROLMENTS_BURST * _PLACE_MS, self._places_ms + waited_ms)
        self._places_at_ms = now_ms
        if self._places_ms < _PLACE_MS:
            return False
        self._places_ms -= _PLACE_MS
        return True

    def apply(self, fact: RegisterFact) -> None:
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
            case PaddleGiven():
                self._put(Enrolled(fact.paddle, fact.name, "", Role.BIDDER, admitted=True, skeletons=fact.skeletons))
            case CodeIssued():
                self.entry(fact.paddle)  # somebody has the paddle
                self._put_code(IssuedCode(fact.paddle, fact.digest, fact.expires_at_ms, fact.replaces_key))
            case KeyBound():
                self._put(msgspec.structs.replace(self.entry(fact.paddle), key=fact.key))
                code = self._codes.get(fact.paddle)
                if code is not None:
                    self._put_code(msgspec.structs.replace(code, is_used=True))
            case BidderAdmitted():
                entry = self._by_paddle[fact.paddle]
                self._put(msgspec.structs.replace(entry, admitted=fact.admitted, waiting=False))
            case ConditionsAccepted():
                self._put(msgspec.structs.replace(self.entry(fact.paddle), accepted=fact.digest))
            case ContactErased():
                self._put(msgspec.structs.replace(self.entry(fact.paddle), is_forgotten=True))

    def _put_code(self, code: IssuedCode) -> None:
        before = self._codes.get(code.paddle)
        if before is not None:
            del self._paddle_by_digest[before.digest]
        self._codes[code.paddle] = code
        self._paddle_by_digest[code.digest] = code.paddle

    def _put(self, entry: Enrolled) -> None:
        before = self._by_paddle.get(entry.paddle)
        if before is not None and before.key not in ("", entry.key):
            del self._by_key[before.key]
        if entry.key:
            self._by_key[entry.key] = entry
        self._by_paddle[entry.paddle] = entry
        self._highest_paddle = max(self._highest_paddle, entry.paddle)
        self._by_skeleton.update(dict.fromkeys(entry.skeletons, entry.paddle))
