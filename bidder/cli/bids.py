"""The common part of the commands that make one offer and print one verdict, for people and for scripts."""

import sys
from collections.abc import Callable

import click

from bidder.cli.context import BidderContext, explained
from bidder.cli.output import say
from bidder.core.errors import UnansweredError
from bidder.display.formats import AnyDisplay, display_of
from bidder.display.records import no_verdict_record, verdict_record
from bidder.display.wording import LineOf, verdict_line
from bidder.shells.blocking import Client
from common.errors import RejectedError, UnreachableError
from common.limits import INTEGER_MAX
from common.lot_numbers import lot_meant
from common.messages import Accepted, Rejected
from common.terminal import output as terminal
from common.terminal.commands import WholeNumber
from common.terminal.output import print_json, say_error

request_id_option = click.option(
    "--request-id",
    type=WholeNumber(1, INTEGER_MAX),
    metavar="N",
    help="Repeat the request with this id: it counts once, however often it is sent.  [default: a new one]",
)

Ask = Callable[[Client, str], Accepted | Rejected]
"""Makes the offer for a lot, given by its number as the house writes it."""


def ask_about(doubt: str, *, is_agreed: bool) -> None:
    """Ask a person about a doubt. Raises click.Abort if the person does not agree."""
    if not doubt:
        return
    if not is_agreed and sys.stdin.isatty():
        terminal.confirm(f"{doubt} Bid it?")
    else:
        terminal.say(doubt, err=True)


def place(
    context: BidderContext,
    lot: str,
    ask: Ask,
    shown: AnyDisplay,
    request_id: int | None,
    timeout_s: float,
    *,
    as_json: bool,
    line_of: LineOf = verdict_line,
) -> int:
    """Make an offer, or take one back, and print the verdict; return the exit status.

    `shown` is the display of the verdict, unless the lot turns out to have another format. `request_id` is the id of
    a request to repeat. None makes a new request, and notes its id beside the key.
    """
    last_id = context.last_id
    try:
        with context.connect(round(timeout_s * 1000)) as client:
            currency = client.sale.currency
            last_id.keep(client.new_request_id())
            lots = client.lots()
            lot = lot_meant(lot, lots)
            shown = display_of(lots[lot]) if lot in lots else shown
            verdict = ask(client, lot)
    except (RejectedError, UnreachableError) as error:
        sent_id = error.request_id if isinstance(error, UnansweredError) else request_id
        if request_id is None and sent_id is not None:
            last_id.keep(sent_id)
        failure = explained(error) if isinstance(error, RejectedError) else unanswered(error)
        say_error(failure)
        if as_json:
            print_json(no_verdict_record(failure, lot, sent_id, shown))
        return failure.exit_status
    if request_id is None:
        last_id.keep(verdict.id)
    line = line_of(verdict, lot, currency)
    if as_json:
        print_json(verdict_record(verdict, currency, lot, line.text, shown), if_lost=line.text)
    elif isinstance(verdict, Accepted):
        say(line, if_lost=line.text)
    if isinstance(verdict, Accepted):
        return 0
    terminal.say(f"Error [{verdict.code.value}]: {line.text}", err=True)
    return RejectedError.exit_status


def unanswered(error: UnreachableError) -> UnreachableError:
    """Return the error. If a request was sent, it says how to repeat the request."""
    if not isinstance(error, UnansweredError):
        return error
    what = "The request may have counted" if error.may_count else "Nothing was decided"
    return UnreachableError(
        f"The house did not answer in time. {what}; the same command with --request-id {error.request_id} tells, and "
        "never counts twice."
    )
