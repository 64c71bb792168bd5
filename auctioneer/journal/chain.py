"""The text of a record and its chain, which every store keeps alike: what is written, and how it is checked.

- A batch of facts is the text of a JSON array, at most `BATCH_FACTS_MAX` facts long. Its hash is over the hash of the
  batch before it, its first position, the sum of the rejections that were kept then, and its text.
- Rejections stay beside the chain, of each paddle those with the highest request ids. One running sum over the hashes
  of those that are kept stands for them all: one that leaves is taken off it again.
- A store only brings rows and a head. Whatever it brings is doubted: a damaged store may have anything anywhere.

`docs/journal.md` explains the text to people. Any change of it, or of a fact's fields that older text can't be read as,
raises FORMAT_VERSION: a version of this program refuses what a newer one wrote.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from auctioneer.journal.protocol import ChainEnd, DamagedJournalError, Owner, Progress
from auctioneer.rules.contacts import Contact
from auctioneer.rules.facts import AnyFact, Rejection
from common.limits import INTEGER_MAX, REMEMBERED_REQUESTS_MAX

FORMAT_VERSION: Final = 14
GENESIS_HASH: Final = sha256(b"auction-house journal, format %d" % FORMAT_VERSION).digest()
"""What the first batch is chained to."""
SUM_BYTES: Final = 32
"""The sum over the rejections that are kept: of the SHA-256 of each one's body, as a number, modulo 2 to the 256."""
BATCH_FACTS_MAX: Final = 1024
"""The most facts in a row; a longer batch takes several. So a reader holds half a megabyte of bids, or 16 of lots."""
READ_FACTS: Final = 1000
"""Positions read at a time: about half a megabyte, and a few milliseconds of holding back the checkpoint."""

_SUM_RANGE: Final = 1 << 8 * SUM_BYTES
"""Sums of rejections are taken modulo this."""

_encode: Final = msgspec.json.Encoder().encode
_decode_facts: Final = msgspec.json.Decoder(list[AnyFact]).decode
_decode_rejection: Final = msgspec.json.Decoder(Rejection).decode


class Head(NamedTuple):
    """Where a record ends, and who owns it."""

    position: int
    hash: bytes
    rejections: bytes
    """The sum over the rejections that are kept."""
    alive_ms: int
    term: int
    holder: bytes
    first: int | None
    last: int | None
    """The lowest and the highest position that there really is."""


class Row(NamedTuple):
    """A batch, or a part of a long one, as it is stored: the facts from position `first` up to `last`."""

    first: int
    last: int
    rejections: bytes
    """The sum over the rejections that were kept when it was stored."""
    body: bytes
    hash: bytes


class RejectionRow(NamedTuple):
    """A rejection as it is stored; `body` is the whole of it."""

    number: int
    at_ms: int
    paddle: int
    request: int
    lot: str
    code: str
    body: str


class Content(NamedTuple):
    """All that a record has at a moment, as it is stored; what the rows say is for the reader of the copy to check."""

    head: Head
    rows: Iterator[Row]
    rejections: Iterator[RejectionRow]
    """In their order; to be read after the rows."""
    contacts: dict[int, Contact]


class SoundBatch(NamedTuple):
    """A row that was found sound."""

    first: int
    last: int
    facts: list[AnyFact]
    hash: bytes


def rows_of(facts: Sequence[AnyFact], after: ChainEnd, kept: bytes) -> list[Row]:
    """Return the rows that a batch of facts takes, chained to the end of the record; `kept` is the sum as of it."""
    rows = []
    position, digest = after
    for start in range(0, len(facts), BATCH_FACTS_MAX):
        part = facts[start : start + BATCH_FACTS_MAX]
        body = _encode(part)
        first, position = position + 1, position + len(part)
        digest = _chain_hash(digest, first, kept, body)
        rows.append(Row(first, position, kept, body, digest))
    return rows


def rejection_digest(body: bytes) -> int:
    """Return the hash of a rejection's text as a number, which can be added to a sum and taken off again."""
    return int.from_bytes(sha256(body).digest(), "big")


def sum_bytes(total: int) -> bytes:
    """Return a sum of such numbers as it is stored."""
    return (total % _SUM_RANGE).to_bytes(SUM_BYTES, "big")


class Sorted(NamedTuple):
    """What new rejections change: the rows to add, the numbers of those to delete, and the sum over all kept then."""

    added: list[RejectionRow]
    surplus: list[int]
    sum: bytes


class KeptRejections:
    """Which rejections a journal keeps, and the running sum over them."""

    def __init__(self) -> None:
        self.sum = bytes(SUM_BYTES)
        self._kept: dict[int, dict[int, tuple[int, int]]] = {}
        """For each paddle, the request ids whose rejections are kept, and of each the number and the hash."""
        self._last = 0

    def restore(self, kept: Iterable[tuple[int, Rejection, int]], total: bytes) -> None:
        """Take what a store has: numbers, rejections and the hashes of their text, and their sum."""
        for number, rejection, digest in kept:
            self._kept.setdefault(rejection.paddle, {})[rejection.request.id] = number, digest
            self._last = number
        self.sum = total

    def sort(self, rejections: Sequence[Rejection]) -> Sorted:
        """Take new rejections, of which the first one of a request counts, and return what they change.

        A row is deleted that is no longer among the highest request ids of its paddle. Rows are added at the end and
        leave about in the order in which they came, so few pages change in a batch; a key of paddle and request would
        touch a page for each paddle.
        """
        if not rejections:
            return Sorted([], [], self.sum)
        added: list[RejectionRow] = []
        surplus: list[int] = []
        total = int.from_bytes(self.sum, "big")
        for rejection in rejections:
            request = rejection.request
            kept = self._kept.setdefault(rejection.paddle, {})
            if request.id in kept:
                continue  # the first verdict stands
            self._last += 1
            code, body = rejection.verdict.code.value, _encode(rejection)
            digest = rejection_digest(body)
            total += digest
            kept[request.id] = self._last, digest
            lot = _column_of(request.lot)
            added.append(
                RejectionRow(self._last, rejection.at_ms, rejection.paddle, request.id, lot, code, body.decode())
            )
            if len(kept) > REMEMBERED_REQUESTS_MAX:
                number, digest = kept.pop(min(kept))
                total -= digest
                surplus.append(number)
        self.sum = sum_bytes(total)
        return Sorted(added, surplus, self.sum)


class ChainedRecord(ABC):
    """A `Record` of what a store reads, checked on the way. A store gives the methods that are abstract."""

    def __init__(self, place: Path | str) -> None:
        self._place = place

    @abstractmethod
    def close(self) -> None:
        """Let go of the record; safe to repeat."""

    @abstractmethod
    def _stored_head(self) -> Sequence[Any] | None:
        """Return the head as it is stored, in the order of `Head`; None where there is none."""

    @abstractmethod
    def _stored_rows(self, after: int, end: int) -> list[Sequence[Any]]:
        """Return some rows after position `after` and up to `end`, in the order of `Row`; none where there are none."""

    @abstractmethod
    def _stored_row_of(self, position: int) -> Sequence[Any] | None:
        """Return `first, last, hash` of the last row that begins at `position` or before it; None where none does."""

    @abstractmethod
    def _stored_rejections(self, after: int) -> list[Sequence[Any]]:
        """Return some rejections with numbers after `after`, in the order of `RejectionRow`; none at the end."""

    @abstractmethod
    def _stored_contacts(self) -> list[Sequence[Any]]:
        """Return all contacts, as `paddle, company, contact`."""

    @abstractmethod
    def _moment(self) -> AbstractContextManager[None]:
        """Have all that is read within be of one moment."""

    # --- where it ends ----------------------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """The position of the last fact; 0 where there is none."""
        return self.head().position

    @property
    def alive_ms(self) -> int:
        """When the house last wrote (server time); 0 where it never did."""
        return self.head().alive_ms

    @property
    def owner(self) -> Owner:
        """Who took the record over last."""
        head = self.head()
        return Owner(head.term, head.holder.decode(errors="replace"))

    @property
    def end(self) -> ChainEnd:
        """Where the chain ends now, by what was last written."""
        head = self.head()
        return ChainEnd(head.position, head.hash)

    def head(self) -> Head:
        """Return the head, if it can be one. Raises DamagedJournalError."""
        stored = self._stored_head()
        if stored is None:
            raise DamagedJournalError(self._place, "the row that says where the record ends is missing")
        head = Head(*stored)
        are_bytes = all(type(value) is bytes for value in (head.hash, head.rejections, head.holder))
        if not _are_numbers(head.position, head.alive_ms, head.term) or not are_bytes:
            raise DamagedJournalError(self._place, "the row that says where the record ends can't be right")
        return head

    # --- facts ------------------------------------------------------------------------------------------------------

    def read(self, after_position: int = 0, upto: int | None = None) -> Iterator[tuple[int, AnyFact]]:
        """Yield the facts after `after_position`, up to and with `upto`, and check the chain on the way."""
        for batch in self._walk(self.head(), after_position, upto):
            skipped = max(0, after_position + 1 - batch.first)
            wanted = batch.facts[skipped:] if upto is None else batch.facts[skipped : upto + 1 - batch.first]
            yield from enumerate(wanted, batch.first + skipped)

    def recent(self, count: int) -> list[tuple[int, AnyFact]]:
        """Return the last `count` facts, or all where there are fewer."""
        return list(self.read(max(0, self.position - count)))

    def verify_chain(self, progress: Progress | None = None) -> ChainEnd:
        """Check every fact from the first on and return the end of the chain."""
        head = self.head()
        told = 0
        for batch in self._walk(head):
            if progress is not None and batch.last >= told + READ_FACTS:
                progress(batch.last, head.position)
                told = batch.last
        if progress is not None:
            progress(head.position, head.position)
        return ChainEnd(head.position, head.hash)

    def hash_at(self, position: int) -> bytes:
        """Return the hash of the batch that ends at `position`; empty where none does."""
        if position == 0:
            return GENESIS_HASH
        row = self._stored_row_of(position)
        if row is None or row[1] != position:
            return b""
        digest = row[2]
        if type(digest) is not bytes:
            raise self._damaged(row[0], "the batch has no hash")
        return digest

    def check_end(self) -> Head:
        """Return the head, if the chain's last batch is the one that it names. Raises DamagedJournalError."""
        head = self.head()
        if head.last != (head.position or None) or self.hash_at(head.position) != head.hash:
            self.verify_chain()  # raises, with the exact place
        return head

    def follow(self, end: ChainEnd, upto: int) -> list[SoundBatch]:
        """Return the next batches after `end`, up to position `upto`, each checked against the one before it.

        There are none where the record has no more. Raises DamagedJournalError, also where it no longer has what `end`
        stands for.
        """
        position, digest = end
        batches = []
        for stored in self._stored_rows(position, upto):
            batch = self._check(stored, position + 1, digest)
            position, digest = batch.last, batch.hash
            batches.append(batch)
        return batches

    def _walk(self, head: Head, after_position: int = 0, upto: int | None = None) -> Iterator[SoundBatch]:
        """Yield the batches of a stretch, each checked against the one before it, and the last against the head.

        The first and the last one may reach beyond the stretch.
        """
        if after_position > head.position:
            what = f"fact {after_position} was written, but the record ends at fact {head.position}"
            raise DamagedJournalError(self._place, what, first_bad=head.position + 1)
        row = self._stored_row_of(after_position)
        before = last = 0 if row is None else max(0, int(row[0]) - 1)  # where the batch before the stretch ends
        digest = self.hash_at(last)
        end = head.position if upto is None else min(upto, head.position)
        while last < end:
            rows = self._stored_rows(last, end)
            if not rows:
                raise self._damaged(last + 1, "the fact is missing")
            for stored in rows:
                batch = self._check(stored, last + 1, digest)
                before, last, digest = last, batch.last, batch.hash
                yield batch
        if last < head.position:
            return
        if last != head.position or digest != head.hash:
            raise self._damaged(before + 1, "the last batch is not the one that the head names")
        if head.last != (head.position or None) or head.first not in (None, 1):
            raise self._damaged(last + 1, "there are facts that the house did not write")

    def _check(self, stored: Sequence[Any], expected: int, before: bytes) -> SoundBatch:
        first, last, rejections, body, digest = stored
        if first != expected:
            raise self._damaged(expected, "the fact is missing")
        is_text = type(body) is bytes and type(rejections) is bytes and len(rejections) == SUM_BYTES
        if not is_text or _chain_hash(before, first, rejections, body) != digest:
            raise self._damaged(expected, "the batch, or the order of batches, was changed")
        try:
            facts = _decode_facts(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._damaged(expected, f"the text has a fact that this version does not know ({error})") from error
        if not facts or last != first + len(facts) - 1:
            raise self._damaged(expected, "the columns differ from the batch's text")
        return SoundBatch(first, last, facts, digest)

    # --- rejections -------------------------------------------------------------------------------------------------

    def rejections(self) -> Iterator[Rejection]:
        """Yield the refused bids that are kept, in the order in which they were refused, and compare their sum."""
        return (rejection for _, rejection, _ in self.kept_rejections())

    def kept_rejections(self) -> Iterator[tuple[int, Rejection, int]]:
        """Yield each rejection with its number and its hash as a number; at last compare their sum with the head's."""
        with self._moment():
            kept, total, last = self.head().rejections, 0, 0
            while rows := self._stored_rejections(last):
                for row in rows:
                    rejection, body = self._check_rejection(row)
                    last, digest = row[0], rejection_digest(body)
                    total += digest
                    yield last, rejection, digest
            if sum_bytes(total) != kept:
                raise DamagedJournalError(self._place, "the rejections are not those that were kept")

    def _check_rejection(self, row: Sequence[Any]) -> tuple[Rejection, bytes]:
        number, *columns, body = row
        if type(body) is not bytes or not _are_numbers(number):
            what = f"rejection {number} can't be read (it is no text, or has no number)"
            raise DamagedJournalError(self._place, what)
        try:
            rejection = _decode_rejection(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DamagedJournalError(self._place, f"rejection {number} can't be read ({error})") from error
        request, code = rejection.request, rejection.verdict.code.value
        if columns != [rejection.at_ms, rejection.paddle, request.id, _column_of(request.lot).encode(), code.encode()]:
            raise DamagedJournalError(self._place, f"the columns of rejection {number} differ from its text")
        return rejection, body

    # --- contacts ---------------------------------------------------------------------------------------------------

    def contacts(self) -> dict[int, Contact]:
        """Return what is known of people besides their names, by paddle. No hash covers it."""
        return dict(map(self._check_contact, self._stored_contacts()))

    def _check_contact(self, row: Sequence[Any]) -> tuple[int, Contact]:
        paddle, *texts = row
        try:
            company, contact = (text.decode() for text in texts)
        except (AttributeError, UnicodeDecodeError) as error:
            raise DamagedJournalError(self._place, f"the contact of paddle {paddle} can't be read") from error
        return paddle, Contact(company, contact)

    # --- copies -----------------------------------------------------------------------------------------------------

    @contextmanager
    def content(self) -> Iterator[Content]:
        """Give all that there is, for a copy that is exact; nothing else may be done with the record meanwhile.

        Raises DamagedJournalError where it can't be copied; whether it is sound shows when the copy is read.
        """
        with self._moment():
            head = self.check_end()
            contacts = self.contacts()
            yield Content(head, self._all_rows(head), self._all_rejections(), contacts)

    def _all_rows(self, head: Head) -> Iterator[Row]:
        last = 0
        while last < head.position:
            rows = self._stored_rows(last, head.position)
            if not rows:
                raise self._damaged(last + 1, "the fact is missing")
            for row in rows:
                yield Row(*row)
                last = row[1]

    def _all_rejections(self) -> Iterator[RejectionRow]:
        last = 0
        while rows := self._stored_rejections(last):
            for row in rows:
                self._check_rejection(row)
                number, at_ms, paddle, request, lot, code, body = row
                yield RejectionRow(number, at_ms, paddle, request, lot.decode(), code.decode(), body.decode())
                last = number

    def _damaged(self, first_bad: int, what: str) -> DamagedJournalError:
        return DamagedJournalError(self._place, what, first_bad=first_bad)


def _are_numbers(*values: object) -> bool:
    """Return whether all are such whole numbers as the house writes: a damaged store may have anything anywhere."""
    return all(type(value) is int and 0 <= value <= INTEGER_MAX for value in values)


def _column_of(lot: str) -> str:
    """Return a lot as a column has it: a stranger may write any characters, and PostgreSQL's text can't hold a NUL."""
    return lot.replace("\0", "␀")


def _chain_hash(before: bytes, first: int, rejections: bytes, body: bytes) -> bytes:
    return sha256(before + first.to_bytes(8, "big") + rejections + body).digest()
