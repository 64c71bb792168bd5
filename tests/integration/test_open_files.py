"""A house takes as many connections as the system lets it."""

import resource
from pathlib import Path

from tests.house_process import running_house


def test_the_house_raises_its_limit_of_open_files(tmp_path: Path) -> None:
    allowed, allowed_max = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, allowed_max))
    try:
        with running_house(tmp_path) as house:
            assert resource.prlimit(house.server_pid, resource.RLIMIT_NOFILE)[0] > 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed_max))
