"""The documents are in plain English: none of the turns that a native reader reads twice."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page
    for folder in (".", "docs", "docs/adr", "benchmarks", "examples/javascript")
    for page in (ROOT / folder).glob("*.md")
    if page.name != "CHANGELOG.md"
)
TURNS = {
    r"\banew\b": "again",
    r"\b[Tt]he own\b": "its own, the bidder's own",
    r"\bfor ever\b": "forever",
    r"\bmend(s|ed|ing)?\b": "repair, correct",
    r"\b[Ss]o many\b": "a number, or a bound",
    r"\b[Jj]ust (those|these|one|the|that)\b": "only, exactly",
    r"\b[Ww]hoever\b": "anybody who, a client that",
    r"\b(go|goes|went|going) on (with|by|as|from|to|sending|hearing)\b": "continue, resume",
    r"(?:^|[.;:] )Who (?!may |owns )[a-z]+s? (?![a-z ]*\?)": "a bidder who, the client that",
    r"\bto who\b": "to the client that",
    r"\bslip of\b": "a typing error",
    r"\bNot taken: ": "Rejected:",
}
"""Each with what to write instead."""
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_documents_are_in_plain_english(page: Path) -> None:
    text = " ".join(_CODE.sub("", page.read_text()).split())
    found = [
        f"...{text[max(0, match.start() - 40) : match.end() + 40]}...: write {instead}"
        for turn, instead in TURNS.items()
        for match in re.finditer(turn, text)
    ]
    assert not found, "\n".join(found)
