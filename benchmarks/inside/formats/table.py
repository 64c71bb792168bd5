"""How each format is measured: the only list of formats in the benchmarks. A test compares it with the rules' list."""

from typing import Final

from benchmarks.inside.formats.dutch import DUTCH
from benchmarks.inside.formats.english import ENGLISH
from benchmarks.inside.formats.sealed import SEALED
from benchmarks.inside.rules import Format

FORMATS: Final[dict[str, Format]] = {"english": ENGLISH, "sealed": SEALED, "dutch": DUTCH}
