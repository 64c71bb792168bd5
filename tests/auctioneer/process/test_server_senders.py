"""Who the server hears: known keys within their budgets, well-formed messages, listeners who are admitted."""

import socket
from functools import partial
from itertools import pairwise

import msgpack
import pytest

from auctioneer.house.budgets import BURST_S, DEFAULT_REQUESTS_PER_S
from auctioneer.house.commands import Admit, Announce
from auctioneer.process.server import BATCH_SUBSCRIPTIONS_MAX, PASSED_OVER_MAX
from common.codec import encode, topic
from common.limits import FRAMES_MAX, PROTOCOL_VERSION
from common.messages import Hello, Ping, Probed, Rejected, SaleEvents, Welcome
from tests.auctioneer.house.house_examples import ANN, BOB
from tests.auctioneer.process.served_sale import Answered, Opens, Published, Stored, bid
from tests.must_be import must_be

ALL_LOTS = b"lot/"
PROBE = topic("~" + "0123456789abcdef")


# --- budgets and strangers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("splits", [False, True])
def test_who_goes_on_beyond_every_budget_gets_silence_and_keeps_nobody_waiting(hold: Opens, splits: bool) -> None:
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(90, lambda: sale.requests.frames.update({ANN: 3} if splits else {}))
    sale.at(100, *[partial(sale.ask, ann, Ping(id=2 + number)) for number in range(2500)])
    read: list[int] = []

    def both() -> None:
        read.append(sale.reads)
        sale.ask(bob, Ping(id=7))
        for number in range(400):
            sale.ask(ann, Ping(id=3000 + number))

    sale.at(110, both)
    sale.run(200)
    assert len(sale.answers(ANN)) < 2100
    (answered,) = [
        one.reads for one in sale.told if isinstance(one, Answered) and one.key == BOB and one.request_id == 7
    ]
    assert read[0] < answered <= read[0] + 1 + (1 if splits else PASSED_OVER_MAX) + 10, "ten are in the budget again"


@pytest.mark.parametrize(("frames", "is_answered"), [(2, True), (FRAMES_MAX - 1, True), (FRAMES_MAX, False)])
def test_a_message_of_several_frames_is_refused_and_of_very_many_not_even_answered(
    hold: Opens, frames: int, is_answered: bool
) -> None:
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(90, lambda: sale.requests.frames.update({ANN: frames}))
    sale.at(100, lambda: sale.ask(ann, Ping(id=7)), lambda: sale.ask(bob, Ping(id=8)))
    sale.run(200)
    assert [type(one) for one in sale.answers(ANN)] == [Rejected] * is_answered
    assert [one.id for one in sale.answers(BOB)] == [8], "all of it was read"
    assert sale.turned_away == [ANN] * (not is_answered)


def test_a_message_of_several_frames_ends_a_turn(hold: Opens) -> None:
    """It may have been of thousands, and meanwhile a lot may have to be closed."""
    sale = hold()
    ann, bob = sale.bidder(ANN, "Ann"), sale.bidder(BOB, "Bob")
    sale.at(90, lambda: sale.requests.frames.update({ANN: FRAMES_MAX}))
    sale.at(100, *[partial(sale.ask, line, Ping(id=2 + number)) for number in range(9) for line in (bob, ann)])
    sale.run(200)
    answered = [one.reads for one in sale.told if isinstance(one, Answered) and one.key == BOB]
    assert [after - before for before, after in pairwise(answered)][1:] == [2] * 8


def test_nobody_is_heard_whose_key_is_not_known(hold: Opens) -> None:
    sale = hold()
    sale.bidder("", "Ann")
    sale.run(100)
    assert not [one for one in sale.told if isinstance(one, Answered)]


def test_a_command_of_a_key_that_is_not_on_the_list_is_refused(hold: Opens) -> None:
    sale = hold()
    sale.at(100, lambda: sale.order(Announce(text="x"), key=ANN))
    sale.run(200)
    (answer,) = [msgpack.unpackb(one.answer) for one in sale.told if isinstance(one, Answered)]
    assert (answer["type"], answer["code"]) == ("rejected", "forbidden")
    assert not sale.published(SaleEvents)


# --- who is who ----------------------------------------------------------------------------------------------------


def test_without_encryption_a_connection_is_who_its_first_hello_says(hold: Opens) -> None:
    sale = hold(is_encrypted=False)

    def hello(number: int, key: str, name: str) -> bytes:
        return encode(Hello(id=number, versions=(PROTOCOL_VERSION,), name=name, key=key))

    first, second, other = sale.line("1"), sale.line("2"), sale.line("3")
    for line, body in (
        (first, hello(2, ANN, "Ann")),
        (second, hello(2, ANN, "")),
        (other, hello(2, "", "Cat")),
        (sale.line("4"), hello(2, "", "Dan")),
        (first, hello(3, BOB, "")),
    ):
        line.send(body)
    sale.run(100)
    paddles = [(one.key, must_be(Welcome, one.answer).paddle) for one in sale.told if isinstance(one, Answered)]
    assert paddles == [("1", 1), ("2", 1), ("3", 2), ("4", 3), ("1", 1)]


def test_who_is_turned_out_hears_no_more(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    sale.bidder(BOB, "Bob")
    far: dict[str, socket.socket] = {}
    sale.at(5, lambda: far.update({key: sale.listener(key, ALL_LOTS)[1] for key in (ANN, BOB)}))
    sale.at(100, lambda: sale.order(Admit(bidder="Bob", admitted=True)))
    sale.at(110, lambda: sale.order(Admit(bidder="Ann", admitted=False)))
    sale.run(200)
    for one in far.values():
        one.settimeout(0.2)
    assert far[ANN].recv(1) == b"", "the connection was ended"
    with pytest.raises(TimeoutError):
        far[BOB].recv(1)


def test_who_asks_for_more_broadcasts_than_the_budget_has_is_cut_off(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, *[b"lot/%d\0" % number for number in range(1200)]))
    sale.run(200)
    assert set(sale.turned_away) == {ANN}


def many_probes() -> list[bytes]:
    """Return more probes than the budget of a key has, and a second's worth besides."""
    return [topic(f"~{number:016x}") for number in range((BURST_S + 1) * DEFAULT_REQUESTS_PER_S)]


def test_what_is_beyond_the_budget_is_not_granted(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    sale.at(5, lambda: sale.listener(ANN, *many_probes()))
    sale.run(200)
    assert len(sale.published(Probed)) <= (BURST_S + 0.5) * DEFAULT_REQUESTS_PER_S


def test_what_comes_without_a_key_cuts_nobody_off(hold: Opens) -> None:
    """It is libzmq's own word on a connection that ended, whose handle may be another's by now."""
    sale = hold()
    far: list[socket.socket] = []
    sale.at(5, lambda: far.append(sale.listener("", *many_probes())[1]))
    sale.run(200)
    far[0].settimeout(0.2)
    with pytest.raises(TimeoutError):
        far[0].recv(1)


def test_a_probe_is_answered_on_its_own_topic_and_forgotten(hold: Opens) -> None:
    sale = hold()
    sale.bidder(ANN, "Ann")
    lines = []
    sale.at(5, lambda: lines.append(sale.listener(ANN, ALL_LOTS, PROBE)[0]))
    sale.run(100)
    assert [one.topic + b"\0" for one in sale.published(Probed)] == [PROBE]
    assert lines[0].topics == {ALL_LOTS}


def test_a_crowd_of_listeners_keeps_a_bid_waiting_for_a_part_of_it_only(hold: Opens) -> None:
    sale = hold()
    ann = sale.bidder(ANN, "Ann")
    probes = [topic(f"~{number:016x}") for number in range(BATCH_SUBSCRIPTIONS_MAX + 1)]
    sale.at(100, lambda: sale.listener(ANN, *probes), lambda: sale.ask(ann, bid(10, 1000)))
    sale.run(110)
    then = [type(one) for one in sale.told if one.at_ms == sale.began_ms + 100]
    assert then == [*[Published] * BATCH_SUBSCRIPTIONS_MAX, Stored, Answered, Published, Published]


def test_who_is_not_admitted_hears_nothing(hold: Opens) -> None:
    sale = hold()
    lines = []
    sale.at(5, lambda: lines.append(sale.listener(ANN, ALL_LOTS, PROBE)[0]))
    sale.run(100)
    assert not sale.published(Probed)
    assert not lines[0].topics
