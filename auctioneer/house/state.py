"""The content of a house's snapshot, and how it is read. A change of shape must raise `snapshots.SNAPSHOT_VERSION`."""

from typing import Final, Generic

import msgspec

from auctioneer.house.register import Enrolled, IssuedCode
from auctioneer.rules.applying import EngineState, Lot
from auctioneer.rules.facts import CommandDone, Decided
from auctioneer.rules.lots import LotState, lot_of
from auctioneer.rules.sale_settings import SaleSettings
from common.messages import Word


class SessionState(msgspec.Struct):
    """The part of one bidder's session that a snapshot holds."""

    paddle: int
    remembered: list[Decided]
    words: list[Word]


class HouseState(msgspec.Struct, Generic[Lot]):
    """The whole content of a snapshot."""

    engine: EngineState[Lot]
    bidders: list[Enrolled]
    sessions: list[SessionState]
    settings: SaleSettings
    codes: list[IssuedCode]
    commands: list[CommandDone]
    conditions: str
    """The conditions of the sale now; empty: none."""


_states: Final = msgspec.msgpack.Decoder(HouseState[msgspec.Raw])


def state_of(snapshot: bytes) -> HouseState[LotState]:
    """Return the content of a snapshot. Each lot is decoded by itself and shares its tables before the next is read."""
    raw = _states.decode(snapshot)
    fields = msgspec.structs.asdict(raw.engine) | {"lots": [lot_of(lot) for lot in raw.engine.lots]}
    return HouseState(
        EngineState(**fields), raw.bidders, raw.sessions, raw.settings, raw.codes, raw.commands, raw.conditions
    )
