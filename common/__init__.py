"""What the house and its bidders must agree on: messages, money, the state of a lot, and how sockets are set.

Nothing here imports `auctioneer` or `bidder`. The rules are free of IO: messages, codec, lot, money and names. Files,
keys, sockets and the terminal are not.
"""
