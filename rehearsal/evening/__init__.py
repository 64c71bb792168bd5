"""One evening with bots, as it is shown."""
