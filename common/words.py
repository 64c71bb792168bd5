"""Words that both command lines need."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number and what it counts, such as `1 lot` or `1,234 lots`; `many` is an irregular plural."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
