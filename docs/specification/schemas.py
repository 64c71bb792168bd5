"""JSON Schemas of the messages, one document each, for what a MessagePack body is when written as JSON."""

from typing import Any, Final, get_args

import msgspec

from common.limits import PROTOCOL_VERSION
from common.messages import AnyAnswer, AnyBroadcast, AnyRequest, Request

KINDS: Final = {"request": AnyRequest, "answer": AnyAnswer, "broadcast": AnyBroadcast}
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """Return the text of each schema file, by file name: KIND-TYPE.json."""
    return {
        f"{kind}-{message.__struct_config__.tag}.json": _text(_schema(message))
        for kind, union in KINDS.items()
        for message in get_args(union)
    }


def _schema(message: type[msgspec.Struct]) -> dict[str, Any]:
    (reference,), parts = msgspec.json.schema_components([message], ref_template="#/$defs/{name}")
    for part in parts.values():
        part["description"] = " ".join(part.get("description", "").split())
        if not issubclass(message, Request):
            part.pop("additionalProperties", None)  # clients ignore what they don't know, so that answers may grow
    return {
        "$schema": _DIALECT,
        "title": f"{message.__name__}, version {PROTOCOL_VERSION}",
        **reference,
        "$defs": parts,
    }


def _text(schema: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(schema, order="deterministic"), indent=2).decode() + "\n"
