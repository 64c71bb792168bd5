"""The commands that were done, checked as a record tells of them: each once, after its effects, by who may give any."""

import re
from typing import Final

from auctioneer.house.commands_done import CommandsDone
from auctioneer.rules.facts import AnyFact, CommandDone, SettingsChanged

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_MAY_CHANGE_NOTHING: Final = ("clerk rights", "partner", "hand-over")
"""The kinds of commands that leave no fact where they ask for what is so already, or change nothing of the sale."""


class CommandsAgain:
    """Follows a record fact by fact."""

    def __init__(self) -> None:
        self._done = CommandsDone()
        self._people: frozenset[str] = frozenset()
        self._effects: set[tuple[int, str]] = set()
        """When and by whom something was decided since the last command was done."""

    def note(self, fact: AnyFact) -> None:
        """Note a fact that was decided as recorded."""
        if isinstance(fact, CommandDone):
            self._done.remember(fact)
            self._effects.clear()
            return
        if isinstance(fact, SettingsChanged):
            self._people = frozenset(controller.name for controller in fact.settings.controllers)
            self._done.forget_others(self._people)
        by = getattr(fact, "by", None)
        if by is not None:
            if not any(at_ms == fact.at_ms for at_ms, _ in self._effects):
                self._effects.clear()
            self._effects.add((fact.at_ms, by))

    def fault_of(self, done: CommandDone) -> str:
        """Return why a command can't have been done here; empty if it can."""
        if (done.lot, done.seq) != ("", 0):
            return "it is about no lot and changes nothing public"
        if done.by not in self._people:
            return f"{done.by} gives no commands"
        if _DIGEST.fullmatch(done.digest) is None:
            return "its digest is none"
        if self._done.recall(done.by, done.command_id, done.digest) is not None:
            return f"command {done.command_id} of {done.by} was done before"
        if (done.at_ms, done.by) not in self._effects and done.kind not in _MAY_CHANGE_NOTHING:
            return f"nothing was decided by {done.by} at that time"
        return ""
