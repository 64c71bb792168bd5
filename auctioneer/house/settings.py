"""What an operator chose for the process that holds a sale; none of it is in the sale's record."""

import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S


class HouseSettings(msgspec.Struct, frozen=True):
    """`publish_port` is what `welcome` says; `requests_per_s` is each principal's budget."""

    instance: str
    publish_port: int
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    is_encrypted: bool = True
