"""The full screen of a bidder that attends a sale. It has no rules of its own.

What it says comes from `bidder.display`, and what it does is an order of `bidder.attending`, as at the prompt. All
but `bid_key` and `formats` need the extra `tui`.
"""
