"""Joins the modules of a page into one script, and its style sheets into one, when the gateway starts.

On a slow network each file costs a round trip however small it is, so a phone is sent one script. There is no step of
building: the modules stand in the folder as a browser could load them, and this small loader understands of the
language what they use. Anything else is a fault, which it raises. A module has

- imports first, of the forms `import { a, b as c } from "./x.js";` and `import * as x from "./x.js";`;
- exports of the forms `export const|function|async function|class NAME`, and `export { a, b };`;
- template strings within a line, and comments that have lines of their own. Comments are not sent.

What a module exports must not change after the module has run: it is given out once.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Final

Read = Callable[[str], str]
"""Returns the text of a file by its name in the folder of the pages."""

_IMPORT: Final = re.compile(r'^import (?:\* as (?P<whole>\w+)|\{(?P<names>[^}]*)\}) from "(?P<name>[^"]+)";$', re.M)
_EXPORTED: Final = re.compile(r"^export (?=(?:const|function|async function|class) (?P<name>\w+))", re.M)
_EXPORTS: Final = re.compile(r"^export \{(?P<names>[^}]*)\};$", re.M)
_LEFT: Final = re.compile(r"^(?:import|export)\b.*$", re.M)
_DOC: Final = re.compile(r"^\s*/\*\*.*?\*/$\n?", re.M | re.S)
_COMMENT: Final = re.compile(r"^\s*(?://.*)?$\n?", re.M)
_STYLE_COMMENT: Final = re.compile(r"\s*/\*.*?\*/", re.S)


class UnjoinableError(Exception):
    """A module has something that this loader does not understand. It is a fault of this program."""


def joined_script(entry: str, read: Read) -> str:
    """Return a script that does what the module `entry` does with all that it imports. Raises UnjoinableError."""
    numbers: dict[str, int] = {}
    pieces: list[str] = []
    _join(entry, read, numbers, pieces, ())
    return "".join(pieces)


def joined_styles(names: Iterable[str], read: Read) -> str:
    """Return style sheets one after another, without their comments."""
    return "".join(_STYLE_COMMENT.sub("", read(name)) for name in names)


def _join(name: str, read: Read, numbers: dict[str, int], pieces: list[str], above: tuple[str, ...]) -> None:
    """Add a module after those that it imports."""
    if name in above:
        raise UnjoinableError(f"Modules import each other in a circle: {' > '.join((*above, name))}.")
    if name in numbers:
        return
    text = _without_comments(name, read(name))
    folder = posixpath.dirname(name)
    bindings = ""
    for found in _IMPORT.finditer(text):
        other = posixpath.normpath(posixpath.join(folder, found["name"]))
        _join(other, read, numbers, pieces, (*above, name))
        taken = found["whole"] or "{" + found["names"].replace(" as ", ": ") + "}"
        bindings += f"const {taken} = module{numbers[other]};\n"
    body = _IMPORT.sub("", text)
    exports = [one["name"] for one in _EXPORTED.finditer(body)]
    exports += [one.strip() for names in _EXPORTS.finditer(body) for one in names["names"].split(",")]
    body = _EXPORTS.sub("", _EXPORTED.sub("", body))
    if left := _LEFT.search(body):
        raise UnjoinableError(f"{name} has an import or an export of an unknown form: {left[0]}")
    numbers[name] = len(numbers)
    returned = f"return {{ {', '.join(exports)} }};\n"
    pieces.append(f"const module{numbers[name]} = (() => {{\n{bindings}{body.strip()}\n{returned}}})();\n")


def _without_comments(name: str, text: str) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.count("`") % 2:
            raise UnjoinableError(f"{name}, line {number}: a template string has more than one line.")
    return _COMMENT.sub("", _DOC.sub("", text))
