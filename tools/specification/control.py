"""The tables of `docs/control.md`: the commands of the auctioneer and clerks, their answers, and the reports."""

import inspect
from collections.abc import Collection
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect as wire

from auctioneer.house.bids_at_hand import bids_at_hand
from auctioneer.house.commands import BIDS, MYSELF, AnyCommand, AnyControlAnswer, Command
from auctioneer.house.reports import REPORTS
from auctioneer.house.rights import FOR_ALL, NEEDED, NEEDED_TO_READ
from auctioneer.rules.sale_settings import Right
from common.errors import RejectCode
from tools.specification.tables import doc, markdown_table, number_range

_COMMON: Final = frozenset(field.name for field in msgspec.structs.fields(Command))
"""What every command has; the page says it once."""
_PLAIN: Final = {wire.NoneType: "nil", wire.BoolType: "bool", wire.DictType: "map", wire.AnyType: "any"}


def control() -> dict[str, str]:
    """Return every generated table of the page, by the name of its marker."""
    return {
        "commands": "\n\n".join(_command(one) for one in get_args(AnyCommand)),
        "control answers": "\n\n".join(_answer(one) for one in get_args(AnyControlAnswer)),
        "reports": _reports(),
    }


def _command(command: type[Command]) -> str:
    rows = [row for row in _rows(command) if row[0].strip("`") not in _COMMON]
    fields = markdown_table(("field", "type", "default"), rows) if rows else "It has no other fields."
    return f"### `{command.__struct_config__.tag}`\n\n{doc(command)}\n\nRight: {_rights(command)}.\n\n{fields}"


def _answer(answer: type[msgspec.Struct]) -> str:
    table = markdown_table(("field", "type", "default"), _rows(answer))
    return f"### `{answer.__struct_config__.tag}`\n\n{doc(answer)}\n\n{table}"


def _rows(struct: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    described = wire.type_info(struct)
    assert isinstance(described, wire.StructType)
    types = {field.name: field.type for field in described.fields}
    return [(f"`{field.name}`", _type(types[field.name]), _default(field)) for field in msgspec.structs.fields(struct)]


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "needed"
    default = () if field.default is msgspec.NODEFAULT else field.default
    return f"`{msgspec.json.encode(default).decode()}`".replace("null", "nil")


def _rights(command: type[Command]) -> str:
    if command in FOR_ALL:
        return "none is needed"
    return _any_of(NEEDED[command]) or "the auctioneer alone"


def _any_of(needed: Collection[Right]) -> str:
    return " or ".join(f"`{right.value}`" for right in Right if right in needed)


def _type(kind: wire.Type) -> str:
    match kind:
        case wire.Metadata():
            return _type(kind.type)
        case wire.UnionType():
            return " or ".join(_type(one) for one in kind.types)
        case wire.VarTupleType():
            return f"array {number_range(kind.min_length, kind.max_length)}".strip() + f" of {_type(kind.item_type)}"
        case wire.StructType():
            return f"a map: {kind.cls.__name__}"
        case wire.EnumType() if kind.cls is RejectCode:
            return "[reject code](protocol-tables.md#reject-codes)"
        case wire.EnumType():
            return ", ".join(f"`{one.value}`" for one in kind.cls)
        case _:
            return _plain_type(kind)


def _plain_type(kind: wire.Type) -> str:
    match kind:
        case wire.IntType():
            return f"int {number_range(kind.ge, kind.le)}".strip()
        case wire.StrType():
            return f"str {number_range(kind.min_length or 0 if kind.max_length else None, kind.max_length)}".strip()
        case _:
            return _PLAIN[type(kind)]


def _reports() -> str:
    rows: list[tuple[Any, ...]] = [
        (f"`{name}`", " ".join((inspect.getdoc(make) or "").split()) + _needed_to_read(name))
        for name, make in sorted({**REPORTS, BIDS: bids_at_hand}.items())
    ]
    rows.append((f"`{MYSELF}`", "Return the sender: the name, the role, the rights, and the last id it used."))
    return markdown_table(("report", "what it is"), rows)


def _needed_to_read(report: str) -> str:
    needed = NEEDED_TO_READ.get(report)
    return "" if needed is None else f" Right: {_any_of(needed)}."
