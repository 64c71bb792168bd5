"""Lots of each format in a simulated sale: their terms, what a bidder has in mind for one, and its mischief."""
