"""Who is let in, on real sockets: a stranger learns nothing, from the broadcasts or from answers."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zmq

from common.codec import lot_topic, topic
from common.errors import RejectCode
from common.formats.english import BidRequest, BuyRequest
from common.keys import KeyPair, new_keys
from common.messages import (
    Accepted,
    AnyAnswer,
    AnyRequest,
    Heartbeat,
    Hello,
    LotEvents,
    LotRequest,
    MineRequest,
    Ping,
    Pong,
    Rejected,
    ReplayRequest,
    Role,
    SaleEvents,
    SnapshotRequest,
    Welcome,
)
from tests.abuse.honest_bidder import pusher_of
from tests.house_process import WAIT_S, HouseProcess, RawBidder, running_house

ROUNDS = 20
PROBE_MS = 700
"""Less than the 800 ms between two heartbeats, so that a lost probe is noticed though beats go on."""
REQUESTS: list[AnyRequest] = [
    Ping(id=20),
    SnapshotRequest(id=21),
    LotRequest(id=22, lot="1"),
    ReplayRequest(id=23, lot="1", after_seq=0),
    ReplayRequest(id=24, lot="", after_seq=0),
    BidRequest(id=25, lot="1", amount_minor=5000),
    BuyRequest(id=26, lot="1", price_minor=5000),
    MineRequest(id=27),
]


@pytest.fixture
def bidder() -> Iterator[Callable[..., RawBidder]]:
    """Return how to make a bidder, whose sockets are closed in the end."""
    made: list[RawBidder] = []

    def make(link: str, name: str, keys: KeyPair | None = None) -> RawBidder:
        made.append(RawBidder(link, name, keys))
        return made[-1]

    yield make
    for one in made:
        one.close()


def code_of(answer: AnyAnswer) -> RejectCode:
    assert isinstance(answer, Rejected), answer
    return answer.code


def subscribe_to_all(stranger: RawBidder) -> None:
    """Ask for all there is, and for a proof of it, over a connection that is surely tried."""
    stands = stranger.broadcasts.get_monitor_socket(zmq.EVENT_CONNECTED)
    fresh = stranger.broadcasts.get_string(zmq.LAST_ENDPOINT)
    stranger.broadcasts.disconnect(fresh)
    stranger.broadcasts.connect(fresh)
    assert stands.poll(int(WAIT_S * 1000)), "the stranger did not reach the house, so this proves nothing"
    stranger.broadcasts.disable_monitor()
    stands.close()
    for wanted in (b"", topic("beat"), topic("sale"), b"lot/", lot_topic("1"), topic("~" + os.urandom(8).hex())):
        stranger.broadcasts.subscribe(wanted)


@contextmanager
def told_to(admitted: RawBidder, *strangers: RawBidder) -> Iterator[None]:
    """Show that what is told to a bidder in this block and for two heartbeats more is not told to strangers."""
    for stranger in strangers:
        subscribe_to_all(stranger)
    admitted.subscribe(topic("beat"), topic("sale"), b"lot/")
    yield
    seen: set[type] = set()
    beats = 0
    while beats < 2 or not {LotEvents, SaleEvents} <= seen:
        told = admitted.next_broadcast()
        seen.add(type(told))
        beats += isinstance(told, Heartbeat)
    for stranger in strangers:
        assert not stranger.broadcasts.poll(0), stranger.broadcasts.recv()


def bid_and_announce(house: HouseProcess, admitted: RawBidder) -> None:
    assert isinstance(admitted.ask(BidRequest(id=10, lot="1", maximum_minor=5000)), Accepted)
    assert house.auctioneer("announce", "Only for those who are in").exit_code == 0


def assert_learns_nothing(stranger: RawBidder, *codes: RejectCode) -> None:
    """Ask for everything: only rejections come, and none of them says anything about a lot."""
    for request in REQUESTS:
        answer = stranger.ask(request)
        assert code_of(answer) in codes
        assert isinstance(answer, Rejected)
        assert (answer.seq, answer.board, answer.own, answer.late_ms) == (None, None, None, None)


def test_who_is_not_on_the_list_learns_nothing(tmp_path: Path, bidder: Callable[..., RawBidder]) -> None:
    keys = new_keys()
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "admitted-keys.txt").write_text(f"{keys.public} Ann\n")
    with running_house(tmp_path, "--admit", "list") as house:
        ann, eve, onlooker = (bidder(house.link, *who) for who in (("Ann", keys), ("Eve",), ("",)))
        assert isinstance(ann.hello(), Welcome)
        assert code_of(eve.hello()) is RejectCode.NOT_ADMITTED
        looking = Hello(id=1, versions=(1,), role=Role.OBSERVER)
        assert code_of(onlooker.ask(looking)) is RejectCode.NOT_ADMITTED
        with told_to(ann, eve, onlooker):
            bid_and_announce(house, ann)
            assert_learns_nothing(eve, RejectCode.HELLO_FIRST)


def test_who_has_not_the_invite_learns_nothing(tmp_path: Path, bidder: Callable[..., RawBidder]) -> None:
    with running_house(tmp_path, "--admit", "invite") as house:
        ann, eve = bidder(house.link, "Ann"), bidder(house.link, "Eve")
        assert ann.link.invite
        invited = Hello(id=1, versions=(1,), name="Ann", invite=ann.link.invite)
        assert isinstance(ann.ask(invited), Welcome)
        assert code_of(eve.hello()) is RejectCode.WRONG_INVITE
        with told_to(ann, eve):
            bid_and_announce(house, ann)
            assert_learns_nothing(eve, RejectCode.HELLO_FIRST)
        link = house.link
        house.kill_server()
        assert house.link == link, "the invite code is the same after a restart"
        assert isinstance(ann.hello(), Welcome)


def test_who_waits_for_approval_learns_nothing_until_it_is_given(
    tmp_path: Path, bidder: Callable[..., RawBidder]
) -> None:
    with running_house(tmp_path, "--admit", "approve") as house:
        ann, eve = bidder(house.link, "Ann"), bidder(house.link, "Eve")
        for one in (ann, eve):
            assert code_of(one.hello()) is RejectCode.AWAITING_APPROVAL
        assert house.auctioneer("admit", "Ann").exit_code == 0
        assert isinstance(ann.hello(), Welcome)
        with told_to(ann, eve):
            bid_and_announce(house, ann)
            assert_learns_nothing(eve, RejectCode.AWAITING_APPROVAL)

        house.kill_server()
        assert code_of(eve.hello()) is RejectCode.AWAITING_APPROVAL
        assert house.auctioneer("admit", "2").exit_code == 0
        assert isinstance(eve.hello(), Welcome)
        again = bidder(house.link, "", eve.keys)
        again.subscribe(topic("beat"))
        assert isinstance(again.next_broadcast(), Heartbeat)
        assert isinstance(eve.ask(BidRequest(id=25, lot="1", amount_minor=6000)), Accepted), "it was never decided"


def test_who_is_turned_out_is_out_though_connected(tmp_path: Path, bidder: Callable[..., RawBidder]) -> None:
    with running_house(tmp_path) as house:
        ann, eve = bidder(house.link, "Ann"), bidder(house.link, "Eve")
        for one in (ann, eve):
            assert isinstance(one.hello(), Welcome)
        counted = eve.ask(BidRequest(id=5, lot="2", amount_minor=5000))
        assert isinstance(counted, Accepted)
        assert house.auctioneer("turn-out", "Eve").exit_code == 0

        assert_learns_nothing(eve, RejectCode.NOT_ADMITTED)
        assert code_of(eve.hello()) is RejectCode.NOT_ADMITTED
        assert eve.ask(BidRequest(id=5, lot="2", amount_minor=5000)) == counted, "what was accepted stands"
        back = bidder(house.link, "Eve", eve.keys)
        with told_to(ann, back):
            bid_and_announce(house, ann)
        renamed = bidder(house.link, "EVE")
        assert code_of(renamed.hello()) is RejectCode.NAME_TAKEN

        assert house.auctioneer("admit", "Eve").exit_code == 0
        assert isinstance(eve.ask(Ping(id=30)), Pong)


def test_frames_that_are_no_subscription_open_no_door(tmp_path: Path, bidder: Callable[..., RawBidder]) -> None:
    """A stranger sends junk, an admitted bidder subscribes, and another stranger asks for something, all at once.

    The house is held while they do, so that it finds all of it waiting; libzmq would then give the bidder's
    subscription to the second stranger (see `auctioneer.network.subscriptions`).
    """
    with running_house(tmp_path) as house:
        ann = bidder(house.link, "Ann")
        assert isinstance(ann.hello(), Welcome)
        ann.subscribe(topic("beat"))
        lurker, *pushers = (pusher_of(bidder(house.link, "Eve")) for _ in range(ROUNDS + 1))
        try:
            for pusher in pushers:  # each has a key of its own, since the house lets none in again at once
                os.kill(house.server_pid, signal.SIGSTOP)
                pusher.send(b"no subscription")
                ann.broadcasts.unsubscribe(topic("beat"))
                ann.broadcasts.subscribe(topic("beat"))
                lurker.send(b"\x01" + os.urandom(8))
                os.kill(house.server_pid, signal.SIGCONT)
                assert isinstance(ann.ask(Ping(id=20)), Pong)
            subscribe_anew(ann)
            for _ in range(2):
                while not isinstance(ann.next_broadcast(), Heartbeat):
                    continue
            for stranger in (lurker, *pushers):
                assert not stranger.poll(0), stranger.recv()
        finally:
            for stranger in (lurker, *pushers):
                stranger.close()


def subscribe_anew(bidder: RawBidder) -> None:
    """Subscribe and probe until there is an answer, as the protocol asks of clients."""
    while True:
        probe = topic("~" + os.urandom(8).hex())
        bidder.broadcasts.unsubscribe(topic("beat"))
        for wanted in (topic("beat"), probe):
            bidder.broadcasts.subscribe(wanted)
        while bidder.broadcasts.poll(PROBE_MS):
            if bidder.broadcasts.recv().startswith(probe):
                return
