"""The auctioneer whose house makes a snapshot every few facts; run `python -m tests.crashes.snapshotting`.

The real program has no option for this, so nobody can overload a house with snapshots. A server started by the watchdog
also waits at the gate, if a test has closed it, so that the server can be traced from its first call on.
"""

import os
from functools import partial

from auctioneer.cli import main
from auctioneer.process import held_sale
from tests.crashes import gate

MODULE = "tests.crashes.snapshotting"
EVERY_EVENTS = 4

if __name__ == "__main__":
    vars(held_sale).update(SNAPSHOT_EVERY_FACTS=EVERY_EVENTS, SNAPSHOT_FACTS_PER_ENTRY=0)  # final but for this test
    os.register_at_fork(after_in_child=partial(gate.wait_there, os.getpid()))
    main()
