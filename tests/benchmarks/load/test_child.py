"""A process that a measurement starts, and that ends before it is done."""

import pytest

from benchmarks.load.child import running_child
from benchmarks.load.connections import Publisher
from common.errors import UnreachableError


def test_a_process_that_ends_too_early_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    with running_child("benchmarks.load.listener") as listener:
        listener.tell(Publisher("nowhere", "", None))
        with pytest.raises(UnreachableError, match=r"benchmarks\.load\.listener"):
            listener.hear(str)
    assert "zmq" in capfd.readouterr().err, "its own error is not shown"
