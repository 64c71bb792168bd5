"""What docs/journal.md tells people to type does what it says."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from auctioneer.journal import DamagedJournalError, append
from auctioneer.journal.chain import FORMAT_VERSION
from auctioneer.journal.sqlite import FILE_NAME, SqliteStore
from auctioneer.journal.sqlite.file import APPLICATION_ID, PAGE_BYTES
from auctioneer.rules.facts import AnyFact, SaleDecided
from common.lot_events import Announced
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, announcements, query, rejection, tamper
from tests.must_be import must_be

PAGE = (Path(__file__).parents[3] / "docs" / "journal.md").read_text(encoding="utf-8")
RECOUNTS = re.findall(r"^ +(python -c .*recount_rejections.*)$", PAGE, re.MULTILINE)
QUERIES, REPAIR = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def test_the_queries_find_what_they_promise(path: Path) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, EVERY_EVENT, [rejection(1, 1), rejection(1, 2)], AT_MS)
        closed, bids, late, refused = (query(path, part) for part in QUERIES.replace("'7'", "'12a'").split(";")[:-1])
    assert closed == [("12a", 3, 10**15, "2023-11-14 22:13:20"), ("12a", 2, 500, "2023-11-14 22:13:20")]
    assert bids == [(9, AT_MS, "Zoë", 100, 900, 100)]
    assert late == [("12a", 1, 0)]
    assert refused == [("below_minimum", 2)]


def zero_a_page(path: Path, position: int) -> None:
    """Wipe the page of the file that holds the fact at `position`."""
    content = path.read_bytes()
    said = must_be(Announced, must_be(SaleDecided, announcements(1, position)[0]).event)
    page = content.index(said.text.encode()) // PAGE_BYTES
    path.write_bytes(content[: page * PAGE_BYTES] + bytes(PAGE_BYTES) + content[(page + 1) * PAGE_BYTES :])


def edit_an_event(path: Path, position: int) -> None:
    tamper(path, f"UPDATE batch SET body = replace(body, 'number {position}', 'a lie') WHERE {position} <= last")


@pytest.mark.parametrize("damage", [zero_a_page, edit_an_event])
def test_the_repair_keeps_all_that_came_before_the_damage(
    path: Path, tmp_path: Path, damage: Callable[[Path, int], None]
) -> None:
    with closing(SqliteStore(path).take_over("")) as journal:
        append(journal, announcements(10), [rejection(1, 5)], AT_MS)
        for first in range(11, 1300, 10):
            append(journal, announcements(10, first), (), AT_MS)
    damage(path, 1235)
    with closing(SqliteStore(path).take_over("")) as journal, pytest.raises(DamagedJournalError) as caught:
        journal.verify_chain()
    last_good = must_be(int, caught.value.last_good)
    assert 1200 < last_good < 1235
    assert last_good % 10 == 0, "it is the end of a batch"
    damaged = path.rename(tmp_path / "damaged.sqlite3")
    SqliteStore(path).take_over("").close()
    tamper(path, REPAIR.replace("'damaged.sqlite3'", f"'{damaged}'").replace("1234", str(last_good)))
    assert len(RECOUNTS) == 1
    subprocess.run(shlex.split(RECOUNTS[0].replace("python", sys.executable, 1)), cwd=path.parent, check=True)
    with closing(SqliteStore(path).take_over("")) as journal:
        assert journal.verify_chain().position == last_good
        assert journal.alive_ms == AT_MS + last_good
        assert list(journal.rejections()) == [rejection(1, 5)]
        append(journal, announcements(1, last_good + 1), (), AT_MS)
        assert [fact for _, fact in journal.read()] == announcements(last_good + 1)


def test_the_application_id_is_the_one_printed() -> None:
    assert f"`PRAGMA application_id` is {APPLICATION_ID} " in PAGE
    assert f"## Format {FORMAT_VERSION}\n" in PAGE
    assert f"format {FORMAT_VERSION}`" in PAGE


@pytest.mark.parametrize("kind", get_args(AnyFact), ids=lambda kind: kind.__name__)
def test_the_table_has_the_fields_of_every_event_in_their_order(kind: type[AnyFact]) -> None:
    config, fields = kind.__struct_config__, kind.__struct_fields__
    assert fields[:3] == ("at_ms", "lot", "seq")
    assert f"| `{config.tag}` | `{', '.join(fields[3:])}` |" in PAGE
