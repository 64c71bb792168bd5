"""Writes log lines without ever blocking the house.

A stopped terminal, or a pipe that nobody reads, must not stop the house. So lines wait in a bounded queue, and a thread
writes them. If the queue is full, further lines are lost and counted.
"""

import queue
import threading
from typing import Final, TextIO

LINES_WAITING_MAX: Final = 10_000
CLOSE_S: Final = 1.0
"""How long `close` waits until the last lines are written, in seconds."""


class LogWriter:
    """A text stream that never blocks its caller, in front of a stream that may block."""

    def __init__(self, stream: TextIO, lines_max: int = LINES_WAITING_MAX) -> None:
        self._stream = stream
        self._waiting: queue.Queue[str | None] = queue.Queue(lines_max)
        self._lost = 0
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        """Queue `text` to be written; it is lost if the queue is full."""
        try:
            if self._lost:
                self._waiting.put_nowait(f"{self._lost} log lines were lost, since nobody read them in time.\n")
                self._lost = 0
            self._waiting.put_nowait(text)
        except queue.Full:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Do nothing; the thread writes each line as soon as it can."""

    def close(self) -> None:
        """Give the last lines a moment to leave."""
        try:
            self._waiting.put(None, timeout=CLOSE_S)
        except queue.Full:
            return
        self._thread.join(timeout=CLOSE_S)

    def _write_on(self) -> None:
        while (text := self._waiting.get()) is not None:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                return  # the terminal is gone, so nobody will read any more
