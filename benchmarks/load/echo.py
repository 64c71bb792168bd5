"""The ceiling: a bare ROUTER that decodes each MessagePack body and answers with one, and does nothing else.

Run as a process of its own: `python -m benchmarks.load.echo [SECRET_KEY_FILE]`. It says its port and serves until
killed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgpack
import zmq
from zmq.auth.thread import ThreadAuthenticator

from benchmarks.load.child import say
from common.keys import load_or_make_keys
from common.limits import REQUEST_BYTES_MAX
from common.sockets import new_context, set_request_server, use_curve_server

# Plain integers, as in the house: combining pyzmq's flags anew for each message costs as much as sending it.
_AT_ONCE: Final = int(zmq.DONTWAIT)
_SEND_MORE: Final = int(zmq.SNDMORE | zmq.DONTWAIT)


class _AnyKey:
    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002 -- pyzmq's signature
        return True


def bind_all(context: "zmq.Context[zmq.SyncSocket]", sockets: Sequence[zmq.SyncSocket], key_file: Path | None) -> None:
    """Bind sockets to free ports of the loopback address, with CURVE if there is a key file, and say the ports."""
    if key_file is not None:
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        authenticator.configure_curve_callback("bidders", _AnyKey())
        for one in sockets:
            use_curve_server(one, load_or_make_keys(key_file), "bidders")
    for one in sockets:
        one.bind("tcp://127.0.0.1:*")
    say([int(one.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2]) for one in sockets])


def serve(key_file: Path | None) -> None:
    """Echo on a free port of the loopback address until the process is killed."""
    context = new_context()
    router = context.socket(zmq.ROUTER)
    set_request_server(router, REQUEST_BYTES_MAX)
    bind_all(context, [router], key_file)
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    while True:
        poller.poll()
        while True:
            try:
                routing_id = router.recv(_AT_ONCE)
            except zmq.Again:
                break
            body = msgpack.unpackb(router.recv(_AT_ONCE))
            try:
                router.send(routing_id, _SEND_MORE)
                router.send(msgpack.packb(body), _AT_ONCE)
            except zmq.ZMQError:
                continue  # gone, or it does not read


if __name__ == "__main__":
    serve(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
