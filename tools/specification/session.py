"""A whole session of two bidders, frame by frame, for `docs/protocol-session.md`.

The real house plays it, without sockets and with fixed ids and times, so the bytes are those of the wire.
"""

import textwrap
from typing import Final

import msgspec

from auctioneer.house.house import House
from auctioneer.house.news import Parked
from auctioneer.house.settings import HouseSettings
from auctioneer.network.broadcasts import frames
from auctioneer.rules import decisions
from auctioneer.rules.facts import AnyFact, Rejection, SaleCreated
from auctioneer.rules.terms import LotSpec
from common import codec
from common.clerk_names import HOUSE
from common.codec import decode_broadcast, encode, encode_broadcast
from common.formats.english import BidRequest, EnglishTerms, Step
from common.limits import PROTOCOL_VERSION
from common.lot import LotTerms
from common.messages import AnyAnswer, AnyRequest, Hello, Probed, ReplayRequest, SnapshotRequest
from common.money import Currency

_START_MS: Final = 1_750_000_000_000
_DURATION_MS: Final = 60_000
_OUTAGE_MS: Final = 800
_ANN: Final = "Ann's key".ljust(40, ".")
_BEN: Final = "Ben's key".ljust(40, ".")
_PROBE: Final = b"~3b7e15d2a90c48f6\x00"
_SPEC: Final = LotSpec(
    LotTerms(
        lot="1",
        title="Longcase clock",
        format=EnglishTerms(starting_minor=10_000, increments=(Step(0, 500),), has_reserve=True),
        duration_ms=_DURATION_MS,
    ),
    reserve_minor=10_200,
)
_WIDTH: Final = 118
_KEPT_SPACE: Final = "\x00"
"""Stands for a space within a text of the JSON, where no line may be broken."""


class _Story:
    """Plays the house, and writes down each frame."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now_ms = _START_MS
        self.journal: list[AnyFact] = []
        self.rejections: list[Rejection] = []
        created = SaleCreated(
            at_ms=_START_MS,
            sale="9c1185a5c5e9fc54",
            title="Evening sale",
            currency=Currency("GBP", 2),
            epoch=1,
            ends_after_last_lot=True,
        )
        self.journal.append(created)
        self.house = self._rebuilt("5f1e0a37c29d4b86", term=1)
        listed = decisions.add(self.house.engine, _START_MS, HOUSE, (_SPEC,))
        assert isinstance(listed, list)
        self.house.record(listed)
        self.house.advance(_START_MS)
        self._commit()

    def say(self, text: str) -> None:
        self.lines.extend(("", *textwrap.wrap(text, _WIDTH, break_on_hyphens=False), ""))

    def ask(self, who: str, request: AnyRequest, after_ms: int = 10) -> AnyAnswer:
        """Pass a request to the house, and write down the answer."""
        self.now_ms += after_ms
        self.house.advance(self.now_ms)
        principal = {"Ann": _ANN, "Ben": _BEN}[who]
        body = encode(request)
        answer = self.house.handle(principal, body, self.now_ms)
        assert answer is not None
        assert not isinstance(answer, Parked), "the session asks for no news"
        told = self._commit()
        self._frame(f"{who} to house, DEALER", body, request)
        self._frame(f"house to {who}, ROUTER", encode(answer), answer)
        for frame in told:
            self.broadcast(frame)
        return answer

    def tick(self, until_ms: int) -> None:
        """Let time pass, and write down what the house broadcasts on its own."""
        self.now_ms = until_ms
        self.house.advance(until_ms)
        for frame in self._commit():
            self.broadcast(frame)

    def broadcast(self, frame: bytes) -> None:
        topic, end, _ = frame.partition(codec.TOPIC_END)
        shown = (topic + end).decode().replace("\x00", "\\0")
        self._frame(f'house to all, XPUB, topic "{shown}"', frame, decode_broadcast(frame))

    def beat(self) -> None:
        self.broadcast(encode_broadcast(codec.topic(codec.BEAT_TOPIC), self.house.heartbeat(self.now_ms)))

    def crash(self, instance: str) -> None:
        """Lose the process and all that was not in the journal; another process continues the sale."""
        alive_ms = self.now_ms
        self.now_ms += _OUTAGE_MS
        self.house = self._rebuilt(instance, self.house.settings.term + 1)
        self.house.record(decisions.start(self.house.engine, self.now_ms, alive_ms, instance))
        self._commit()

    def _rebuilt(self, instance: str, term: int) -> House:
        settings = HouseSettings(instance=instance, publish_port=7767, term=term)
        return House.rebuild(settings, None, self.journal, self.rejections, self.now_ms)

    def _commit(self) -> list[bytes]:
        batch = self.house.flush()
        self.journal.extend(batch.facts)
        self.rejections.extend(batch.rejections)
        self.house.stored(batch)
        return frames(self.house.engine.epoch, batch.events, frozenset().__contains__)

    def _frame(self, head: str, frame: bytes, message: msgspec.Struct) -> None:
        self.lines.extend(("```text", f"{head}, {len(frame)} bytes"))
        self.lines.extend(textwrap.wrap(frame.hex(), _WIDTH))
        told = msgspec.json.encode(message).decode().replace(" ", _KEPT_SPACE).replace(',"', ', "')
        lines = textwrap.wrap(told, _WIDTH, break_long_words=False, break_on_hyphens=False)
        self.lines.extend(line.replace(_KEPT_SPACE, " ") for line in lines)
        self.lines.append("```")


def session() -> str:
    """Return the session as Markdown. Each block is one frame: its bytes in hex, and the same as JSON."""
    story = _Story()
    _join(story)
    _bid(story)
    _miss(story)
    _crash(story)
    _close(story)
    return "\n".join(story.lines).strip()


def _join(story: _Story) -> None:
    story.say("**Joining.** The sale has one lot, which opened as it began. Ann connects her DEALER and says hello.")
    story.ask("Ann", Hello(id=1, versions=(PROTOCOL_VERSION,), name="Ann"))
    story.say(
        "She connects her SUB to port 7767 and subscribes to `beat` NUL (`6265617400`), `lot/` (`6c6f742f`), "
        f"`sale` NUL (`73616c6500`), and last to a probe, `{_PROBE[:-1].decode()}` NUL (`{_PROBE.hex()}`). "
        "The house answers on that topic: all three subscriptions are in force. She unsubscribes from the probe."
    )
    story.now_ms += 10
    instance = story.house.settings.instance
    probed = Probed(
        epoch=1, instance=instance, term=story.house.settings.term, server_time_ms=story.now_ms, subscriptions=3
    )
    story.broadcast(encode_broadcast(_PROBE, probed))
    story.say("All that comes on the SUB from now on waits in a buffer until the snapshot has come.")
    story.ask("Ann", SnapshotRequest(id=2))
    story.say("Ben joins in the same way.")
    story.ask("Ben", Hello(id=1, versions=(PROTOCOL_VERSION,), name="Ben"))


def _bid(story: _Story) -> None:
    story.say("**Bidding.** Ann bids 100.00 openly. The answer and the broadcast may come in either order.")
    story.ask("Ann", BidRequest(id=3, lot="1", amount_minor=10_000))
    story.say(
        "Ben bids by a maximum of 150.00, on condition that the price is still what he saw. The broadcast shows the "
        "price of 105.00 and that the reserve is met (it was 102.00), but not his maximum. Ann's client notices that "
        "she led and Ben leads now: she is outbid."
    )
    story.ask("Ben", BidRequest(id=2, lot="1", maximum_minor=15_000, if_price_minor=10_000))
    story.say(
        "Ben raises his maximum to 160.00. Price and leader stay, so there is no broadcast and no new seq: nobody else "
        "can notice. The answer repeats the lot's seq of 3."
    )
    story.ask("Ben", BidRequest(id=3, lot="1", maximum_minor=16_000))


def _miss(story: _Story) -> None:
    story.say("**A gap.** Ann bids 120.00 against Ben's maximum and is outbid at once; Ben leads at 125.00.")
    story.ask("Ann", BidRequest(id=4, lot="1", amount_minor=12_000))
    story.say("Suppose that Ann's SUB lost that last frame. The next heartbeat names seq 4 of lot 1, and she has 3.")
    story.beat()
    story.say("She asks for the missing event.")
    story.ask("Ann", ReplayRequest(id=5, lot="1", after_seq=3))


def _crash(story: _Story) -> None:
    story.say(
        "**A crash.** Suppose that the house's process is killed before Ann has the answer to her request 4. Another "
        f"process continues the sale {_OUTAGE_MS} ms later, and extends the open lot by that time. ZeroMQ reconnects "
        "automatically. The heartbeat names another instance, and a higher term."
    )
    story.crash("c04f2be6118a9d73")
    story.beat()
    story.say("So Ann says hello again, repeats request 4, byte for byte, and gets the same verdict.")
    story.ask("Ann", Hello(id=6, versions=(PROTOCOL_VERSION,)))
    story.ask("Ann", BidRequest(id=4, lot="1", amount_minor=12_000))
    story.say("The same id with another amount is a conflict.")
    story.ask("Ann", BidRequest(id=4, lot="1", amount_minor=20_000))
    story.say("The heartbeat named seq 5 of lot 1. That is the extension, which nobody was connected to hear.")
    story.ask("Ann", ReplayRequest(id=7, lot="1", after_seq=4))


def _close(story: _Story) -> None:
    ends_ms = _START_MS + _DURATION_MS + _OUTAGE_MS
    story.say(
        "**The close.** The time is over, and Ben (paddle 2) has won the lot at 125.00: only now is there a winner. "
        "This sale ends by itself after its last lot."
    )
    story.tick(ends_ms)
    story.say("A bid that comes 25 ms after the close is late, and the answer says by how much.")
    story.ask("Ann", BidRequest(id=8, lot="1", amount_minor=20_000), after_ms=25)
