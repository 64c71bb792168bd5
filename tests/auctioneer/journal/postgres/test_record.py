"""Whoever can write to the database can damage a record, and is found out."""

from contextlib import closing
from uuid import uuid4

import pytest

from auctioneer.journal import DamagedJournalError, append
from auctioneer.journal.postgres.store import PostgresStore
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, rejection
from tests.postgres_cluster import Cluster


@pytest.fixture
def store(postgres: Cluster) -> PostgresStore:
    """Return a record of three batches and two refused bids."""
    store = PostgresStore(postgres.url(uuid4().hex))
    with closing(store.take_over("")) as journal:
        append(journal, announcements(2), [rejection(1, 1), rejection(1, 2)], AT_MS)
        append(journal, announcements(3, 3), (), AT_MS)
        append(journal, announcements(1, 6), (), AT_MS)
    return store


@pytest.mark.parametrize(
    ("damage", "first_bad"),
    [
        ("UPDATE auction.batch SET body = replace(body, 'number 4', 'a lie') WHERE sale = %s AND first = 3", 3),
        ("UPDATE auction.batch SET hash = decode(repeat('00', 32), 'hex') WHERE sale = %s AND first = 3", 3),
        ("DELETE FROM auction.batch WHERE sale = %s AND first = 3", 3),
        ("DELETE FROM auction.batch WHERE sale = %s AND first = 6", 6),
        ("UPDATE auction.sale SET position = 5 WHERE id = %s", 3),
        ("UPDATE auction.sale SET hash = 'x' WHERE id = %s", 6),
    ],
)
def test_the_place_of_the_damage_is_named(store: PostgresStore, postgres: Cluster, damage: str, first_bad: int) -> None:
    postgres.primary.ask(damage, store.address.sale)
    with closing(store.read()) as record, pytest.raises(DamagedJournalError, match=r"docs/postgres\.md") as found:
        record.verify_chain()
    assert found.value.first_bad == first_bad


def test_nobody_holds_a_record_whose_end_is_not_what_was_stored(store: PostgresStore, postgres: Cluster) -> None:
    postgres.primary.ask("DELETE FROM auction.batch WHERE sale = %s AND first = 6", store.address.sale)
    with pytest.raises(DamagedJournalError):
        store.take_over("")


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM auction.rejection WHERE sale = %s AND request = 1",
        "UPDATE auction.rejection SET code = 'over_limit' WHERE sale = %s",
        "UPDATE auction.rejection SET body = '{' WHERE sale = %s",
    ],
)
def test_rejections_are_those_that_were_kept(store: PostgresStore, postgres: Cluster, damage: str) -> None:
    postgres.primary.ask(damage, store.address.sale)
    with closing(store.read()) as record, pytest.raises(DamagedJournalError):
        list(record.rejections())
