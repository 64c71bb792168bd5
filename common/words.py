"""Words that both command lines need."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with what is counted, such as `1 lot` or `1,234 lots`; `many` where it is not `one` and an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
