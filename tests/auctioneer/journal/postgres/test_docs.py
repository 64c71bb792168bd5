"""What docs/postgres.md tells people to type does what it says."""

import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString, cast
from uuid import uuid4

from auctioneer.journal import append
from auctioneer.journal.postgres.store import PostgresStore
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, rejection
from tests.postgres_cluster import READER, Cluster

PAGE = (Path(__file__).parents[4] / "docs" / "postgres.md").read_text(encoding="utf-8")
(QUERIES,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


def test_the_queries_find_what_they_promise(postgres: Cluster) -> None:
    sale = uuid4().hex
    for name in (sale, uuid4().hex):
        with closing(PostgresStore(postgres.url(name)).take_over("")) as journal:
            append(journal, EVERY_EVENT, [rejection(1, 1), rejection(1, 2)], AT_MS)
    queries = QUERIES.replace("'7'", "'12a'").replace("'evening'", f"'{sale}'").split(";")[:-1]
    with postgres.primary.connect(READER) as connection:
        closed, bids, late, refused = (connection.execute(cast(LiteralString, one)).fetchall() for one in queries)
    at = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert closed == [("12a", "3", str(10**15), at), ("12a", "2", "500", at)]
    assert bids == [(9, AT_MS, "Zoë", "100", "900", "100")]
    assert late == [("12a", "1", "0")]
    assert refused == [("below_minimum", 2)]


def test_the_tables_have_the_columns_that_are_listed(postgres: Cluster) -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| `([\w, ]+)` \|", PAGE, re.MULTILINE))
    found = postgres.primary.ask(
        "SELECT table_name, string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'auction' AND table_type = 'BASE TABLE' AND column_name <> 'sale' GROUP BY 1"
    )
    assert listed == dict(found)
