"""What PostgreSQL says of a commit is not always what is so. Each of its traps, on a real primary with two standbys."""

import socket
import threading
from contextlib import closing
from uuid import uuid4

import pytest

from auctioneer.journal import FencedError, append
from auctioneer.journal.postgres import store as stores
from auctioneer.journal.postgres.journal import PostgresJournal
from auctioneer.journal.postgres.store import PostgresStore
from auctioneer.journal.protocol import Store
from common.errors import StorageError
from tests.auctioneer.journal.contract import resumed
from tests.auctioneer.journal.journal_examples import AT_MS, announcements, rejection
from tests.must_be import must_be
from tests.postgres_cluster import Cluster, until

HOLDER = "house"


@pytest.fixture
def sale() -> str:
    return uuid4().hex


def store_of(cluster: Cluster, sale: str) -> PostgresStore:
    return PostgresStore(cluster.url(sale))


def begin_and_wait_for_standbys(cluster: Cluster, journal: PostgresJournal) -> int:
    """Begin a batch while no standby answers, and return the process that waits at the server."""
    journal.begin(announcements(1), (), AT_MS)
    until(lambda: bool(cluster.waiting()), "the commit waits for a standby")
    assert journal.finished() == 0
    (pid,) = cluster.waiting()
    return pid


def visible_facts(cluster: Cluster, sale: str) -> int:
    """Return how many facts the server shows to whoever asks."""
    ((count,),) = cluster.primary.ask("SELECT count(*) FROM auction.fact WHERE sale = %s", sale)
    return int(count)


# --- while a commit waits for a standby -------------------------------------------------------------------------------


def test_a_cancelled_commit_says_success_and_is_not_believed(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        with cluster.silent_standbys():
            pid = begin_and_wait_for_standbys(cluster, journal)
            cluster.primary.ask("SELECT pg_cancel_backend(%s)", pid)
            with pytest.raises(StorageError, match=r"warned: .*Nobody knows"):
                journal.wait()
            assert journal.position == 0, "what is not known to be durable is not told"
            assert visible_facts(cluster, sale) == 1
        with closing(resumed(store, HOLDER)) as again:
            assert again.position == 1, "a standby has confirmed a later write, and so this one"


def test_a_terminated_commit_fails_though_it_is_there(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        with cluster.silent_standbys():
            pid = begin_and_wait_for_standbys(cluster, journal)
            cluster.primary.ask("SELECT pg_terminate_backend(%s)", pid)
            with pytest.raises(StorageError):
                journal.wait()
            assert visible_facts(cluster, sale) == 1
            with pytest.raises(StorageError, match="has not confirmed a write yet"):
                store.resume(HOLDER)
        with closing(resumed(store, HOLDER)) as again:
            assert [fact for _, fact in again.read()] == announcements(1)
            append(again, announcements(1, 2), (), AT_MS)


def test_emptied_standby_names_let_a_commit_go_that_nobody_else_has(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal, cluster.silent_standbys():
        begin_and_wait_for_standbys(cluster, journal)
        cluster.primary.set("synchronous_standby_names", "")
        with pytest.raises(StorageError, match="waits for no standby"):
            journal.wait()
        assert journal.position == 0
        assert "waits for no standby" in str(why_not_resumed(store))


def why_not_resumed(store: PostgresStore) -> StorageError:
    """Return why one try to take the record up again came to nothing."""
    one = stores._Resumption(store, HOLDER, ())
    one.join()
    return must_be(StorageError, one.outcome)


def test_the_deadline_is_the_clients_and_cancels_nothing(
    lonely_postgres: Cluster, sale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server has none: statement_timeout does not end this wait. A cancelled commit would count as a success."""
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    monkeypatch.setattr(stores, "START_COMMIT_S_MAX", 0.5)
    with closing(store.take_over(HOLDER)) as journal:
        journal._session.run("SET statement_timeout = 50", journal._until_s())
        with cluster.silent_standbys():
            pid = begin_and_wait_for_standbys(cluster, journal)
            with pytest.raises(StorageError, match="did not answer in time"):
                journal.wait()
            assert cluster.waiting() == [pid], "it still waits, as if nobody had left"
        with closing(resumed(store, HOLDER)) as again:
            assert again.position == 1, "it was stored after all, whole"


def test_a_restarted_primary_shows_what_no_standby_has(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        for standby in cluster.standbys:
            standby.stop()
        begin_and_wait_for_standbys(cluster, journal)
        cluster.primary.stop()
        with pytest.raises(StorageError):
            journal.wait()
        cluster.primary.start()
        assert visible_facts(cluster, sale) == 1, "as if it had been committed"
        for _ in range(2):
            with pytest.raises(StorageError, match="has not confirmed a write yet"):
                store.resume(HOLDER)
        for standby in cluster.standbys:
            standby.start()
        with closing(resumed(store, HOLDER)) as again:
            assert again.position == 1


@pytest.mark.parametrize("end", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_take_over_that_no_standby_confirmed_is_none(lonely_postgres: Cluster, sale: str, end: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    journal = store.take_over(HOLDER)
    journal._session.close()
    with cluster.silent_standbys():
        with pytest.raises(StorageError, match="has not confirmed a write yet"):
            store.resume(HOLDER)
        until(lambda: bool(cluster.waiting()), "the take-over waits for a standby")
        cluster.primary.ask(f"SELECT {end}(%s)", cluster.waiting()[0])
        with pytest.raises(StorageError, match=r"warned: |was lost|refused a statement \(57P01\)"):
            tried(store)
    with closing(resumed(store, HOLDER)) as again:
        assert again.owner.term == 3, "the one that nobody believed had its term, too"


def tried(store: PostgresStore) -> None:
    """Wait for the end of the try that is under way, and raise what it met."""
    for one in store._tries:
        one.join()
    store.resume(HOLDER)


# --- before a commit --------------------------------------------------------------------------------------------------


def test_nothing_is_stored_where_no_standby_is_waited_for(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        append(journal, announcements(1), [rejection(1, 1)], AT_MS)
        cluster.primary.set("synchronous_standby_names", "")
        with pytest.raises(StorageError, match="waits for no standby"):
            append(journal, announcements(1, 2), (), AT_MS)
        assert visible_facts(cluster, sale) == 1
    for one in (sale, uuid4().hex):
        with pytest.raises(StorageError, match="waits for no standby"):
            store_of(cluster, one).take_over(HOLDER, [HOLDER])


def test_nothing_is_stored_by_a_session_that_does_not_wait(postgres: Cluster, sale: str) -> None:
    with closing(store_of(postgres, sale).take_over(HOLDER)) as journal:
        journal._session.run("SET synchronous_commit = local", journal._until_s())
        with pytest.raises(StorageError, match="waits for no standby"):
            append(journal, announcements(1), (), AT_MS)
    assert visible_facts(postgres, sale) == 0


@pytest.mark.parametrize("level", ["off", "local", "remote_write"])
def test_a_roles_own_settings_weaken_nothing(lonely_postgres: Cluster, sale: str, level: str) -> None:
    lonely_postgres.primary.ask(f"ALTER ROLE house SET synchronous_commit = {level}")
    lonely_postgres.primary.ask("ALTER ROLE house SET statement_timeout = 5000")
    try:
        with closing(store_of(lonely_postgres, sale).take_over(HOLDER)) as journal:
            append(journal, announcements(1), (), AT_MS)
            for name, value in (("synchronous_commit", b"on"), ("statement_timeout", b"0")):
                assert journal._session.execute(f"SHOW {name}", (), journal._until_s()).rows == [(value,)]
    finally:
        lonely_postgres.primary.ask("ALTER ROLE house RESET ALL")


def test_a_promoted_server_that_waits_for_nobody_takes_no_bids(lonely_postgres: Cluster, sale: str) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        append(journal, announcements(1), (), AT_MS)
        position = "SELECT position FROM auction.sale WHERE id = %s"
        until(lambda: cluster.standbys[0].ask(position, sale) == [(1,)], "the standby has it too")
        cluster.primary.stop()
        cluster.standbys[0].promote()
        with pytest.raises(StorageError):
            append(journal, announcements(1, 2), (), AT_MS)
        assert "waits for no standby" in str(why_not_resumed(store))
        with closing(store.read()) as record:
            assert record.position == 1, "the other server of the URL is found"


def test_an_old_primary_that_goes_on_is_passed_over(lonely_postgres: Cluster, sale: str) -> None:
    """It stands first in the URL and can be written to; but nobody confirms what is written there."""
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        append(journal, announcements(1), (), AT_MS)
        with cluster.failed_over() as new, closing(resumed(store, HOLDER)) as again:
            assert must_be(PostgresJournal, again)._session.server.endswith(f":{new.port}")
            append(again, announcements(1, 2), (), AT_MS)
            assert [fact for _, fact in again.read()] == announcements(2)


def test_a_try_that_waits_at_an_old_primary_does_not_keep_the_new_one_from_being_found(
    lonely_postgres: Cluster, sale: str
) -> None:
    cluster, store = lonely_postgres, store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        append(journal, announcements(1), (), AT_MS)
        with cluster.silent_standbys():
            journal._session.close()
            with pytest.raises(StorageError, match="has not confirmed a write yet"):
                store.resume(HOLDER)
            until(lambda: bool(cluster.waiting()), "the try waits at the old primary")
            with cluster.failed_over() as new:
                with closing(resumed(store, HOLDER)) as again:
                    assert must_be(PostgresJournal, again)._session.server.endswith(f":{new.port}")
                    append(again, announcements(1, 2), (), AT_MS)
                assert cluster.waiting(), "the first try still waits, for nobody"


# --- the answer gets lost ---------------------------------------------------------------------------------------------


def test_a_batch_whose_answer_was_lost_is_there_once(lonely_postgres: Cluster, sale: str) -> None:
    store = store_of(lonely_postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        with lonely_postgres.silent_standbys():
            journal.begin(announcements(1), [rejection(1, 1)], AT_MS)
            until(lambda: bool(lonely_postgres.waiting()), "the commit waits")
            with socket.socket(fileno=socket.dup(journal._session.handle)) as line:
                line.shutdown(socket.SHUT_RDWR)
        with pytest.raises(StorageError):
            journal.wait()
        assert journal.position == 0
        with pytest.raises(StorageError):
            journal.begin(announcements(1), (), AT_MS)
        with closing(resumed(store, HOLDER)) as again:
            assert [fact for _, fact in again.read()] == announcements(1)
            assert list(again.rejections()) == [rejection(1, 1)]


def test_a_connection_that_ends_while_nothing_is_under_way_is_told(postgres: Cluster, sale: str) -> None:
    with closing(store_of(postgres, sale).take_over(HOLDER)) as journal:
        assert journal.finished() == 0
        ((pid,),) = journal._session.execute("SELECT pg_backend_pid()", (), journal._until_s()).rows
        postgres.primary.ask("SELECT pg_terminate_backend(%s)", pid)

        def is_told() -> bool:
            try:
                journal.finished()
            except StorageError:
                return True
            return False

        until(is_told, "the end of the connection")
        with pytest.raises(StorageError):
            journal.require_in_place()


# --- what is under way ------------------------------------------------------------------------------------------------


def test_a_commit_under_way_is_not_told_and_its_end_wakes_the_house(lonely_postgres: Cluster, sale: str) -> None:
    with closing(store_of(lonely_postgres, sale).take_over(HOLDER)) as journal:
        append(journal, announcements(2), (), AT_MS)
        with lonely_postgres.silent_standbys():
            assert journal.begin(announcements(1, 3), (), AT_MS + 5) == 2
            until(lambda: bool(lonely_postgres.waiting()), "the commit waits")
            assert (journal.finished(), journal.position, journal.alive_ms) == (1, 2, AT_MS)
        journal.wait()
        assert (journal.finished(), journal.position, journal.alive_ms) == (2, 3, AT_MS + 5)


def test_a_batch_that_the_system_does_not_take_at_once_asks_to_be_sent(postgres: Cluster, sale: str) -> None:
    with closing(store_of(postgres, sale).take_over(HOLDER)) as journal:
        with socket.socket(fileno=socket.dup(journal._session.handle)) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        assert not journal.is_sending
        number = journal.begin(announcements(50_000), (), AT_MS)
        assert journal.is_sending
        journal.wait()
        assert (journal.finished(), journal.position, journal.is_sending) == (number, 50_000, False)


def test_more_rejections_than_are_kept_come_and_go_in_one_batch(postgres: Cluster, sale: str) -> None:
    store: Store = store_of(postgres, sale)
    with closing(store.take_over(HOLDER)) as journal:
        append(journal, (), [rejection(1, number) for number in range(1, 100)], AT_MS)
        assert [one.request.id for one in journal.rejections()] == list(range(68, 100))


# --- who owns it ------------------------------------------------------------------------------------------------------


def test_of_two_that_take_over_at_once_one_is_fenced(postgres: Cluster, sale: str) -> None:
    stores_ = [store_of(postgres, sale) for _ in range(4)]
    won: list[PostgresJournal] = []
    start = threading.Barrier(len(stores_))

    def race(store: PostgresStore, name: str) -> None:
        start.wait()
        won.append(store.take_over(name, [str(number) for number in range(4)]))

    racers = [threading.Thread(target=race, args=(store, str(number))) for number, store in enumerate(stores_)]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    *fenced, owner = sorted(won, key=lambda journal: journal.owner.term)
    assert [journal.owner.term for journal in (*fenced, owner)] == [1, 2, 3, 4]
    append(owner, announcements(1), (), AT_MS)
    for journal in fenced:
        with pytest.raises(FencedError):
            append(journal, announcements(1), (), AT_MS)
    owner.close()


def test_a_house_that_was_fenced_while_it_was_away_does_not_come_back(postgres: Cluster, sale: str) -> None:
    store = store_of(postgres, sale)
    journal = store.take_over(HOLDER)
    journal._session.close()
    with closing(store_of(postgres, sale).take_over("other", [HOLDER])) as other:
        with pytest.raises(FencedError):
            resumed(store, HOLDER)
        append(other, announcements(1), (), AT_MS)
