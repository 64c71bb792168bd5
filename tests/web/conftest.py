"""What the trials in a browser share: one Chromium for each module."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.browser import running_chromium


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Run Chromium for the tests of one module; no longer, since Playwright holds the thread's event loop meanwhile."""
    with running_chromium() as browser:
        yield browser
