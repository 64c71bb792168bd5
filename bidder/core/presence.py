"""A bidder must show the house that it is there while it leads by a maximum that ends with its silence.

A bid with `while_connected` asks the house to drop the rest of its maximum if the house hears nothing from the bidder
for some seconds. Any request shows that the bidder is there, so a ping is due only `PING_MS` after the last request. If
a verdict is unknown or lost, the bidder may lead by it: a ping too many costs nothing, but one too few costs the
maximum. If the bidder's person has gone, the desk sends no ping, and the house drops the maximum.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from bidder.core.formats.english import ends_with_silence
from common.lot import LotView
from common.messages import Accepted, AnyRequest
from common.wire import OfferRequest

PING_MS: Final = 5000
"""The time from the last request until a ping is due."""

Views = Callable[[str], LotView | None]
"""Returns a lot as the follower has it; None if the follower holds no lot of this number."""


class _Maximum(NamedTuple):
    """A maximum that ends with silence. `seq` is the lot's seq at the verdict; None before the verdict."""

    request_id: int
    seq: int | None


class Presence:
    """The maxima of one bidder that end with its silence, by lot. Methods take the time."""

    def __init__(self, views: Views) -> None:
        self.is_attended = True
        """Whether the bidder's person is there."""
        self._views = views
        self._maxima: dict[str, _Maximum] = {}
        """By lot. One that no longer leads is kept: a correction by the house may give the lead back."""
        self._sent_ms = 0
        self._looked_ms = 0
        """When a ping was due last, and nothing was led."""

    @property
    def next_ms(self) -> int | None:
        """When to look whether a ping is due, unless a request goes out before; None if no ping can be needed."""
        return max(self._sent_ms, self._looked_ms) + PING_MS if self._maxima and self.is_attended else None

    def is_ping_due(self, now_ms: int, paddle: int) -> bool:
        """Return whether the bidder must ping now, to keep a maximum by which this paddle may lead."""
        next_ms = self.next_ms
        if next_ms is None or now_ms < next_ms:
            return False
        if any(self._may_lead(lot, one, paddle) for lot, one in self._maxima.items()):
            return True
        self._looked_ms = now_ms
        return False

    def _may_lead(self, lot: str, maximum: _Maximum, paddle: int) -> bool:
        view = self._views(lot)
        if view is None:
            return True
        if view.status.is_final:
            return False
        return maximum.seq is None or view.seq < maximum.seq or view.board.leader == paddle

    def note_sent(self, now_ms: int) -> None:
        """Note that a request goes out. It shows that the bidder is there."""
        self._sent_ms = now_ms

    def note_leads(self, lot: str) -> None:
        """Note that the bidder leads a lot by a bid that this desk may not know: the maximum may end with silence.

        So it is as the desk joins, and after a correction that gives the lead back.
        """
        self._maxima.setdefault(lot, _Maximum(0, 0))

    def note_asked(self, request: AnyRequest) -> None:
        """Note a request of the application."""
        if isinstance(request, OfferRequest) and ends_with_silence(request):
            known = self._maxima.get(request.lot)
            if known is None or known.request_id <= request.id:
                self._maxima[request.lot] = _Maximum(request.id, None)

    def note_accepted(self, request: AnyRequest, verdict: Accepted) -> None:
        """Note a verdict. The leader's last bid decides whether the house drops its maximum with silence."""
        known = self._maxima.get(verdict.lot)
        if known is None or known.request_id > request.id:
            return
        if isinstance(request, OfferRequest) and ends_with_silence(request):
            self._maxima[verdict.lot] = _Maximum(request.id, verdict.seq)
        elif verdict.own is not None:
            del self._maxima[verdict.lot]

    def note_rejected(self, request: AnyRequest) -> None:
        """Note that the house refused this request. An earlier bid may still lead; the view shows that."""
        if isinstance(request, OfferRequest):
            known = self._maxima.get(request.lot)
            if known is not None and known.request_id == request.id and known.seq is None:
                self._maxima[request.lot] = _Maximum(request.id, 0)

    def forget(self) -> None:
        """Drop all maxima, because the house holds another sale now."""
        self._maxima.clear()
