"""What both command lines have in common: how an error is told, what the program's exit status is, and completion.

Every failure that a person can act on ends in one sentence on stderr, `Error [code]: sentence`, and in the exit status
of its exception (`common.errors`). With `--json` stdout has one JSON document all the same: the answer, or
`{"error": {"code": ..., "message": ...}}`. `docs/cli.md` lists the statuses and codes. A traceback is a bug of ours.
"""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Final

import click
import msgspec
from click.exceptions import NoArgsIsHelpError
from click.shell_completion import get_completion_class

from common.errors import AuctionError, StorageError, UsageError
from common.names import misleading_places

STOPPED_STATUS: Final = 130
"""The person stopped the program: Ctrl-C, or no to a question."""
CLOSED_PIPE_STATUS: Final = 141
"""Who reads our output closed it, as `head` does; other programs of the system end with the same status."""

CONTEXT_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_SHELLS: Final = ("bash", "zsh", "fish")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


class AuctionGroup(click.Group):
    """A program of commands. A command's function returns None, or the exit status; failures are exceptions."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 -- click's signature
        **extra: Any,
    ) -> Any:
        """Run the program and end the process with its exit status; not `standalone_mode` leaves all that to click."""
        words = sys.argv[1:] if args is None else list(args)
        if not standalone_mode:
            return super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
        _print_what_can_be_printed()
        try:
            status = super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
        except NoArgsIsHelpError as error:
            error.show()
            status = error.exit_code
        except click.Abort:
            click.echo("Stopped.", err=True)
            status = STOPPED_STATUS
        except click.ClickException as error:
            status = self._tell(_usage_error(error), words)
        except AuctionError as error:
            status = self._tell(error, words)
        except OSError as error:
            if error.filename is None:
                raise
            status = self._tell(StorageError(f"{error.filename} can't be used: {error.strerror}."), words)
        sys.exit(status if isinstance(status, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the commands in the order in which they were added, which is that of a sale, for the help."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _drop_output()
            sys.exit(CLOSED_PIPE_STATUS)

    def error_fields(self, error: AuctionError) -> dict[str, Any]:  # noqa: ARG002 -- for subclasses
        """Return what the JSON of an error says besides its code and message; a program can have more to say."""
        return {}

    def _tell(self, error: AuctionError, words: Sequence[str]) -> int:
        message = printable(str(error), keep_lines=True)
        separator = "\n" if "\n" in message else " "
        click.echo(f"Error [{error.code}]:{separator}{message}", err=True)
        if wants_json(words):
            print_json({"error": {"code": error.code, "message": message, **self.error_fields(error)}})
        return error.exit_status


def wants_json(words: Sequence[str]) -> bool:
    """Return whether a command line asks for JSON; it counts also where the rest of the line is wrong."""
    options = words[: words.index("--")] if "--" in words else words
    has_pair = ("--format", "json") in pairwise(options)
    return has_pair or "--json" in options or "--format=json" in options


def print_json(value: object) -> None:
    """Print one JSON document, indented, for programs and people."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def printable(text: str, *, keep_lines: bool = False) -> str:
    """Return `text` with what could steer a terminal or mislead a reader replaced; line breaks become spaces."""
    chars = list(text if keep_lines else text.replace("\n", " "))
    for place in misleading_places(text):
        chars[place] = _REPLACEMENT
    return "".join(chars)


def examples(*lines: str) -> str:
    """Return the end of a command's help: what people type, line by line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def completion_command(program: str) -> click.Command:
    """Return the command that prints the script by which a shell completes the commands of `program`."""

    @click.command(
        "completion",
        epilog=examples(
            f'eval "$({program} completion bash)"      # in ~/.bashrc; the same with zsh in ~/.zshrc',
            f"{program} completion fish > ~/.config/fish/completions/{program}.fish",
        ),
    )
    @click.argument("shell", type=click.Choice(_SHELLS))
    @click.pass_context
    def completion(ctx: click.Context, shell: str) -> None:
        """Print the script that lets SHELL complete commands and options."""
        kind = get_completion_class(shell)
        if kind is None:
            raise UsageError(f"There is no completion for {shell}.")
        variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
        click.echo(kind(ctx.find_root().command, {}, program, variable).source())

    return completion


def _usage_error(error: click.ClickException) -> UsageError:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return UsageError(f"{message} See '{context.command_path} --help'." if context else message)


def _print_what_can_be_printed() -> None:
    """Escape what the terminal's encoding has no character for, rather than fail after the command was carried out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Send what is still to be flushed nowhere, so that the end of the process does not complain about it."""
    with suppress(OSError, ValueError):  # a stdout without a file has nothing to drop
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
