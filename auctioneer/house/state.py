"""What a snapshot holds of a house, and how it is read. A change of the shape raises `snapshots.SNAPSHOT_VERSION`."""

from typing import Final, Generic

import msgspec

from auctioneer.house.register import Enrolled
from auctioneer.rules.engine import EngineState, Lot
from auctioneer.rules.facts import Decided
from auctioneer.rules.lots import LotState, lot_of
from auctioneer.rules.sale_settings import SaleSettings
from common.messages import Word


class SessionState(msgspec.Struct):
    """What a snapshot holds of one bidder's session."""

    paddle: int
    remembered: list[Decided]
    words: list[Word]


class HouseState(msgspec.Struct, Generic[Lot]):
    """All that a snapshot holds."""

    engine: EngineState[Lot]
    bidders: list[Enrolled]
    sessions: list[SessionState]
    settings: SaleSettings


_states: Final = msgspec.msgpack.Decoder(HouseState[msgspec.Raw])


def state_of(snapshot: bytes) -> HouseState[LotState]:
    """Return what a snapshot holds, decoded lot by lot, so that what lots share is never in memory once for each."""
    raw = _states.decode(snapshot)
    fields = msgspec.structs.asdict(raw.engine) | {"lots": [lot_of(lot) for lot in raw.engine.lots]}
    return HouseState(EngineState(**fields), raw.bidders, raw.sessions, raw.settings)
