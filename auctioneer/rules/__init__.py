"""The rules of an auction, free of IO: what a request, a command or the passing of time does to a sale."""
