"""Somebody who only looks on leaves no trace in the house, and yet must see on when the house was killed."""

from pathlib import Path

from bidder import Client
from bidder.core.notices import ConnectionChanged, ConnectionState, Joined, LotChanged, Notice
from common.formats.english import BidRequest
from common.keys import new_keys
from common.messages import Accepted, Role
from tests.english import english
from tests.house_process import CATALOGUE, RawBidder, running_house


def is_live(event: Notice) -> bool:
    return isinstance(event, ConnectionChanged) and event.state is ConnectionState.LIVE


def tells_more(event: Notice, amount_minor: int) -> bool:
    if isinstance(event, LotChanged):
        return english(event.view).price_minor == amount_minor
    return isinstance(event, ConnectionChanged)


def test_an_observer_sees_on_after_a_kill(tmp_path: Path) -> None:
    with running_house(tmp_path, catalogue=CATALOGUE) as house:
        ann = RawBidder(house.link, "Ann")
        ben = RawBidder(house.link, "Ben")
        ann.hello()
        ben.hello()
        with Client.connect(house.link, "", new_keys(), role=Role.OBSERVER) as observer:
            seen = observer.notices(timeout_ms=60_000)
            # More than once, since it is a race whether the feed or the requests are connected again first.
            for amount_minor in range(1000, 1300, 100):
                house.kill_server()
                instance = str(house.record["instance"])
                next(event for event in seen if isinstance(event, Joined) and event.welcome.instance == instance)
                next(event for event in seen if is_live(event))
                bidder = ann if amount_minor % 200 else ben
                assert isinstance(bidder.ask(BidRequest(id=amount_minor, lot="1", amount_minor=amount_minor)), Accepted)
                # By a broadcast, not by joining once more: the connection does not change before the bid is seen.
                change = next(event for event in seen if tells_more(event, amount_minor))
                assert isinstance(change, LotChanged), change
        ben.close()
        ann.close()
