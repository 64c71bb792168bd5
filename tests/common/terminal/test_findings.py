"""Findings for people are lines, for programs one document; a fault is in the exit status too."""

import json

import pytest

from common.findings import Finding, Verdict
from common.terminal.findings import tell_findings

OK = Finding("disk", Verdict.OK, "The disk is good.")
WARNING = Finding("clock", Verdict.WARNING, "The clock\njumped.", "Lots open by it.", "Set it.")
FAULT = Finding("port", Verdict.FAULT, "The port is taken.", "", "Choose another.")


def test_people_read_why_and_what_to_do_below_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_findings([OK, WARNING], as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ok       The disk is good.",
        "warning  The clock jumped.",
        "         Lots open by it.",
        "         Set it.",
    ]
    assert tell_findings([OK, FAULT], as_json=False) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["fault    The port is taken.", "         Choose another."]


def test_programs_get_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell_findings([WARNING, FAULT], as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    assert told["findings"][0] == {
        "check": "clock",
        "verdict": "warning",
        "what": "The clock\njumped.",
        "why": "Lots open by it.",
        "advice": "Set it.",
    }
    assert tell_findings([WARNING], as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ready"] is True
