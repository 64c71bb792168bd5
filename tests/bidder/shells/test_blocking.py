"""The blocking client against a small house behind real sockets."""

import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec.structs import replace

from bidder import (
    Client,
    ClosedError,
    ConnectionChanged,
    ConnectionState,
    LotChanged,
    Outbid,
    Repaired,
    UnansweredError,
)
from bidder.core.notices import Notice
from common.errors import ProtocolError, RejectCode, RejectedError, UnreachableError, UsageError, WrongKeyError
from common.formats.dutch import DutchOwn
from common.formats.english import BidRequest
from common.formats.sealed import SealedOwn
from common.keys import new_keys
from common.messages import Accepted, Rejected
from tests.bidder.core.small_house import SmallHouse
from tests.bidder.shells.fake_house import FakeHouse
from tests.english import english
from tests.must_be import must_be

E = TypeVar("E", bound=Notice)
WAIT_MS = 60_000
"""How long a test waits for an event before it fails."""
APPROVAL_MS = 2_000
"""How long a client waits for an approval that does not come: long enough to hear, on a busy machine, that it must."""


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


def joined(fake: FakeHouse, name: str = "Ada") -> Client:
    return Client.connect(fake.link, name, new_keys(), timeout_ms=WAIT_MS)


def wait_for(client: Client, kind: type[E], is_it: Callable[[E], bool] = lambda _: True) -> E:
    for event in client.notices(timeout_ms=WAIT_MS):
        if isinstance(event, kind) and is_it(event):
            return event
    raise AssertionError(f"no {kind.__name__} came")


def test_join_read_bid_and_be_outbid(fake: FakeHouse) -> None:
    fake.do(lambda house: house.open("2", ends_at_ms=house.now_ms + 60_000))
    with joined(fake) as client:
        assert list(client.lots()) == ["1", "2", "3"]
        assert client.sale == fake.house.sale
        assert client.paddle == client.mine().paddle == 1
        assert client.state is ConnectionState.LIVE
        remaining_ms = client.remaining_ms("2")
        assert remaining_ms is not None
        assert 50_000 < remaining_ms <= 60_000
        assert client.remaining_ms("1") is None
        verdict = client.bid("2", client.sale.currency.parse("1.00"))
        assert isinstance(verdict, Accepted)
        assert wait_for(client, LotChanged).view == client.lot("2")
        fake.do(lambda house: house.bid("2", 110))
        assert english(wait_for(client, Outbid).board).price_minor == 110
        assert isinstance(client.bid("2", 115), Rejected)


def test_make_a_sealed_offer_and_take_it_back(fake: FakeHouse) -> None:
    fake.do(lambda house: house.add_sealed_lot("7"))
    with joined(fake) as client:
        offered = must_be(Accepted, client.seal("7", 500))
        assert offered.own == SealedOwn(500)
        assert must_be(Accepted, client.unseal("7")).own is None
        assert client.seal("7", 500, request_id=offered.id) == offered, "it counted twice"


def test_stop_a_clock_and_take_what_is_left(fake: FakeHouse) -> None:
    fake.do(lambda house: house.add_dutch_lot("7", 3))
    fake.do(lambda house: house.open("7"))
    with joined(fake) as client:
        taken = must_be(Accepted, client.stop("7", 1_000))
        assert taken.own == DutchOwn(1, 1_000)
        assert must_be(Accepted, client.stop("7", 1_200, 5)).own == DutchOwn(3, 3_000)
        assert client.stop("7", 1_000, request_id=taken.id) == taken, "it counted twice"


def test_a_house_without_encryption() -> None:
    with FakeHouse(encrypted=False) as fake, joined(fake) as client:
        assert isinstance(client.bid("1", 100), Accepted)
        hello = fake.house.seen[0]
        assert len(getattr(hello, "key", "")) == 40


def test_a_link_as_text(fake: FakeHouse) -> None:
    with Client.connect(str(fake.link), "Ada", new_keys()) as client:
        assert client.welcome.name == "Ada"
    with pytest.raises(UsageError, match="not a join link"):
        Client.connect("tcp://nowhere", "Ada", new_keys())


def test_slips_are_raised_before_anything_is_sent(fake: FakeHouse) -> None:
    with joined(fake) as client:
        for slip in (lambda: client.bid("1"), lambda: client.lot("99"), lambda: client.remaining_ms("99")):
            with pytest.raises(UsageError):
                slip()


def test_a_wrong_key_is_noticed_at_once(fake: FakeHouse) -> None:
    link = replace(fake.link, server_key=new_keys().public)
    with pytest.raises(WrongKeyError, match=f"{fake.link.port}"):
        Client.connect(link, "Ada", new_keys(), timeout_ms=WAIT_MS)


def test_another_kind_of_security_is_noticed_at_once(fake: FakeHouse) -> None:
    with pytest.raises(WrongKeyError, match="encrypted"):
        Client.connect(replace(fake.link, server_key=""), "Ada", new_keys(), timeout_ms=WAIT_MS)


def test_nothing_listening_is_unreachable_and_says_where() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        with FakeHouse() as fake:
            link = replace(fake.link, port=port)
        with pytest.raises(UnreachableError, match=f"Nothing answers at tcp://127.0.0.1:{port}"):
            Client.connect(link, "Ada", new_keys(), timeout_ms=300)


@pytest.mark.parametrize(
    ("code", "timeout_ms"), [(RejectCode.NAME_TAKEN, WAIT_MS), (RejectCode.AWAITING_APPROVAL, APPROVAL_MS)]
)
def test_a_house_that_does_not_let_in(fake: FakeHouse, code: RejectCode, timeout_ms: int) -> None:
    fake.do(lambda house: setattr(house, "hello_answer", code))
    with pytest.raises(RejectedError) as caught:
        Client.connect(fake.link, "Ada", new_keys(), timeout_ms=timeout_ms)
    assert caught.value.reject is code


def test_a_key_that_is_refused_in_the_handshake(tmp_path: Path) -> None:
    with FakeHouse(allowed_keys=tmp_path) as fake, pytest.raises(RejectedError) as caught:
        Client.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS)
    assert caught.value.reject is RejectCode.NOT_ADMITTED


def test_a_message_of_many_frames_is_none_of_a_house(fake: FakeHouse) -> None:
    with joined(fake) as client:
        fake.is_garrulous = True
        with pytest.raises(ProtocolError, match="more than one frame"):
            client.bid("1", 100)
        with pytest.raises(ProtocolError):
            client.mine()


def test_a_house_beyond_the_bounds_is_named_and_left(fake: FakeHouse) -> None:
    """A price with a thousand million decimals would take as many bytes wherever it is shown."""

    def overdo(house: SmallHouse) -> None:
        house.sale = replace(house.sale, currency=replace(house.sale.currency, decimals=10**9))

    fake.do(overdo)
    with pytest.raises(ProtocolError, match="decimals"):
        Client.connect(fake.link, "Ada", new_keys())


def test_an_address_that_is_none() -> None:
    with FakeHouse() as fake, pytest.raises(UsageError, match="not an address"):
        Client.connect(replace(fake.link, host="no such host!"), "Ada", new_keys())


def test_a_lost_broadcast_is_repaired(fake: FakeHouse) -> None:
    def change_unheard(house: SmallHouse) -> None:
        house.broadcasts_to_drop = 2
        house.open("1")
        house.bid("1", 100)

    with joined(fake) as client:
        fake.do(change_unheard)
        assert wait_for(client, Repaired) == Repaired(1, "1", 2, 2)
        assert client.lots() == fake.house.lots


def test_a_bid_across_a_restart_counts_once_and_gets_the_verdict_of_the_first_time(fake: FakeHouse) -> None:
    with joined(fake) as client:
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
        verdicts: list[Accepted | Rejected] = []
        bidding = threading.Thread(target=lambda: verdicts.append(client.bid("1", 100, timeout_ms=WAIT_MS)))
        bidding.start()
        wait_for(client, LotChanged)
        fake.restart(lambda house: setattr(house, "bid_answers_to_drop", 0))
        bidding.join(WAIT_MS / 1000)
        bids = [request for request in fake.house.seen if isinstance(request, BidRequest)]
        assert [type(verdict) for verdict in verdicts] == [Accepted]
        assert len(bids) >= 2
        assert len(set(bids)) == 1
        assert english(fake.house.lots["1"]).bids == 1
        fake.do(lambda house: house.bid("1", 110))
        assert english(wait_for(client, LotChanged).view).price_minor == 110
        assert client.welcome.instance == "2"


def test_what_happens_while_the_house_is_unheard_arrives_after_its_restart(fake: FakeHouse) -> None:
    with joined(fake) as client:
        fake.stop()
        fake.house.open("1")
        for price_minor in range(100, 200, 10):
            fake.house.bid("1", price_minor)
        fake.house.outbox.clear()
        fake.house.instance += 1
        fake.start()
        seqs = [wait_for(client, LotChanged).seq for _ in range(11)]
        assert seqs == list(range(1, 12))
        assert client.lots() == fake.house.lots


def test_an_unknown_outcome_has_the_id_to_repeat_with(fake: FakeHouse) -> None:
    with joined(fake) as client:
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
        with pytest.raises(UnansweredError) as caught:
            client.bid("1", 100, timeout_ms=200)
        assert caught.value.may_count
        wait_for(client, LotChanged)  # so that the house has it; else its answer would come late
        fake.do(lambda house: setattr(house, "bid_answers_to_drop", 0))
        first = client.bid("1", 100, request_id=caught.value.request_id)
        assert isinstance(first, Accepted)
        assert client.bid("1", 100, request_id=caught.value.request_id) == first
        conflict = client.bid("1", 120, request_id=caught.value.request_id)
        assert isinstance(conflict, Rejected)
        assert conflict.code is RejectCode.ID_CONFLICT


def test_silence_is_told(fake: FakeHouse) -> None:
    with joined(fake) as client:
        fake.stop()
        wait_for(client, ConnectionChanged, lambda event: event.state is ConnectionState.SILENT)
        assert client.state is ConnectionState.SILENT


def test_many_threads_bid_at_once(fake: FakeHouse) -> None:
    with joined(fake) as client:
        verdicts: list[Accepted | Rejected] = []
        threads = [
            threading.Thread(target=lambda lot=lot: verdicts.append(client.bid(lot, 100)))
            for lot in ("1", "2", "3")
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_MS / 1000)
        assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == 3
        assert len(verdicts) == 18


def test_events_go_to_a_callback_in_order(fake: FakeHouse) -> None:
    seqs: list[int] = []
    done = threading.Event()
    failures: list[UsageError] = []

    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            seqs.append(event.seq)
            try:
                client.bid("1", 500)
            except UsageError as error:
                failures.append(error)
            if len(seqs) == 3:
                done.set()

    with Client.connect(fake.link, "Ada", new_keys(), on_notice=on_notice) as client:
        for price_minor in (100, 110, 120):
            fake.do(partial(SmallHouse.bid, lot="1", price_minor=price_minor))
        assert done.wait(WAIT_MS / 1000)
        assert seqs == [1, 2, 3]
        assert len(failures) == 3, "a bid from the callback would wait for itself"
        with pytest.raises(UsageError, match="callback"):
            next(client.notices())


def bid_until_it_fails(client: Client) -> None:
    while True:
        client.bid("1", 100)


def test_a_bug_in_the_callback_is_raised_in_every_caller(fake: FakeHouse) -> None:
    class OddError(Exception):
        pass

    def on_notice(event: Notice) -> None:
        if isinstance(event, LotChanged):
            raise OddError

    with Client.connect(fake.link, "Ada", new_keys(), on_notice=on_notice) as client:
        with pytest.raises(OddError):
            bid_until_it_fails(client)
        with pytest.raises(OddError):
            client.mine()


def test_a_closed_client_says_so_and_its_events_end(fake: FakeHouse) -> None:
    client = joined(fake)
    fake.do(lambda house: setattr(house, "bid_answers_to_drop", 100))
    failures: list[Exception] = []

    def bid() -> None:
        try:
            client.bid("1", 100, timeout_ms=WAIT_MS)
        except ClosedError as error:
            failures.append(error)

    bidding = threading.Thread(target=bid)
    bidding.start()
    wait_for(client, LotChanged)
    client.close()
    client.close()
    bidding.join(WAIT_MS / 1000)
    assert len(failures) == 1
    assert all(isinstance(event, Notice) for event in client.notices())
    with pytest.raises(ClosedError):
        client.bid("1", 100)
    assert list(client.lots()) == ["1", "2", "3"]


def test_events_end_when_none_comes_for_the_time_given(fake: FakeHouse) -> None:
    with joined(fake) as client:
        assert len(list(client.notices(timeout_ms=100))) >= 3
