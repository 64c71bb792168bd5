"""The bounds of the gateway. Each has a test at its edge; docs/screens.md lists them."""

from typing import Final

# What waits for one phone
WRITE_BUFFER_BYTES_MAX: Final = 32 * 1024
"""A phone with more unsent bytes than this gets nothing more until they are on their way."""
WRITE_BUFFER_BYTES_LOW: Final = 8 * 1024
"""A phone with no more unsent bytes than this is sent the newest state of what it missed."""
BACKLOG_BYTES_MAX: Final = 256 * 1024
"""A phone with more unsent bytes than this is cut off. Only verdicts and words to its bidder can add up so far."""
SEND_BUFFER_BYTES: Final = 16 * 1024
"""The kernel's buffer for one connection, so that a phone that reads nothing costs kilobytes and not megabytes."""
PING_S: Final = 7.0
"""The time between a phone's answer to a ping and the next ping. Shorter would cost: pings are most of what idle phones
take of the processor."""
PONG_S: Final = 6.0
"""A phone that did not answer a ping for so long, and takes nothing of what waits for it, is cut off. So one that has
stopped reading is gone after 13 seconds, however little it is sent. A page itself gives up after 5 seconds."""

# What is sent
FRAMES_PER_S_MAX: Final = 50
"""Public frames a second to one phone; above that, changes of a lot are told together."""
PHONES_AT_ONCE: Final = 100
"""Phones that are told something before the gateway looks again what has come from the house and from phones."""
CONFLATED_LOTS_MAX: Final = 64
"""Lots in one frame that tells several changes together."""
LOTS_FRAME_BYTES: Final = 16 * 1024
"""A frame with whole lots ends after the lot that brings it to this size."""
CLOCK_MS: Final = 1000
"""The time between two frames with the house's time."""

INTEREST_MS: Final = 500
"""The time between two looks whose bid buttons are touched; the board is told no faster."""
FINGER_MS_MAX: Final = 10_000
"""A finger that is not lifted counts for so long."""

# What a phone may send
MESSAGE_BYTES_MAX: Final = 2048
"""A larger message ends the phone's connection."""
MESSAGES_PER_S_MAX: Final = 20
"""Messages a second from one phone; it may save up for `MESSAGES_BURST`."""
MESSAGES_BURST: Final = 40
FLOOD_MESSAGES_MAX: Final = 200
"""After so many messages above its rate, a phone is cut off."""
BODY_BYTES_MAX: Final = 4096
"""The body of a POST."""
PENDING_MAX: Final = 32
"""Requests of one guest without a verdict: as many as the house remembers of each bidder."""

# Who may come
GUESTS_MAX: Final = 5000
"""Guests whose identity the gateway keeps."""
PHONES_MAX: Final = 5000
"""WebSockets in all."""
PHONES_PER_ADDRESS_MAX: Final = 200
"""WebSockets of one address. A whole room may come from one address, behind the router of its Wi-Fi."""
PHONES_PER_GUEST_MAX: Final = 8
"""WebSockets of one guest: several tabs. The oldest is cut off when another comes."""
JOINS_PER_MINUTE_MAX: Final = 60
"""Attempts to join, or to arrive with a code, a minute from one address."""
ADDRESSES_MAX: Final = 10_000
"""Addresses whose rates are remembered."""
CONNECTIONS_MAX: Final = 6000
"""HTTP connections and WebSockets together; above that the gateway answers 503."""
HTTP_PER_ADDRESS_MAX: Final = 6 * PHONES_PER_ADDRESS_MAX
"""HTTP connections of one address, without WebSockets: six for each phone, as a browser opens at the most."""
REQUEST_MS_MAX: Final = 10_000
"""The time in which a request must have come whole, from the connection or its first byte. Who is slower is cut off."""

# How long things last
JOIN_WAIT_MS: Final = 8000
"""How long the answer to a join waits for the house."""
OFFER_WAIT_MS: Final = 10_000
"""How long the gateway asks the house for a verdict, before it tells the phone that it does not know it yet."""
MINE_PAUSE_MS: Final = 300
"""The least pause between two questions for what one guest leads and owes."""
GUEST_IDLE_MS: Final = 10 * 60_000
"""A guest without a phone for so long leaves the house's connections. Its bids stay, and it comes back at any time."""
UNFINISHED_JOIN_MS: Final = 10 * 60_000
"""For so long the gateway keeps a guest whom the house has not answered yet."""
MOVE_CODE_MS: Final = 5 * 60_000
"""For so long a code moves an identity to another phone."""
COOKIE_S: Final = 30 * 24 * 3600
"""For so long a browser keeps the cookie."""
PICTURE_HOSTS_MAX: Final = 16
"""Other hosts whose pictures a page may show."""
IMAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""A larger picture is not served."""
