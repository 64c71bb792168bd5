"""How reports are printed, besides tables: names with texts, amounts and times, and CSV for spreadsheets.

Anybody may have written a title, so nothing in a CSV becomes a formula.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from common.durations import format_duration
from common.names import printable
from common.terminal.output import say, say_bytes, say_drawn

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
ACCEPTED: Final[dict[bool | None, str]] = {None: "", True: "accepted", False: "not yet"}
"""How a list tells whether a bidder accepted the conditions of the sale; None: there is nothing to accept."""
STATUS_STYLES: Final = {"open": "green", "paused": "yellow", "waiting": "yellow", "sold": "bold", "withdrawn": "dim"}
"""The colours of a row's status; a colour never says more than the word."""


MS_EXACT_BELOW: Final = 10_000
"""A bid that came less too late is told to the millisecond; another in whole seconds."""


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print names with their texts, one pair per line."""
    pairs = [(name, text) for name, text in fields if text]
    width = max(len(name) for name, _ in pairs)
    for name, text in pairs:
        say(f"{name.ljust(width)}  {text}")


def print_csv(
    header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ",", *, has_bom: bool = False
) -> None:
    """Print CSV with a header. A text that a spreadsheet would run as a formula gets a leading apostrophe.

    With a byte order mark it is always in UTF-8, whatever the terminal's encoding is; Excel recognises it by the mark.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    lines = buffer.getvalue().splitlines()
    if has_bom:
        say_bytes("".join(f"{line}\n" for line in lines).encode("utf-8-sig"))
    else:
        say_drawn(lines)


def _csv_cell(value: object) -> str:
    text = printable("" if value is None else str(value))
    return f"'{text}" if _is_formula(value) or _is_formula(text) else text


def _is_formula(value: object) -> bool:
    """Return whether a spreadsheet may run a text: some skip leading spaces, some read wide letters as plain ones."""
    return unicodedata.normalize("NFKC", str(value)).lstrip(" \n").startswith(_FORMULA_STARTS)


def grouped(amount: str | None) -> str:
    """Return a decimal string of a report for people, such as `1,250.50`."""
    if amount is None:
        return ""
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}"


def csv_amount(amount: str | None, delimiter: str) -> str | None:
    """Return a decimal string of a report for CSV: where `;` stands between cells, with a decimal comma."""
    return amount.replace(".", ",") if amount is not None and delimiter == ";" else amount


def local_time(at_ms: int) -> str:
    """Return a server time in this machine's zone: the time alone if it is today, else with the date."""
    moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    is_today = moment.date() == datetime.now(UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")


def full_time(at_ms: int) -> str:
    """Return a server time in this machine's zone to the minute, with its date and zone, for what is read later."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M %Z")


def utc_time(at_ms: int | None) -> str | None:
    """Return a server time for programs, such as `2026-05-01T17:00:00.000Z`."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def late_by(late_ms: int) -> str:
    """Return by how much a bid came too late: exactly, where a person would dispute it."""
    return f"{late_ms:,} ms" if late_ms < MS_EXACT_BELOW else time_left(late_ms)


def time_left(remaining_ms: int) -> str:
    """Return the time left in whole seconds, by its two largest units, such as `2d 3h` or `45s`."""
    return " ".join(format_duration(remaining_ms // 1000 * 1000).split()[:2])
