"""The audit of dependencies refuses what is known to be faulty, and never takes silence for an all-clear."""

import stat
from pathlib import Path

import pytest

from tools.dependency_audit import dependencies, findings, main

FAULTY = """{"dependencies": [
  {"name": "msgpack", "version": "1.1.2", "vulns": [{"id": "GHSA-6v7p-g79w-8964", "fix_versions": ["1.2.1"]}]},
  {"name": "click", "version": "8.5.1", "vulns": []}]}"""
SILENT = '{"dependencies": [{"name": "msgpack", "skip_reason": "Dependency not found"}]}'


def program(tmp_path: Path, output: str, status: int) -> str:
    """Return a program that answers as pip-audit does."""
    path = tmp_path / "pip-audit"
    path.write_text(
        f"#!/bin/sh\ncat <<'END'\n{output}\nEND\necho 'No known vulnerabilities found' >&2\nexit {status}\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_a_known_fault_fails_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(program(tmp_path, FAULTY, 1)) == 1
    assert "FAULT  msgpack 1.1.2: GHSA-6v7p-g79w-8964 (fixed in 1.2.1)" in capsys.readouterr().out


@pytest.mark.parametrize(("output", "status"), [(SILENT, 0), ("", 1), ('{"dependencies": []}', 0)])
def test_a_database_that_says_nothing_is_no_all_clear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, status: int
) -> None:
    assert main(program(tmp_path, output, status)) == 0, "the table holds, and the network is not the project's fault"
    told = capsys.readouterr().out
    assert "NOT AUDITED" in told
    assert "msgpack" in told
    assert "looked at 0 of" in told
    assert "msgpack 1.2.4, or newer" in told


def test_a_program_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("/nowhere/pip-audit") == 0
    assert "could not be run" in capsys.readouterr().out


def test_what_was_audited_is_not_called_unaudited() -> None:
    found = findings({"dependencies": [{"name": "click", "version": "8.5.1", "vulns": []}]})
    assert found == ([], {"click"}, set())
    assert "pyzmq" in dependencies(Path(__file__).parent.parent / "pyproject.toml")
