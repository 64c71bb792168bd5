"""The program that the conformance checks run as another process: hold a sale under the watchdog.

Its one argument is JSON: the data directory, the catalogue, who is admitted, and the rate of requests.
"""

import json
import sys
from pathlib import Path

from auctioneer.process.options import RunOptions
from auctioneer.process.watchdog import run_watched
from auctioneer.rules.sale_settings import AdmissionMode

asked = json.loads(sys.argv[1])
sys.exit(
    run_watched(
        RunOptions(
            data=Path(asked["data"]),
            catalogue=Path(asked["catalogue"]),
            port=0,
            admit=AdmissionMode(asked["admit"]),
            requests_per_s=asked["requests_per_s"],
            is_encrypted=asked["is_encrypted"],
            log_format="json",
        )
    )
)
