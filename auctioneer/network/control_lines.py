"""The connections over which commands came, so that those of one key can be ended.

A connection that brought nothing is not known here. Its key is refused when it sends something.
"""

from collections import OrderedDict

import zmq

from auctioneer.network.connections import far_end, handle_of, shut_down

LINES_PER_KEY_MAX = 16
"""The connections that are known of one key: the last ones that brought a command."""


class ControlLines:
    """The connections to an endpoint for commands, by key."""

    def __init__(self, endpoint: "zmq.Socket[bytes]") -> None:
        self._endpoint = endpoint
        self._lines: dict[str, OrderedDict[int, str]] = {}
        """By key: the far end of each file handle."""

    def note(self, key: str, frame: zmq.Frame) -> None:
        """Note the connection that brought a command of a key."""
        handle = handle_of(frame)
        end = None if handle is None else far_end(self._endpoint, handle)
        if handle is None or end is None:
            return
        lines = self._lines.setdefault(key, OrderedDict())
        lines[handle] = end
        lines.move_to_end(handle)
        if len(lines) > LINES_PER_KEY_MAX:
            lines.popitem(last=False)

    def cut_off(self, key: str) -> None:
        """End the connections of a key. A handle that belongs to another connection by now is left alone."""
        for handle, end in self._lines.pop(key, {}).items():
            if far_end(self._endpoint, handle) == end:
                shut_down(self._endpoint, handle)
