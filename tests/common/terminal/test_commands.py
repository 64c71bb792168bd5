import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from common.errors import (
    AuctionError,
    ProtocolError,
    RejectCode,
    RejectedError,
    StorageError,
    UnreachableError,
    UsageError,
    WrongKeyError,
)
from common.names import printable
from common.terminal.commands import AuctionGroup, WholeNumber, completion_command, wants_json

TEXT = "One sentence."


class ManyLinesError(UsageError):
    lines = ("one", "two\nthree")


FAILURES: dict[str, BaseException] = {
    "usage": UsageError(TEXT),
    "sale_ended": RejectedError(RejectCode.SALE_ENDED),
    "unreachable": UnreachableError(TEXT),
    "wrong_key": WrongKeyError(TEXT),
    "protocol": ProtocolError(TEXT),
    "storage": StorageError(TEXT),
    "error": AuctionError(TEXT),
    "stop": KeyboardInterrupt(),
    "file": PermissionError(errno.EACCES, "Permission denied", "/the/file"),
    "steering": UsageError("\x1b[2Jgone \u202eback"),
    "lines": ManyLinesError(),
    "forged": UsageError("one\ntwo"),
    "bug": ZeroDivisionError(),
}


@click.group(cls=AuctionGroup)
def program() -> None:
    pass


@program.command()
@click.argument("what")
@click.option("--json", "as_json", is_flag=True)
def fail(what: str, *, as_json: bool) -> None:
    raise FAILURES[what]


@program.command()
@click.argument("status", type=int)
def give(status: int) -> int:
    return status


@program.command()
def ask() -> None:
    click.confirm("Really?", abort=True)


program.add_command(completion_command("program"))


def run(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(program, words, text, catch_exceptions=False)


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("usage", 2),
        ("sale_ended", 3),
        ("unreachable", 4),
        ("wrong_key", 4),
        ("protocol", 5),
        ("storage", 6),
        ("error", 1),
    ],
)
def test_an_error_is_a_sentence_and_its_exit_status(what: str, status: int) -> None:
    result = run("fail", what)
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr == f"Error [{what}]: {FAILURES[what]}\n"


def test_with_json_an_error_is_a_document_too() -> None:
    result = run("fail", "usage", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"error": {"code": "usage", "message": TEXT}}
    assert result.stderr == f"Error [usage]: {TEXT}\n"


@pytest.mark.parametrize("words", [["nix"], ["fail"], ["fail", "usage", "--nix"], ["give", "x"]])
def test_a_wrong_command_line_is_told_like_any_error(words: list[str]) -> None:
    result = run(*words, "--json")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error [usage]: ")
    assert "--help'." in result.stderr
    assert result.stderr.count("\n") == 1
    assert json.loads(result.stdout)["error"]["code"] == "usage"


def test_without_a_command_the_help_is_shown() -> None:
    result = run()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr
    assert run("--help").exit_code == 0


def test_a_command_can_return_its_exit_status() -> None:
    assert run("give", "0").exit_code == 0
    assert run("give", "7").exit_code == 7


def test_stopped_by_the_person() -> None:
    result = run("fail", "stop")
    assert result.exit_code == 130
    assert result.stderr.strip() == "Stopped."
    assert run("ask", text="n\n").exit_code == 130
    assert run("ask", text="").exit_code == 130


def test_a_file_that_can_not_be_used_is_named() -> None:
    result = run("fail", "file")
    assert (result.exit_code, result.stderr) == (6, "Error [storage]: /the/file can't be used: Permission denied.\n")


def test_an_error_does_not_steer_the_terminal() -> None:
    assert "\x1b" not in run("fail", "steering").stderr
    assert "\u202e" not in run("fail", "steering").stderr
    assert run("fail", "lines").stderr == "Error [usage]:\none\ntwo three\n"


def test_a_line_break_in_an_error_forges_no_line() -> None:
    assert run("fail", "forged").stderr == "Error [usage]: one two\n"


def test_a_bug_is_not_dressed_up() -> None:
    with pytest.raises(ZeroDivisionError):
        run("fail", "bug")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lots", "--json"], True),
        (["results", "--format", "json"], True),
        (["results", "--format=json"], True),
        (["results", "--format", "csv"], False),
        (["announce", "--", "--json"], False),
        (["announce", "json"], False),
    ],
)
def test_who_wants_json(words: list[str], expected: bool) -> None:
    assert wants_json(words) is expected


def test_printable_keeps_letters_and_drops_what_steers() -> None:
    assert printable("Zoë 花 €\tx\x1b[0m\ny") == "Zoë 花 €\ufffdx\ufffd[0m y"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_PROGRAM_COMPLETE" in result.stdout


CHATTY = """
import sys, click
from common.terminal.commands import AuctionGroup
@click.group(cls=AuctionGroup)
def program(): pass
@program.command()
def talk():
    sys.stdin.read()
    click.echo("x")
program()
"""


def test_a_closed_pipe_ends_the_program_quietly(tmp_path: Path) -> None:
    script = tmp_path / "chatty.py"
    script.write_text(CHATTY)
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, str(script), "talk"],
        stdin=subprocess.PIPE,
        stdout=writing,
        stderr=subprocess.PIPE,
        env={name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    os.close(writing)
    os.close(reading)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (141, b"")


@pytest.mark.parametrize(
    ("typed", "told"),
    [("Ann Lee", "'Ann Lee' is not a valid whole number."), ("10", "10 is not in the range 1<=x<=9.")],
)
def test_what_is_no_whole_number_is_said_in_those_words(typed: str, told: str) -> None:
    @click.command()
    @click.option("--paddle", type=WholeNumber(1, 9))
    def bid(paddle: int) -> None:
        raise AssertionError(paddle)

    result = CliRunner().invoke(bid, ["--paddle", typed])
    assert (result.exit_code, told in result.output) == (2, True), result.output
