"""The collector of a program on which people wait: rare, not off, and never at what was there before."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from common.collector import NEW_OBJECTS, calm_collector, collect_rarely


@pytest.fixture(autouse=True)
def usual_collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Ring:
    """An object that only the collector can free."""

    def __init__(self) -> None:
        self.own = self


def test_what_is_there_is_exempt_and_what_comes_is_still_collected() -> None:
    gc.disable()
    calm_collector()
    assert gc.isenabled()
    assert gc.get_freeze_count() > NEW_OBJECTS
    ring = weakref.ref(Ring())
    assert ring() is not None
    kept = [[] for _ in range(NEW_OBJECTS + 1000)]  # type: list[list[int]]
    assert ring() is None
    assert kept


def test_the_collector_looks_rarely() -> None:
    collect_rarely()
    looks: list[int] = []
    gc.callbacks.append(lambda phase, info: looks.append(info["generation"]))
    try:
        kept = [[] for _ in range(NEW_OBJECTS // 2)]  # type: list[list[int]]
    finally:
        gc.callbacks.pop()
    assert not looks
    assert kept
