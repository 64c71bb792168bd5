"""HTML from texts that anybody may have written. A text becomes markup only by `fill`, which escapes it.

A title, a name or an announcement can hold any characters. `Markup` marks what has been escaped, so that escaping twice
or not at all is a matter of types: `fill` escapes every value that is not `Markup`, and only this module makes one.
"""

from collections.abc import Iterable
from html import escape
from string import Template
from typing import final


@final
class Markup(str):
    """A piece of HTML in which every foreign text is escaped."""

    __slots__ = ()


def fill(template: str, **values: object) -> Markup:
    """Return a template of this program with its `$names` filled in; every value but `Markup` is escaped as text.

    The caller must put the names only between tags or in quoted attributes; an address among them must be of this
    program's own making, since escaping makes no foreign address safe. Raises KeyError for a name without a value.
    """
    safe = {
        name: value if isinstance(value, Markup) else escape(str(value), quote=True) for name, value in values.items()
    }
    return Markup(Template(template).substitute(safe))


def joined(pieces: Iterable[Markup]) -> Markup:
    """Return several pieces one after another."""
    return Markup("".join(pieces))


EMPTY = Markup()
"""Nothing."""
