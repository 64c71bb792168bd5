"""What all facts of the journal have in common; `auctioneer.rules.facts` lists them."""

import msgspec


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="fact"):
    """A fact. `seq` is the seq of its stream after the fact: the lot's stream, or the sale's if `lot` is empty.

    In the journal a fact is an array: its kind, then the fields in the order of their declaration. With the names of
    the fields it would take three times the space and the time (`docs/adr/0013-facts-as-arrays.md`).
    """

    at_ms: int
    lot: str = ""
    seq: int = 0
