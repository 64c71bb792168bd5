"""How a command that changes much is asked for: show what it would do, ask, and do only what was shown.

At a terminal the person sees what a command would do, and is asked. The command carries the seq that was shown: if a
bid comes in between, the house refuses the command, and the lot is shown again. In a pipe, or with --yes, nobody is
asked.
"""

import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import click

from auctioneer.cli.context import ControlContext
from auctioneer.cli.control_client import ControlClient, connected
from auctioneer.house.commands import AnyCommand, Done
from common.errors import RejectCode, RejectedError
from common.money import Currency
from common.terminal.output import confirm, say

yes_option: Final[Callable[[Callable[..., Any]], Callable[..., Any]]] = click.option(
    "--yes", is_flag=True, help="Don't ask."
)


class Plan(NamedTuple):
    """What a person is shown and asked, and the command that does it. Without a question the house will refuse it."""

    shown: list[str]
    question: str
    command: AnyCommand


def carry_out(
    context: ControlContext, plan: Callable[[ControlClient, Currency], Plan] | None, unasked: AnyCommand
) -> tuple[Done, Currency]:
    """Carry out `plan` if the person agrees to it, or `unasked` if nobody is asked.

    Raises the errors of `ControlClient.order`, and click's Abort if the person says no.
    """
    while True:
        with connected(context.folder) as house:
            sale = house.ask("status")
            currency = Currency(sale["currency"], sale["decimals"])
            if plan is None or not sys.stdin.isatty():
                return house.order(unasked), currency
            shown, question, command = plan(house, currency)
        if question:
            for line in shown:
                say(line, err=True)
            confirm(question)
        try:
            with connected(context.folder) as house:
                return house.order(command), currency
        except RejectedError as error:
            if error.reject is not RejectCode.STATE_CHANGED:
                raise
        say(
            "It changed while you were asked, and nothing was done. This is how it stands now. "
            "(To have time to look, `auctioneer pause` first.)",
            err=True,
        )
