"""The README, typed: its commands in their order, at terminals, by somebody who has nothing yet."""

import re
from pathlib import Path

import pytest

from tests.typed_documents import PROMPT, ROOT, Terminal, Typed, begin, commands, looks_like, terminals

README = (ROOT / "README.md").read_text()


def section(title: str) -> list[Typed]:
    """Return the commands of a section in their order."""
    return commands(README.partition(f"\n## {title}\n")[2].partition("\n## ")[0])


def test_the_first_sale_goes_as_the_readme_shows_and_the_second_after_it(tmp_path: Path) -> None:
    with terminals(tmp_path / "house", 2) as (first, second):
        activate, run, activate_again, *rest = section("What it looks like")
        assert (activate.command, run.command) == (". auction/bin/activate", "auctioneer run --example")
        assert activate_again == activate
        first.run(activate)
        begin(first, run)
        second.run(activate)
        assert len(rest) >= 6
        for typed in rest:
            shown = second.run(typed)
            assert re.search(looks_like(typed.shown), shown, re.DOTALL), f"{typed.command} shows\n{shown}"
        first.interrupt()
        first.until(PROMPT)
        _try_second_sale(first, second, tmp_path)


def _try_second_sale(first: Terminal, second: Terminal, folder: Path) -> None:
    activate, run, activate_again, link, install, join = section("A sale across two machines")
    assert [one.who for one in (activate, run, link, install, join)] == ["house"] * 3 + ["guest"] * 2
    assert "activate" in install.command
    first.run(activate)
    begin(first, run)
    second.run(activate_again)
    found = re.search(r"auction://\S+", second.run(link))
    assert found is not None
    with terminals(folder / "guest", 2) as (guest, program):
        guest.run(activate)
        guest.type(join.command.replace("auction://...", found[0]))
        guest.until("Spring charity evening")
        (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        (typed,) = section("In a program")
        (folder / "guest" / typed.command.split()[1]).write_text(snippet)
        program.run(activate)
        for verdict in ("Accepted", "Rejected"):  # the second time Cleo leads already, by that very maximum
            program.type(typed.command.replace("auction://...", found[0]))
            program.until(rf"{verdict}\(.*StateReady")
            program.interrupt()
            program.until(PROMPT)
        guest.until("Cleo|paddle 2")
        guest.type("quit")
        guest.until(PROMPT)
    first.interrupt()
    first.until(PROMPT)


@pytest.mark.parametrize("title", ["Try it", "What it looks like", "A sale across two machines"])
def test_no_program_is_typed_before_it_is_there(title: str) -> None:
    seen: set[str] = set()
    for typed in section(title):
        if typed.command.split()[0] in ("auctioneer", "bidder"):
            assert typed.who in seen or "" in seen, f"{typed.command} is typed before anything is activated"
        if "activate" in typed.command:
            seen.add(typed.who)
