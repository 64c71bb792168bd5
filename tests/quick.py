"""The quick tests: they start neither processes nor threads. `make quick` runs them.

Nobody keeps a list. A test is quick if its file, the conftest files above it and the helpers that these import, in
`tests/`, `benchmarks/` and `rehearsal/`, import none of the modules that start something.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
HELPERS = frozenset({"tests", "benchmarks", "rehearsal"})
STARTERS = frozenset({"asyncio", "concurrent", "multiprocessing", "pty", "subprocess", "threading"})


def is_quick(path: Path) -> bool:
    """Return whether the tests of a file start no process and no thread."""
    return not any(map(_starts_something, _needed(path)))


def _needed(path: Path) -> set[Path]:
    """Return the files that a test file needs: itself, the conftest files above it, and all that these import."""
    conftests = [folder / "conftest.py" for folder in path.parents if folder.is_relative_to(TESTS)]
    found: set[Path] = set()
    new = {path, *filter(Path.exists, conftests)} - {TESTS / "conftest.py"}  # all tests need that one
    while new:
        found |= new
        new = {helper for one in new for helper in _helpers(one)} - found
    return found


def _starts_something(path: Path) -> bool:
    return any(name.split(".")[0] in STARTERS for name in _imported(path))


def _helpers(path: Path) -> Iterator[Path]:
    for name in _imported(path):
        parts = name.split(".")
        if parts[0] in HELPERS:
            module = TESTS.parent.joinpath(*parts)
            yield from filter(Path.exists, (module.with_suffix(".py"), module / "__init__.py"))


@cache
def _imported(path: Path) -> frozenset[str]:
    """Return the full names of all imports anywhere in a file: of modules and of names in them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)
