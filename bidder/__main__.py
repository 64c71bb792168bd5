"""`python -m bidder` is the same as `bidder`."""

from bidder.cli import main

if __name__ == "__main__":
    main(prog_name="bidder")
