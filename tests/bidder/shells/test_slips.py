"""Slips in a call: each is refused at once with a sentence, and nothing is sent."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bidder import AmountError, AsyncClient, AuctionError, Client, KeyPair, UsageError, new_keys
from common.formats import AnyOffer
from tests.bidder.shells.fake_house import FakeHouse

WAIT_MS = 60_000


@pytest.fixture
def fake() -> Iterator[FakeHouse]:
    with FakeHouse() as fake:
        yield fake


SLIPS: dict[str, tuple[str, tuple[Any, ...], dict[str, Any]]] = {
    "a number for a lot": ("bid", (3, 100), {}),
    "a text for an amount": ("bid", ("3", "100"), {}),
    "a broken amount": ("bid", ("3", 100.5), {}),
    "a truth for an amount": ("bid", ("3", True), {}),
    "a text for a maximum": ("bid", ("3", None, "100"), {}),
    "no amount": ("bid", ("3",), {}),
    "a text for a condition": ("bid", ("3", 100), {"if_seq": "7"}),
    "a condition below 0": ("bid", ("3", 100), {"if_price_minor": -1}),
    "a number for a truth": ("bid", ("3", 100), {"while_connected": 1}),
    "a text for an id": ("bid", ("3", 100), {"request_id": "7"}),
    "a text for a time-out": ("bid", ("3", 100), {"timeout_ms": "7"}),
    "a broken time-out": ("mine", (), {"timeout_ms": 1.5}),
    "no price": ("buy", ("3", None), {}),
    "a text for a price": ("buy", ("3", "100"), {}),
    "a condition on a purchase": ("buy", ("3", 100), {"if_seq": -1}),
    "a text for an offer": ("seal", ("3", "100"), {}),
    "a condition on an offer": ("seal", ("3", 100), {"if_seq": "7"}),
    "an id that is a text": ("unseal", ("3",), {"request_id": "7"}),
    "a number for a sealed lot": ("unseal", (3,), {}),
    "a text for a clock's price": ("stop", ("3", "100"), {}),
    "no units": ("stop", ("3", 100, 0), {}),
    "a truth for units": ("stop", ("3", 100, True), {}),
    "a condition on a stop": ("stop", ("3", 100), {"if_seq": "7"}),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_call_is_refused_at_once(fake: FakeHouse, slip: str) -> None:
    method, arguments, options = SLIPS[slip]

    async def story() -> None:
        async with await AsyncClient.connect(fake.link, "Bea", new_keys(), timeout_ms=WAIT_MS) as client:
            with pytest.raises(UsageError):
                await getattr(client, method)(*arguments, **options)

    with Client.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
        with pytest.raises(UsageError):
            getattr(client, method)(*arguments, **options)
        with pytest.raises(UsageError, match="time-out"):
            client.notices("soon")  # type: ignore[arg-type] # the slip
    asyncio.run(story())
    assert not [request for request in fake.house.seen if isinstance(request, AnyOffer)]


CONNECTING: dict[str, tuple[dict[str, Any], str]] = {
    "a path for keys": ({"keys": "ada.key.json"}, "`keys` must be a pair of keys"),
    "broken keys": ({"keys": KeyPair("x", "y")}, "not a pair of CURVE keys"),
    "no link": ({"link": None}, "`link` must be"),
    "a number for a code": ({"code": 7}, "`code` must be"),
    "a code with a letter that no code has": ({"code": "K7QM2XFO"}, "'K7QM2XFO' is no paddle code"),
    "a number for a name": ({"name": 7}, "`name` must be"),
    "a text for a role": ({"role": "observer"}, "`role` must be"),
    "a text for a time-out": ({"timeout_ms": "7"}, "time-out"),
    "a text for a callback": ({"on_notice": "print"}, "`on_notice` must be"),
}


@pytest.mark.parametrize("slip", CONNECTING)
def test_a_slip_in_connecting_is_refused_at_once(fake: FakeHouse, slip: str) -> None:
    wrong, sentence = CONNECTING[slip]
    arguments: dict[str, Any] = {"link": fake.link, "name": "Ada", "keys": new_keys(), **wrong}
    with pytest.raises(UsageError, match=sentence):
        Client.connect(**arguments)

    async def story() -> None:
        await AsyncClient.connect(**arguments)

    with pytest.raises(UsageError, match=sentence):
        asyncio.run(story())
    assert not fake.house.seen


def test_an_amount_that_is_none_is_an_error_of_the_auctions(fake: FakeHouse) -> None:
    assert issubclass(AmountError, AuctionError)
    with Client.connect(fake.link, "Ada", new_keys(), timeout_ms=WAIT_MS) as client:
        for text in ("much", 12.5, None):
            with pytest.raises(AmountError, match="is not"):
                client.sale.currency.parse(text)  # type: ignore[arg-type] # the slip
