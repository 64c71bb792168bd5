"""What befalls houses and their store while bidders bid. After each trouble all houses and servers come back."""

import signal
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from benchmarks.load.postgres_servers import SYNCHRONOUS, until
from tests.takeover.premises import Premises

Trouble = Callable[[Premises], None]
AWAY_S: Final = 4.0
"""Longer than a stand-by waits for a silent owner."""

MOMENT_S: Final = (0.5, 3.8)
"""Around the moments at which an owner that the store does not hear freezes, steps down, and is followed by another."""


def let_pass(seconds: float) -> None:
    """Let time pass in which something is wrong."""
    threading.Event().wait(seconds)


def kill_the_owner(place: Premises) -> None:
    owner = place.owner
    owner.house.kill()
    place.wait_for_other_owner(owner)
    owner.house.start("stand-by")


def stop_the_owner_for_a_while(place: Premises) -> None:
    """As a virtual machine that is moved, or a laptop that sleeps; it wakes up as if nothing had happened."""
    owner = place.owner
    owner.house.signal(signal.SIGSTOP)
    place.wait_for_other_owner(owner)
    owner.house.signal(signal.SIGCONT)


def stop_the_owner_for_a_moment(place: Premises) -> None:
    """Stop it for about as long as it may own the sale unheard, so that it may wake up while another takes over."""
    owner = place.owner
    owner.house.signal(signal.SIGSTOP)
    let_pass(place.chance.uniform(*MOMENT_S))
    owner.house.signal(signal.SIGCONT)


def cut_the_owner_from_the_store_for_a_moment(place: Premises) -> None:
    """Cut it off for about as long: what it sent meanwhile arrives late, as TCP sends it again."""
    owner = place.owner
    owner.to_store.set(is_hole=True)
    let_pass(place.chance.uniform(*MOMENT_S))
    owner.to_store.set()


def cut_the_owner_from_the_store(place: Premises) -> None:
    owner = place.owner
    owner.to_store.set(is_hole=True)
    place.wait_for_other_owner(owner)
    owner.to_store.set()


def cut_the_owner_from_everybody(place: Premises) -> None:
    owner = place.owner
    owner.to_store.set(is_hole=True)
    owner.to_clients.set(is_hole=True)
    place.wait_for_other_owner(owner)
    owner.to_store.set()
    owner.to_clients.set()


def cut_the_owner_from_the_clients(place: Premises) -> None:
    """Cut it off; it remains the owner, since the store hears it, and the bidders come back to it."""
    owner = place.owner
    owner.to_clients.set(is_hole=True)
    let_pass(AWAY_S)
    owner.to_clients.set()
    assert place.owner is owner


def hand_over(place: Premises) -> None:
    owner = place.owner
    owner.house.order("hand-over")
    place.wait_for_other_owner(owner)


def race_of_those_who_stand_by(place: Premises) -> None:
    """Have all houses that stand by see the owner's end at the same moment; each term has one owner."""
    owner = place.owner
    for site in place.others:
        site.house.signal(signal.SIGSTOP)
    owner.house.kill()
    let_pass(AWAY_S)
    for site in place.others:
        site.house.signal(signal.SIGCONT)
    place.wait_for_other_owner(owner)
    owner.house.start("stand-by")
    terms = [site.house.term for site in place.sites if site.house.term]
    assert len(set(terms)) == len(terms), terms


def lose_the_answer_to_a_commit(place: Premises) -> None:
    """Lose it, so that nobody knows whether the commit is there. The owner finds out, or another house does."""
    owner = place.owner
    owner.to_store.cut_next_answers(1)
    until(lambda: owner.to_store.answers_to_cut == 0, "an answer of the store that is lost")


def empty_the_list_of_synchronous_standbys(place: Premises) -> None:
    """No commit counts meanwhile, and nobody can take over."""
    place.cluster.primary.set("synchronous_standby_names", "")
    let_pass(AWAY_S)
    place.cluster.primary.set("synchronous_standby_names", SYNCHRONOUS)


def lose_one_database_standby(place: Premises) -> None:
    """Nothing happens: the other one confirms."""
    owner, standby = place.owner, place.cluster.standbys[0]
    standby.stop()
    let_pass(1.0)
    assert place.owner is owner
    standby.start()
    until(place.cluster.is_whole, "both standbys")


def lose_all_database_standbys(place: Premises) -> None:
    """Nothing is decided meanwhile."""
    with ExitStack() as resources:
        for standby in place.cluster.standbys:
            standby.stop()
            resources.callback(standby.start)
        let_pass(AWAY_S)
    until(place.cluster.is_whole, "both standbys")


OF_HOUSES: Final[tuple[Trouble, ...]] = (
    kill_the_owner,
    stop_the_owner_for_a_while,
    stop_the_owner_for_a_moment,
    cut_the_owner_from_the_store,
    cut_the_owner_from_the_store_for_a_moment,
    cut_the_owner_from_the_clients,
    cut_the_owner_from_everybody,
    hand_over,
    lose_the_answer_to_a_commit,
    race_of_those_who_stand_by,
)
OF_THE_STORE: Final[tuple[Trouble, ...]] = (
    empty_the_list_of_synchronous_standbys,
    lose_one_database_standby,
    lose_all_database_standbys,
)
