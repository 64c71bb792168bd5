"""The JSON Schemas take what the golden vectors have: requests closed, what the house sends open to later houses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.test_docs_protocol import each

SCHEMAS = Path(__file__).parent.parent / "docs" / "schemas"
PREFIXES = {"requests": "request", "answers": "answer", "broadcasts": "broadcast"}
ENUMS = {"code", "role", "status", "cause", "close_cause"}
NEW_EVENT = {"event": "lot_photographed", "seq": 9, "at_ms": 5, "photographer": "Ann"}


def validator(kind: str, body: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{PREFIXES[kind]}-{body['type']}.json").read_text()))


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_each_is_a_schema(path: Path) -> None:
    schema = json.loads(path.read_text())
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)) == []


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.stem)
def test_a_field_has_a_plain_name(path: Path) -> None:
    named = [name for part in json.loads(path.read_text())["$defs"].values() for name in part.get("properties", {})]
    assert named
    assert [name for name in named if not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name)] == []


@each("requests", "answers", "broadcasts")
def test_they_take_every_golden_vector(kind: str, vector: dict[str, Any]) -> None:
    assert list(validator(kind, vector["json"]).iter_errors(vector["json"])) == []


@each("requests")
def test_a_request_with_an_unknown_field_is_none(kind: str, vector: dict[str, Any]) -> None:
    assert not validator(kind, vector["json"]).is_valid(vector["json"] | {"colour": "red"})


@pytest.mark.parametrize(
    ("type_", "changes"),
    [
        ("bid", {"amount_minor": 0}),
        ("bid", {"amount_minor": 10**15 + 1}),
        ("bid", {"id": 0}),
        ("bid", {"lot": ""}),
        ("bid", {"lot": "1" * 17}),
        ("hello", {"role": "king"}),
        ("hello", {"versions": []}),
        ("snapshot", {"start": -1}),
        ("snapshot", {"type": "snap"}),
    ],
)
def test_a_request_has_its_limits(type_: str, changes: dict[str, Any]) -> None:
    vectors = json.loads((SCHEMAS.parent / "vectors.json").read_text())["requests"]
    body = next(one["json"] for one in vectors if one["json"]["type"] == type_)
    assert validator("requests", body).is_valid(body)
    assert not validator("requests", body).is_valid(body | changes)


@each("answers", "broadcasts")
def test_what_comes_from_a_later_house_is_taken(kind: str, vector: dict[str, Any]) -> None:
    """New fields, new values of enums, new codes, new events."""
    grown = grown_later(vector["json"])
    assert grown != vector["json"]
    assert list(validator(kind, vector["json"]).iter_errors(grown)) == []


def grown_later(value: Any) -> Any:
    if isinstance(value, list):
        inner = [grown_later(one) for one in value]
        is_events = bool(value) and isinstance(value[0], dict) and "event" in value[0]
        return [*inner, NEW_EVENT] if is_events else inner
    if not isinstance(value, dict):
        return value
    grown = {key: "of_later" if key in ENUMS and one is not None else grown_later(one) for key, one in value.items()}
    return grown | {"later": {"a": [1, None]}}


def test_a_known_event_is_held_to_its_own_schema() -> None:
    body = {"type": "lot_events", "epoch": 1, "lot": "1", "events": [{"event": "lot_opened", "seq": "one", "at_ms": 1}]}
    assert not validator("broadcasts", body).is_valid(body)
