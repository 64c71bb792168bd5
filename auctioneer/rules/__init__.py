"""The rules of an auction, free of IO: what a request, a moment or a command does to a sale."""
