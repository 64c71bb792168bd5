"""Say of which type a value must be, where a test knows more than a signature tells."""

from typing import TypeVar

T = TypeVar("T")


def must_be(kind: type[T], value: object) -> T:
    """Return the value, which is of that type."""
    assert isinstance(value, kind), value
    return value
