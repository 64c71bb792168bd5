"""The principal of a connection in a house without CURVE, where nobody is authenticated.

The first hello on a connection names its principal; before that, the connection is a principal of its own. If there are
too many, the longest silent one is forgotten. If that one is still connected, it is asked to say hello again.
"""

from collections import OrderedDict

from common.codec import RejectedBody, decode_request
from common.limits import BIDDERS_MAX
from common.messages import Hello


class Introductions:
    """The connections that named their principal, by routing id."""

    def __init__(self, connections_max: int = BIDDERS_MAX) -> None:
        self._connections_max = connections_max
        self._keys: OrderedDict[bytes, str] = OrderedDict()

    def principal(self, routing_id: bytes, body: bytes) -> str:
        """Return the principal that sent a request; if the request is its first hello, remember the principal."""
        known = self._keys.get(routing_id)
        if known is not None:
            self._keys.move_to_end(routing_id)
            return known
        try:
            request = decode_request(body)
        except RejectedBody:
            return routing_id.hex()
        if not isinstance(request, Hello) or not request.key:
            return routing_id.hex()
        self._keys[routing_id] = request.key
        if len(self._keys) > self._connections_max:
            self._keys.popitem(last=False)
        return request.key
