"""The stores that finish at once keep what a journal promises."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from auctioneer.journal import Store
from auctioneer.journal.memory import MemoryStore
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from tests.auctioneer.journal.contract import *  # noqa: F403 -- the tests
from tests.auctioneer.journal.journal_examples import AT_MS, announcements

STORES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: SqliteStore(folder / FILE_NAME),
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return STORES[request.param](tmp_path)


def test_a_store_that_finishes_at_once_has_nothing_to_be_waited_for(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        number = journal.begin(announcements(1), (), AT_MS)
        assert (journal.finished(), journal.handle) == (number, None)
