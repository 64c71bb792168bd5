"""What the house's reports say of the bidding on a lot, in the same columns for every format; a module each."""
