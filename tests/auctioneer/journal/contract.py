"""What `auctioneer.journal.protocol` promises. Each store's test file imports these tests and has a fixture `store`."""

import time
from contextlib import closing

import pytest

from auctioneer.audit.invariants import check_same_state
from auctioneer.house.house import House
from auctioneer.house.settings import HouseSettings
from auctioneer.journal import ChainEnd, DamagedJournalError, FencedError, Journal, Record, Store, append
from auctioneer.journal.chain import BATCH_FACTS_MAX, GENESIS_HASH, READ_FACTS
from auctioneer.journal.memory import MemoryStore
from auctioneer.rules.contacts import Contact, ContactChange
from auctioneer.rules.facts import AnyFact
from common.errors import StorageError
from common.limits import REMEMBERED_REQUESTS_MAX
from tests.auctioneer.house.house_examples import SmallSale
from tests.auctioneer.journal.journal_examples import AT_MS, EVERY_EVENT, announcements, rejection

PATIENCE_S = 120


def resumed(store: Store, holder: str) -> Journal:
    """Take the record up again as the loop does: a store that is away says so, and is asked again."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return store.resume(holder)
        except FencedError:
            raise
        except StorageError:
            if time.monotonic() > deadline_s:
                raise


def facts_of(record: Record) -> list[AnyFact]:
    return [fact for _, fact in record.read()]


# --- who owns it -----------------------------------------------------------------------------------------------------


def test_a_store_is_empty_until_somebody_takes_it_over(store: Store) -> None:
    assert not store.exists
    with pytest.raises(StorageError):
        store.read()
    with closing(store.take_over("first")) as journal:
        assert store.exists
        assert (journal.position, journal.alive_ms, journal.end) == (0, 0, ChainEnd(0, GENESIS_HASH))
        assert facts_of(journal) == []
        assert list(journal.rejections()) == []
        assert journal.verify_chain() == ChainEnd(0, GENESIS_HASH)


def test_each_take_over_begins_a_term(store: Store) -> None:
    for term in (1, 2, 3):
        with closing(store.take_over(f"process {term}")) as journal:
            assert journal.owner == (term, f"process {term}")
            append(journal, announcements(1, term), (), AT_MS)
    with closing(store.read()) as record:
        assert record.owner == (3, "process 3")
        assert facts_of(record) == announcements(3)


def test_a_writer_that_lost_its_connection_goes_on_in_another_term(store: Store) -> None:
    with closing(store.take_over("house")) as first:
        append(first, announcements(1), (), AT_MS)
        with closing(resumed(store, "house")) as again:
            assert again.owner == (2, "house")
            append(again, announcements(1, 2), (), AT_MS)
            with pytest.raises(FencedError):
                append(first, (), (), AT_MS)


def test_whoever_lost_the_journal_stores_nothing_more(store: Store) -> None:
    with closing(store.take_over("first")) as first:
        append(first, announcements(2), [rejection(1, 1)], AT_MS)
        with closing(store.take_over("second", gone=["first"])) as second:
            for batch in (announcements(1, 3), ()):  # a batch of facts, and a sign of life
                with pytest.raises(StorageError):
                    append(first, batch, (), AT_MS + 1)
            assert first.owner == (1, "first"), "it says what it was"
            append(second, announcements(1, 3), (), AT_MS)
            assert facts_of(second) == announcements(3)
            assert second.alive_ms == AT_MS


# --- begin and finished ----------------------------------------------------------------------------------------------


def stored(journal: Journal, number: int) -> None:
    """Wait until a batch is durable."""
    journal.wait()
    assert journal.finished() == number


def test_batches_are_numbered_and_finished_names_the_last_durable_one(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        assert journal.finished() == 0
        for number in (1, 2, 3):
            assert journal.begin(announcements(2, 2 * number - 1), (), AT_MS + number) == number
            stored(journal, number)
            assert journal.finished() == number, "also when it is asked again"
            assert (journal.position, journal.alive_ms) == (2 * number, AT_MS + number)


def test_an_empty_batch_tells_that_the_house_is_alive(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        append(journal, announcements(3), (), AT_MS)
        end = journal.end
        append(journal, (), (), AT_MS + 5)
        assert (journal.alive_ms, journal.end) == (AT_MS + 5, end)
    with closing(store.take_over("")) as journal:
        assert (journal.alive_ms, journal.end) == (AT_MS + 5, end)


def test_a_closed_journal_takes_and_gives_nothing_and_tells_where_it_ended(store: Store) -> None:
    journal = store.take_over("")
    append(journal, announcements(2), (), AT_MS)
    end = journal.end
    journal.close()
    journal.close()
    assert journal.end == end, "by which the next one is known to go on from there"
    with pytest.raises(StorageError):
        append(journal, announcements(1, 3), (), AT_MS)
    with pytest.raises(StorageError):
        list(journal.read())


# --- facts -----------------------------------------------------------------------------------------------------------


def test_every_kind_of_fact_comes_back_as_it_was(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        append(journal, EVERY_EVENT, (), AT_MS)
    with closing(store.read()) as record:
        assert facts_of(record) == list(EVERY_EVENT)


@pytest.mark.parametrize("sizes", [(1, 2, 3, 4), (BATCH_FACTS_MAX + 1, 1), (READ_FACTS, READ_FACTS, 7)])
def test_any_stretch_can_be_read(store: Store, sizes: tuple[int, ...]) -> None:
    with closing(store.take_over("")) as journal:
        for size in sizes:
            append(journal, announcements(size, journal.position + 1), (), AT_MS)
        total = sum(sizes)
        every = announcements(total)
        for after in {0, 1, 2, 5, total // 2, total - 1, total}:
            for upto in {None, 1, 4, total // 2, total}:
                expected = list(enumerate(every[after:upto], after + 1))
                assert list(journal.read(after, upto)) == expected, (after, upto)
        assert journal.recent(3) == list(enumerate(every, 1))[-3:]
        assert journal.recent(2 * total) == list(enumerate(every, 1))
        with pytest.raises(DamagedJournalError):
            list(journal.read(total + 1))


def test_a_hash_stands_for_all_that_came_before_the_end_of_a_batch(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        ends = [journal.end]
        for size in (3, 1, 4):
            append(journal, announcements(size, journal.position + 1), (), AT_MS)
            ends.append(journal.end)
        assert [journal.hash_at(end.position) for end in ends] == [end.hash for end in ends]
        assert [journal.hash_at(position) for position in (1, 2, 5, 9)] == [b""] * 4
        assert len({end.hash for end in ends}) == len(ends)
        assert journal.verify_chain() == ends[-1]


def test_all_stores_have_the_same_chain(store: Store) -> None:
    with closing(store.take_over("")) as journal, closing(MemoryStore().take_over("")) as other:
        for one in (journal, other):
            append(one, EVERY_EVENT, [rejection(1, 1)], AT_MS)
            append(one, announcements(BATCH_FACTS_MAX + 1), [rejection(1, 2)], AT_MS)
        assert journal.end == other.end


def test_a_reader_sees_what_was_stored_when_it_began(store: Store) -> None:
    with closing(store.take_over("")) as journal, closing(store.read()) as record:
        append(journal, announcements(3), (), AT_MS)
        reading = record.read()
        assert next(reading)[0] == 1
        append(journal, announcements(1, 4), (), AT_MS)
        assert [position for position, _ in reading] == [2, 3]
        assert [position for position, _ in record.read()] == [1, 2, 3, 4]
        assert record.end == journal.end


# --- rejections ------------------------------------------------------------------------------------------------------


def test_rejections_are_kept_in_their_order_beside_the_chain(store: Store) -> None:
    kept = [rejection(2, 5), rejection(1, 9), rejection(2, 6)]
    with closing(store.take_over("")) as journal:
        append(journal, announcements(1), kept[:2], AT_MS)
        end = journal.end
        append(journal, (), kept[2:], AT_MS)
        assert journal.end == end, "rejections alone add nothing to the chain"
        append(journal, announcements(1, 2), (), AT_MS)
        assert list(journal.rejections()) == kept
    with closing(store.read()) as record:
        assert list(record.rejections()) == kept
        assert record.verify_chain() == record.end


def test_of_each_paddle_those_with_the_highest_ids_are_kept_over_any_number_of_owners(store: Store) -> None:
    ids = range(1, REMEMBERED_REQUESTS_MAX + 8)
    for first in range(0, len(ids), 5):
        with closing(store.take_over("")) as journal:
            append(journal, (), [rejection(1, number) for number in ids[first : first + 5]], AT_MS)
    with closing(store.take_over("")) as journal:
        append(journal, (), [rejection(2, 1)], AT_MS)
        kept = [(one.paddle, one.request.id) for one in journal.rejections()]
    assert kept == [(1, number) for number in ids[-REMEMBERED_REQUESTS_MAX:]] + [(2, 1)]


def test_the_first_verdict_of_a_request_stands(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        append(journal, (), [rejection(1, 5, 100), rejection(1, 5, 200)], AT_MS)
    with closing(store.take_over("")) as journal:
        append(journal, (), [rejection(1, 5, 300)], AT_MS)
        assert list(journal.rejections()) == [rejection(1, 5, 100)]


# --- contacts --------------------------------------------------------------------------------------------------------

LEE = Contact("Lee & Sons", "ann@example.org")


def test_contacts_stand_beside_the_chain_and_can_be_erased(store: Store) -> None:
    with closing(store.take_over("")) as journal:
        append(journal, announcements(1), (), AT_MS, [ContactChange(7, LEE), ContactChange(2, Contact("", "Zoë"))])
        assert journal.contacts() == {2: Contact("", "Zoë"), 7: LEE}
        end = journal.end
        append(journal, (), (), AT_MS, [ContactChange(7, Contact("Lee", "")), ContactChange(9, LEE)])
        assert journal.contacts() == {2: Contact("", "Zoë"), 7: Contact("Lee", ""), 9: LEE}
        append(journal, (), (), AT_MS, [ContactChange(2, None), ContactChange(3, None)])
        assert journal.end == end, "they are in no hash"
    with closing(store.take_over("")) as journal:
        append(journal, announcements(1, 2), (), AT_MS, [ContactChange(9, None), ContactChange(9, LEE)])
    with closing(store.read()) as record:
        assert record.contacts() == {7: Contact("Lee", ""), 9: LEE}
        assert record.verify_chain() == record.end


def test_a_contact_is_stored_with_its_batch_or_not_at_all(store: Store) -> None:
    with closing(store.take_over("first")) as journal:
        store.take_over("second", gone=["first"]).close()
        with pytest.raises(StorageError):
            append(journal, announcements(1), (), AT_MS, [ContactChange(7, LEE)])
    with closing(store.read()) as record:
        assert (record.position, record.contacts()) == (0, {})


# --- a sale ----------------------------------------------------------------------------------------------------------


def test_a_sale_that_was_held_on_it_comes_back(store: Store) -> None:
    sale = SmallSale()
    sale.join("a" * 40, "Ann")
    sale.join("b" * 40, "Bob")
    with closing(store.take_over("first")) as journal:
        append(journal, sale.record, sale.rejections, sale.now_ms)
    with closing(store.take_over("second")) as journal:
        settings = HouseSettings(instance="second", publish_port=1, term=journal.owner.term)
        rebuilt = House.rebuild(settings, None, facts_of(journal), journal.rejections(), sale.now_ms)
    check_same_state(rebuilt.engine.state, sale.house.engine.state)
    assert rebuilt.register.entries == sale.house.register.entries
