"""Lots of each format in a simulated sale: their terms, the bidders' plans for them, and their mischief."""
