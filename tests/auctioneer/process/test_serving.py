"""What a server's start makes of a system that gives less than was asked for."""

import resource

import pytest
from structlog.testing import CapturingLogger

from auctioneer.process import serving


def test_a_limit_of_files_that_can_not_be_raised_is_a_warning_and_the_house_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some systems name a higher limit than they give."""

    def refused(*_: object) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refused)
    log = CapturingLogger()
    serving._allow_connections(log)
    (call,) = log.calls
    assert (call.method_name, call.args) == ("warning", ("few_connections",))
    assert call.kwargs["files"] == 256
