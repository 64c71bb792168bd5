"""What the commands share: the options for the sale and for the output, and the types of arguments."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from auctioneer.cli.control_client import connected
from auctioneer.cli.sentences import lot_named, whom
from auctioneer.house.commands import AnyCommand, Done
from auctioneer.process.folder import DataFolder
from auctioneer.rules.sale_settings import Right, rights_in_order
from common.durations import DurationError, format_duration, parse_duration
from common.lot_numbers import is_valid_lot
from common.terminal.output import say_done

_Callback = Callable[..., Any]

data_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    callback=lambda _ctx, _parameter, path: DataFolder(path),
    default="./auction-data",
    envvar="AUCTIONEER_DATA",
    show_default=True,
    show_envvar=True,
    metavar="DIR",
    help="The sale's data directory, or a clerk's.",
)
json_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs."
)


def about(answer: Done) -> dict[str, object]:
    """Return for JSON whom a command was about, and the title of its lot, where there is one."""
    found: dict[str, object] = {} if answer.paddle is None else {"paddle": answer.paddle, "name": answer.name}
    return found | ({"title": answer.title} if answer.title else {})


class ControlContext(NamedTuple):
    """The sale, or the place of a clerk, and whether the outcome is printed as JSON."""

    folder: DataFolder
    as_json: bool

    def order(self, command: AnyCommand, done: str) -> None:
        """Send `command` to the running house; then print the sentence `done`, or JSON.

        `{lot}` in the sentence becomes the lot's number as the house writes it, with the title, and `{person}` the name
        with the paddle.
        """
        with connected(self.folder) as house:
            answer = house.order(command)
        if answer.title:
            done = done.replace("{lot}", lot_named(answer.lots[0], answer.title))
        if answer.paddle is not None:
            done = done.replace("{person}", whom(answer))
        self.tell(done, answer.lots, **about(answer))

    def tell(self, done: str, lots: tuple[str, ...], **more: object) -> None:
        """Print that something was done; as JSON also to which lots, and `more` for programs."""
        say_done(done, {"done": True, "lots": lots, **more}, as_json=self.as_json)


def with_control_context(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --data and --json; it gets them as a `ControlContext`, its first argument."""

    @data_option
    @json_option
    @wraps(command)
    def with_context(folder: DataFolder, *, as_json: bool, **rest: object) -> None:
        command(ControlContext(folder, as_json), **rest)

    return with_context


class _LotType(click.ParamType[str]):
    """A lot's number. An empty one, as from an unset variable, is refused, since it would mean the whole sale."""

    name = "lot"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_valid_lot(value):
            self.fail(f"{value!r} is not a lot's number; `auctioneer lots` lists them.", param, ctx)
        return value


class _DurationType(click.ParamType[int]):
    """A duration of 1 ms or more, as an integer in milliseconds."""

    name = "duration"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            duration_ms = parse_duration(value)
        except DurationError as error:
            self.fail(str(error), param, ctx)
        if not duration_ms:
            self.fail(f"{format_duration(duration_ms)} changes nothing; write it as 30s or 2m.", param, ctx)
        return duration_ms


class _RightsType(click.ParamType[tuple[Right, ...]]):
    """Rights, separated by commas."""

    name = "rights"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Right, ...]:
        try:
            return rights_in_order(Right(word.strip()) for word in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of rights, such as desk,bids. There are {RIGHT_NAMES}.", param, ctx)


RIGHT_NAMES: Final = ", ".join(right.value for right in Right)
RIGHTS: Final = _RightsType()
LOT: Final = _LotType()
DURATION: Final = _DurationType()


def check_length(what: str, text: str, chars_max: int) -> None:
    """Raise click's BadParameter if an argument or option has more characters than the house accepts."""
    if len(text) > chars_max:
        raise click.BadParameter(f"it has {len(text)} characters; at most {chars_max} fit.", param_hint=what)


def require_writable(output: Path) -> None:
    """Raise click's BadParameter if the file of --output can't be written, before anything is done."""
    if output.is_dir() or not os.access(output.absolute().parent, os.W_OK):
        raise click.BadParameter(
            f"{output} can't be written; name a file in a directory of yours.", param_hint="--output"
        )
