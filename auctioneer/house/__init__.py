"""One sale and everybody in it, free of IO: requests come in; verdicts, broadcasts and facts go out."""
