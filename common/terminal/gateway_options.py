"""How a gateway for phones is reached and what it shows: options that `bidder web` and `auctioneer run --web` share.

`bidder web` has each under its own name. A house that runs a gateway has it with `web-` before, keeps its value, and
passes it on.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

_Callback = Callable[..., Any]


class GatewayOption(NamedTuple):
    """An option of a gateway. `name` has no hyphens before it."""

    name: str
    metavar: str
    help: str
    is_file: bool = False
    """Whether its value is the path of a file that must be there."""
    is_many: bool = False
    """Whether it may be given several times."""

    @property
    def key(self) -> str:
        """The name as the function of `bidder web` takes it."""
        return self.name.replace("-", "_")

    @property
    def house_key(self) -> str:
        """The name as a house keeps its value."""
        return f"web_{self.key}"


GATEWAY_OPTIONS: Final = (
    GatewayOption("public-url", "URL", "The address that guests open, if another than where it listens."),
    GatewayOption("trusted-proxy", "ADDRESS", "Believe this proxy where a request comes from."),
    GatewayOption("tls-cert", "FILE", "A certificate (PEM).", is_file=True),
    GatewayOption("tls-key", "FILE", "The certificate's key (PEM).", is_file=True),
    GatewayOption(
        "pictures-from", "HOST", "Show pictures of this host, too; else only files. Repeatable.", is_many=True
    ),
)


def gateway_options(command: _Callback) -> _Callback:
    """Give `bidder web` these options. One that is not given is empty, or None for a file."""
    for option in reversed(GATEWAY_OPTIONS):
        kind = click.Path(exists=True, dir_okay=False, path_type=Path) if option.is_file else None
        absent: Any = {"default": ""} if not (option.is_file or option.is_many) else {}
        command = click.option(
            f"--{option.name}",
            option.key,
            type=kind,
            multiple=option.is_many,
            metavar=option.metavar,
            help=option.help,
            **absent,
        )(command)
    return command


def passed_on(kept: Mapping[str, Any]) -> list[str]:
    """Return the arguments of `bidder web` for what a house keeps, by `house_key`."""
    arguments: list[str] = []
    for option in GATEWAY_OPTIONS:
        value = kept[option.house_key]
        for one in value if option.is_many else (value,):
            if one:
                arguments += [f"--{option.name}", one]
    return arguments
