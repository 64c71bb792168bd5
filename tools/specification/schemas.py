"""JSON Schemas of the messages, one document each; they describe a MessagePack body written as JSON.

The schema of a request is closed: the house refuses a field that it does not know. The schema of an answer or broadcast
is open: it may gain fields, values of enums, codes, events and formats. A client that checks it by the schema accepts
them.
"""

import inspect
import json
from enum import Enum
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect as wire

from common.limits import PROTOCOL_VERSION
from common.messages import AnyAnswer, AnyBroadcast, AnyRequest

KINDS: Final = {"request": AnyRequest, "answer": AnyAnswer, "broadcast": AnyBroadcast}
_EVENT_FIELD: Final = "event"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_Schema = dict[str, Any]


def schemas() -> dict[str, str]:
    """Return the text of each schema file, by file name: KIND-TYPE.json."""
    return {
        f"{kind}-{message.__struct_config__.tag}.json": _Document(message, is_open=kind != "request").text()
        for kind, union in KINDS.items()
        for message in get_args(union)
    }


class _Document:
    """The schema of one message, with a definition for each type in it."""

    def __init__(self, message: type[msgspec.Struct], *, is_open: bool) -> None:
        self._message = message
        self._is_open = is_open
        self._definitions: dict[str, _Schema] = {}

    def text(self) -> str:
        """Return the text of the document's file."""
        top = self._of(wire.type_info(self._message))
        document = {
            "$schema": _DIALECT,
            "title": f"{self._message.__name__}, version {PROTOCOL_VERSION}",
            **top,
            "$defs": self._definitions,
        }
        return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"

    def _of(self, kind: wire.Type) -> _Schema:
        match kind:
            case wire.Metadata():
                return self._of(kind.type) | (kind.extra_json_schema or {})
            case wire.UnionType():
                return {"anyOf": [*map(self._of, kind.types), *self._later(kind)]}
            case wire.NoneType():
                return {"type": "null"}
            case wire.BoolType():
                return {"type": "boolean"}
            case wire.IntType():
                return {"type": "integer"} | _given(minimum=kind.ge, maximum=kind.le)
            case wire.StrType():
                return {"type": "string"} | _given(minLength=kind.min_length, maxLength=kind.max_length)
            case wire.VarTupleType():
                lengths = _given(minItems=kind.min_length, maxItems=kind.max_length)
                return {"type": "array", "items": self._of(kind.item_type)} | lengths
            case wire.EnumType():
                return self._reference(kind.cls, self._enum)
            case wire.StructType():
                return self._reference(kind.cls, self._struct)
            case _:
                raise TypeError(f"There is no schema for the type {kind}.")

    def _reference(self, cls: Any, describe: Any) -> _Schema:
        name = cls.__name__
        if name not in self._definitions:
            self._definitions[name] = {}  # so that a type that holds itself ends here
            told = {"title": name, "description": " ".join((inspect.getdoc(cls) or "").split())}
            self._definitions[name] = told | describe(cls)
        return {"$ref": f"#/$defs/{name}"}

    def _enum(self, cls: type[Enum]) -> _Schema:
        values = [one.value for one in cls]
        return {"type": "string", "examples": values} if self._is_open else {"type": "string", "enum": values}

    def _struct(self, cls: type[msgspec.Struct]) -> _Schema:
        described = wire.type_info(cls)
        assert isinstance(described, wire.StructType)
        if described.array_like:
            items = [self._of(field.type) for field in described.fields]
            return {"type": "array", "prefixItems": items, "minItems": len(items)}
        properties = {field.encode_name: self._of(field.type) | _default_of(field) for field in described.fields}
        required = [field.encode_name for field in described.fields if field.required]
        if described.tag_field is not None:
            properties[described.tag_field] = {"const": described.tag}
            required.insert(0, described.tag_field)
        closed = {} if self._is_open else {"additionalProperties": False}
        return {"type": "object", "properties": properties, "required": required} | closed

    def _later(self, kind: wire.UnionType) -> list[_Schema]:
        """Return the schema of the events, or of the terms, boards and own positions, that a later house may have."""
        structs = [one for one in kind.types if isinstance(one, wire.StructType)]
        if not self._is_open or len(structs) < 2:
            return []
        tag_field = structs[0].tag_field
        assert tag_field is not None
        unknown = {"type": "string", "not": {"enum": [one.tag for one in structs]}}
        also = {"seq": {"type": "integer"}} if tag_field == _EVENT_FIELD else {}
        return [
            {
                "description": f"Any other {tag_field}, of a later house.",
                "type": "object",
                "properties": {tag_field: unknown} | also,
                "required": [tag_field, *also],
            }
        ]


def _default_of(field: wire.Field) -> _Schema:
    if field.required:
        return {}
    default = field.default
    return {"default": default.value if isinstance(default, Enum) else list(default) if default == () else default}


def _given(**limits: int | None) -> _Schema:
    return {name: value for name, value in limits.items() if value is not None}
