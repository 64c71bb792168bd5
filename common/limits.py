"""Every bound that both sides of the wire must know; `docs/protocol-tables.md` prints them as a table.

Each bound has a test at its edge. The unit is the last word of a name; `_MAX` is the largest value that is accepted.
"""

from typing import Final

PROTOCOL_VERSION: Final = 1

# Frames
REQUEST_BYTES_MAX: Final = 8 * 1024
"""A request body; larger ones are refused with `too_large`."""
CONTROL_BYTES_MAX: Final = 4 * 1024 * 1024
"""A request on the control endpoint, which carries whole lots."""
REPLY_BYTES_MAX: Final = 1024 * 1024
"""A reply or a broadcast; a client refuses larger ones."""
FRAMES_MAX: Final = 64
"""A message with this many frames or more ends its connection. A request has one frame."""
TOPIC_BYTES_MAX: Final = 64
PROBE_DIGITS_MIN: Final = 16
"""The fewest hexadecimal digits in a probe's topic, so that nobody can guess it."""
MINE_LOTS_MAX: Final = 1024
"""Lots that the house searches for one answer to `mine`. The answer has those that the bidder leads or has won."""
SNAPSHOT_LOTS_MAX: Final = 128
"""Lots on one page of a snapshot."""
NEWS_WORDS_MAX: Final = 64
"""Words to one bidder that the house keeps: the last ones. Also the most words in one answer to `news`."""
REPLAY_EVENTS_MAX: Final = 512
"""Events in one answer to a replay request."""
HEARTBEAT_LOTS_MAX: Final = 512
"""Lots whose seq one heartbeat names."""

SNAPSHOT_PAGES_MAX: Final = 12_500
"""Pages of one snapshot that a client reads: a page holds at least eight lots, even with the longest texts."""
MINE_PAGES_MAX: Final = 100
"""Pages of one answer to `mine` that a client reads; `LOTS_MAX` lots are on fewer."""
REPAIR_ROUNDS_MAX: Final = 1000
"""Repairs of one stream in a row, after which a client gives up on a house that never closes the gap."""

# Numbers
INTEGER_MAX: Final = 2**53 - 1
"""The largest integer on the wire; the numbers of every language hold it exactly."""
AMOUNT_MINOR_MAX: Final = 10**15
"""The largest amount of money, in minor units; sums of two stay below INTEGER_MAX."""
DECIMALS_MAX: Final = 6
"""Decimals of a currency's minor unit; no currency has more than 4."""
DURATION_MS_MAX: Final = 366 * 24 * 3600 * 1000

# Text, in characters
CODE_CHARS_MAX: Final = 8
"""A currency's code; by ISO 4217 it has three letters."""
IDENTITY_CHARS_MAX: Final = 64
"""The name of a sale, or of the process of a house."""
NAME_CHARS_MAX: Final = 40
LOT_CHARS_MAX: Final = 16
TITLE_CHARS_MAX: Final = 200
DESCRIPTION_CHARS_MAX: Final = 2000
TEXT_CHARS_MAX: Final = 500
"""An announcement, words to one bidder, or the reason of a withdrawal."""
DETAIL_CHARS_MAX: Final = 2000
"""The text for people that a rejection may add."""
CONDITIONS_CHARS_MAX: Final = 32_000
"""The conditions of a sale."""
INVITE_CHARS_MAX: Final = 64
PADDLE_CODE_CHARS_MAX: Final = 16
"""A paddle code as a person types it: its 8 characters, perhaps with spaces and hyphens."""
KEY_CHARS: Final = 40
"""A CURVE public key in Z85."""

# Tables
INCREMENT_STEPS_MAX: Final = 32
UNITS_MAX: Final = 64
"""Like units in one lot."""
RESULTS_MAX: Final = 64
"""Rows of one lot's outcome."""
LOTS_MAX: Final = 100_000
LOT_TEXTS_BYTES_MAX: Final = 320 * 1024 * 1024
"""All texts of all lots in a client's memory: the most lots, each with the most plain text."""
BIDDERS_MAX: Final = 100_000
PADDLE_CHOSEN_MAX: Final = 99_999
"""The highest number that the desk may choose for a paddle: five digits."""
SUBSCRIPTIONS_MAX: Final = 256
"""Lots that one connection may follow by topics of their own; a subscription to the prefix `lot/` does not count."""
ABSENTEE_BIDS_MAX: Final = 100_000
"""Bids that are left on all lots of a sale together, before these open."""
REMEMBERED_REQUESTS_MAX: Final = 32
"""Verdicts that the house keeps for each bidder; also the most requests that a client may have unanswered."""

# Time
REVIVED_ANSWER_MS_MIN: Final = 5_000
REVIVED_ANSWER_MS_MAX: Final = 3_600_000
"""How long a bidder whom a correction made lead may have to say whether its bid stands: 5 seconds to an hour."""
HEARTBEAT_MS: Final = 1000
"""The longest silence of a healthy house on the broadcast."""
NEWS_WAIT_MS: Final = 25_000
"""How long a question for news waits before the house answers it with no words."""
