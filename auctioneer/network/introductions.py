"""Who speaks on a connection where nobody is authenticated, in a house without CURVE.

A connection is who its first hello says, and before that, itself. Of too many the longest silent is forgotten: if it is
still there it is told to say hello, and is who it was again.
"""

from collections import OrderedDict

from common.codec import RejectedBody, decode_request
from common.limits import BIDDERS_MAX
from common.messages import Hello


class Introductions:
    """The connections that said who they are, by routing id."""

    def __init__(self, connections_max: int = BIDDERS_MAX) -> None:
        self._connections_max = connections_max
        self._keys: OrderedDict[bytes, str] = OrderedDict()

    def principal(self, routing_id: bytes, body: bytes) -> str:
        """Return who sent a request, and take its introduction if that is what it is."""
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
