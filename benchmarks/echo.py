"""The ceiling: a bare ROUTER that decodes each MessagePack body and answers with one, and does nothing else.

Run as a process of its own: `python -m benchmarks.echo [SECRET_KEY_FILE]`. It prints its port and serves until killed.
"""

import sys
from pathlib import Path

import msgpack
import zmq
from zmq.auth.thread import ThreadAuthenticator

from common.keys import load_or_make_keys
from common.limits import REQUEST_BYTES_MAX
from common.sockets import new_context, set_request_server, use_curve_server


class _AnyKey:
    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002 -- pyzmq's signature
        return True


def serve(key_file: Path | None) -> None:
    """Echo on a free port of the loopback address until the process is killed."""
    context = new_context()
    router = context.socket(zmq.ROUTER)
    set_request_server(router, REQUEST_BYTES_MAX)
    if key_file is not None:
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        authenticator.configure_curve_callback("bidders", _AnyKey())
        use_curve_server(router, load_or_make_keys(key_file), "bidders")
    router.bind("tcp://127.0.0.1:*")
    sys.stdout.write(router.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2] + "\n")
    sys.stdout.flush()
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    while True:
        poller.poll()
        while True:
            try:
                routing_id = router.recv(zmq.DONTWAIT)
            except zmq.Again:
                break
            body = msgpack.unpackb(router.recv(zmq.DONTWAIT))
            router.send(routing_id, zmq.SNDMORE)
            router.send(msgpack.packb(body))


if __name__ == "__main__":
    serve(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
