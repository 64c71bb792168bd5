"""The house's sockets, as they are bound."""

from pathlib import Path

import zmq

from auctioneer.data_folder import DataFolder
from auctioneer.endpoints import Endpoints
from auctioneer.options import RunOptions
from common.keys import new_keys


def test_broadcasts_have_a_thread_that_no_request_waits_for(tmp_path: Path) -> None:
    endpoints = Endpoints(RunOptions(data=tmp_path, port=0), DataFolder(tmp_path), new_keys())
    try:
        requests, broadcasts = (int(one.getsockopt(zmq.AFFINITY)) for one in (endpoints.requests, endpoints.publisher))
        assert (requests, broadcasts) == (1, 2)
        assert endpoints.context.get(zmq.IO_THREADS) == 2
    finally:
        endpoints.close()
