"""Following a sale: it tells a state first, then each change once, and the end after the ends of all lots.

The first state may be ahead of notices that still wait. Following leaves out notices that the state already contains,
so a program sees each lot's `seq` rise by one from the state on.
"""

from typing import Final

from bidder.core.notices import (
    ConnectionChanged,
    ConnectionState,
    HistoryLost,
    LotCaughtUp,
    LotChanged,
    Notice,
    NoticesDropped,
    SaleCaughtUp,
    SaleChanged,
    StateReady,
    Told,
)
from bidder.display.shown import Shown
from bidder.display.voices import Voice
from common.errors import RejectedError

LAST_LOTS_MS: Final = 5000
"""The wait, after the end of the sale, for the ends of lots that did not arrive."""
_SALE: Final = ""


class Following:
    """Gives a client's notices to a voice."""

    def __init__(self, client: Shown, voice: Voice) -> None:
        self._client = client
        self._voice = voice
        self._seqs: dict[str, int] = {}
        self._open: set[str] = set()
        self.has_ended = False

    @property
    def lots_missing(self) -> int:
        """The number of lots whose end has not been told yet."""
        return len(self._open)

    def show(self, notice: Notice) -> None:
        """Tell a notice, unless the state contains it already. Raises RejectedError if the house refuses the bidder."""
        match notice:
            case StateReady() | NoticesDropped():
                self._voice.notice(notice)
                self._begin()
            case LotChanged() | LotCaughtUp():
                if self._is_new(notice.lot, notice.seq):
                    if self._voice.is_followed(notice.view):
                        self._voice.notice(notice)
                    if notice.view.status.is_final:
                        self._open.discard(notice.lot)
                    else:
                        self._open.add(notice.lot)
            case SaleChanged() | SaleCaughtUp():
                if self._is_new(_SALE, notice.seq):
                    self._voice.notice(notice)
            case _:
                if isinstance(notice, Told):
                    self._voice.note_word(notice.word)
                if isinstance(notice, HistoryLost):
                    self._seqs.clear()
                    self._open.clear()
                    self._voice.forget_positions()
                self._voice.notice(notice)
                if isinstance(notice, ConnectionChanged):
                    self._note_connection(notice)

    def _note_connection(self, notice: ConnectionChanged) -> None:
        if notice.state is ConnectionState.REFUSED:
            assert notice.rejected is not None, "refused without a rejection"
            raise RejectedError(notice.rejected.code, notice.rejected.detail)
        self.has_ended = self.has_ended or notice.state is ConnectionState.ENDED

    def _begin(self) -> None:
        views = self._client.lots()
        self._seqs = {number: view.seq for number, view in views.items()}
        self._seqs[_SALE] = self._client.sale.seq
        for view in views.values():
            self._voice.note_view(view)
        self._open = {number for number, view in views.items() if not view.status.is_final}
        self._voice.state()

    def _is_new(self, stream: str, seq: int) -> bool:
        if seq <= self._seqs.get(stream, -1):
            return False
        self._seqs[stream] = seq
        return True
