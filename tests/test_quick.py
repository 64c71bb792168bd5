"""The rule for `make quick` sees what a test starts: itself, by a helper, or by a fixture."""

import pytest

from tests.quick import TESTS, is_quick


@pytest.mark.parametrize(
    "name",
    [
        "auctioneer/rules/test_engine.py",
        "auctioneer/house/test_house.py",
        "auctioneer/journal/test_record.py",
        "auctioneer/process/test_server.py",
        "bidder/core/test_session.py",
        "common/test_codec.py",
    ],
)
def test_what_starts_nothing_is_quick(name: str) -> None:
    assert is_quick(TESTS / name)


@pytest.mark.parametrize(
    "name",
    [
        "test_tidy.py",  # by itself
        "crashes/test_full_disk.py",  # by a helper
        "auctioneer/cli/test_checks.py",  # by a helper of a helper
        "conformance/test_hello.py",  # by a fixture
        "benchmarks/bots/test_bots_and_kills.py",  # by asyncio
    ],
)
def test_what_starts_processes_or_threads_is_not(name: str) -> None:
    assert not is_quick(TESTS / name)
