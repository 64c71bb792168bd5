"""From TOML text to the raw parts of a catalogue, and the lines of its keys.

The parser gives no lines, so they are searched in the text, and only when a fault needs one.
"""

import re
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Final

import tomli

from auctioneer.catalogue.faults import Faults, Place, quoted, unknown_key
from auctioneer.catalogue.fields import ExactNumber
from auctioneer.catalogue.raw import RawCatalogue, RawLot

_TABLES: Final = frozenset({"sale", "defaults", "lot"})
_HEADER: Final = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY: Final = re.compile(r"""\s*["']?([A-Za-z0-9_-]+)["']?\s*[=.]""")


def read_toml(text: str, name: str, faults: Faults) -> RawCatalogue:
    """Read a catalogue's TOML, and return its sound parts; faults of its shape go to `faults`."""
    file = Place(file=name)
    try:
        document = tomli.loads(text, parse_float=ExactNumber)
    except tomli.TOMLDecodeError as error:
        line = error.lineno
        faults.add(
            Place(file=name, line_of=lambda _field: line),
            "",
            f"This is not TOML: {error.msg}, at column {error.colno}.",
        )
        return RawCatalogue.unreadable(file)
    except ValueError as error:
        faults.add(file, "", f"This is not TOML: {quoted(str(error))}.")
        return RawCatalogue.unreadable(file)
    except RecursionError:
        faults.add(file, "", "Its tables and lists are nested too deeply to be a catalogue.")
        return RawCatalogue.unreadable(file)
    lines = _Lines(text)
    for key in document.keys() - _TABLES:
        place = Place(file=name, line_of=lines.of_top)
        faults.add(place, key, f"{unknown_key(key, _TABLES)} A sale's own keys stand under [sale].")
    sale_place = Place(file=name, prefix="sale.", line_of=partial(lines.of_table, "sale"))
    defaults_place = Place(file=name, prefix="defaults.", line_of=partial(lines.of_table, "defaults"))
    return RawCatalogue(
        file=file,
        sale=_table(document, "sale", file, faults),
        sale_place=sale_place,
        defaults=_table(document, "defaults", file, faults),
        defaults_place=defaults_place,
        lots=_lots(document, lines, file, faults),
    )


def _table(document: Mapping[str, object], key: str, file: Place, faults: Faults) -> dict[str, object]:
    table = document.get(key, {})
    if isinstance(table, dict):
        return table
    faults.add(file, key, f"It is {quoted(table)}; write it as a table, [{key}].")
    return {}


def _lots(document: Mapping[str, object], lines: "_Lines", file: Place, faults: Faults) -> list[RawLot]:
    lots = document.get("lot", [])
    if not isinstance(lots, list):
        faults.add(file, "lot", "Write each lot as a table of its own, [[lot]], with two brackets.")
        return []
    raw = []
    for index, values in enumerate(lots):
        if isinstance(values, dict):
            raw.append(RawLot(values, partial(lines.of_lot, index, len(lots))))
        else:
            faults.add(file, "lot", f"Entry {index + 1} is {quoted(values)}; write each lot as a table, [[lot]].")
    return raw


class _Block:
    """The lines from one header to the next."""

    def __init__(self, name: str, *, is_array: bool, start: int) -> None:
        self.name = name
        self.is_array = is_array
        self.start = start
        self.keys: dict[str, int] = {}


class _Lines:
    """The lines of the keys in a TOML text, counted from 1. A multi-line string that looks like TOML can mislead it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of_top(self, field: str) -> int | None:
        """Return the line of a key or a table at the top."""
        return self._blocks[0].keys.get(field) or next(
            (block.start for block in self._blocks if block.name == field), None
        )

    def of_table(self, name: str, field: str) -> int | None:
        """Return the line of a key in the table `name`, or the line of the table if the key is not found."""
        for index, block in enumerate(self._blocks):
            if block.name == name:
                return self._in_block(index, field)
        return None

    def of_lot(self, index: int, count: int, field: str) -> int | None:
        """Return the line of a key in the lot at `index` of `count`, or the line of the lot if the key is not found."""
        if len(self._lots) != count:
            return None
        return self._in_block(self._lots[index], field)

    def _in_block(self, index: int, field: str) -> int:
        block, (key, _, part) = self._blocks[index], field.partition(".")
        if key in block.keys:
            return block.keys[key]
        inner = self._blocks[index + 1] if index + 1 < len(self._blocks) else None
        if inner is not None and inner.name == f"{block.name}.{key}":
            return inner.keys.get(part, inner.start)
        return block.start

    @cached_property
    def _lots(self) -> list[int]:
        return [index for index, block in enumerate(self._blocks) if block.is_array and block.name == "lot"]

    @cached_property
    def _blocks(self) -> list[_Block]:
        blocks = [_Block("", is_array=False, start=1)]
        for number, line in enumerate(self._text.split("\n"), start=1):
            if header := _HEADER.match(line):
                blocks.append(_Block(header[2], is_array=header[1] == "[[", start=number))
            elif key := _KEY.match(line):
                blocks[-1].keys.setdefault(key[1], number)
        return blocks
