"""Who may hear the broadcasts, as the door is told; what libzmq does with the word is tried in `tests/integration`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import zmq
from zmq.utils import z85

from auctioneer.house.admission import Admission
from auctioneer.house.commands import Appoint, Dismiss
from auctioneer.network import door
from auctioneer.network.door import TURNED_AWAY_S, Audience, Controllers, Door, Public, TurnedAway, Word
from auctioneer.rules.sale_settings import AdmissionMode
from common.messages import Role
from tests.auctioneer.house.house_examples import ANN, BOB, HOUR_MS, SmallSale


@contextmanager
def closing_context() -> Iterator["zmq.Context[zmq.SyncSocket]"]:
    context = zmq.Context()
    try:
        yield context
    finally:
        context.destroy(linger=0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_who_was_turned_away_may_come_back_after_a_while() -> None:
    clock = Clock()
    turned_away = TurnedAway(clock)
    turned_away.add("eve")
    assert "eve" in turned_away
    assert "ann" not in turned_away
    clock.now_s += TURNED_AWAY_S - 0.001
    assert "eve" in turned_away
    clock.now_s += 0.001
    assert "eve" not in turned_away


def test_turning_away_again_begins_anew() -> None:
    clock = Clock()
    turned_away = TurnedAway(clock)
    turned_away.add("eve")
    clock.now_s += TURNED_AWAY_S - 1
    turned_away.add("eve")
    clock.now_s += TURNED_AWAY_S - 1
    assert "eve" in turned_away


def test_so_many_are_remembered_and_the_oldest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TURNED_AWAY_MAX", 2)
    turned_away = TurnedAway(Clock())
    for key in ("first", "second", "first", "third"):
        turned_away.add(key)
    assert [key in turned_away for key in ("first", "second", "third")] == [True, False, True]


def test_who_was_turned_away_comes_to_no_endpoint() -> None:
    turned_away = TurnedAway(Clock())
    turned_away.add("eve")
    for rule in (Public(turned_away), Audience(turned_away)):
        assert rule("eve") is Word.NOT_NOW
        assert rule("ann") is Word.COME_IN


@pytest.mark.parametrize(
    ("admission", "stranger", "listed"),
    [
        (Admission(), Word.COME_IN, Word.COME_IN),
        (Admission(AdmissionMode.LIST, listed=frozenset({"listed"})), Word.NOT_NOW, Word.COME_IN),
        (Admission(AdmissionMode.INVITE, "come in"), Word.NOT_NOW, Word.NOT_NOW),
        (Admission(AdmissionMode.APPROVE), Word.NOT_NOW, Word.NOT_NOW),
    ],
    ids=lambda value: value.mode.value if isinstance(value, Admission) else "",
)
def test_who_is_not_enrolled_hears_the_broadcasts_where_a_hello_would_do(
    admission: Admission, stranger: Word, listed: Word
) -> None:
    audience = Audience(TurnedAway())
    assert audience("stranger") is Word.COME_IN, "while a house reads its record it turns nobody away"
    audience.ask(SmallSale(admission=admission).house.may_connect)
    assert audience("stranger") is stranger
    assert audience("listed") is listed


def test_who_looks_on_by_invitation_hears_and_who_was_turned_out_does_not() -> None:
    admission = Admission(AdmissionMode.INVITE, "come in")
    sale = SmallSale(admission=admission)
    audience = Audience(TurnedAway())
    audience.ask(sale.house.may_connect)
    sale.hello(ANN, "Ann", invite="come in")
    sale.hello(BOB, role=Role.OBSERVER, invite="come in")
    assert [audience(key) for key in (ANN, BOB)] == [Word.COME_IN, Word.COME_IN]
    sale.house.admit(sale.now_ms, "auctioneer", 1, admitted=False)
    assert [audience(key) for key in (ANN, BOB)] == [Word.NOT_NOW, Word.COME_IN]


def test_commands_are_for_who_gives_them_now_and_for_nobody_before_that_is_known() -> None:
    """Not for good before that: a house that was just restarted reads its record, and its clerks try again."""
    controllers, sale = Controllers(TurnedAway()), SmallSale()
    assert controllers("e" * 40) is Word.NOT_NOW
    controllers.ask(lambda key: sale.house.may_command(key, sale.now_ms))
    assert controllers("e" * 40) is Word.NEVER
    sale.order(Appoint(name="eve", key="e" * 40, rights=(), valid_ms=HOUR_MS))
    assert controllers("e" * 40) is Word.COME_IN
    sale.order(Dismiss(name="eve"))
    assert controllers("e" * 40) is Word.NEVER


def test_the_door_speaks_for_the_rule_of_the_endpoint_and_only_to_keys() -> None:
    key = bytes(range(32))
    words = {"in": Word.COME_IN, "later": Word.NOT_NOW, "out": Word.NEVER}
    asked: list[str] = []

    def rule(word: Word) -> Callable[[str], Word]:
        def answer(whose: str) -> Word:
            asked.append(whose)
            return word

        return answer

    with closing_context() as context:
        door_ = Door(context, {domain: rule(word) for domain, word in words.items()})
        libzmq = context.socket(zmq.REQ)
        libzmq.connect("inproc://zeromq.zap.01")

        def ask(domain: str, mechanism: bytes, *credentials: bytes) -> tuple[bytes, bytes]:
            libzmq.send_multipart([b"1.0", b"7", domain.encode(), b"address", b"identity", mechanism, *credentials])
            version, request, status, _, user_id, _ = libzmq.recv_multipart()
            assert (version, request) == (b"1.0", b"7")
            return status, user_id

        assert ask("in", b"CURVE", key) == (b"200", z85.encode(key))
        assert ask("later", b"CURVE", key) == (b"300", b"")
        assert ask("out", b"CURVE", key) == (b"400", b"")
        assert ask("in", b"NULL") == (b"400", b""), "whoever has no key is nobody"
        assert set(asked) == {z85.encode(key).decode()}
        door_.close()
