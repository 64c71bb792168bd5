"""A list of people who get paddles, from a spreadsheet (CSV or Excel): a row of names, then a row per person.

The columns are `paddle`, `name`, `company` and `contact`, by the words that people use for them. A name may stand in
two columns, and a contact in several, such as an e-mail address and a telephone number. Only a name is needed. Columns
for something else are ignored, and said so: address lists have many. What names and numbers are possible is the house's
rule (`auctioneer.house.paddle_lists`), so it is not checked here.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from auctioneer.catalogue.content import CatalogueKind, decoded, read_file
from auctioneer.catalogue.csv_text import csv_sheet
from auctioneer.catalogue.faults import CatalogueError, Fault, Faults, Place, quoted
from auctioneer.catalogue.fields import BadCell
from auctioneer.catalogue.sheet import (
    COLUMNS_MAX,
    UNPARTED,
    Headed,
    Row,
    Sheet,
    at_line,
    cell_text,
    find_header,
    is_filled,
    is_unparted,
    stray,
)
from auctioneer.catalogue.words import header_words
from auctioneer.catalogue.xlsx import read_xlsx
from common.limits import PADDLE_CHOSEN_MAX

_SYNONYMS: Final[dict[str, str]] = {
    "paddle": "paddle_no paddle_nr paddle_num paddle_number number no nr num id bidder bidder_no bidder_nr bidder_id"
    " bidder_number bid_card bid_number",
    "name": "full_name person guest guest_name bidder_name participant attendee display_name",
    "first_name": "first given_name forename",
    "last_name": "last surname family_name",
    "company": "company_name organisation organization firm business employer affiliation",
    "contact": "contact_details email e_mail mail email_address e_mail_address mail_address phone phone_number phone_no"
    " telephone telephone_number telephone_no tel mobile mobile_number mobile_phone cell cell_phone",
}
_KEYS: Final = {word: key for key, words in _SYNONYMS.items() for word in (key, *words.split())}
_SEVERAL: Final = frozenset({"contact"})
"""Keys of which a list may have several columns."""
_IGNORED: Final = ""
_EXAMPLE: Final = "paddle, name, company, contact"
_LIKE: Final = 0.8
"""How alike a header must be to a key to be taken for a typing error: `Compny`, but not `County`."""
_NUMBER: Final = re.compile(r"0*([1-9][0-9]{0,4})", re.ASCII)


class Person(Struct, frozen=True):
    """A row of the list; `paddle` is None where the house chooses the number."""

    place: Place
    name: str
    paddle: int | None
    company: str
    contact: str


def load_people(path: Path, faults: Faults) -> list[Person]:
    """Read the list at `path`, whose name ends in `.csv` or `.xlsx`; its faults go to `faults`."""
    name = str(path)
    try:
        kind = _kind(path)
        return parse_people(read_file(path), name, kind, faults)
    except CatalogueError as error:
        faults.extend(error)
        return []


def parse_people(content: bytes, name: str, kind: CatalogueKind, faults: Faults) -> list[Person]:
    """Return the sound rows of a list; faults go to `faults`. Raises CatalogueError if it can't be read at all."""
    if kind is CatalogueKind.XLSX:
        return read_xlsx(content, name, faults, lambda sheet: _read(sheet, faults))
    text = decoded(content, name, kind, faults).removeprefix("\ufeff")
    return _read(csv_sheet(text, name, faults, known=_known), faults)


def _kind(path: Path) -> CatalogueKind:
    for kind in CatalogueKind:
        if kind.is_sheet and path.suffix.lower() == kind.value:
            return kind
    reason = "The name of a list of people ends in .csv or .xlsx; rename or export it."
    raise CatalogueError([Fault(file=str(path), reason=reason)])


def _known(headers: Iterable[str]) -> int:
    return sum(header_words(header) in _KEYS for header in headers)


def _read(sheet: Sheet, faults: Faults) -> list[Person]:
    headed = find_header(sheet, _known, _EXAMPLE, faults)
    if headed is None:
        return []
    keys = _keys(headed.header, sheet, faults)
    if not {"name", "first_name", "last_name"} & set(keys):
        faults.add(at_line(sheet.name, headed.header.line), "name", "The column is missing; each person needs a name.")
        return []
    people = list(_people(headed, keys, sheet, faults))
    if not people:
        faults.add(Place(file=sheet.name, is_flat=True), "", "It has nobody; each row after the first is a person.")
    return [person for person in people if person is not None]


def _keys(header: Row, sheet: Sheet, faults: Faults) -> list[str]:
    """Return the key of each column, _IGNORED for those that are not kept, and note the faults of the header."""
    place, headers = at_line(sheet.name, header.line), [cell_text(cell) for cell in header.cells]
    if len(headers) > COLUMNS_MAX:
        faults.add(place, "", f"It has more columns than {COLUMNS_MAX}; delete those on the right.")
    keys, ignored = [], []
    for text in headers[:COLUMNS_MAX]:
        words = header_words(text)
        key = _KEYS.get(words, _IGNORED)
        if text and not key:
            likely = next(iter(difflib.get_close_matches(words, _SYNONYMS, n=1, cutoff=_LIKE)), None)
            if likely is None:
                ignored.append(quoted(text))
            else:
                faults.add(place, "", f"There is no column {quoted(text)}; did you mean {likely!r}?", is_alone=True)
        keys.append(key)
    for key in _SYNONYMS.keys() - _SEVERAL:
        twice = [quoted(text) for text, other in zip(headers, keys, strict=False) if other == key]
        if len(twice) > 1:
            faults.add(place, key, f"The column is there {len(twice)} times, as {', '.join(twice)}; keep one.")
    if ignored:
        one = len(ignored) == 1
        faults.note(sheet.name, f"Column{'' if one else 's'} {', '.join(ignored)} {'is' if one else 'are'} ignored.")
    return keys


def _people(headed: Headed, keys: list[str], sheet: Sheet, faults: Faults) -> Iterator[Person | None]:
    """Yield a person for each row; None for one with a fault."""
    rows = list(headed.rows)
    if rows and headed.width > 1 and all(is_unparted(row, sheet) for row in rows):
        faults.add(at_line(sheet.name, rows[0].line), "", UNPARTED)
        yield None
        return
    for row in rows:
        place = at_line(sheet.name, row.line)
        beyond = next((number for number, cell in enumerate(row.cells) if _is_stray(cell, number, keys, headed)), None)
        if beyond is not None:
            faults.add(place, "", stray(row.cells[beyond], beyond + 1, sheet))
            yield None
        else:
            yield _person(place, row, keys, faults)


def _is_stray(cell: object, number: int, keys: list[str], headed: Headed) -> bool:
    """Return whether a cell has a value and its column no name."""
    has_name = number < len(keys) and is_filled(headed.header.cells[number])
    return is_filled(cell) and not has_name


def _person(place: Place, row: Row, keys: list[str], faults: Faults) -> Person | None:
    texts: dict[str, list[str]] = {key: [] for key in _SYNONYMS}
    is_sound = True
    for key, cell in zip(keys, row.cells, strict=False):
        if key == _IGNORED or not is_filled(cell):
            continue
        text = cell_text(cell)
        if not text:
            reason = cell.reason if isinstance(cell, BadCell) else f"It is {quoted(cell)}; a text is needed."
            faults.add(place, key, reason)
            is_sound = False
        texts[key].append(" ".join(text.split()))
    number = _paddle(place, "".join(texts["paddle"]), faults)
    if number is None or not is_sound:
        return None
    return Person(
        place=place,
        name=" ".join(texts["name"] or texts["first_name"] + texts["last_name"]),
        paddle=number or None,
        company="".join(texts["company"]),
        contact=", ".join(texts["contact"]),
    )


def _paddle(place: Place, text: str, faults: Faults) -> int | None:
    """Return the number of a paddle, 0 where none is written, and None, with a fault, for what is no number."""
    if not text:
        return 0
    written = _NUMBER.fullmatch(text)
    if written is None:
        reason = (
            f"{quoted(text)} is no paddle's number; write one from 1 to {PADDLE_CHOSEN_MAX:,}, or leave the cell empty "
            "for the next."
        )
        faults.add(place, "paddle", reason)
        return None
    return int(written[1])
