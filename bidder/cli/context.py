"""The common part of the commands: the options for the house and the name, and the connection of a client."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from bidder.core.errors import ConditionsError
from bidder.shells.asyncio import AsyncClient
from bidder.shells.blocking import REQUEST_TIMEOUT_MS, Client
from bidder.shells.home import LastId, NamesAt, bidder_keys, default_home, observer_keys
from common.errors import AuctionError, RejectCode, RejectedError, UnreachableError, UsageError
from common.keys import KeyPair
from common.links import JoinLink, parse_link
from common.local_houses import LocalHouse, find_local_houses, local_houses_folder
from common.lot_numbers import is_valid_lot
from common.messages import Role, Welcome
from common.names import is_valid_name
from common.paddle_codes import CODE_FORM, is_valid_code, plain_code
from common.terminal.output import confirm, say, tell_person

_Callback = Callable[..., Any]

_HINTS: Final = {
    RejectCode.INVALID_NAME: "this house wants a name from observers too: give one with --name",
}
"""The options that help after a rejection, if the house gives no detail."""


class SeveralHousesError(UsageError):
    """Several houses run on this machine, and the command names none."""

    def __init__(self, houses: Sequence[LocalHouse]) -> None:
        self._listed = tuple(f"  {house.title} ({house.data}): --to '{house.link}'" for house in houses)
        super().__init__(f"{len(houses)} houses run on this machine. Choose one:")

    @property
    def lines(self) -> tuple[str, ...]:
        """The question, and the houses."""
        return (str(self), *self._listed)


class BidderContext(NamedTuple):
    """The house (None: the one on this machine), the keys and the name of a command.

    Without a name the command can only observe. With a code, the house takes the name of the code's paddle.
    """

    to: JoinLink | None
    home: Path
    name: str
    code: str = ""
    accepts_all: bool = False
    """Whether the person accepts the conditions of the sale, whatever they are."""

    @property
    def role(self) -> Role:
        """Bidder; observer without a name."""
        return Role.BIDDER if self.name else Role.OBSERVER

    @property
    def keys(self) -> KeyPair:
        """The keys of the name, made at first use. Raises UsageError."""
        return bidder_keys(self.home, self.name) if self.name else observer_keys(self.home)

    @property
    def last_id(self) -> LastId:
        """The store of the highest request id that the name's key has used."""
        return LastId(self.home, self.name)

    @property
    def link(self) -> JoinLink:
        """The link to the house. Raises UnreachableError if no house runs here, and UsageError if several do."""
        return self.to or local_link()

    def under_usual_name(self) -> "BidderContext":
        """Return the context under the user's name at this house. Raises UsageError unless there is exactly one."""
        link = self.link
        names = NamesAt(self.home, link).read()
        if not names:
            raise UsageError("You have no name at this house yet. Choose one: --name NAME.")
        if len(names) > 1:
            listed = ", ".join(names)
            raise UsageError(f"You have {len(names)} names at this house: {listed}. Choose one: --name NAME.")
        return self._replace(to=link, name=names[0])

    def connect(self, timeout_ms: int = REQUEST_TIMEOUT_MS) -> Client:
        """Join the sale. Raises the same as `Client.connect`."""
        try:
            client = self._connect(timeout_ms)
        except ConditionsError as error:
            client = self._connect(timeout_ms, self.agree(error))
        with closing_where_it_fails(client):
            self.note_welcome(client.welcome)
        return client

    def _connect(self, timeout_ms: int, accepts: str = "") -> Client:
        last_id = self.last_id.read() if self.name else 0
        try:
            return Client.connect(
                self.link,
                self.name,
                self.keys,
                role=self.role,
                timeout_ms=timeout_ms,
                last_id=last_id,
                accepts=accepts,
            )
        except RejectedError as error:
            raise explained(error) from error

    def agree(self, error: ConditionsError) -> str:
        """Show the conditions of the sale and ask; return their digest if the person accepts them.

        Raises click's Abort at a no, and ConditionsError where nobody can be asked.
        """
        if not self.accepts_all:
            if not sys.stdin.isatty():
                raise ConditionsError(
                    error.digest, error.text, "to accept what follows: --accept-conditions"
                ) from error
            for line in ("The sale has conditions:", *error.text.splitlines()):
                say(line, err=True)
            confirm("Do you accept them?")
        return error.digest

    def note_welcome(self, welcome: Welcome) -> None:
        """Keep the name for this house, and tell a person if the house knows the key under another name."""
        if self.name:
            NamesAt(self.home, self.link).keep(self.name)
        if self.name and welcome.name != self.name:
            tell_person(f"Your key is enrolled as {welcome.name} here; you take part under that name.")


@contextmanager
def closing_where_it_fails(client: Client | AsyncClient) -> Iterator[None]:
    """Close a client if the block raises: nothing holds it then, and it would warn that it was forgotten."""
    try:
        yield
    except BaseException:
        client.close()
        raise


def explained(error: RejectedError) -> RejectedError:
    """Return the rejection. If the house gave no detail, it says what a person can do."""
    if isinstance(error, ConditionsError):
        return error
    return RejectedError(error.reject, error.detail or _HINTS.get(error.reject, ""))


def local_link() -> JoinLink:
    """Return the link of the house on this machine. Raises UnreachableError and SeveralHousesError."""
    houses = find_local_houses(local_houses_folder())
    if not houses:
        raise UnreachableError(
            "No house of yours runs on this machine. Name one elsewhere with --to LINK (its auctioneer has it), or "
            "hold a sale here with `auctioneer run`."
        )
    if len(houses) > 1:
        raise SeveralHousesError(houses)
    return parse_link(houses[0].link)


class _LinkType(click.ParamType[JoinLink]):
    """A join link."""

    name = "link"

    def convert(self, value: str | JoinLink, param: click.Parameter | None, ctx: click.Context | None) -> JoinLink:
        if isinstance(value, JoinLink):
            return value
        try:
            return parse_link(value)
        except AuctionError as error:
            self.fail(str(error), param, ctx)


class _LotType(click.ParamType[str]):
    """A lot's number."""

    name = "lot"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_valid_lot(value):
            self.fail(f"{value!r} is not a lot's number; `bidder lots` lists them.", param, ctx)
        return value


class _NameType(click.ParamType[str]):
    """A name. An empty one, from an unset variable, must not mean an observer."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_valid_name(value):
            self.fail(
                f"{value!r} can't be a name: 1 to 40 visible characters, with a letter or a digit, not beginning with "
                "=, +, - or @, and without spaces at the ends.",
                param,
                ctx,
            )
        return value


class _CodeType(click.ParamType[str]):
    """A paddle code."""

    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        code = plain_code(value)
        if not is_valid_code(code):
            self.fail(
                f"{value!r} is no paddle code. {CODE_FORM}",
                param,
                ctx,
            )
        return code


LINK: Final = _LinkType()
LOT: Final = _LotType()
_CODE: Final = _CodeType()
_NAME: Final = _NameType()

to_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--to",
    type=LINK,
    envvar="AUCTION_LINK",
    show_envvar=True,
    metavar="LINK",
    help="The house's join link.  [default: the house on this machine]",
)
home_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_home,
    envvar="BIDDER_HOME",
    show_envvar=True,
    metavar="DIR",
    help="The folder of your keys.  [default: in your data directory]",
)
json_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs."
)
timeout_option: Final[Callable[[_Callback], _Callback]] = click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 3600),
    default=REQUEST_TIMEOUT_MS / 1000,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the house.",
)


class Naming(Enum):
    """The behaviour of a command without --name. The values are the help of that option."""

    REQUIRED = "Your name; its key is made at first use."
    CODED = "Your name; its key is made at first use.  [default: the one that you have at this house, or your code]"
    USUAL = "Your name in the sale; its key is made at first use.  [default: the one that you have at this house]"
    OPTIONAL = "Take part under this name.  [default: look on without one]"


def with_bidder_context(naming: Naming) -> Callable[[_Callback], _Callback]:
    """Give a command the options --to, --home and --name. It gets them as a `BidderContext`, its first argument."""

    def decorate(command: _Callback) -> _Callback:
        @to_option
        @click.option("--name", type=_NAME, required=naming is Naming.REQUIRED, metavar="NAME", help=naming.value)
        @home_option
        @wraps(command)
        def with_context(
            to: JoinLink | None,
            name: str | None,
            home: Path,
            code: str | None = None,
            *,
            accepts_all: bool = False,
            **rest: object,
        ) -> Any:
            context = BidderContext(to, home, name or "", code or "", accepts_all)
            if naming is Naming.CODED and not name and (shown := code or (to.code if to is not None else "")):
                context = context._replace(name=plain_code(shown))
            elif naming in (Naming.USUAL, Naming.CODED) and not name:
                context = context.under_usual_name()
            return command(context, **rest)

        if naming is not Naming.OPTIONAL:
            with_context = click.option(
                "--accept-conditions", "accepts_all", is_flag=True, help="Accept the conditions of the sale unseen."
            )(with_context)
        if naming is Naming.CODED:
            return click.option(
                "--code", type=_CODE, metavar="CODE", help="The code that you got with your paddle at the desk."
            )(with_context)
        return with_context

    return decorate
