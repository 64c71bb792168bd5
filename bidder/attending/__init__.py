"""Attending a sale: the orders of a bidder are carried out, whether typed, piped in, or given on a screen."""
