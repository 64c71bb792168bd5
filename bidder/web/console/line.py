"""The way of one key to the house's control endpoint, on asyncio: one command at a time, repeated by its bytes.

The house does a command once, however often it is sent with the same id (docs/control.md). So a command without an
answer is sent again, over a new connection.
"""

import asyncio
from typing import Any, Final

import msgspec
import zmq
import zmq.asyncio
from zmq.utils.monitor import parse_monitor_message

from bidder.web.console.limits import ANSWER_BYTES_MAX, ANSWER_WAIT_MS, TRIES_MAX
from common.errors import ProtocolError, RejectCode, UnreachableError
from common.keys import KeyPair
from common.sockets import set_request_client, use_curve_client

Answer = dict[str, Any]
_BREAKS: Final = zmq.EVENT_HANDSHAKE_FAILED_AUTH


class UnknownKeyError(Exception):
    """The house does not know the key, or not any more."""


class CommandLine:
    """One key's connection to the house. `close` it in the end. `address` is a ZeroMQ address."""

    def __init__(self, context: zmq.asyncio.Context, address: str, keys: KeyPair, house_key: str) -> None:
        self._context = context
        self._address = address
        self._keys = keys
        self._house_key = house_key
        self._turns = asyncio.Lock()
        self._socket: zmq.asyncio.Socket | None = None
        self._breaks: zmq.asyncio.Socket | None = None

    async def ask(self, command: Answer) -> Answer:
        """Send a command, which has an `id`, and return the answer.

        Raises UnreachableError if none came, UnknownKeyError if the house does not know the key, and ProtocolError if
        the answer can't be read.
        """
        body, command_id = msgspec.msgpack.encode(command), command["id"]
        async with self._turns:
            answer: Answer | None = None
            for tries in range(1, TRIES_MAX + 1):
                answer = await self._try(body, command_id)
                if answer is not None and answer.get("code") != RejectCode.UNAVAILABLE.value:
                    return answer
                if answer is not None and tries < TRIES_MAX:
                    await asyncio.sleep(min(answer.get("retry_ms") or 0, ANSWER_WAIT_MS) / 1000)
            if answer is None:
                raise UnreachableError("The house does not answer. It is not known whether it did this.")
            return answer

    def close(self) -> None:
        """Close the connection; a command that waits for its answer raises what the socket raises then."""
        socket, breaks, self._socket, self._breaks = self._socket, self._breaks, None, None
        if socket is not None and breaks is not None:
            socket.disable_monitor()
            breaks.close(linger=0)
            socket.close(linger=0)

    async def _try(self, body: bytes, command_id: int) -> Answer | None:
        """Send a body once and return the answer; None if none came, and then the connection is given up."""
        socket, breaks = self._connect()
        answering = asyncio.ensure_future(self._exchange(socket, body, command_id))
        breaking = asyncio.ensure_future(breaks.recv_multipart())
        try:
            done, _ = await asyncio.wait(
                (answering, breaking), timeout=ANSWER_WAIT_MS / 1000, return_when=asyncio.FIRST_COMPLETED
            )
            if answering in done:
                return answering.result()
            if breaking in done and parse_monitor_message(breaking.result())["event"] == _BREAKS:
                raise UnknownKeyError
            return None
        finally:
            is_answered = answering.done() and not answering.cancelled() and answering.exception() is None
            for one in (answering, breaking):
                one.cancel()
            await asyncio.gather(answering, breaking, return_exceptions=True)
            if not is_answered:
                self.close()

    async def _exchange(self, socket: zmq.asyncio.Socket, body: bytes, command_id: int) -> Answer:
        await socket.send(body)
        while True:
            answer = _decoded(b"".join(await socket.recv_multipart()))
            if answer["id"] in (command_id, 0):  # 0: the house could not read the id; another: a try that was given up
                return answer

    def _connect(self) -> tuple[zmq.asyncio.Socket, zmq.asyncio.Socket]:
        if self._socket is None or self._breaks is None:
            socket = self._context.socket(zmq.DEALER)
            set_request_client(socket, ANSWER_BYTES_MAX)
            socket.setsockopt(zmq.LINGER, 0)  # a command that was given up must not be sent later
            use_curve_client(socket, self._keys, self._house_key)
            breaks = socket.get_monitor_socket(_BREAKS)
            socket.connect(self._address)
            self._socket, self._breaks = socket, breaks
        return self._socket, self._breaks


def _decoded(frame: bytes) -> Answer:
    try:
        answer = msgspec.msgpack.decode(frame)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ProtocolError(f"The house sent an answer that can't be read ({error}).") from error
    if not isinstance(answer, dict) or not isinstance(answer.get("id"), int):
        raise ProtocolError("The house sent an answer without an id.")
    return answer
