"""The client of the control endpoint: it sends the running house one command at a time and waits for the answer.

A command is sent only over a connection that is up, and never twice, since the house does not remember commands as it
remembers bids. So a failure says which is true: nothing was sent, or it is not known whether the command was done.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import msgspec
import zmq

from auctioneer.house.commands import (
    AnyCommand,
    AnyControlAnswer,
    AnyCorrection,
    Ask,
    Done,
    Report,
    decode_control_answer,
)
from auctioneer.process.folder import DataFolder
from auctioneer.rules.sale_settings import AUCTIONEER
from common.codec import encode
from common.errors import ProtocolError, RejectCode, RejectedError, UnreachableError, UsageError
from common.keys import KeyPair
from common.limits import CONTROL_BYTES_MAX
from common.messages import Rejected
from common.sockets import new_context, set_request_client, use_curve_client

ANSWER_TIMEOUT_MS: Final = 5000
REPORT_BYTES_MAX: Final = 256 * 1024 * 1024
"""The largest report that is accepted; one on the largest sale, with long titles, is a third of this."""


@contextmanager
def connected(
    folder: DataFolder, name: str = AUCTIONEER, *, timeout_ms: int = ANSWER_TIMEOUT_MS
) -> Iterator["ControlClient"]:
    """Yield a client of the house that runs on `folder`, with the control key `name`.

    Raises UnreachableError if no house runs, JournalGoneError if its journal is gone too, and UsageError if there is no
    such key.
    """
    if not folder.whereabouts.is_held():
        raise UnreachableError(_no_house(folder))
    record = folder.whereabouts.read()
    if record is None:
        raise UnreachableError(f"The house on {folder.path} is still starting. Try again in a moment.")
    keys, house = folder.keys.control(name), folder.keys.house()
    with ExitStack() as resources:
        context = resources.enter_context(new_context())
        client = ControlClient(context, record.control, keys, house.public, timeout_ms=timeout_ms)
        resources.callback(client.close)
        yield client


def _no_house(folder: DataFolder) -> str:
    if not folder.has_sale:
        if folder.was_held:
            raise folder.journal_gone()
        return f"No house runs on {folder.path}, and there is no sale in it. Is --data the directory of your sale?"
    return f"No house runs on {folder.path}. Start it with `auctioneer run --data {folder.path}`, then repeat this."


class ControlClient:
    """A connection to one house; `connected` makes it. One request at a time, in one thread."""

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        address: str,
        keys: KeyPair,
        house_key: str,
        *,
        timeout_ms: int = ANSWER_TIMEOUT_MS,
    ) -> None:
        self._timeout_ms = timeout_ms
        self._last_id = 0
        self._socket = context.socket(zmq.DEALER)
        set_request_client(self._socket, REPORT_BYTES_MAX)
        self._socket.setsockopt(zmq.LINGER, 0)  # a command that timed out must not be sent later
        use_curve_client(self._socket, keys, house_key)
        self._handshakes = self._socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self._socket.connect(address)

    def close(self) -> None:
        """Close the connection."""
        self._socket.disable_monitor()
        self._handshakes.close()
        self._socket.close()

    def ask(self, report: str, lots: tuple[str, ...] = ()) -> Any:
        """Return a report of the house, as `auctioneer.house.reports` describes it, on `lots` or on all lots.

        Raises the errors of `order`.
        """
        answer = self._request(Ask(report=report, lots=lots))
        if not isinstance(answer, Report):
            raise ProtocolError("The house answered a question with something other than a report.")
        return answer.report

    def preview(self, command: AnyCorrection) -> Any:
        """Return what a correction would do, and do nothing: a row of `auctioneer.house.control.corrections`.

        Raises the errors of `order`.
        """
        answer = self._request(msgspec.structs.replace(command, preview=True))
        if not isinstance(answer, Report):
            raise ProtocolError("The house answered a question with something other than a report.")
        return answer.report

    def order(self, command: AnyCommand) -> Done:
        """Send a command to the house; it is durable on return.

        Raises RejectedError if the house refuses, UnreachableError if it does not answer in time, UsageError if the
        command can't be sent, and ProtocolError if the answer is not one.
        """
        answer = self._request(command)
        if not isinstance(answer, Done):
            raise ProtocolError("The house answered a command with something other than its outcome.")
        return answer

    def _request(self, command: AnyCommand) -> Done | Report:
        self._last_id += 1
        body = _encoded(msgspec.structs.replace(command, id=self._last_id))
        deadline = time.monotonic() + self._timeout_ms / 1000
        self._await_connection(deadline)
        self._socket.send(body, zmq.DONTWAIT)
        answer = self._await_answer(command, deadline)
        if answer.id not in (self._last_id, 0):  # 0: the house could not read the id
            raise ProtocolError("The house answered a request that was not sent.")
        if isinstance(answer, Rejected):
            raise RejectedError(answer.code, answer.detail)
        return answer

    def _await_connection(self, deadline: float) -> None:
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLOUT)
        poller.register(self._handshakes, zmq.POLLIN)
        ready = dict(poller.poll(_left_ms(deadline)))
        if self._handshakes in ready:
            raise RejectedError(RejectCode.FORBIDDEN, "the house does not know this control key")
        if self._socket not in ready:
            raise UnreachableError(
                f"The house did not answer within {self._timeout_ms / 1000:g} s; nothing was sent. "
                "It may be starting again: repeat this in a moment."
            )

    def _await_answer(self, command: AnyCommand, deadline: float) -> AnyControlAnswer:
        if not self._socket.poll(_left_ms(deadline), zmq.POLLIN):
            waited = f"The house did not answer within {self._timeout_ms / 1000:g} s"
            if isinstance(command, Ask) or (isinstance(command, AnyCorrection) and command.preview):
                raise UnreachableError(f"{waited}. Repeat this in a moment.")
            raise UnreachableError(
                f"{waited}. It is not known whether the command was carried out: look at `auctioneer status` and "
                "`auctioneer lots` before repeating it."
            )
        frames = self._socket.recv_multipart(zmq.DONTWAIT)
        try:
            return decode_control_answer(b"".join(frames))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProtocolError(f"The house sent an answer that this version can't read ({error}).") from error


def _encoded(command: AnyCommand) -> bytes:
    try:
        body = encode(command)
    except UnicodeEncodeError as error:
        raise UsageError("The text has bytes that are not UTF-8.") from error
    if len(body) > CONTROL_BYTES_MAX:
        raise UsageError(
            f"That is {len(body):,} bytes, and the house accepts {CONTROL_BYTES_MAX:,} at once. Send it in parts."
        )
    return body


def _left_ms(deadline: float) -> int:
    return max(0, round((deadline - time.monotonic()) * 1000))
