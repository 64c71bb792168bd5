"""The bots', their screen's and their reports' knowledge of each format, with a module for each format."""
