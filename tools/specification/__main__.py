"""Write the parts of `docs/` that follow from the code, or with `--check` only check whether they are up to date.

`protocol-tables.md`, `protocol-session.md`, `control.md` and `architecture.md` have marked places, which are filled.
`schemas/` and `vectors.json` are written as a whole.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from tools.specification.control import control
from tools.specification.moves import moves
from tools.specification.schemas import schemas
from tools.specification.session import session
from tools.specification.tables import tables
from tools.specification.vectors import vectors

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_MARKED: Final = re.compile(r"(<!-- generated: ([a-z ]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def generated() -> dict[Path, str]:
    """Return the path of each file that is made from the code, with the content that it should have."""
    return {
        DOCS / "protocol-tables.md": fill(DOCS / "protocol-tables.md", tables()),
        DOCS / "protocol-session.md": fill(DOCS / "protocol-session.md", {"session": session()}),
        DOCS / "control.md": fill(DOCS / "control.md", control()),
        DOCS / "architecture.md": fill(DOCS / "architecture.md", {"moves of a lot": moves()}),
        DOCS / "vectors.json": vectors(),
        **{DOCS / "schemas" / name: text for name, text in schemas().items()},
    }


def fill(page: Path, parts: dict[str, str]) -> str:
    """Return the text of `page` with each marked place filled. Raises ValueError unless each part has one place."""
    text = page.read_text()
    places = [name for _, name, _, _ in _MARKED.findall(text)]
    if sorted(places) != sorted(parts):
        raise ValueError(f"{page.name} has places for {sorted(places)}, and the code makes {sorted(parts)}")
    return _MARKED.sub(lambda match: f"{match[1]}\n{parts[match[2]]}\n\n{match[4]}", text)


def main(arguments: list[str]) -> int:
    """Write or check, and return the exit status: 1 if `--check` found something out of date."""
    parser = argparse.ArgumentParser(prog="python -m tools.specification", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; tell what is out of date")
    is_check = parser.parse_args(arguments).check
    wanted = generated()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    spare_schemas = [path for path in (DOCS / "schemas").glob("*.json") if path not in wanted]
    if not is_check:
        for path in stale:
            path.write_text(wanted[path])
        for path in spare_schemas:
            path.unlink()
        return 0
    for path in (*stale, *spare_schemas):
        sys.stderr.write(f"{path.relative_to(DOCS.parent)} is out of date; run `make docs`\n")
    return 1 if stale or spare_schemas else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
