"""The PostgreSQL servers of tests and measurements: a standby that was away comes back, whatever the primary did."""

import pytest

from tests import postgres_cluster
from tests.postgres_cluster import Cluster, until

SEGMENTS = 4
"""More than a primary keeps that nobody asks to keep any."""


def remove_old_wal(cluster: Cluster) -> None:
    """Have the primary do at once what it does every few minutes: remove all of the log that nobody needs any more."""
    for _ in range(SEGMENTS):
        cluster.primary.ask("SELECT pg_logical_emit_message(false, 'a', 'change')")
        cluster.primary.ask("SELECT pg_switch_wal()")
        cluster.primary.ask("CHECKPOINT")


def test_standbys_that_heard_nothing_for_a_while_follow_again(lonely_postgres: Cluster) -> None:
    with lonely_postgres.silent_standbys():
        remove_old_wal(lonely_postgres)
    until(lonely_postgres.is_whole, "both standbys")


def test_a_standby_that_was_stopped_for_a_while_follows_again(lonely_postgres: Cluster) -> None:
    away, there = lonely_postgres.standbys
    away.stop()
    until(lambda: lonely_postgres.away() == [away], "it is missed")
    remove_old_wal(lonely_postgres)
    lonely_postgres.primary.stop()
    lonely_postgres.primary.start()
    away.start()
    until(lonely_postgres.is_whole, f"both standbys, {there.name} too")


def test_a_standby_that_can_not_follow_any_more_is_made_anew_and_told_once(
    lonely_postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_cluster, "MENDING_S", 0.5)
    away = lonely_postgres.standbys[0]
    away.stop()
    until(lambda: lonely_postgres.away() == [away], "it is missed")
    lonely_postgres.primary.ask("SELECT pg_drop_replication_slot(%s)", away.name)
    remove_old_wal(lonely_postgres)
    with pytest.raises(AssertionError, match="in vain: both standbys"):
        lonely_postgres.mend()
    assert lonely_postgres.is_whole()
