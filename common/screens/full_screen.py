"""What every full screen does: it starts, leaves and fails so that the terminal is whole again afterwards.

Ctrl-C and `q` leave. A signal that ends the program leaves too. An error closes the screen first and is raised then, so
that the command line tells it as it tells all others; textual alone would print the local variables, and secrets with
them.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import WorkerFailed

from common.screens.leaving import Leaving

BEAT_S: Final = 0.25
"""The shortest time between two redraws of everything: a slow line carries no more, and no eye needs more."""
WIDE_COLUMNS: Final = 120
"""From this width on, panes stand side by side."""
TALL_LINES: Final = 32
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


class FullScreen(App[Leaving]):
    """A full screen. `run_until_left` runs it."""

    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE_COLUMNS, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (TALL_LINES, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "stop", "Stop", show=False, priority=True),
        Binding("ctrl+q", "leave", "Leave", show=False, priority=True),
        Binding("q", "leave", "Leave"),
        Binding("d", "dark_or_light", "Dark or light", show=False),
    ]

    async def run_until_left(self) -> Leaving:
        """Show the screen until the person leaves. Raises the error that ended it, once the terminal is whole."""
        with self._leaving_at_signals():
            left = await self.run_async()
        error = self._exception
        if error is not None:
            raise error.error if isinstance(error, WorkerFailed) else error
        return left or Leaving.STOPPED

    def fail(self, error: Exception) -> None:
        """Close the screen; `run_until_left` then raises the error."""
        self._handle_exception(error)

    def _fatal_error(self) -> None:
        """Close the screen after an error, without a word: whoever runs the screen gets the error."""
        self._close_messages_no_wait()

    @contextmanager
    def _leaving_at_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.action_stop)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    def action_stop(self) -> None:
        """Leave at once, as Ctrl-C does in every other program."""
        self.exit(Leaving.STOPPED)

    def action_leave(self) -> None:
        """Leave."""
        self.exit(Leaving.QUIT)

    def action_dark_or_light(self) -> None:
        """Change between the dark and the light theme; the palette has others."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"
