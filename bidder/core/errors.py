"""Errors that come from the client, not from the house: no answer in time, a closed client, an ended one."""

from typing import Final

from common.errors import AuctionError, RejectCode, RejectedError, UnreachableError, UsageError

_HOW_TO_ACCEPT: Final = "the bidder accepts them by `accepts=error.digest`; `error.text` has them"


class UnansweredError(UnreachableError):
    """A request had no verdict in time. `may_count`: it may have reached the house, so its outcome is unknown.

    Repeat it with the same `request_id` and the same content. The house repeats its first verdict; if the request never
    arrived, the house takes it now.
    """

    code = "unanswered"

    def __init__(self, request_id: int, *, may_count: bool) -> None:
        self.request_id = request_id
        self.may_count = may_count
        what = "it may have counted" if may_count else "it did not count"
        super().__init__(f"The house did not answer in time; {what}. Repeat it with request id {request_id}.")


class ConditionsError(RejectedError):
    """The sale has conditions that this bidder has not accepted. `text` is for people, in lines; `digest` names it.

    Show the text to the bidder. Only if the bidder agrees, connect again with `accepts=error.digest`.
    """

    def __init__(self, digest: str, text: str, detail: str = _HOW_TO_ACCEPT) -> None:
        self.digest = digest
        self.text = text
        super().__init__(RejectCode.CONDITIONS_NOT_ACCEPTED, detail)

    @property
    def lines(self) -> tuple[str, ...]:
        """What to do, and the conditions."""
        return (str(self), *self.text.splitlines())


class ClosedError(UsageError):
    """The client was closed."""

    code = "closed"

    def __init__(self) -> None:
        super().__init__("This client is closed. Connect a new one.")


class CallbackError(AuctionError):
    """The callback raised an exception that ends programs (such as SystemExit), which ended the client."""

    code = "callback"

    def __init__(self, raised: BaseException) -> None:
        super().__init__(f"The client's callback raised {raised!r}, which ended the client. Connect a new one.")
        self.__cause__ = raised
