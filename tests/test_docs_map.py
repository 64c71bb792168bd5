"""The map of the documents names each of them, and the glossary has each word once."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_the_map_names_every_document() -> None:
    named = set(re.findall(r"\]\(([\w-]+\.md)", (DOCS / "README.md").read_text()))
    assert named == {page.name for page in DOCS.glob("*.md")} - {"README.md"}


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    for part in (DOCS / "glossary.md").read_text().split("\n## ")[1:]:
        words = re.findall(r"^\| ([^|]+) \|", part, re.MULTILINE)[2:]
        assert len(words) > 20
        assert words == sorted(set(words), key=str.lower), part.partition("\n")[0]
