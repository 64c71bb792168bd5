"""How simple bots bid, a module for each format that has bots."""
