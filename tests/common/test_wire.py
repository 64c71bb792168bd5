"""What all requests share: they are closed, have an id, and an offer says on which lot and on which condition."""

from typing import get_args

import msgspec
import pytest

from common.formats import AnyOffer
from common.limits import INTEGER_MAX, LOT_CHARS_MAX
from common.messages import AnyRequest
from common.wire import OfferRequest, Request


@pytest.mark.parametrize("kind", get_args(AnyRequest))
def test_a_request_is_closed_and_has_an_id_of_its_own(kind: type[Request]) -> None:
    assert issubclass(kind, Request)
    assert kind.__struct_config__.forbid_unknown_fields
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]["id"]
    assert (schema["minimum"], schema["maximum"]) == (1, INTEGER_MAX)


@pytest.mark.parametrize("kind", get_args(AnyOffer))
def test_an_offer_names_a_lot_and_may_depend_on_its_seq(kind: type[OfferRequest]) -> None:
    assert issubclass(kind, OfferRequest)
    fields = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    assert (fields["lot"]["minLength"], fields["lot"]["maxLength"]) == (1, LOT_CHARS_MAX)
    assert fields["if_seq"]["default"] is None


def test_only_offers_are_offers() -> None:
    assert {kind for kind in get_args(AnyRequest) if issubclass(kind, OfferRequest)} == set(get_args(AnyOffer))
