"""Where a record on PostgreSQL is: a URL as libpq reads it, with one more parameter, `sale`, for the sale's name there.

A URL is seen by everybody who lists processes, and is kept in the data directory. So one with a password is refused: a
password comes from the environment (PGPASSWORD), a password file or a service file, all of which libpq reads itself.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from common.errors import UsageError

SCHEMES: Final = ("postgresql", "postgres")
DEFAULT_SALE: Final = "sale"
SALE_CHARS_MAX: Final = 64
_SALE: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{SALE_CHARS_MAX - 1}}}")
_SECRETS: Final = frozenset({"password", "sslpassword"})


class Address(NamedTuple):
    """A database, and which of the sales there is meant."""

    url: str
    """As it was given; it has no secret."""
    conninfo: str
    """The same for libpq, without the sale."""
    sale: str

    def __str__(self) -> str:
        """Return what people know it by: without the options of the way to it."""
        database, _, query = self.conninfo.partition("?")
        options = dict(parse_qsl(query))
        where = " ".join(f"{name}={options[name]}" for name in ("service", "host", "port") if name in options)
        return f"{self.sale!r} at {database}{where and f' ({where})'}"


def is_address(text: str) -> bool:
    """Return whether the text names a record on PostgreSQL, rather than a file."""
    return text.partition("://")[0] in SCHEMES


def parse_address(text: str) -> Address:
    """Return the address in `text`. Raises UsageError, which never quotes a password."""
    if not is_address(text):
        raise UsageError(
            f"{text!r} is not the URL of a store. It looks like postgresql://USER@HOST/DATABASE?sale=NAME."
        )
    try:
        parts = urlsplit(text)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise UsageError(f"The URL of the store can't be read: {error}.") from error
    if ":" in parts.netloc.rpartition("@")[0] or _SECRETS & query.keys():
        raise UsageError(
            "The URL of the store has a password, which everybody who lists processes could read. Leave it out, and "
            "give it by a password file (~/.pgpass or PGPASSFILE), a service file (?service=NAME) or PGPASSWORD."
        )
    sale = query.get("sale", DEFAULT_SALE)
    if not _SALE.fullmatch(sale):
        raise UsageError(
            f"{sale!r} can't be the name of a sale in a store: it has 1 to {SALE_CHARS_MAX} letters, digits and "
            "'-', '_', '.', and begins with a letter or a digit."
        )
    kept = "&".join(one for one in parts.query.split("&") if one.partition("=")[0] != "sale")
    return Address(text, text.partition("?")[0] + (f"?{kept}" if kept else ""), sale)
