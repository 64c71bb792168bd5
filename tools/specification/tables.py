"""The tables of `docs/protocol-tables.md`, read off the types: messages, enums, reject codes and limits."""

import ast
import inspect
import re
import sys
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import inspect as wire
from msgspec.structs import FieldInfo

from auctioneer.house import budgets
from auctioneer.house.house import SILENT_MS
from auctioneer.house.paddle_codes import WRONG_CODES_MAX, WRONG_CODES_MS, WRONG_CODES_OF_A_KEY_MAX
from auctioneer.house.register import APPROVAL_POLL_MS
from common import formats, limits, lot, lot_events, messages, money
from common.errors import ADVICE, RejectCode
from common.spending import Spending
from common.wire import OfferRequest, Request

_SHARED: Final = (
    lot.SaleView,
    lot.LotView,
    lot.LotTerms,
    lot.SoftClose,
    lot.Asked,
    lot.Result,
    messages.Position,
    Spending,
    messages.LotSeq,
    money.Currency,
    messages.OneLot,
    messages.Word,
)
_FORMATS: Final = {
    str(terms.__struct_config__.tag): sys.modules[terms.__module__] for terms in get_args(formats.AnyTerms)
}
"""By format: the module that has all its types, in the order in which the tables print them."""
_UNIONS: Final = {
    frozenset(get_args(formats.AnyTerms)): "[terms](#formats)",
    frozenset(get_args(formats.AnyBoard)): "[board](#formats)",
    frozenset(get_args(formats.AnyOwn)): "[own](#formats)",
    frozenset(get_args(lot_events.AnyLotEvent)): "[event](#events)",
    frozenset(get_args(lot_events.AnySaleEvent)): "[event](#events)",
}
_ENUMS: Final = (messages.Role, lot.SaleStatus, lot.LotStatus, lot.CloseCause, lot.ExtendCause, messages.WordKind)
_FORMAT_FIELD: Final = "format"
_Kind = TypeVar("_Kind")
_NUMBERS: Final = {limits.INTEGER_MAX: "2^53-1", limits.AMOUNT_MINOR_MAX: "10^15"}
_PYTHON_WORDS: Final = {"None": "nil", "True": "true", "False": "false"}

_VERDICT: Final = "verdict"
_NOT_DECIDED: Final = "not decided; repeat with the same id"
_REFUSED: Final = "refused; nothing is remembered"
_OFFER: Final = "any offer"
_AMOUNT: Final = "bid, buy, seal, stop, leave_bid"
_ANY: Final = "any"
_HELLO: Final = "hello"
_CONTROL: Final = "never to a bidder"

REJECTS: Final[dict[RejectCode, tuple[str, str]]] = {
    RejectCode.UNKNOWN_LOT: ("any offer, lot, replay", f"{_VERDICT} of an offer"),
    RejectCode.LOT_NOT_OPEN: (_OFFER, _VERDICT),
    RejectCode.LOT_PAUSED: (_OFFER, _VERDICT),
    RejectCode.ALREADY_OPEN: ("leave_bid", _VERDICT),
    RejectCode.LOT_CLOSED: (_OFFER, _VERDICT),
    RejectCode.LOT_WITHDRAWN: (_OFFER, _VERDICT),
    RejectCode.SALE_ENDED: (_CONTROL, _REFUSED),
    RejectCode.BELOW_MINIMUM: ("bid, seal, stop, leave_bid", _VERDICT),
    RejectCode.INVALID_AMOUNT: (_AMOUNT, f"{_VERDICT}, except where the field itself can't be an amount"),
    RejectCode.OVER_LIMIT: (_AMOUNT, f"{_VERDICT}, except where the field itself is over the limit"),
    RejectCode.OVER_SPENDING_LIMIT: (_AMOUNT, _VERDICT),
    RejectCode.ALREADY_LEADING: ("bid", _VERDICT),
    RejectCode.MAXIMUM_NOT_RAISED: ("bid", _VERDICT),
    RejectCode.NO_BUY_NOW: ("buy", _VERDICT),
    RejectCode.STATE_CHANGED: (_OFFER, _VERDICT),
    RejectCode.NO_OFFER: ("unseal, leave_bid, retract", _VERDICT),
    RejectCode.NO_RETRACTION: ("retract", _VERDICT),
    RejectCode.NOT_ASKED: ("confirm", _VERDICT),
    RejectCode.NO_HOUSE_BIDS: (_CONTROL, _REFUSED),
    RejectCode.HOUSE_BID_TOO_HIGH: (_CONTROL, _REFUSED),
    RejectCode.OTHER_FORMAT: (_OFFER, _VERDICT),
    RejectCode.OWN_LOT: (_OFFER, _VERDICT),
    RejectCode.LINKED_BIDDER: (_AMOUNT, _VERDICT),
    RejectCode.HELLO_FIRST: (_ANY, _REFUSED),
    RejectCode.NAME_TAKEN: (_HELLO, _REFUSED),
    RejectCode.INVALID_NAME: (_HELLO, _REFUSED),
    RejectCode.NOT_ADMITTED: (_ANY, _REFUSED),
    RejectCode.AWAITING_APPROVAL: (_ANY, _REFUSED),
    RejectCode.WRONG_INVITE: (_HELLO, _REFUSED),
    RejectCode.WRONG_CODE: (_HELLO, _REFUSED),
    RejectCode.CONDITIONS_NOT_ACCEPTED: (_HELLO, _REFUSED),
    RejectCode.FORBIDDEN: ("hello, any offer, news", _REFUSED),
    RejectCode.HOUSE_FULL: ("hello, leave_bid", f"{_REFUSED}; {_VERDICT} of `leave_bid`"),
    RejectCode.ID_CONFLICT: (_OFFER, _REFUSED),
    RejectCode.ID_STALE: (_OFFER, _REFUSED),
    RejectCode.MALFORMED: (_ANY, _REFUSED),
    RejectCode.TOO_LARGE: (_ANY, _REFUSED),
    RejectCode.UNSUPPORTED_VERSION: (_HELLO, _REFUSED),
    RejectCode.HISTORY_GONE: ("replay", _REFUSED),
    RejectCode.SLOW_DOWN: (_ANY, _NOT_DECIDED),
    RejectCode.UNAVAILABLE: (_ANY, _NOT_DECIDED),
    RejectCode.WRONG_STATE: (_CONTROL, _REFUSED),
    RejectCode.UNKNOWN_BIDDER: (_CONTROL, _REFUSED),
    RejectCode.UNKNOWN_BID: (_CONTROL, _REFUSED),
    RejectCode.INVALID_LOT: (_CONTROL, _REFUSED),
}
"""By code: the requests that it answers, and whether the house remembers it under the request's id."""

_SETTINGS: Final = (
    (
        "requests_per_s",
        budgets.DEFAULT_REQUESTS_PER_S,
        "the default rate of a budget; `welcome` names the rate in force",
    ),
    ("budgets of a partner", budgets.PARTNER_BUDGETS, "a partner has the budget of this many bidders"),
    ("burst, in seconds", budgets.BURST_S, "an unused budget grows up to the requests of this many seconds"),
    ("cost of a malformed request", 1 + budgets.MALFORMED_COST, "in requests"),
    ("cost of `snapshot`, `mine` and `conditions`", 1 + budgets.SNAPSHOT_COST, "in requests"),
    ("cost of `replay`", 1 + budgets.REPLAY_COST, "in requests"),
    ("cost of `retract`", 1 + budgets.RETRACT_COST, "in requests"),
    ("cost of any other request, and of a subscription", 1, "in requests"),
    ("silence, in ms", SILENT_MS, "a bidder from whom nothing came for longer counts as gone (`while_connected`)"),
    ("wrong paddle codes", WRONG_CODES_MAX, "of all keys together; after them each code is answered with `slow_down`"),
    ("wrong paddle codes of a key", WRONG_CODES_OF_A_KEY_MAX, "after them each code of that key gets `slow_down`"),
    ("wrong paddle codes, in ms", WRONG_CODES_MS, "the time in which they are counted"),
    ("cost of a wrong paddle code", 1 + budgets.WRONG_CODE_COST, "in requests"),
    ("approval poll, in ms", APPROVAL_POLL_MS, "`retry_ms` of `awaiting_approval`"),
)


_NOTES: Final = {
    "TOPIC_BYTES_MAX": "A topic, with its NUL.",
    "DURATION_MS_MAX": "The longest that a lot is open, or is extended at once.",
    "NAME_CHARS_MAX": "A bidder's name.",
    "LOT_CHARS_MAX": "A lot's number.",
    "TITLE_CHARS_MAX": "A lot's or the sale's title, and a seller.",
    "DESCRIPTION_CHARS_MAX": "A lot's description.",
    "INVITE_CHARS_MAX": "An invite code.",
    "INCREMENT_STEPS_MAX": "Rows of a lot's increments.",
    "LOTS_MAX": "Lots in a sale.",
    "BIDDERS_MAX": "Enrolled bidders.",
}
"""Of limits whose names are enough for readers of the code."""


def tables() -> dict[str, str]:
    """Return every generated table, by the name of its marker."""
    return {
        "requests": _structs(get_args(messages.AnyRequest)),
        "answers": _structs(get_args(messages.AnyAnswer)),
        "broadcasts": _structs(get_args(messages.AnyBroadcast)),
        "lot events": _structs(get_args(lot_events.AnyLotEvent)),
        "sale events": _structs(get_args(lot_events.AnySaleEvent)),
        "shared types": _structs(_SHARED),
        "formats": "\n\n".join(_format(name, module) for name, module in _FORMATS.items()),
        "enums": _enums(),
        "reject codes": _rejects(),
        "limits": _limits(),
        "settings": markdown_table(("what", "value", "meaning"), [(f"{a}", f"{b:,}", c) for a, b, c in _SETTINGS]),
    }


def doc(thing: object) -> str:
    """Return a docstring in the words of the wire, as Markdown with one line per paragraph."""
    text = inspect.getdoc(thing) or ""
    text = re.sub(r"\b(None|True|False)\b", lambda match: f"{_PYTHON_WORDS[match[1]]}", text)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _structs(structs: tuple[type[msgspec.Struct], ...]) -> str:
    return "\n\n".join(_struct(one) for one in structs)


def _struct(struct: type[msgspec.Struct]) -> str:
    config = struct.__struct_config__
    head = f"### {_name(struct)}"
    is_request = issubclass(struct, Request)
    rows = []
    if config.tag_field:
        rows.append((f"`{config.tag_field}`", f'`"{config.tag}"`', _default(None, is_needed=True), ""))
    types = {field.name: field.type for field in _struct_type(struct).fields}
    fields = msgspec.structs.fields(struct)
    if not config.array_like:  # what all messages of a kind have comes first; the order of a map means nothing
        fields = tuple(sorted(fields, key=lambda field: field.name in inspect.get_annotations(struct)))
    for one in fields:
        kind, meaning = _described(struct, one.name, types[one.name])
        rows.append((f"`{one.name}`", _type(kind), _default_of(one), meaning))
    first = "place" if config.array_like else "field"
    third = "default" if is_request else "if absent"
    return f"{head}\n\n{doc(struct)}\n\n{markdown_table((first, 'type', third, 'meaning'), rows)}"


def _name(struct: type[msgspec.Struct]) -> str:
    """Return what the tables call a type: its tag, or its own name where it has none or shares it with others."""
    config = struct.__struct_config__
    return f"`{config.tag}`" if config.tag and config.tag_field != _FORMAT_FIELD else struct.__name__


def _format(name: str, module: ModuleType) -> str:
    """Return the part on one format: what it is, its offers, and all its types."""
    structs = _types_of(module, msgspec.Struct)
    offers = ", ".join(
        f"[{_name(one)}](#{one.__struct_config__.tag})" for one in structs if issubclass(one, OfferRequest)
    )
    parts = tuple(one for one in structs if not issubclass(one, OfferRequest))
    what = doc(module).partition("\n\n")[0]
    return f"### Format `{name}`\n\n{what} Offers: {offers}.\n\n{_structs(parts)}".replace("\n### ", "\n#### ")


def _types_of(module: ModuleType, kind: type[_Kind]) -> list[type[_Kind]]:
    """Return the types of a kind that a module defines, in their order."""
    defined = (one for one in vars(module).values() if inspect.isclass(one) and one.__module__ == module.__name__)
    return [one for one in defined if issubclass(one, kind)]


def _struct_type(struct: type[msgspec.Struct]) -> wire.StructType:
    described = wire.type_info(struct)
    assert isinstance(described, wire.StructType)
    return described


def _described(struct: type[msgspec.Struct], field: str, kind: wire.Type) -> tuple[wire.Type, str]:
    """Return a field's type and its meaning. Raises ValueError if the field has no meaning."""
    said = kind.extra_json_schema if isinstance(kind, wire.Metadata) else None
    if not isinstance(kind, wire.Metadata) or said is None or "description" not in said:
        raise ValueError(f"{struct.__name__}.{field} has no Meta(description=...), which the tables and schemas print")
    return kind.type, str(said["description"])


def _default_of(field: FieldInfo) -> str:
    return _default(field.default, is_needed=field.required)


def _default(value: object, *, is_needed: bool) -> str:
    if is_needed:
        return "needed"
    if isinstance(value, Enum):
        return f'`"{value.value}"`'
    if isinstance(value, tuple):
        return "`[]`"
    return f"`{msgspec.json.encode(value).decode()}`".replace("null", "nil")


def _type(kind: wire.Type) -> str:
    match kind:
        case wire.UnionType():
            structs = frozenset(one.cls for one in kind.types if isinstance(one, wire.StructType))
            others = [_type(one) for one in kind.types if not isinstance(one, wire.StructType)]
            return " or ".join([_UNIONS[structs], *others] if structs in _UNIONS else map(_type, kind.types))
        case wire.NoneType():
            return "nil"
        case wire.BoolType():
            return "bool"
        case wire.IntType():
            return f"int {number_range(kind.ge, kind.le)}".strip()
        case wire.StrType():
            return f"str {number_range(kind.min_length or 0 if kind.max_length else None, kind.max_length)}".strip()
        case wire.EnumType() if kind.cls is RejectCode:
            return "[reject code](#reject-codes)"
        case wire.EnumType():
            return f"[{kind.cls.__name__}](#enums)"
        case wire.VarTupleType():
            return f"array {number_range(kind.min_length, kind.max_length)}".strip() + f" of {_type(kind.item_type)}"
        case wire.StructType():
            return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
        case _:
            raise TypeError(f"There is no wording for the type {kind}.")


def number_range(least: int | None, most: int | None) -> str:
    """Return the least and the most of a number or a length, as `least..most`; empty if neither is given."""
    if least is None and most is None:
        return ""
    return f"{least or 0}..{'' if most is None else _NUMBERS.get(most, most)}"


def _enums() -> str:
    enums: list[type[Enum]] = [*_ENUMS, *(one for module in _FORMATS.values() for one in _types_of(module, Enum))]
    rows = [(one.__name__, ", ".join(f"`{value.value}`" for value in one), doc(one)) for one in enums]
    return markdown_table(("enum", "values", "meaning"), rows)


def _rejects() -> str:
    rows = [(f"`{code.value}`", *REJECTS[code], ADVICE[code]) for code in RejectCode]
    return markdown_table(("code", "answers", "kind", "what happened, and what to do"), rows)


def _limits() -> str:
    notes = _NOTES | _notes_in(Path(limits.__file__))
    rows = [
        (f"`{name}`", f"{value:,}" if value <= 10**9 else _NUMBERS.get(value, f"{value:,}"), notes.get(name, ""))
        for name, value in vars(limits).items()
        if name.isupper() and isinstance(value, int) and name != "PROTOCOL_VERSION"
    ]
    return markdown_table(("limit", "value", "meaning"), rows)


def _notes_in(module: Path) -> dict[str, str]:
    """Return the strings below the constants of a module."""
    body = ast.parse(module.read_text()).body
    return {
        before.target.id: " ".join(str(after.value.value).split())
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


def markdown_table(head: tuple[str, ...], rows: list[Any]) -> str:
    """Return a table in Markdown; each row has a cell for each of `head`."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
