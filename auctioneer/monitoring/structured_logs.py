"""structlog without rich.

structlog imports rich wherever it is installed, to draw tracebacks for developers. No log here has those, and the
import would take a sixth of a house's start. tests/test_imports.py holds that it works.
"""

import sys

_HIDDEN = [name for name in ("rich.console", "rich.pretty") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = None  # type: ignore[assignment] # Python's own way to say that a module is not there

import structlog  # noqa: E402 -- only now

for _name in _HIDDEN:
    del sys.modules[_name]

__all__ = ["structlog"]
