"""The rules by which simple bots bid, a module for each format that has bots."""
