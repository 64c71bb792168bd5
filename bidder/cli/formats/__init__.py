"""The commands that make offers, a module for each format."""
