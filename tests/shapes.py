"""The stored form of a type, described in this project's own words, independent of any library's rendering."""

import types
from collections.abc import Iterator
from enum import Enum
from hashlib import sha256
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec


def shape_of(kind: Any) -> list[str]:
    """Return a line for each struct and enum reached from `kind`, with the names, order and types of its fields."""
    lines: dict[Any, str] = {}
    waiting = [kind]
    while waiting:
        for part in _parts(waiting.pop(0)):
            if part not in lines:
                inner, lines[part] = _described(part)
                waiting += inner
    return list(lines.values())


def digest_of(kind: Any) -> str:
    """Return a short digest of a type's shape; it changes if the shape changes."""
    return sha256("\n".join(shape_of(kind)).encode()).hexdigest()[:16]


def _parts(kind: Any) -> Iterator[Any]:
    """Yield the structs and enums in a type's expression."""
    plain = get_origin(kind) or kind
    if isinstance(plain, type) and issubclass(plain, (msgspec.Struct, Enum)):
        yield kind
        return
    for argument in get_args(kind):
        yield from _parts(argument)


def _described(kind: Any) -> tuple[list[Any], str]:
    """Return the types in a struct or an enum, and its line."""
    plain = get_origin(kind) or kind
    if issubclass(plain, Enum):
        return [], f"{_name(kind)}: {[one.value for one in plain]}"
    config = plain.__struct_config__
    fields = msgspec.structs.fields(kind)
    told = [f"{one.encode_name}{'' if one.required else '?'}: {_name(one.type)}" for one in fields]
    kept_as = "array" if config.array_like else "map"
    return [one.type for one in fields], f"{_name(kind)}, {kept_as} {config.tag or 'without a tag'}: {', '.join(told)}"


def _name(kind: Any) -> str:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _name(arguments[0])
    if origin in (types.UnionType, Union):
        return " | ".join(map(_name, arguments))
    if origin is not None:
        return f"{_name(origin)}[{', '.join(map(_name, arguments))}]"
    return kind.__name__ if isinstance(kind, type) else repr(kind)
