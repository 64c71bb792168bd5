"""A house that suffers one fault after another while bidders bid, and must each time recover on its own."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.crashes import gate, snapshotting
from tests.crashes.injection import CALLS, KILL, PATIENCE_S, Fault, Tracer, counts, traced
from tests.house_process import HouseProcess, running_house
from tests.live_sale import Witness, conclude

NAMES = ("Ann", "Bob", "Cat")
BIDS_OF_EACH = 3
VERDICT_MS = int(PATIENCE_S * 1000)


class Sweep:
    """A house and its bidders; use it in a `with` block, at the end of which the whole sale is checked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._resources = ExitStack()
        self.struck: list[Fault] = []

    def __enter__(self) -> "Sweep":
        with ExitStack() as resources:
            under = ("env", f"{gate.FOLDER}={self._folder}")
            house = running_house(self._folder, program=snapshotting.MODULE, under=under)
            self.house: HouseProcess = resources.enter_context(house)
            self.witnesses = [resources.enter_context(Witness(self.house.link, name)) for name in NAMES]
            self._pool = resources.enter_context(ThreadPoolExecutor(len(NAMES)))
            self._resources = resources.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._resources:
            if kind is None:
                conclude(self.house, self.witnesses, f"struck by {list(map(str, self.struck))}")

    def count_calls(self) -> Counter[str]:
        """Return the count of each call that a new server makes until the bidders have bid."""
        with traced(self.house.process.pid, "-e", f"trace={','.join(CALLS)}") as tracer:
            self._kill()
            self._settle(self._burst())
        return counts(tracer.rest())

    def strike(self, fault: Fault) -> bool:
        """Have a fault strike a new server, and check that the house recovers; return whether the fault was reached."""
        with self._traced(fault) as tracer:
            bids = self._burst()
            for bid in bids:
                bid.add_done_callback(lambda _: tracer.nudge())
            has_struck = tracer.wait_for_strike(lambda: all(bid.done() for bid in bids))
        self.struck.append(fault)
        self._settle(bids, fault)
        self._settle(self._burst(), fault)
        told = "".join(self.house.lines)
        assert "Traceback" not in told, f"after {fault}: {told[told.index('Traceback') :]}"
        return has_struck

    @contextmanager
    def _traced(self, fault: Fault) -> Iterator[Tracer]:
        """Start and trace a new server: alone if the fault kills it, otherwise with all its successors."""
        if fault.what != KILL:
            with traced(self.house.process.pid, *fault.rule) as tracer:
                self._kill()
                yield tracer
            return
        with ExitStack() as resources:
            with gate.closed(self._folder) as wait_for_birth:
                self._kill()
                tracer = resources.enter_context(traced(wait_for_birth(), *fault.rule))
            yield tracer

    def _kill(self) -> None:
        os.kill(self.house.server_pid, signal.SIGKILL)

    def _burst(self) -> list[Future[None]]:
        return [self._pool.submit(bid_a_few_times, witness) for witness in self.witnesses]

    def _settle(self, bids: list[Future[None]], fault: Fault | None = None) -> None:
        """Wait until all bids have their verdicts."""
        wait(bids)
        failures = [str(bid.exception()) for bid in bids if bid.exception() is not None]
        assert not failures, f"after {fault}: {failures}; the log ends\n{''.join(self.house.lines[-20:])}"


def bid_a_few_times(witness: Witness) -> None:
    """Bid, each time waiting for the verdict, which must come."""
    for _ in range(BIDS_OF_EACH):
        assert witness.bid_the_minimum(timeout_ms=VERDICT_MS), f"{witness.name} had no verdict"
