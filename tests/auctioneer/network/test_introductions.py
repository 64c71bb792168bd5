"""Without CURVE a connection is who its first hello says, and a crowd of others takes that from nobody who speaks."""

from auctioneer.network.introductions import Introductions
from common.codec import encode
from common.limits import PROTOCOL_VERSION
from common.messages import Hello, Ping
from tests.auctioneer.house.house_examples import ANN, BOB, CAT

PING = encode(Ping(id=1))


def hello(key: str) -> bytes:
    return encode(Hello(id=1, versions=(PROTOCOL_VERSION,), name="Somebody", key=key))


def test_a_connection_is_itself_until_it_says_who_it_is_and_stays_that() -> None:
    connections = Introductions()
    assert connections.principal(b"\0a", PING) == "0061"
    assert connections.principal(b"\0a", b"junk") == "0061"
    assert connections.principal(b"\0a", hello("")) == "0061"
    assert connections.principal(b"\0a", hello(ANN)) == ANN
    assert connections.principal(b"\0a", hello(BOB)) == ANN
    assert connections.principal(b"\0a", b"junk") == ANN
    assert connections.principal(b"\0b", PING) == "0062"


def test_of_too_many_the_longest_silent_is_forgotten_and_nobody_else() -> None:
    connections = Introductions(connections_max=2)
    connections.principal(b"a", hello(ANN))
    connections.principal(b"b", hello(BOB))
    connections.principal(b"a", PING)
    connections.principal(b"c", hello(CAT))
    assert connections.principal(b"a", PING) == ANN
    assert connections.principal(b"c", PING) == CAT
    assert connections.principal(b"b", PING) == b"b".hex(), "has to say hello again"
    assert connections.principal(b"b", hello(BOB)) == BOB
