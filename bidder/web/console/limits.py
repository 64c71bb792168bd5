"""The bounds of the consoles. Each has a test at its edge; docs/screens.md lists them."""

from typing import Final

CONSOLES_MAX: Final = 100
"""Consoles that the gateway keeps: as many as a sale has people who give commands."""
COMMAND_BYTES_MAX: Final = 64 * 1024
"""The body of a POST with a command. A lot with all its texts is some kilobytes."""
COMMANDS_PER_S_MAX: Final = 20
"""Commands a second from one console; it may save up for `COMMANDS_BURST`."""
COMMANDS_BURST: Final = 60
ANSWER_WAIT_MS: Final = 4000
"""How long each sending of a command waits for the house."""
TRIES_MAX: Final = 2
"""How often the gateway sends a command before it says that the answer is not known. The page then asks again."""
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""The largest answer that is accepted: a report on a sale of many thousand lots."""
CONSOLE_MS_MAX: Final = 24 * 3600 * 1000
"""For so long the gateway keeps a console. The house may end it earlier."""
HAND_OVER_MS: Final = 5 * 60_000
"""For so long a code hands a console over to another browser."""
PIN_CHARS_MIN: Final = 4
PIN_CHARS_MAX: Final = 12
WRONG_PINS_PER_MINUTE_MAX: Final = 5
"""Wrong PINs of one console a minute. Four digits then take more than a day to guess half of."""
