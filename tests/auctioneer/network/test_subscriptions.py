"""Who is granted which subscription, on real sockets: libzmq's own bookkeeping is half of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq

from auctioneer.network import subscriptions
from auctioneer.network.subscriptions import Subscriptions
from common.codec import lot_topic, topic
from common.limits import SUBSCRIPTIONS_MAX, TOPIC_BYTES_MAX
from common.lot import SALE_STREAM
from common.sockets import set_publisher

WAIT_MS = 60_000
PROBE = topic("~" + "0123456789abcdef")


class Desk:
    """A publisher with its subscriptions, and peers that connect to it; every peer may be one of several principals."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", address: str) -> None:
        self._context = context
        self.publisher = context.socket(zmq.XPUB)
        set_publisher(self.publisher, 1024)
        self.publisher.bind(address)
        self.turned_away: list[str] = []
        self.subscriptions = Subscriptions(self.publisher, self.turned_away.append)
        self._peers: list[zmq.SyncSocket] = []

    def peer(self) -> zmq.SyncSocket:
        """Return a peer that is known to be connected: its first subscription has come, and was not granted."""
        peer = self._context.socket(zmq.XSUB)
        peer.connect(self.publisher.getsockopt_string(zmq.LAST_ENDPOINT))
        self._peers.append(peer)  # kept, so that the context closes it and not the garbage collector
        first = b"\x01?%d" % len(self._peers)
        peer.send(first)
        assert self.next_message() == first
        return peer

    @property
    def handle(self) -> int | None:
        """That of the connection which the last message came over."""
        return self.subscriptions._handle

    def next_message(self) -> bytes:
        """Return the next message from any peer, without granting it."""
        assert self.publisher.poll(WAIT_MS), "nothing came"
        asked = self.subscriptions.receive()
        assert asked is not None
        assert asked.principal is None, "without CURVE nobody is authenticated"
        return asked.message

    def grant(self, principal: str = "ann") -> bytes | None:
        """Take the next message as that of a principal, and return the topic of a probe."""
        probe = self.subscriptions.grant(principal, self.next_message())
        return None if probe is None else probe.topic

    def in_force(self, peer: zmq.SyncSocket, principal: str = "ann") -> int:
        """Return what a probe of this peer tells."""
        peer.send(b"\x01" + PROBE)
        probe = self.subscriptions.grant(principal, self.next_message())
        assert probe is not None
        self.subscriptions.forget_probe(probe.topic)
        return probe.subscriptions


@contextmanager
def open_desk(address: str) -> Iterator[Desk]:
    context = zmq.Context()
    try:
        desk = Desk(context, address)
        yield desk
    finally:
        context.destroy(linger=0)


@pytest.fixture(params=["inproc://desk", "tcp://127.0.0.1:*"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with open_desk(request.param) as desk:
        yield desk


def heard(desk: Desk, peer: zmq.SyncSocket, *frames: bytes) -> list[bytes]:
    """Publish frames, and return those that the peer gets; what was granted last shows that no more can come."""
    for frame in frames:
        desk.publisher.send(frame)
    peer.send(b"\x01" + PROBE)
    assert desk.grant("judge") == PROBE
    desk.publisher.send(PROBE)
    desk.subscriptions.forget_probe(PROBE)
    got = []
    while (frame := next_frame(peer)) != PROBE:
        got.append(frame)
    assert desk.subscriptions.receive() is None
    return got


def next_frame(peer: zmq.SyncSocket) -> bytes:
    assert peer.poll(WAIT_MS), "nothing came"
    return peer.recv()


@pytest.mark.parametrize(
    ("wanted", "published"),
    [
        (topic("beat"), topic("beat")),
        (topic("sale"), topic("sale")),
        (lot_topic("7"), lot_topic("7")),
        (b"lot/", lot_topic("7")),
        (b"", lot_topic("7")),
    ],
)
def test_topics_of_the_protocol_are_granted(desk: Desk, wanted: bytes, published: bytes) -> None:
    peer = desk.peer()
    assert heard(desk, peer, published + b"early") == [], "nothing is delivered before it is granted"
    peer.send(b"\x01" + wanted)
    assert desk.grant() is None
    assert heard(desk, peer, published + b"x", b"other\0y") == [published + b"x"] + [b"other\0y"] * (wanted == b"")


@pytest.mark.parametrize(
    "wanted",
    [
        b"be",
        b"beat",
        b"sal",
        b"lot",
        b"l",
        b"secret\0",
        b"\0",
        b"sale\0x",
        b"?",
        b"lot/1",
        b"lot/\0",
        b"lot/1\0\0",
        b"~",
        b"~\0",
        b"~a\0",
        b"~0123456789abcde\0",
        b"~0123456789abcdef",
        b"~0123456789abcdeg\0",
        b"~0123456789abcdef\0\0",
    ],
)
def test_other_topics_are_not(desk: Desk, wanted: bytes) -> None:
    peer = desk.peer()
    peer.send(b"\x01" + wanted)
    assert desk.grant() is None
    assert heard(desk, peer, wanted + b"x", topic("beat"), topic("sale"), lot_topic("1")) == []


def test_who_sends_what_is_no_subscription_is_cut_off() -> None:
    with open_desk("tcp://127.0.0.1:*") as desk:
        peer = desk.peer()
        peer.send(b"\x05junk")
        assert desk.next_message() == b"\x05junk"
        assert desk.next_message() == b"\x00?1", "what libzmq says when a connection has ended"


def test_a_topic_may_be_as_long_as_the_bound_and_no_longer(desk: Desk) -> None:
    peer = desk.peer()
    longest = b"~".ljust(TOPIC_BYTES_MAX - 1, b"a") + b"\0"
    for wanted in (longest, longest.replace(b"~", b"~a")):
        peer.send(b"\x01" + wanted)
        assert desk.grant() == (wanted if len(wanted) <= TOPIC_BYTES_MAX else None)


def test_an_unsubscription_ends_delivery_and_gives_the_place_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "SUBSCRIPTIONS_MAX", 1)
    peer = desk.peer()
    for message in (b"\x01" + lot_topic("1"), b"\x00" + lot_topic("1"), b"\x01" + lot_topic("2")):
        peer.send(message)
        assert desk.grant() is None
    assert heard(desk, peer, lot_topic("1"), lot_topic("2")) == [lot_topic("2")]


def test_a_connection_has_places_for_so_many_lots_and_for_all_else(desk: Desk) -> None:
    first, second = desk.peer(), desk.peer()
    names = [str(number) for number in range(SUBSCRIPTIONS_MAX + 1)]
    for name in names:
        first.send(b"\x01" + lot_topic(name))
        desk.grant()
    assert heard(desk, first, *map(lot_topic, names)) == [lot_topic(name) for name in names[:-1]]
    first.send(b"\x01" + lot_topic("0"))
    desk.grant()
    assert desk.in_force(first) == SUBSCRIPTIONS_MAX, "a topic that has its place takes no other"
    for wide in (topic("beat"), topic("sale"), b"lot/", b""):
        first.send(b"\x01" + wide)
        desk.grant()
    assert desk.in_force(first) == SUBSCRIPTIONS_MAX + 4

    second.send(b"\x01" + lot_topic("more"))
    desk.grant("bob")
    assert heard(desk, second, lot_topic("more")) == [lot_topic("more")], "each connection has its own"


def test_a_probe_tells_what_was_refused() -> None:
    with open_desk("tcp://127.0.0.1:*") as desk:
        peer, other = desk.peer(), desk.peer()
        assert desk.in_force(peer) == 0, "its first subscription was refused"
        for wanted, in_force in (
            (topic("beat"), 1),
            (topic("beat"), 1),
            (b"lot/1", 1),
            (b"lot/", 2),
            (lot_topic("1"), 3),
            (b"secret\0", 3),
        ):
            peer.send(b"\x01" + wanted)
            desk.grant()
            assert desk.in_force(peer) == in_force, wanted
        peer.send(b"\x00lot/")
        desk.grant()
        assert desk.in_force(peer) == 2
        assert desk.in_force(other) == 0, "of its own connection"


def test_places_end_with_their_connection() -> None:
    """Also where the next connection has the handle of the one that ended, and nobody has looked in between."""
    with open_desk("tcp://127.0.0.1:*") as desk:
        for turn in range(5):
            peer = desk.peer()
            for number in range(SUBSCRIPTIONS_MAX):
                peer.send(b"\x01" + lot_topic(f"{turn}-{number}"))
                desk.grant()
            assert desk.in_force(peer) == SUBSCRIPTIONS_MAX
            peer.close(linger=0)
            for _ in range(SUBSCRIPTIONS_MAX + 2):  # with its first one, and the probe
                assert desk.next_message().startswith(b"\x00")


def test_probes_are_answered_forgotten_and_not_counted(desk: Desk) -> None:
    peer = desk.peer()
    for number in range(SUBSCRIPTIONS_MAX + 10):
        probe = topic(f"~{number:016x}")
        peer.send(b"\x01" + probe)
        assert desk.grant() == probe
        desk.publisher.send(probe + b"answer")
        desk.subscriptions.forget_probe(probe)
        desk.publisher.send(probe + b"late")
        assert next_frame(peer) == probe + b"answer"
    peer.send(b"\x01" + topic("beat"))
    desk.grant()
    assert heard(desk, peer, topic("beat")) == [topic("beat")]


def test_a_disconnected_peer_leaves_grants_in_step(desk: Desk) -> None:
    """The publisher tells of the unsubscriptions of one who left, and those must not be charged to somebody else."""
    leaver, stayer = desk.peer(), desk.peer()
    leaver.send(b"\x01" + topic("beat"))
    desk.grant("bob")
    leaver.close()
    assert {desk.next_message(), desk.next_message()} == {b"\x00?1", b"\x00" + topic("beat")}
    stayer.send(b"\x01" + topic("beat"))
    desk.grant()
    assert heard(desk, stayer, topic("beat")) == [topic("beat")]


def test_the_same_subscription_twice_is_told_twice_and_granted_to_its_peer(desk: Desk) -> None:
    first, second = desk.peer(), desk.peer()
    for peer in (first, first, second):
        peer.send(b"\x01" + topic("beat"))
        desk.grant()
    assert heard(desk, first, topic("beat")) == [topic("beat")]
    assert next_frame(second) == topic("beat")


@pytest.mark.parametrize("junk", [b"no subscription", b"\x02lot/", b""])
def test_no_message_makes_a_grant_go_to_another_peer(junk: bytes) -> None:
    """A stranger sends what is no subscription, an admitted bidder subscribes, and another stranger asks for anything.

    libzmq would then give the bidder's subscription to the second stranger. Within a process, messages wait in the
    order in which they were sent.
    """
    with open_desk("inproc://desk") as desk:
        pusher, bidder, lurker = desk.peer(), desk.peer(), desk.peer()
        pusher.send(junk)
        bidder.send(b"\x01lot/")
        lurker.send(b"\x01anything")
        for expected in (junk, b"\x01lot/", b"\x01anything"):
            assert desk.next_message() == expected, "the attack needs this order"
            if expected == b"\x01lot/":
                assert desk.subscriptions.grant("ann", expected) is None
        assert desk.subscriptions.receive() is None
        assert heard(desk, lurker, lot_topic("1")) == []

        bidder.send(b"\x01lot/")
        assert desk.grant() is None
        assert heard(desk, bidder, lot_topic("1")) == [lot_topic("1")], "once nothing waits, grants are right again"
        assert heard(desk, lurker, lot_topic("1")) == []


def test_deliveries_are_counted_by_what_each_connection_follows() -> None:
    told = ["1", "2", "3", SALE_STREAM]
    with open_desk("tcp://127.0.0.1:*") as desk:
        assert desk.subscriptions.deliveries(len(told), told) == 0
        one, two, wide = desk.peer(), desk.peer(), desk.peer()
        for peer, message, deliveries in (
            (one, b"\x01" + lot_topic("1"), 1),
            (one, b"\x01" + lot_topic("1"), 1),  # the same again brings nothing more
            (two, b"\x01" + lot_topic("1"), 2),
            (two, b"\x01" + lot_topic("2"), 3),
            (two, b"\x01" + topic("sale"), 4),
            (two, b"\x01" + topic("beat"), 4),
            (wide, b"\x01lot/", 8),
            (two, b"\x00" + lot_topic("1"), 7),
            (wide, b"\x00lot/", 3),
            (one, b"\x01secret", 3),
            (one, b"\x01" + topic("lot/\x80"), 3),
        ):
            peer.send(message)
            desk.grant()
            assert desk.subscriptions.deliveries(len(told), told) == deliveries, message


def test_a_lot_is_followed_while_a_connection_has_its_own_topic() -> None:
    with open_desk("tcp://127.0.0.1:*") as desk:
        one, two = desk.peer(), desk.peer()
        for peer, message, is_followed in (
            (one, b"\x01lot/", False),
            (one, b"\x01", False),
            (one, b"\x01" + lot_topic("2"), False),
            (one, b"\x01" + lot_topic("1"), True),
            (two, b"\x01" + lot_topic("1"), True),
            (one, b"\x00" + lot_topic("1"), True),
            (two, b"\x00" + lot_topic("1"), False),
        ):
            peer.send(message)
            desk.grant()
            assert desk.subscriptions.is_followed("1") is is_followed, message


def test_every_lot_is_followed_once_somebody_follows_one_who_can_not_be_told_from_others() -> None:
    """Over `inproc` a connection has no handle."""
    with open_desk("inproc://desk") as desk:
        peer = desk.peer()
        for message, is_followed in (
            (b"\x01lot/", False),
            (b"\x01" + topic("beat"), False),
            (b"\x01" + lot_topic("1"), True),
        ):
            peer.send(message)
            desk.grant()
            assert desk.subscriptions.is_followed("2") is is_followed


def test_who_has_left_is_no_listener_any_more() -> None:
    told = ["1"]
    with open_desk("tcp://127.0.0.1:*") as desk:
        peer, staying = desk.peer(), desk.peer()
        for one in (peer, staying):
            one.send(b"\x01" + lot_topic("1"))
            desk.grant()
        desk.subscriptions.forget_gone()
        assert desk.subscriptions.deliveries(len(told), told) == 2
        peer.close(linger=0)
        desk.next_message()  # its subscription ends, and right after that its handle is closed
        until_s = time.monotonic() + WAIT_MS / 1000
        while desk.subscriptions.deliveries(len(told), told) != 1:
            assert time.monotonic() < until_s, "it is still counted"
            desk.subscriptions.forget_gone()


def test_who_is_turned_out_is_no_listener_any_more() -> None:
    told = ["1"]
    with open_desk("tcp://127.0.0.1:*") as desk:
        eve, ann = desk.peer(), desk.peer()
        for peer, principal in ((eve, "eve"), (ann, "ann")):
            peer.send(b"\x01" + lot_topic("1"))
            desk.grant(principal)
        desk.subscriptions.cut_off("eve")
        assert desk.subscriptions.deliveries(len(told), told) == 1


def test_a_handle_that_another_has_by_now_is_that_others() -> None:
    """The system gives the handle of a connection that ended to the next one, maybe before anybody looked."""
    with open_desk("tcp://127.0.0.1:*") as desk:
        handles = set()
        for turn in range(100):
            peer = desk.peer()
            peer.send(b"\x01" + lot_topic(f"{turn}"))
            desk.grant(f"bidder {turn}")
            if desk.handle in handles:
                break
            handles.add(desk.handle)
            peer.close(linger=0)
            assert {desk.next_message(), desk.next_message()} == {
                b"\x00?%d" % (turn + 1),
                b"\x00" + lot_topic(f"{turn}"),
            }
        else:
            raise AssertionError("no handle was used again")
        assert desk.in_force(peer, f"bidder {turn}") == 1
        for before in range(turn):
            desk.subscriptions.cut_off(f"bidder {before}")
        desk.publisher.send(lot_topic(f"{turn}"))
        assert next_frame(peer) == lot_topic(f"{turn}"), "it was not cut off with who had the handle before"
        desk.subscriptions.cut_off(f"bidder {turn}")
        assert desk.next_message() in {b"\x00?%d" % (turn + 1), b"\x00" + lot_topic(f"{turn}")}
        assert not desk.subscriptions.is_followed(f"{turn}")
