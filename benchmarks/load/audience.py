"""Many screens at a publisher, in processes of their own (`benchmarks.load.audience_process`)."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from benchmarks.load.audience_process import End, Order
from benchmarks.load.child import Child, running_child
from benchmarks.load.connections import Publisher
from benchmarks.load.delivery import Delivery
from benchmarks.load.latencies import Latencies


class Audience:
    """Screens that listen. Make one with `audience`."""

    def __init__(self, processes: list[Child]) -> None:
        self._processes = processes

    def end(self, seqs: Mapping[str, int], counted_from_us: int) -> Delivery:
        """Wait until all screens have their lots at these seqs, and return what they received."""
        for process in self._processes:
            process.tell(End(dict(seqs), counted_from_us))
        return together([process.hear(Delivery) for process in self._processes])


@contextmanager
def audience(
    publisher: Publisher, screens: int, processes: int, seqs: Mapping[str, int], *, follows_all: bool
) -> Iterator[Audience]:
    """Have so many screens follow the lots of `seqs`, spread over some processes. Raises UnreachableError."""
    with ExitStack() as resources:
        running = []
        for number in range(min(processes, screens)):
            process = resources.enter_context(running_child("benchmarks.load.audience_process"))
            share = len(range(number, screens, processes))
            process.tell(Order(publisher, share, dict(seqs), follows_all))
            running.append(process)
        for process in running:
            process.hear(str)  # that all its subscriptions are in force
        yield Audience(running)


def together(deliveries: list[Delivery]) -> Delivery:
    """Return what several processes received as one. The last screen of all is not known, only the last of each."""
    latencies, last_screen = Latencies(), Latencies()
    for one in deliveries:
        latencies.add(one.latencies)
        last_screen.add(one.last_screen)
    return Delivery(
        screens=sum(one.screens for one in deliveries),
        frames=max(one.frames for one in deliveries),
        events=max(one.events for one in deliveries),
        deliveries=sum(one.deliveries for one in deliveries),
        gaps=sum(one.gaps for one in deliveries),
        missing=sum(one.missing for one in deliveries),
        repeated=sum(one.repeated for one in deliveries),
        latencies=latencies,
        last_screen=last_screen,
        cpu_share=sum(one.cpu_share for one in deliveries),
    )
