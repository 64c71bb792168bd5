"""What both command lines share: how they print an error, their exit status, and completion.

Every failure that a person can act on ends in one sentence on stderr, `Error [code]: sentence`, and in the exit status
of its exception (`common.errors`). With `--json`, stdout still holds one JSON document: the answer, or
`{"error": {"code": ..., "message": ...}}`. `docs/cli.md` lists the statuses and codes. A traceback is a bug of ours.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import click
from click.exceptions import NoArgsIsHelpError
from click.shell_completion import get_completion_class

from common.errors import AuctionError, StorageError, UsageError
from common.terminal.output import (
    OutputError,
    drop,
    finish_output,
    is_stdout_broken,
    prepare_output,
    print_json,
    say,
    say_drawn,
    say_error,
)

STOPPED_STATUS: Final = 130
"""The person stopped the program with Ctrl-C, or answered no to a question."""
CLOSED_PIPE_STATUS: Final = 141
"""The reader of our output closed it, as `head` does; other programs of the system end with the same status."""

CONTEXT_SETTINGS: Final[dict[str, Any]] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_SHELLS: Final = ("bash", "zsh", "fish")


class WholeNumber(click.IntRange):
    """A whole number within limits; a text that is none is refused in those words."""

    name = "whole number"


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
        """Run the program and end the process with its exit status. Without `standalone_mode`, click does it all."""
        words = sys.argv[1:] if args is None else list(args)
        if not standalone_mode:
            return super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
        prepare_output()
        status = self._status(words, prog_name, complete_var, **extra)
        try:
            finish_output()
        except OutputError as error:
            status = self._tell(error, words)
        sys.exit(status)

    def _status(self, words: list[str], prog_name: str | None, complete_var: str | None, **extra: Any) -> int:
        """Run the program, print the error if it failed, and return its exit status."""
        status: Any = 0
        try:
            status = super().main(words, prog_name, complete_var, standalone_mode=False, **extra)
        except NoArgsIsHelpError as error:
            say_drawn(error.format_message().splitlines(), err=True)
            status = error.exit_code
        except click.Abort:
            say("Stopped.", err=True)
            status = STOPPED_STATUS
        except click.ClickException as error:
            status = self._tell(_usage_error(error), words)
        except AuctionError as error:
            status = self._tell(error, words)
        except OSError as error:
            if error.filename is not None:
                status = self._tell(StorageError(f"{error.filename} can't be used: {error.strerror}."), words)
            elif not is_stdout_broken():  # else click was printing help or a version; `finish_output` reports it
                raise
        return status if isinstance(status, int) else 0

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Return the commands for the help, in the order in which they were added: that of a sale."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            drop(sys.stdout)
            sys.exit(CLOSED_PIPE_STATUS)

    def error_fields(self, error: AuctionError) -> dict[str, Any]:  # noqa: ARG002 -- for subclasses
        """Return further fields for the JSON of an error, besides its code and message; subclasses may add some."""
        return {}

    def _tell(self, error: AuctionError, words: Sequence[str]) -> int:
        say_error(error)
        if wants_json(words) and not isinstance(error, OutputError):
            message = "\n".join(error.lines)
            try:
                print_json({"error": {"code": error.code, "message": message, **self.error_fields(error)}})
            except OutputError as lost:
                return self._tell(lost, words)
        return error.exit_status


def wants_json(words: Sequence[str]) -> bool:
    """Return whether a command line asks for JSON, even if the rest of the line is wrong."""
    options = words[: words.index("--")] if "--" in words else words
    has_pair = ("--format", "json") in pairwise(options)
    return has_pair or "--json" in options or "--format=json" in options


def examples(*lines: str) -> str:
    """Return the end of a command's help: examples to type, one a line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def completion_command(program: str) -> click.Command:
    """Return the command that prints the script with which a shell completes the commands of `program`."""

    @click.command(
        "completion",
        epilog=examples(
            f'eval "$({program} completion bash)"      # in ~/.bashrc; the same with zsh in ~/.zshrc',
            f"{program} completion fish > ~/.config/fish/completions/{program}.fish",
        ),
    )
    @click.argument("shell", metavar="SHELL", type=click.Choice(_SHELLS))
    @click.pass_context
    def completion(ctx: click.Context, shell: str) -> None:
        """Print the script that lets SHELL, bash, zsh or fish, complete commands and options."""
        kind = get_completion_class(shell)
        if kind is None:
            raise UsageError(f"There is no completion for {shell}.")
        variable = f"_{program.upper().replace('-', '_')}_COMPLETE"
        say_drawn([kind(ctx.find_root().command, {}, program, variable).source()])

    return completion


def _usage_error(error: click.ClickException) -> UsageError:
    message = " ".join(error.format_message().split())  # click puts choices on lines of their own, after a tab
    context = error.ctx if isinstance(error, click.UsageError) else None
    message += "" if message.endswith((".", "?", "!")) else "."
    return UsageError(f"{message} See '{context.command_path} --help'." if context else message)
