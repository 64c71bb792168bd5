"""`auctioneer key export` and `import`: a file that only its owner reads, and that replaces nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auctioneer.cli import main
from auctioneer.process.folder import DataFolder
from common.keys import new_keys


def auctioneer(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


@pytest.fixture
def first(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "first")
    folder.prepare()
    folder.keys.house()
    folder.keys.make_control()
    return folder


def keys_of(folder: DataFolder) -> dict[str, bytes]:
    root = folder.path / "keys"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("has_gateway", [False, True])
def test_the_keys_come_to_another_directory(first: DataFolder, tmp_path: Path, *, has_gateway: bool) -> None:
    if has_gateway:
        first.keys.gateway()
    file, second = tmp_path / "house.keys", DataFolder(tmp_path / "second")
    exported = auctioneer("key", "export", file, "--data", first.path, "--json")
    assert json.loads(exported.stdout)["keys"] == ["house", "auctioneer", "gateway"]
    assert file.stat().st_mode & 0o777 == 0o600
    for _ in range(2):
        assert auctioneer("key", "import", file, "--data", second.path).exit_code == 0
        assert keys_of(second) == keys_of(first)
    assert all(path.stat().st_mode & 0o77 == 0 for path in (second.path / "keys").rglob("*"))
    assert "secret" not in exported.stdout + exported.stderr


def test_nothing_is_replaced(first: DataFolder, tmp_path: Path) -> None:
    file, second = tmp_path / "house.keys", DataFolder(tmp_path / "second")
    assert auctioneer("key", "export", file, "--data", first.path).exit_code == 0
    before = file.read_bytes()
    again = auctioneer("key", "export", file, "--data", first.path)
    assert (again.exit_code, file.read_bytes()) == (2, before)
    assert "is there already" in again.stderr
    second.prepare()
    second.keys.make_control()
    kept = keys_of(second)
    refused = auctioneer("key", "import", file, "--data", second.path)
    assert (refused.exit_code, keys_of(second)) == (2, kept)
    assert "other keys of the auctioneer" in refused.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        json.dumps(
            {"house": {"public": "a" * 40, "secret": "b" * 40}, "auctioneer": {"public": "", "secret": ""}}
        ).encode(),
    ],
)
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    file, data = tmp_path / "file", tmp_path / "data"
    file.write_bytes(content)
    refused = auctioneer("key", "import", file, "--data", data)
    assert refused.exit_code == 2
    assert "has no keys of a house" in refused.stderr
    assert not (data / "keys").exists()


def test_a_secret_that_does_not_fit_its_public_key_is_refused(first: DataFolder, tmp_path: Path) -> None:
    file = tmp_path / "house.keys"
    assert auctioneer("key", "export", file, "--data", first.path).exit_code == 0
    exported = json.loads(file.read_bytes())
    exported["house"]["public"] = new_keys().public
    file.write_text(json.dumps(exported))
    assert auctioneer("key", "import", file, "--data", tmp_path / "data").exit_code == 2


def test_a_directory_without_keys_has_none_to_export(tmp_path: Path) -> None:
    refused = auctioneer("key", "export", tmp_path / "file", "--data", tmp_path / "data")
    assert refused.exit_code == 2
    assert "no keys of a house" in refused.stderr
    assert not (tmp_path / "data").exists()
