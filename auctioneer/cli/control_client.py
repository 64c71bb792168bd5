"""The client of the control endpoint: it sends the house one command at a time and waits for the answer.

The house does each command once (`auctioneer.house.commands_done`). So if the connection breaks or no answer comes in
time, the client sends the same bytes again, up to `TRIES_MAX` times, over a new connection. A failure says which is
true: nothing was sent, or it is not known whether the command was done.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import msgspec
import zmq
from zmq.utils.monitor import recv_monitor_message

from auctioneer.house.commands import (
    MYSELF,
    AddPaddles,
    AnyCommand,
    AnyControlAnswer,
    AnyCorrection,
    Ask,
    Done,
    Placing,
    Report,
    decode_control_answer,
)
from auctioneer.process.folder import DataFolder
from common.codec import encode
from common.errors import CommandRefusedError, ProtocolError, RejectCode, RejectedError, UnreachableError, UsageError
from common.keys import KeyPair
from common.limits import CONTROL_BYTES_MAX
from common.messages import Rejected
from common.sockets import new_context, set_request_client, use_curve_client
from common.terminal.output import tell_person

ANSWER_TIMEOUT_MS: Final = 5000
"""How long each sending of a command waits for a connection, and for the answer."""
TRIES_MAX: Final = 3
"""How often a command is sent."""
LOOK_AGAIN_MS: Final = 500
"""How often a client without a connection looks where the house is: one that starts again may listen elsewhere."""
IDS_APART: Final = 2**20
"""A new command has an id up to this much above the last. So two programs that use one key at a time hardly ever choose
the same id; if they do, the house refuses the second command."""
REPORT_BYTES_MAX: Final = 256 * 1024 * 1024
"""The largest report that is accepted; one on the largest sale, with long titles, is a third of this."""

_BREAKS: Final = zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH


@contextmanager
def connected(folder: DataFolder, *, timeout_ms: int = ANSWER_TIMEOUT_MS) -> Iterator["ControlClient"]:
    """Yield a client of the house that runs on `folder`; in a clerk's directory, of the one that `clerk.json` names.

    Raises UnreachableError if no house runs, JournalGoneError if its journal is gone too, and UsageError if there is no
    control key.
    """
    clerk = folder.clerk.read()
    if clerk is not None:
        if clerk.link:
            raise UsageError(f"The link is not exchanged yet. Repeat `auctioneer clerk join {clerk.link}`.")
        with client_of(clerk.address, clerk.keys, clerk.house_key, timeout_ms=timeout_ms) as client:
            yield client
        return

    def address() -> str:
        if not folder.whereabouts.is_held():
            raise UnreachableError(_no_house(folder))
        record = folder.whereabouts.read()
        if record is None:
            raise UnreachableError(f"The house on {folder.path} is still starting. Try again in a moment.")
        if record.stands_by:
            raise UnreachableError(
                f"The house on {folder.path} stands by: another one holds the sale. Give the command on its machine."
            )
        return record.control

    address()
    keys, house = folder.keys.control(), folder.keys.house()
    with (
        new_context() as context,
        closing(ControlClient(context, address, keys, house.public, timeout_ms=timeout_ms)) as client,
    ):
        yield client


@contextmanager
def client_of(
    address: str, keys: KeyPair, house_key: str, *, timeout_ms: int = ANSWER_TIMEOUT_MS
) -> Iterator["ControlClient"]:
    """Yield a client of the house at an address that stays the same."""
    with (
        new_context() as context,
        closing(ControlClient(context, lambda: address, keys, house_key, timeout_ms=timeout_ms)) as client,
    ):
        yield client


def _no_house(folder: DataFolder) -> str:
    if not folder.has_sale:
        if folder.was_held:
            raise folder.journal_gone()
        return f"No house runs on {folder.path}, and there is no sale in it. Is --data the directory of your sale?"
    return f"No house runs on {folder.path}. Start it with `auctioneer run --data {folder.path}`, then repeat this."


class ControlClient:
    """The way to one house; `connected` makes it. One request at a time, in one thread.

    `find_address` returns where the house's control endpoint is now; it raises UnreachableError if that is nowhere.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.SyncSocket]",
        find_address: Callable[[], str],
        keys: KeyPair,
        house_key: str,
        *,
        timeout_ms: int = ANSWER_TIMEOUT_MS,
    ) -> None:
        self._context = context
        self._find_address = find_address
        self._keys = keys
        self._house_key = house_key
        self._timeout_ms = timeout_ms
        self._last_id: int | None = None
        self._line: _Line | None = None
        self._is_sent = False  # the request at hand went out at least once

    def close(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def ask(self, report: str, lots: tuple[str, ...] = ()) -> Any:
        """Return a report of the house, as `auctioneer.house.reports` describes it, on `lots` or on all lots.

        Raises the errors of `order`.
        """
        answer = self._request(Ask(id=1 + secrets.randbelow(IDS_APART), report=report, lots=lots))
        if not isinstance(answer, Report):
            raise ProtocolError("The house answered a question with something other than a report.")
        return answer.report

    def preview(self, command: AnyCorrection) -> Any:
        """Return what a correction would do, and do nothing: a row of `auctioneer.house.control.corrections`.

        Raises the errors of `order`.
        """
        question = msgspec.structs.replace(command, id=1 + secrets.randbelow(IDS_APART), preview=True)
        answer = self._request(question)
        if not isinstance(answer, Report):
            raise ProtocolError("The house answered a question with something other than a report.")
        return answer.report

    def order(self, command: AnyCommand) -> Done:
        """Send a command to the house; it is done once, and durable, on return.

        Raises RejectedError if the house refuses, UnreachableError if it does not answer in time, UsageError if the
        command can't be sent, and ProtocolError if the answer is not one.
        """
        answer = self._request(msgspec.structs.replace(command, id=self._new_id()))
        if not isinstance(answer, Done):
            raise ProtocolError("The house answered a command with something other than its outcome.")
        return answer

    def place(self, command: AddPaddles) -> Placing:
        """Send a list of people to the house; what it did is durable on return. Raises the errors of `order`.

        Where it was sent twice, the answer tells of those who got a paddle by the first time that they had one.
        """
        answer = self._request(msgspec.structs.replace(command, id=self._new_id()))
        if not isinstance(answer, Placing):
            raise ProtocolError("The house answered a list with something other than what became of it.")
        return answer

    def _new_id(self) -> int:
        """Return an id above all that were used with this key."""
        if self._last_id is None:
            self._last_id = int(self.ask(MYSELF)["last_id"])
        self._last_id += 1 + secrets.randbelow(IDS_APART)
        return self._last_id

    # --- sending -----------------------------------------------------------------------------------------------------

    def _request(self, command: AnyCommand) -> Done | Placing | Report:
        """Send a command until it is answered, but not more often than TRIES_MAX times.

        A person who stops the wait by Ctrl-C reads whether the command may have been done.
        """
        self._is_sent = False
        try:
            return self._answered(command)
        except KeyboardInterrupt:
            if self._is_sent and (unknown := _unknown(command)):
                tell_person(unknown)
            raise

    def _answered(self, command: AnyCommand) -> Done | Placing | Report:
        body = _encoded(command)
        answer: AnyControlAnswer | None = None
        for tries in range(1, TRIES_MAX + 1):
            if tries > 1:
                why = "The house has not answered." if answer is None else "The house can't store anything now."
                again = "The same command is sent again, and is done only once."
                tell_person(f"{why} {'It is asked again.' if _is_question(command) else again}")
            answer = self._try(body, command)
            if answer is not None and not _is_unavailable(answer):
                break
            if isinstance(answer, Rejected) and tries < TRIES_MAX:
                time.sleep((answer.retry_ms or 0) / 1000)  # as the house asks
        if answer is None:
            raise UnreachableError(self._silence(command))
        if isinstance(answer, Rejected):
            detail = _unknown(command) if _is_unavailable(answer) else answer.detail
            raise CommandRefusedError(answer.code, detail)
        return answer

    def _try(self, body: bytes, command: AnyCommand) -> AnyControlAnswer | None:
        """Send a command once and return the answer; None if none came, and then the connection is given up.

        Raises UnreachableError if it can't be sent and never was, RejectedError if the house does not know the key.
        """
        try:
            line = self._send(body)
        except UnreachableError as error:
            if not self._is_sent:
                raise
            raise UnreachableError(f"{error} {_unknown(command)}".rstrip()) from error
        if line is None:
            if self._is_sent:
                return None
            raise UnreachableError(
                f"The house did not answer at {self._find_address()} within {self._timeout_ms / 1000:g} s; nothing was "
                "sent. It may be starting again: repeat this in a moment."
            )
        answer = line.answer(self._timeout_ms)
        if answer is None:
            self.close()
        elif answer.id not in (command.id, 0):  # 0: the house could not read the id
            raise ProtocolError("The house answered a request that was not sent.")
        return answer

    def _send(self, body: bytes) -> "_Line | None":
        """Return a connection that a body was sent on; None if none came up in time, and nothing was sent."""
        deadline_s = time.monotonic() + self._timeout_ms / 1000
        while True:
            address = self._find_address()
            if self._line is None or self._line.address != address:
                self.close()
                self._line = _Line(self._context, address, self._keys, self._house_key)
            left_ms = _left_ms(deadline_s)
            if self._line.is_up(min(LOOK_AGAIN_MS, left_ms)):
                was_sent, self._is_sent = self._is_sent, True  # first, since Ctrl-C may come in between
                if self._line.send(body):
                    return self._line
                self._is_sent = was_sent
            if not left_ms:
                self.close()
                return None

    def _silence(self, command: AnyCommand) -> str:
        waited = f"The house did not answer within {self._timeout_ms / 1000:g} s, {TRIES_MAX} times."
        return f"{waited} {_unknown(command) or 'Repeat this in a moment.'}"


class _Line:
    """One connection to the house."""

    def __init__(self, context: "zmq.Context[zmq.SyncSocket]", address: str, keys: KeyPair, house_key: str) -> None:
        self.address = address
        self._socket = context.socket(zmq.DEALER)
        set_request_client(self._socket, REPORT_BYTES_MAX)
        self._socket.setsockopt(zmq.LINGER, 0)  # a command that was given up must not be sent later
        use_curve_client(self._socket, keys, house_key)
        self._breaks = self._socket.get_monitor_socket(_BREAKS)
        self._socket.connect(address)

    def close(self) -> None:
        """Close the connection."""
        self._socket.disable_monitor()
        self._breaks.close()
        self._socket.close()

    def is_up(self, wait_ms: int) -> bool:
        """Return whether the connection is up, after waiting for that. Raises RejectedError for an unknown key."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLOUT)
        poller.register(self._breaks, zmq.POLLIN)
        ready = dict(poller.poll(wait_ms))
        if self._breaks in ready:
            self._note_break()
        return self._socket in ready

    def send(self, body: bytes) -> bool:
        """Send a body; return whether that was possible. A connection that was up a moment ago may be gone."""
        try:
            self._socket.send(body, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def answer(self, wait_ms: int) -> AnyControlAnswer | None:
        """Return the answer to what was sent; None if none comes in time, or the connection breaks."""
        poller = zmq.Poller()
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._breaks, zmq.POLLIN)
        poller.poll(wait_ms)
        if not self._socket.poll(0):  # asked again, since a house that hands over answers and leaves at once
            return None
        frames = self._socket.recv_multipart(zmq.DONTWAIT)
        try:
            return decode_control_answer(b"".join(frames))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ProtocolError(f"The house sent an answer that this version can't read ({error}).") from error

    def _note_break(self) -> None:
        if recv_monitor_message(self._breaks)["event"] == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            raise RejectedError(
                RejectCode.FORBIDDEN,
                "the house does not know this control key; if you were its clerk, "
                "ask the auctioneer for a new link: auctioneer clerk add NAME",
            )


def _is_unavailable(answer: AnyControlAnswer) -> bool:
    return isinstance(answer, Rejected) and answer.code is RejectCode.UNAVAILABLE


def _is_question(command: AnyCommand) -> bool:
    """Return whether a command changes nothing, so that it may be sent as often as one likes."""
    return isinstance(command, Ask) or (isinstance(command, AnyCorrection) and command.preview)


def _unknown(command: AnyCommand) -> str:
    """Return what to do about a command of which nobody knows whether it was done; empty for a question."""
    if _is_question(command):
        return ""
    return (
        f"It is not known whether the command was carried out. It has the number {command.id}: `auctioneer commands` "
        "shows that one if it was. Typed again, it would be a new command."
    )


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


def _left_ms(deadline_s: float) -> int:
    return max(0, round((deadline_s - time.monotonic()) * 1000))
