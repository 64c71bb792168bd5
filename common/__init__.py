"""What the house and its bidders must agree on: messages, money, the state of a lot, and how sockets are set.

Nothing here imports `auctioneer` or `bidder`; everything but `sockets` and `keys` is free of IO.
"""
