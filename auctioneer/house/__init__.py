"""One sale and everybody in it, free of IO: requests in, verdicts, broadcasts and facts out."""
