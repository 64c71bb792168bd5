"""`bidder join`: attend a sale. A person bids at a prompt, or a program bids through a pipe."""

import asyncio
import os
import sys
from collections.abc import Coroutine
from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from bidder.attending.attendance import Attendance
from bidder.cli.context import (
    BidderContext,
    Naming,
    closing_where_it_fails,
    explained,
    json_option,
    timeout_option,
    with_bidder_context,
)
from bidder.cli.inputs import output_above_prompt, piped_lines, typed_lines
from bidder.cli.output import print_lots, say
from bidder.core.errors import ConditionsError
from bidder.core.notices import ConnectionChanged, ConnectionState, Told
from bidder.display.following import LAST_LOTS_MS, Following
from bidder.display.orders import ALL, FollowOrder, json_order, json_tag, parsed_amount, parsed_choice, typed_order
from bidder.display.records import connection_record
from bidder.display.voices import ForPeople, ForPrograms, Voice
from bidder.display.wording import connection_line
from bidder.shells.asyncio import AsyncClient
from common.errors import ADVICE, RejectCode, RejectedError, UnreachableError, UsageError, WrongKeyError
from common.screens import HOW_TO_INSTALL, is_installed
from common.screens.leaving import Leaving
from common.terminal.commands import examples
from common.terminal.output import OutputError, say_record, tell_person

if TYPE_CHECKING:
    from bidder.tui.attended_sale import AttendedSale

_NO_SCREENS: Final = ("dumb", "unknown", "")
"""Terminals without a cursor that moves."""
_FIRST_TRY_MS: Final = 3000
"""After this time `join` tells the bidder if it waits for admission."""


class _ChoiceType(click.ParamType[FollowOrder]):
    """The lots to follow."""

    name = "lots"

    def convert(
        self, value: str | FollowOrder, param: click.Parameter | None, ctx: click.Context | None
    ) -> FollowOrder:
        if isinstance(value, FollowOrder):
            return value
        try:
            return parsed_choice(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


@click.command(
    short_help="Take part: follow the sale and bid.",
    epilog=examples(
        "bidder join --name Ada",
        "bidder join --name Ada --to 'auction://192.0.2.7:7766/...'",
        "bidder join --code K7QM2XFA               # with the code from the desk",
        "bidder join --follow own                  # only what happens to the lots that you bid on",
        "bot | bidder join --name Robot --json | tee events.jsonl    # orders in, events out",
    ),
)
@click.option(
    "--follow",
    type=_ChoiceType(),
    metavar="LOTS",
    help="Lots whose changes to tell: numbers such as 3,7, or own (lots that you bid on or lead), or all.  [default: "
    "all; on the screen, whose table shows all, own]",
)
@click.option("--yes", is_flag=True, help="Don't ask about your bids, however high they are.")
@click.option("--ask-above", metavar="AMOUNT", help="Ask about each of your bids above AMOUNT before it goes out.")
@click.option("--plain", is_flag=True, help="Lines and a prompt instead of the full screen; for screen readers, too.")
@timeout_option
@json_option
@with_bidder_context(Naming.CODED)
def join(
    context: BidderContext,
    follow: FollowOrder | None,
    ask_above: str | None,
    timeout_s: float,
    *,
    yes: bool,
    plain: bool,
    as_json: bool,
) -> None:
    """Take part in the sale, on a full screen: `b` bids the next amount, `?` shows all keys, `q` leaves.

    With --plain, and where the extra `tui` is not installed: see each change as a line, and type bids such as
    `bid 3 120`; `help` lists what can be typed.

    In a pipe, or with --json: orders come as JSON lines, {"bid": {"lot": "3", "amount": "120.00"}, "id": 1} or with
    max, buy, seal, unseal, stop, lots, mine or follow, and events and verdicts go out as JSON lines. The program
    ends with the sale, or with its input. Bids stay.
    """
    is_program = as_json or not (sys.stdin.isatty() and sys.stdout.isatty())
    manner = _Manner(context, follow, ask_above, round(timeout_s * 1000), is_agreed=yes)
    if is_program:
        asyncio.run(_attend(manner, is_program=True))
    elif not plain and _has_screen():
        asyncio.run(_attend_on_screen(manner))
    else:
        asyncio.run(_attend(manner, is_program=False))


class _Manner(NamedTuple):
    """How a bidder attends a sale."""

    context: BidderContext
    follow: FollowOrder | None
    ask_above: str | None
    timeout_ms: int
    is_agreed: bool

    def ask_above_minor(self, client: AsyncClient) -> int | None:
        """Return the amount above which the bidder is asked. Raises UsageError."""
        return None if self.ask_above is None else parsed_amount(client.sale.currency, self.ask_above)


def _has_screen() -> bool:
    """Return whether the full screen can be shown here. If only the extra is missing, it says how to get it."""
    if os.environ.get("TERM", "dumb") in _NO_SCREENS:
        return False
    if not is_installed():
        tell_person(HOW_TO_INSTALL)
        return False
    return True


async def _attend_on_screen(manner: _Manner) -> None:
    from bidder.tui.screen import BidderScreen  # imported only here: all other commands start without textual

    client = await _enter(manner.context, manner.timeout_ms, is_program=False)
    async with client:
        screen = BidderScreen(
            client,
            manner.context.last_id,
            manner.timeout_ms,
            follow=manner.follow,
            is_agreed=manner.is_agreed,
            ask_above_minor=manner.ask_above_minor(client),
        )
        try:
            left = await screen.run_until_left()
        finally:
            screen.sale.voice.speak_by(say)
        await _tell_the_end(screen.sale, left)


async def _tell_the_end(sale: "AttendedSale", left: Leaving) -> None:
    """Tell what the screen leaves behind, in lines: the verdicts under way, and what still binds or was won."""
    if left is Leaving.QUIT:
        await sale.attendance.finish()
    if sale.following.has_ended:
        sale.voice.ended(sale.following.lots_missing)
    else:
        sale.voice.left()
    if left is Leaving.STOPPED:
        raise click.Abort


async def _attend(manner: _Manner, *, is_program: bool) -> None:
    context, timeout_ms, is_agreed = manner.context, manner.timeout_ms, manner.is_agreed
    client = await _enter(context, timeout_ms, is_program=is_program)
    async with client:
        voice: Voice = ForPrograms(client, say_record) if is_program else ForPeople(client, say, print_lots)
        above_minor = manner.ask_above_minor(client)
        attendance = Attendance(client, voice, context.last_id, timeout_ms, ask_above_minor=above_minor)
        voice.follow(manner.follow or ALL)
        attendance.begin_positions()
        following = Following(client, voice)
        orders = (
            _follow_json(attendance, voice)
            if is_program
            else _follow_typed(client, attendance, voice, is_agreed=is_agreed)
        )
        with nullcontext() if is_program else output_above_prompt():
            try:
                await _until_over(_follow(client, following, attendance), orders, attendance.muted, following, voice)
            except (OutputError, BrokenPipeError):
                await attendance.finish()  # the house still decides orders under way; stderr tells the outcomes
                raise


async def _until_over(
    follow: Coroutine[Any, Any, None],
    orders: Coroutine[Any, Any, None],
    muted: asyncio.Future[None],
    following: Following,
    voice: Voice,
) -> None:
    """Follow the sale and read orders until either ends, or stdout is closed; then tell the end."""
    tasks = [asyncio.create_task(follow), asyncio.create_task(orders), muted]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        voice.left()
        raise
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    if following.has_ended and outcomes[0] is None:
        voice.ended(following.lots_missing)
        return
    if outcomes[1] is None or isinstance(outcomes[1], click.Abort):
        voice.left()
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


async def _enter(context: BidderContext, timeout_ms: int, *, is_program: bool) -> AsyncClient:
    """Join the sale, however long an approval takes. Raises the same as `AsyncClient.connect`."""
    link, keys = context.link, context.keys
    tries_ms = [min(_FIRST_TRY_MS, timeout_ms), max(0, timeout_ms - _FIRST_TRY_MS)]
    is_awaiting, accepts = False, ""
    while True:
        try_ms = tries_ms.pop(0) if tries_ms else timeout_ms
        try:
            client = await AsyncClient.connect(
                link,
                context.name,
                keys,
                timeout_ms=try_ms,
                last_id=context.last_id.read(),
                code=context.code,
                accepts=accepts,
            )
        except ConditionsError as error:
            accepts = context.agree(error)
        except RejectedError as error:
            if error.reject is not RejectCode.AWAITING_APPROVAL:
                raise explained(error) from error
            if not is_awaiting:
                _say_awaiting(is_program=is_program)
            is_awaiting = True
        except WrongKeyError:
            raise
        except UnreachableError:
            if not is_awaiting and not any(tries_ms):
                raise
        else:
            with closing_where_it_fails(client):
                context.note_welcome(client.welcome)
            return client


def _say_awaiting(*, is_program: bool) -> None:
    notice = ConnectionChanged(ConnectionState.AWAITING_APPROVAL, ADVICE[RejectCode.AWAITING_APPROVAL])
    line = connection_line(notice.state, 0)
    if is_program:
        say_record(connection_record(notice, None))
    elif line is not None:
        say(line)


async def _follow(client: AsyncClient, following: Following, attendance: Attendance) -> None:
    async for notice in client.notices():
        following.show(notice)
        if isinstance(notice, Told) and notice.word.lot:
            attendance.begin_positions()  # a correction may have changed one
        if following.has_ended:
            break
    late_notices = client.notices(LAST_LOTS_MS)
    while following.lots_missing and (late := await anext(late_notices, None)) is not None:
        following.show(late)


async def _follow_typed(client: AsyncClient, attendance: Attendance, voice: Voice, *, is_agreed: bool) -> None:
    prompt = f"{client.welcome.name} (paddle {client.paddle})> "
    async with aclosing(typed_lines(prompt, attendance.status)) as lines:
        async for line in lines:
            try:
                order = typed_order(line)
            except UsageError as error:
                voice.failure(error, None)
                continue
            if order is not None:
                await attendance.begin_typed(order, is_agreed=is_agreed)
            if attendance.is_leaving:
                break
    await attendance.finish()


async def _follow_json(attendance: Attendance, voice: Voice) -> None:
    async with aclosing(piped_lines()) as lines:
        async for line in lines:
            try:
                await attendance.begin(json_order(line), json_tag(line))
            except UsageError as error:
                voice.failure(error, json_tag(line))
    await attendance.finish()
