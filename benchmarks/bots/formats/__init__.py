"""What the bots, their screen and their reports know of each format, one module a format."""
