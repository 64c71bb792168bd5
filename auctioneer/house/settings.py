"""What holds for the process that holds a sale, most of it chosen by the operator; none of it is in the record."""

import msgspec

from auctioneer.house.budgets import DEFAULT_REQUESTS_PER_S


class HouseSettings(msgspec.Struct, frozen=True):
    """`publish_port` is what `welcome` says; `requests_per_s` is each principal's budget; `term` owns the record."""

    instance: str
    publish_port: int
    term: int = 1
    requests_per_s: int = DEFAULT_REQUESTS_PER_S
    is_encrypted: bool = True
