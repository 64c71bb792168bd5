"""`python -m auctioneer` is the same as `auctioneer`."""

from auctioneer.cli import main

if __name__ == "__main__":
    main(prog_name="auctioneer")
