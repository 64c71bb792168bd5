"""The tutorial, typed: each command in its terminal, what it shows, the catalogue and the bot as they are written."""

import re
from pathlib import Path

from tests.typed_documents import PROMPT, ROOT, Terminal, Typed, begin, commands, looks_like, terminals

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
STAYING = ("auctioneer run", "python bot.py")
_BLOCK = re.compile(r"```(\w+) ?(\w*)\n(.*?)```", re.DOTALL)
_FILE = re.compile(r"`([\w.]+)`[^`]*$")


def test_the_tutorial_goes_as_it_is_written(tmp_path: Path) -> None:
    with terminals(tmp_path / "reader", 3) as opened:
        reader = Reader(tmp_path / "reader", dict(zip(("house", "bidder", "bot"), opened, strict=True)))
        begun_at = 0
        for block in _BLOCK.finditer(TUTORIAL):
            kind, whose, text = block.groups()
            if kind == "console":
                for typed in commands(block[0]):
                    reader.type(typed)
            elif kind == "text":
                reader.terminals[whose].until(looks_like(text))
            else:
                reader.save(TUTORIAL[begun_at : block.start()], text)
            begun_at = block.end()
    assert reader.ran == {"house", "bot"}


class Reader:
    """Does what the tutorial says, in the folder of the reader."""

    def __init__(self, folder: Path, opened: dict[str, Terminal]) -> None:
        self.terminals = opened
        self.ran: set[str] = set()
        """Terminals in which a program was started that stays."""
        self._folder = folder

    def save(self, prose: str, text: str) -> None:
        """Save a file under the name that the prose before it says last."""
        named = _FILE.search(prose.strip())
        assert named is not None, f"no file is named before\n{text}"
        (self._folder / named[1]).write_text(text)

    def type(self, typed: Typed) -> None:
        """Type a command, after Ctrl-C where a program still runs in its terminal, and compare what it shows."""
        terminal = self.terminals[typed.who]
        if "pip install" in typed.command:
            return  # what `terminals` has put there stands in for it
        if typed.command.startswith(STAYING):
            if typed.who in self.ran:
                terminal.interrupt()
                terminal.until(PROMPT)
            self.ran.add(typed.who)
            if typed.who == "house":
                begin(terminal, typed)
            else:
                terminal.type(typed.command)
                terminal.until(looks_like(typed.shown))
            return
        shown = terminal.run(typed)
        assert re.search(looks_like(typed.shown), shown, re.DOTALL), f"{typed.command} shows\n{shown}"
