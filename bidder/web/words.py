"""The words of the pages, for what the gateway writes itself, and the language in which a browser gets them.

They stand in `static/words/`, one file for each language, as the pages' script needs them. Of such a file this module
reads what has a line of its own: a text, and a sentence with places for values.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "de", "fr")
"""The first is for browsers that ask for none of them."""
LANGUAGE_COOKIE: Final = "language"
CHOSEN_WORDS: Final = "words/chosen.js"
"""The name under which each browser is served the words of its language."""
ACCEPTED_MAX: Final = 20
"""Languages of a browser that are looked at."""
_FOLDER: Final = Path(__file__).parent / "static" / "words"
_TEXT: Final = re.compile(r'^(?P<indent> {2,4})(?P<name>\w+): (?P<text>"(?:[^"\\]|\\.)*"),$')
_SENTENCE: Final = re.compile(r"^  (?P<name>\w+): \((?P<places>[\w, ]*)\) => `(?P<text>[^`]*)`,$")
_PART: Final = re.compile(r"^  (?P<name>\w+): \{$")
_TOP: Final = 2


class Words:
    """The words of one language. A name within a part is written with a dot, such as `status.open`."""

    def __init__(self, language: str, script: str) -> None:
        self.language = language
        self._texts: dict[str, str] = {}
        part = ""
        for line in script.splitlines():
            if found := _PART.match(line):
                part = found["name"]
            elif found := _TEXT.match(line):
                name = found["name"] if len(found["indent"]) == _TOP else f"{part}.{found['name']}"
                self._texts[name] = json.loads(found["text"])
            elif found := _SENTENCE.match(line):
                self._texts[found["name"]] = _with_places(found["text"], found["places"].split(", "))

    def __call__(self, name: str, *values: object) -> str:
        """Return a text, with values in their places. Raises KeyError if there is none of this name."""
        text = self._texts[name]
        for place, value in enumerate(values):
            text = text.replace(f"\0{place}\0", str(value))
        return text

    def get(self, name: str, otherwise: str) -> str:
        """Return a text without places, or another if there is none of this name."""
        return self._texts.get(name, otherwise)


def read_words(language: str) -> Words:
    """Return the words of one of `LANGUAGES`."""
    return Words(language, (_FOLDER / f"{language}.js").read_text(encoding="utf-8"))


def language_of(chosen: str, accepted: str) -> str:
    """Return the language for a browser: what its reader chose before, else the first that it asks for and is there."""
    if chosen in LANGUAGES:
        return chosen
    wanted: Mapping[str, float] = dict(map(_weighed, accepted.split(",", ACCEPTED_MAX)[:ACCEPTED_MAX]))
    found = [one for one in wanted if one in LANGUAGES and wanted[one] > 0]
    return max(found, key=lambda one: wanted[one], default=LANGUAGES[0])


def _weighed(entry: str) -> tuple[str, float]:
    """Return a language of `accept-language` without its country, and how much it is wanted (RFC 9110, 12.5.4)."""
    tag, _, weight = entry.partition(";")
    try:
        value = float(weight.partition("=")[2]) if weight else 1.0
    except ValueError:
        value = 0.0
    return tag.strip()[:2].lower(), value


def _with_places(text: str, names: list[str]) -> str:
    for place, name in enumerate(names):
        text = text.replace(f"${{{name}}}", f"\0{place}\0")
    return text
