"""A gateway as a process (`bidder web`), and guests who join at it as browsers do."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from secrets import token_hex
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from common.errors import UnreachableError
from common.links import JoinLink

STOP_S: Final = 30.0
ANSWER_S: Final = 60.0
GUESTS_PER_ADDRESS: Final = 50
"""The gateway takes 60 attempts a minute from one address."""


class RunningGateway(NamedTuple):
    """A gateway that listens."""

    host: str
    port: int
    pid: int

    def join(self, name: str, number: int) -> str:
        """Have a guest join from an address that depends on its number; return its cookie. Raises UnreachableError."""
        source = f"127.0.2.{1 + number // GUESTS_PER_ADDRESS}"
        browser = HTTPConnection(self.host, self.port, timeout=ANSWER_S, source_address=(source, 0))
        try:
            browser.request(
                "POST",
                "/api/join",
                json.dumps({"name": name, "attempt": token_hex(20)}),
                {"content-type": "application/json", "origin": f"http://{self.host}:{self.port}"},
            )
            answer = browser.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise UnreachableError(f"{name} could not join: {answer.status} {said.decode()}")
            return str(answer.headers["set-cookie"]).partition(";")[0]
        finally:
            browser.close()


@contextmanager
def running_gateway(link: JoinLink, home: Path) -> Iterator[RunningGateway]:
    """Run a gateway until the end of the block. Raises UnreachableError if it does not start, or ends by itself."""
    command = [sys.executable, "-m", "bidder", "web", "--to", str(link), "--home", str(home), "--json"]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1:0", "--tied"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None, "its output is a pipe"
            line = process.stdout.readline()
            if not line:
                raise UnreachableError("The gateway ended before it listened; its error is above.")
            place = urlsplit(json.loads(line)["url"])
            yield RunningGateway(place.hostname or "", place.port or 0, process.pid)
        finally:
            if process.poll() is not None:
                raise UnreachableError(f"The gateway ended by itself, with status {process.returncode}.")
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
