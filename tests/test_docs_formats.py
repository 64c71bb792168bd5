"""docs/formats.md, followed to the letter: its files and edits alone add a format that works from catalogue to audit.

A copy of the checkout gets what the page says, in the order of the page, and nothing else. So a change of the seam that
makes the page wrong fails here, and the message names the edit that can't be made any more.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "formats.md").read_text()
REST = "…"
"""In an edit: the rest of a line, whatever it is."""
IMPORTED = ("auctioneer.cli", "bidder.cli", "rehearsal.bots.formats.table", "tests.auctioneer.rules.scenarios")
_NOT_COPIED = (".git", ".venv*", "*_cache", "__pycache__", ".hypothesis", "node_modules", "results", "*.egg-info")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_STEP = re.compile(r"^\*\*(New file|In)\*\* `([^`]+)`\n+(`{3,})(\w+)\n(.*?)^\3$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^(`{3,})\w+\n.*?^\1$", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One thing to do: write a file, or make the edits of a diff in one."""

    section: str
    path: str
    is_new: bool
    text: str


def steps() -> Iterator[Step]:
    for found in _STEP.finditer(PAGE):
        before = PAGE[: found.start()]
        yield Step(_HEADING.findall(before)[-1], found[2], found[1] == "New file", found[5])


def follow(step: Step, folder: Path) -> None:
    path = folder / step.path
    if step.is_new:
        assert not path.exists(), f"{step.path} is there already"
        path.write_text(step.text)
        return
    text = path.read_text()
    for hunk in step.text.split("\n\n"):
        text = edited(text, hunk.rstrip("\n").splitlines(), step.path)
    path.write_text(text)


def edited(text: str, hunk: list[str], path: str) -> str:
    """Return a text in which the lines with `-` are replaced by those with `+`; the other lines say where.

    The rest of a line that the hunk leaves out, as `…`, stays as it is.
    """
    told = "\n".join(hunk)
    before = [line[1:] for line in hunk if line[0] in " -"]
    after = [line[1:] for line in hunk if line[0] in " +"]
    pattern = r"\n".join(re.escape(line).replace(REST, "(.*)") for line in before)
    found = list(re.finditer(rf"^{pattern}$", text, re.MULTILINE))
    assert len(found) == 1, f"docs/formats.md: in {path} these lines stand {len(found)} times, not once:\n{told}"
    rests = iter(found[0].groups())
    new = re.sub(REST, lambda _: next(rests), "\n".join(after))
    assert next(rests, None) is None, f"docs/formats.md: in {path} the rest of a line is lost:\n{told}"
    return text[: found[0].start()] + new + text[found[0].end() :]


def run(folder: Path, *words: str) -> None:
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}:\n{done.stdout[-6000:]}{done.stderr[-3000:]}"


def run_tests(folder: Path, *words: str) -> None:
    run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(*_NOT_COPIED))
    return tmp_path / "copy"


def test_every_block_of_the_page_is_a_step_or_a_command() -> None:
    """A block under a heading that the test does not understand would be followed by people alone."""
    others = [block[0].splitlines()[0] for block in _FENCED.finditer(_STEP.sub("", PAGE))]
    assert set(others) <= {"```console"}
    named = re.findall(r"^\*\*(?:New file|In)\*\* `([^`]+)`", PAGE, re.MULTILINE)
    assert [step.path for step in steps()] == named
    assert len(set(named)) == len(named) > 30, "one step for each file"


def test_the_page_adds_a_format(copy: Path) -> None:
    """After each section all packages can be imported; in the end a sale goes from the catalogue to the audit."""
    sections = dict.fromkeys(step.section for step in steps())
    for section in sections:
        for step in steps():
            if step.section == section:
                follow(step, copy)
        run(copy, "-c", f"import {', '.join(IMPORTED)}")
    run_tests(
        copy,
        "tests/auctioneer/rules/formats/test_all_pay.py",
        "tests/auctioneer/rules/formats/test_table.py",
        "tests/auctioneer/house/formats/test_table.py",
        "tests/auctioneer/catalogue/formats/test_table.py",
        "tests/auctioneer/rules/test_rules_document.py",
        "tests/rehearsal/bots/formats/test_table.py",
        "tests/integration/test_all_pay_sale.py",
    )


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_the_page_leaves_nothing_out(copy: Path) -> None:
    """Types, style, the specification, and the tests that hold all formats to something, pass as in the checkout."""
    for step in steps():
        follow(step, copy)
    run(copy, "-m", "tools.specification")
    run(copy, "-m", "ruff", "check", ".")
    run(copy, "-m", "ruff", "format", "--check", ".")
    run(copy, "-m", "mypy")
    folders = (
        "common",
        "auctioneer/rules",
        "auctioneer/catalogue",
        "auctioneer/house",
        "bidder/display",
        "rehearsal",
        "benchmarks",
    )
    documents = [f"{path.parent.name}/{path.name}" for path in (ROOT / "tests").glob("test_docs_*.py")]
    documents.remove("tests/test_docs_formats.py")
    run_tests(copy, *(f"tests/{name}" for name in folders), *documents)
    run_tests(copy, "tests/test_tidy.py", "tests/test_mirror.py", "tests/test_imports.py")


@pytest.mark.parametrize(
    ("text", "hunk", "expected"),
    [
        ("a\nb\n", [" a", "+c"], "a\nc\nb\n"),
        ("x = 1 | 2\n", ["-x = …", "+x = … | 3"], "x = 1 | 2 | 3\n"),
        ("for x in (a, b):\n", ["-for x in (…):", "+for x in (z, …):"], "for x in (z, a, b):\n"),
        ("f(a)\nf(b)\n", [" f(b)", "+f(c)"], "f(a)\nf(b)\nf(c)\n"),
    ],
)
def test_an_edit_is_made_as_a_person_would(text: str, hunk: list[str], expected: str) -> None:
    assert edited(text, hunk, "a.py") == expected


@pytest.mark.parametrize("hunk", [[" c", "+d"], [" a…", "+d"], ["-b…", "+b"]])
def test_an_edit_that_is_not_plain_is_refused(hunk: list[str]) -> None:
    with pytest.raises(AssertionError, match=r"docs/formats\.md"):
        edited("a1\na2\nb\n", hunk, "a.py")
