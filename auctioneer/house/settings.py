"""The operator's settings for the process that holds a sale; none of them is in the sale's record."""

import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S


class HouseSettings(msgspec.Struct, frozen=True):
    """`publish_port` goes into each `welcome`; `requests_per_s` is the budget of each principal."""

    instance: str
    publish_port: int
    term: int = 1
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    is_encrypted: bool = True
