"""The specification says what the code does: generated parts are up to date, and the golden vectors hold."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.codec import RejectedBody, decode_answer, decode_broadcast, decode_request, encode
from common.errors import RejectCode

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
VECTORS = json.loads((DOCS / "vectors.json").read_text())
SITTING_LINES = 400
"""The specification stays short enough to be read in one sitting; what is looked up has pages of its own."""
LINE_CHARS = 120
DECODERS = {"requests": decode_request, "answers": decode_answer, "broadcasts": decode_broadcast}


def each(*kinds: str) -> pytest.MarkDecorator:
    found = [(kind, vector) for kind in kinds for vector in VECTORS[kind]]
    return pytest.mark.parametrize(
        ("kind", "vector"), found, ids=[f"{kind}: {vector['name']}" for kind, vector in found]
    )


def test_generated_parts_are_up_to_date() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "tools.specification", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_specification_is_read_in_one_sitting() -> None:
    lines = (DOCS / "protocol.md").read_text().splitlines()
    assert len(lines) <= SITTING_LINES
    assert not [line for line in lines if len(line) > LINE_CHARS]
    head = lines[: lines.index("## 1. Roles")]
    assert head.count("```text") == 2, "two sequence diagrams come first"


@each("requests", "answers", "broadcasts")
def test_vectors_decode_to_their_json_and_encode_to_the_same_bytes(kind: str, vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])
    message = DECODERS[kind](frame)
    assert json.loads(msgspec.json.encode(message)) == vector["json"]
    topic = (vector["topic"] + "\x00").encode() if kind == "broadcasts" else b""
    assert topic + encode(message) == frame


@each("answers", "broadcasts")
def test_clients_ignore_unknown_fields_at_any_depth(kind: str, vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])
    message = DECODERS[kind](frame)
    topic = frame[: frame.index(b"\x00") + 1] if kind == "broadcasts" else b""
    grown = topic + msgspec.msgpack.encode(with_unknown_fields(vector["json"]))
    assert DECODERS[kind](grown) == message


def with_unknown_fields(value: Any) -> Any:
    """Add a field to each map that is a message or a part of one."""
    if isinstance(value, list):
        return [with_unknown_fields(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: with_unknown_fields(one) for key, one in value.items()} | {"field_of_a_later_house": {"a": [1, None]}}


@each("refused")
def test_what_is_no_request_is_refused_as_the_vectors_say(kind: str, vector: dict[str, Any]) -> None:
    with pytest.raises(RejectedBody) as refused:
        decode_request(bytes.fromhex(vector["hex"]))
    assert (refused.value.code.value, refused.value.request_id) == (vector["code"], vector["id"])


def test_vectors_have_every_message_event_and_code() -> None:
    used = {find["type"] for kind in DECODERS for find in (one["json"] for one in VECTORS[kind])}
    schemas = {path.stem.partition("-")[2] for path in (DOCS / "schemas").glob("*.json")}
    assert used == schemas
    events = {event["event"] for one in VECTORS["broadcasts"] for event in one["json"].get("events", ())}
    tables = (DOCS / "protocol-tables.md").read_text()
    named = re.findall(r"^### `((?:lot|bid|sale|announced|called)\w*)`$", tables, re.MULTILINE)
    assert events == set(named) - {"lot_events", "sale_events", "lot", "bid"}
    codes = {one["json"]["code"] for one in VECTORS["answers"] if one["json"]["type"] == "rejected"}
    assert codes == {code.value for code in RejectCode}
