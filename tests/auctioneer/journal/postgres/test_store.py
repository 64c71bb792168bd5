"""A database keeps what a journal promises."""

from uuid import uuid4

import pytest

from auctioneer.journal import Store
from auctioneer.journal.postgres.store import PostgresStore
from tests.auctioneer.journal.contract import *  # noqa: F403 -- the tests
from tests.postgres_cluster import Cluster


@pytest.fixture
def store(postgres: Cluster) -> Store:
    return PostgresStore(postgres.url(uuid4().hex))
