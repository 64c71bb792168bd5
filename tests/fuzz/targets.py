"""The fuzzed targets. A target takes any bytes; it raises if the program does something undocumented."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, get_args

from msgspec import to_builtins

from auctioneer.audit.invariants import check, check_same_state
from auctioneer.audit.verify import verify
from auctioneer.house.commands import AnyControlAnswer, CloseLot, Undo, decode_control_answer
from auctioneer.house.control.carry_out import carry_out as carry_out_command
from common.codec import decode_answer, decode_broadcast, encode
from common.errors import ProtocolError
from tests.auctioneer.house.house_examples import ANN, BOB, CHAIR, CLERK, SmallSale, bid, lot, lots, maximum
from tests.fuzz.journal_target import cell_seeds, damage_cells, damage_journal, damage_seeds
from tests.fuzz.session_target import play_session, session_seeds
from tests.fuzz.snapshot_target import damage_snapshot, snapshot_seeds
from tests.rejections import check_request

VECTORS: Final = json.loads((Path(__file__).resolve().parents[2] / "docs" / "vectors.json").read_text())


class Target(NamedTuple):
    """`seeds` are made at first use; `runs_quick` take about two seconds."""

    check: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    runs_quick: int
    runs_torture: int


def check_answer(body: bytes) -> None:
    """Read an answer as a client; at worst the peer broke the protocol."""
    try:
        answer = decode_answer(body)
    except ProtocolError:
        return
    assert decode_answer(encode(answer)) == answer


def check_broadcast(frame: bytes) -> None:
    """Read a broadcast as a client; at worst the peer broke the protocol."""
    try:
        decode_broadcast(frame)
    except ProtocolError:
        return


def check_command(body: bytes) -> None:
    """Give a command as a clerk and as the auctioneer: it is carried out or refused, and the sale stays sound."""
    sale = _corrected_sale()
    for who in (CLERK, CHAIR):
        answer = carry_out_command(sale.house, who, body, sale.now_ms)
        assert isinstance(answer, get_args(AnyControlAnswer)), answer
        decode_control_answer(encode(answer))
    sale.commit()
    check(sale.house.engine)
    check_same_state(sale.house.engine.state, sale.rebuilt().engine.state)
    assert verify(enumerate(sale.record, start=1)).mismatch is None


def _corrected_sale() -> SmallSale:
    """Return a sale that asks: two bid on lot 1, lot 2 is sold to Ann (1), and lot 3 waits for her answer."""
    sale = SmallSale(*lots(3), corrections=True, revived_answer_ms=60_000)
    sale.join(ANN, "Ann")
    sale.join(BOB, "Bob")
    sale.ask(ANN, maximum(10))
    sale.ask(BOB, bid(10, 2000))
    sale.ask(ANN, bid(11, 1500, "2"))
    sale.order(CloseLot(lot="2"))
    sale.ask(ANN, bid(12, 1500, "3"))
    sale.ask(BOB, bid(11, 2000, "3"))
    sale.order(Undo(lot="3"))
    assert sale.house.engine.lots["3"].view.asked is not None
    return sale


def _vectors(*kinds: str) -> list[bytes]:
    return [bytes.fromhex(vector["hex"]) for kind in kinds for vector in VECTORS[kind]]


def _broadcasts() -> list[bytes]:
    return [bytes.fromhex(vector["hex"]) for vector in VECTORS["broadcasts"]]


def _commands() -> list[bytes]:
    bodies: list[dict[str, object]] = [
        {"type": "open", "lot": "1"},
        {"type": "close", "lot": "1"},
        {"type": "pause", "lot": ""},
        {"type": "resume", "lot": "1"},
        {"type": "withdraw", "lot": "2", "reason": "Broken"},
        {"type": "extend", "lot": "1", "extra_ms": 60_000},
        {"type": "announce", "text": "Tea is served"},
        {"type": "admit", "bidder": "1"},
        {"type": "end"},
        {"type": "ask", "report": "lots"},
        {"type": "undo", "lot": "1", "reason": "A slip"},
        {"type": "undo", "lot": "1", "numbers": [1, 2], "preview": True},
        {"type": "undo", "lot": "1", "back_to": 1, "if_seq": 2},
        {"type": "reopen", "lot": "2", "for_ms": 60_000},
        {"type": "reopen", "lot": "2", "for_ms": 1, "price_minor": 1_000},
        {"type": "void", "lot": "2", "bidder": "Ann"},
        {"type": "award", "lot": "2", "bidder": "2", "amount_minor": 1_000},
        {"type": "admit", "bidder": "1", "admitted": False, "void_bids": True},
        {"type": "rewrite", "lot": "1", "spec": to_builtins(lot("1", starting_minor=500))},
        {"type": "rewrite", "lot": "2", "spec": to_builtins(lot("2", starting_minor=500))},
        {"type": "answer_for", "lot": "3", "stands": True},
        {"type": "answer_for", "lot": "3", "stands": False, "if_seq": 4},
        {"type": "ask", "report": "asked"},
        {"type": "finish"},
    ]
    return [encode({"id": number} | body) for number, body in enumerate(bodies, 10)] + _vectors("requests")


TARGETS: Final[dict[str, Target]] = {
    "requests": Target(check_request, lambda: _vectors("requests", "refused"), 40_000, 5_000_000),
    "answers": Target(check_answer, lambda: _vectors("answers"), 40_000, 2_795_000),
    "broadcasts": Target(check_broadcast, _broadcasts, 40_000, 2_000_000),
    "control": Target(check_command, _commands, 1_000, 50_000),
    "sessions": Target(play_session, session_seeds, 300, 40_000),
    "journal": Target(damage_journal, damage_seeds, 200, 10_000),
    "cells": Target(damage_cells, cell_seeds, 100, 5_000),
    "snapshots": Target(damage_snapshot, snapshot_seeds, 500, 100_000),
}
"""The targets by name; `make torture` tries ten million inputs in all."""
