"""The commands that were done: the last `REMEMBERED_REQUESTS_MAX` of each person who gives commands, by id.

A repeat gets the answer that was given, and is not done again. The same id with other content is a conflict. An unknown
id below all of them is refused once so many are kept, since it may be that of a command that was forgotten. These are
the rules for bids (`auctioneer.house.sessions`). Refusals are not kept: they changed nothing, so a repeat is decided
again.
"""

from collections.abc import Container, Iterable

from auctioneer.rules.facts import CommandDone
from common.errors import RejectCode
from common.limits import REMEMBERED_REQUESTS_MAX


class CommandsDone:
    """The last commands of each controller, by the controller's name."""

    def __init__(self, kept: Iterable[CommandDone] = ()) -> None:
        self._by_name: dict[str, dict[int, CommandDone]] = {}
        for done in kept:
            self.remember(done)

    def recall(self, by: str, command_id: int, digest: str) -> CommandDone | RejectCode | None:
        """Return what a command came to before, a code if its id can't be used, or None if the command is new."""
        mine = self._by_name.get(by, {})
        done = mine.get(command_id)
        if done is not None:
            return done if done.digest == digest else RejectCode.ID_CONFLICT
        is_stale = len(mine) >= REMEMBERED_REQUESTS_MAX and command_id < min(mine)
        return RejectCode.ID_STALE if is_stale else None

    def remember(self, done: CommandDone) -> None:
        """Keep a command. If there are too many of its sender, forget the one with the lowest id."""
        mine = self._by_name.setdefault(done.by, {})
        mine[done.command_id] = done
        if len(mine) > REMEMBERED_REQUESTS_MAX:
            del mine[min(mine)]

    def last_id(self, by: str) -> int:
        """Return the highest id that is remembered of a person, 0 if there is none. No id above it is stale."""
        return max(self._by_name.get(by, ()), default=0)

    def forget_others(self, names: Container[str]) -> None:
        """Forget the commands of all but these people, who are those that give commands now."""
        self._by_name = {name: mine for name, mine in self._by_name.items() if name in names}

    @property
    def kept(self) -> list[CommandDone]:
        """All commands that are remembered; each person's by ascending id."""
        return [mine[command_id] for _, mine in sorted(self._by_name.items()) for command_id in sorted(mine)]
