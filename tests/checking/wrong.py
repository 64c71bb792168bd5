"""What the checker raises for a fact that breaks the rules."""


class WrongFactError(Exception):
    """A fact that breaks the rules."""


def require(holds: bool, what: str) -> None:
    """Raise WrongFactError unless something holds."""
    if not holds:
        raise WrongFactError(what)


def require_equal(what: str, recorded: object, by_rule: object) -> None:
    """Raise WrongFactError unless the record says what the rules give."""
    if recorded != by_rule:
        raise WrongFactError(f"{what} is {recorded}, and by the rules it is {by_rule}")
