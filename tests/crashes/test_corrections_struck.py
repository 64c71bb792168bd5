"""The server is killed while bids are taken back: a correction and its words are all in the record, or not at all.

The checker requires each word of a correction right after it. Here the kills fall around each correction, at times that
grow by a millisecond, and the command is sent again until the house has an answer.
"""

import threading
from contextlib import ExitStack
from pathlib import Path

from auctioneer.cli.control_client import connected
from auctioneer.house.commands import Undo
from auctioneer.process.folder import DataFolder
from common.errors import RejectCode, RejectedError
from tests.house_process import CATALOGUE, running_house
from tests.live_sale import Witness, conclude, history_of

ROUNDS = 8
WITH_CORRECTIONS = CATALOGUE.replace("[sale]", '[sale]\ncorrections = "on"')


def take_back(data: Path, reason: str) -> bool:
    """Take back the last bid; return whether there was one."""
    with connected(DataFolder(data), timeout_ms=10_000) as client:
        try:
            client.order(Undo(lot="1", reason=reason))
        except RejectedError as error:
            if error.reject is RejectCode.NO_OFFER:
                return False
            raise
    return True


def test_a_correction_and_its_words_are_stored_together(tmp_path: Path) -> None:
    taken_back = 0
    with ExitStack() as resources:
        house = resources.enter_context(running_house(tmp_path, catalogue=WITH_CORRECTIONS))
        ann, bob = (resources.enter_context(Witness(house.link, name)) for name in ("Ann", "Bob"))
        for number in range(ROUNDS):
            for witness in (ann, bob):
                witness.bid_the_minimum(timeout_ms=20_000)
            kill = threading.Timer(number / 1000, house.kill_server)
            kill.start()
            taken_back += take_back(house.data, f"round {number}")
            kill.join()
        conclude(house, [ann, bob])
        facts = [fact.body for fact in history_of(house.data, []).facts]
    corrections = [place for place, body in enumerate(facts) if body["fact"] == "correction_made"]
    assert len(corrections) == taken_back, "each was made once, however often it was sent"
    for place in corrections:
        bodies = facts[place : place + 2]
        assert [(body["fact"], body.get("kind")) for body in bodies[1:]] == [("bidder_told", "offer_void")], bodies
    assert corrections
