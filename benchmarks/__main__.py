"""`python -m benchmarks`: programs that hold, load and measure auctions. A program is imported when it is called."""

import signal
from importlib import import_module
from typing import Final

import click

from common.terminal.commands import CONTEXT_SETTINGS, AuctionGroup, examples

_COMMANDS: Final = {
    "demo": "benchmarks.bots.demo",
    "bots": "benchmarks.bots.bots",
    "throughput": "benchmarks.measurements.throughput",
    "peers": "benchmarks.measurements.peers",
    "latency": "benchmarks.measurements.latency",
    "fanout": "benchmarks.measurements.fanout",
    "fairness": "benchmarks.measurements.fairness",
    "engine": "benchmarks.measurements.engine",
    "scale": "benchmarks.measurements.scale",
    "memory": "benchmarks.measurements.memory",
    "hall": "benchmarks.measurements.hall",
    "web": "benchmarks.measurements.web",
    "recovery": "benchmarks.measurements.recovery",
    "postgres": "benchmarks.measurements.postgres",
    "takeover": "benchmarks.measurements.takeover",
    "report": "benchmarks.report.page",
}
"""Commands in the order of the help, each with its module; the function there has the command's name."""


class _LazyGroup(AuctionGroup):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(import_module(_COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command), f"{cmd_name} is not a command"
        return command


@click.group(
    cls=_LazyGroup,
    context_settings=CONTEXT_SETTINGS,
    epilog=examples("python -m benchmarks demo", "python -m benchmarks bots --bidders 200 --data evening"),
)
def main() -> None:
    """Hold a sale with bots, send bots to a running sale, or measure the house."""


if __name__ == "__main__":
    for number in (signal.SIGTERM, signal.SIGHUP):  # a signal stops all started processes, as Ctrl-C does
        signal.signal(number, signal.default_int_handler)
    main(prog_name="python -m benchmarks")
