"""States the type that a value must have, for tests that know more than a signature tells."""

from typing import TypeVar

T = TypeVar("T")


def must_be(kind: type[T], value: object) -> T:
    """Return the value, which must have this type."""
    assert isinstance(value, kind), value
    return value
