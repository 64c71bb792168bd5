"""The auctioneer, but that its house makes a snapshot every few facts; run `python -m tests.crashes.snapshotting`.

There is no option for it, so that nobody can make a house busy with them. A server that the watchdog starts also waits
at the gate, where a test has closed one, so that it can be traced from its first call on.
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
