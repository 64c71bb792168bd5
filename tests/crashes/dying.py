"""The auctioneer whose server dies between a commit and its answers; run `python -m tests.crashes.dying`.

It dies when an answer to a command is due to leave and the file `die` is in the folder that FOLDER names. The file is
gone then, so that the next server lives.
"""

import os
import signal
from pathlib import Path

from auctioneer.cli import main
from auctioneer.process.held_sale import Addressed
from auctioneer.process.server import Server

MODULE = "tests.crashes.dying"
FOLDER = "AUCTION_TEST_DYING"
_answer = Server._answer


def _die_or_answer(server: Server, sender: object, answers: list[Addressed]) -> None:
    order = Path(os.environ[FOLDER]) / "die"
    if answers and sender is server._control and order.exists():
        order.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    _answer(server, sender, answers)  # type: ignore[arg-type] # it is a socket


if __name__ == "__main__":
    Server._answer = _die_or_answer  # type: ignore[method-assign, assignment] # this is the fault
    main()
