"""The rule for `make quick` sees what a test starts: itself, by a helper, or by a fixture."""

from pathlib import Path

import pytest

from tests import quick

FILES = {
    "tests/conftest.py": "import subprocess",  # it knows of all tests and starts nothing for them
    "tests/rules/test_rules.py": "from tests.rules.helper import lot",
    "tests/rules/helper.py": "import zmq",
    "tests/test_by_itself.py": "import asyncio.subprocess",
    "tests/test_within_a_function.py": "def test(): from threading import Thread",
    "tests/test_by_a_helper.py": "from tests.rules.helper import lot\nfrom tests import houses",
    "tests/test_by_a_helper_of_a_helper.py": "from tests.sales import sale",
    "tests/test_by_a_package.py": "from benchmarks.bots import bot",
    "tests/houses.py": "import subprocess",
    "tests/sales.py": "from tests.houses import house",
    "tests/served/conftest.py": "from tests.houses import house",
    "tests/served/inner/test_by_a_fixture.py": "",
    "benchmarks/bots/__init__.py": "from concurrent.futures import ProcessPoolExecutor",
}


def test_what_starts_nothing_is_quick_and_all_else_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(quick, "TESTS", tmp_path / "tests")
    tests = sorted((tmp_path / "tests").rglob("test_*.py"))
    assert len(tests) == 7
    assert [path.name for path in tests if quick.is_quick(path)] == ["test_rules.py"]
