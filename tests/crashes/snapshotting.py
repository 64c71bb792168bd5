"""The auctioneer, but that its house makes a snapshot every few events; run `python -m tests.crashes.snapshotting`.

There is no option for it, so that nobody can make a house busy with them.
"""

from auctioneer import server
from auctioneer.cli import main

MODULE = "tests.crashes.snapshotting"
EVERY_EVENTS = 4

if __name__ == "__main__":
    server.SNAPSHOT_EVERY_EVENTS = EVERY_EVENTS
    server.SNAPSHOT_EVENTS_PER_ENTRY = 0
    main()
