"""What stdout does not take is never lost in silence, and nothing steers the terminal."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.errors import UsageError
from common.terminal.output import print_json, say, say_error, say_record

PROGRAM = """
import click
from common.terminal.commands import AuctionGroup
from common.terminal.output import say, say_done, say_record

@click.group(cls=AuctionGroup)
@click.version_option("1")
def program(): pass

@program.command()
def report():
    say("a report")

@program.command()
def record():
    say_record({"a": 1})

@program.command()
@click.option("--json", "as_json", is_flag=True)
def decide(as_json):
    say_done("Lot 7 is yours.", {"done": True}, as_json=as_json)

@program.command()
@click.option("--json", "as_json", is_flag=True)
def fail(as_json):
    raise click.UsageError("That is wrong.")

@program.command()
def bug():
    raise ValueError("\\x1b[2J\\nFORGED")

@program.command()
def wait():
    input()
    say_done("Lot 7 is yours.", {}, as_json=False)

program()
"""
FULL = Path("/dev/full")
needs_a_full_device = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def shell(script: Path, words: str, redirection: str) -> "subprocess.CompletedProcess[str]":
    command = f"{sys.executable} {script} {words} {redirection}"
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False, env=environment)


@needs_a_full_device
@pytest.mark.parametrize("words", ["report", "record", "--help", "--version", "decide --help"])
def test_a_full_disk_is_one_line_and_status_6(script: Path, words: str) -> None:
    result = shell(script, words, "> /dev/full")
    assert (result.returncode, result.stderr.count("\n")) == (6, 1)
    assert result.stderr == "Error [output]: The output can't be written: No space left on device.\n"


@pytest.mark.parametrize("words", ["report", "record", "--help"])
def test_a_closed_stdout_is_one_line_and_status_6(script: Path, words: str) -> None:
    result = shell(script, words, ">&-")
    assert (result.returncode, result.stderr) == (6, "Error [output]: The output can't be written: stdout is closed.\n")


@pytest.mark.parametrize("redirection", [pytest.param("> /dev/full", marks=needs_a_full_device), ">&-"])
@pytest.mark.parametrize("words", ["decide", "decide --json"])
def test_what_was_decided_is_told_all_the_same(script: Path, words: str, redirection: str) -> None:
    result = shell(script, words, redirection)
    assert (result.returncode, result.stderr.count("\n")) == (6, 1)
    assert result.stderr.endswith(" It was: Lot 7 is yours.\n")


def test_what_was_decided_is_told_where_nobody_reads_on(script: Path) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(script), "wait"], stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    os.close(reading)
    _, errors = process.communicate(b"\n", timeout=60)
    assert process.returncode == 6
    assert errors.endswith(b" It was: Lot 7 is yours.\n")


@needs_a_full_device
def test_an_error_with_json_keeps_its_line_where_the_document_is_lost(script: Path) -> None:
    result = shell(script, "fail --json", "> /dev/full")
    assert result.returncode == 6
    assert result.stderr.splitlines()[0].startswith("Error [usage]: That is wrong.")
    assert result.stderr.splitlines()[1].startswith("Error [output]: ")


@pytest.mark.parametrize(
    "redirection", [pytest.param("2> /dev/full", marks=needs_a_full_device), "2>&-", "<&- >&- 2>&-"]
)
def test_an_error_that_nobody_can_be_told_is_in_the_status(script: Path, redirection: str) -> None:
    assert shell(script, "fail", redirection).returncode == 2


def test_a_file_never_gets_the_number_of_a_closed_stdout(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import sys\nfrom common.terminal.output import prepare_output\nprepare_output()\n"
        f"assert open({str(tmp_path / 'journal')!r}, 'w').fileno() > 2\nassert sys.stdout and sys.stderr\n"
    )
    assert shell(script, "", "<&- >&- 2>&-").returncode == 0


def test_a_traceback_steers_nothing_and_forges_no_line(script: Path) -> None:
    result = shell(script, "bug", "")
    assert result.returncode == 1
    assert "\x1b" not in result.stderr
    assert "ValueError: \ufffd[2J" in result.stderr


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("one\ntwo\r\x1b[2J\x9b31m\u202e\u2028three", style={"fg": "red"})
    assert capsys.readouterr().out == "one two\ufffd\ufffd[2J\ufffd31m\ufffd\ufffdthree\n"
    say_error(UsageError("one\nError [x]: two"))
    assert capsys.readouterr().err == "Error [usage]: one Error [x]: two\n"


def test_json_has_escapes_where_a_terminal_would_be_steered(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "花\x1b\x7f\x9b\u202e\U000e0041\n"}
    for tell in (print_json, say_record):
        tell(value)
        out = capsys.readouterr().out
        assert json.loads(out) == value
        assert "花" in out
        assert not set(out) & set("\x1b\x7f\x9b\u202e\U000e0041")


def test_colours_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for variables, escapes in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        screen = Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", screen)
            patch.setenv("TERM", "xterm")
            patch.delenv("NO_COLOR", raising=False)
            for name, value in variables.items():
                patch.setenv(name, value)
            say("x", style={"fg": "red"})
        assert ("\x1b" in screen.getvalue()) is escapes
