"""Files of the pages and pictures of the catalogue: no name leads to any other file."""

from gzip import decompress
from pathlib import Path

import pytest

from bidder.web.assets import STATIC, Assets
from bidder.web.limits import IMAGE_BYTES_MAX


def test_the_pages_files_have_their_types_and_a_tag() -> None:
    script = Assets(None).static("sale.js")
    assert script is not None
    assert script.media_type.startswith("text/javascript")
    assert script.tag.startswith('"')
    assert Assets(None).static("sale.js") == script


def test_texts_are_packed_where_that_saves_something_and_pictures_never(tmp_path: Path) -> None:
    (tmp_path / "long.png").write_bytes(b"picture" * 1000)
    script, picture = Assets(None).static("sale.js"), Assets(tmp_path).picture("long.png", ["long.png"])
    assert script is not None
    assert picture is not None
    assert script.packed is not None
    assert decompress(script.packed) == script.content
    assert picture.packed is None


@pytest.mark.parametrize(
    "name", ["", "..", "../gateway.py", "../static/sale.js", "sale", "nothing.js", "/etc/hosts.txt"]
)
def test_no_other_file_is_served(name: str) -> None:
    assert Assets(None).static(name) is None


def test_every_file_of_the_pages_can_be_served() -> None:
    for path in STATIC.rglob("*"):
        if path.is_file():
            assert Assets(None).static(path.relative_to(STATIC).as_posix()) is not None, path


def test_a_picture_is_served_if_a_lot_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for name in ("clock.JPG", "more/vase.webp", "notes.txt", "sly.svg"):
        (folder / name).write_bytes(b"picture")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    assets = Assets(folder)
    for name, is_served in [
        ("clock.JPG", True),
        ("more/vase.webp", True),
        ("notes.txt", False),
        ("sly.svg", False),
        ("../secret.jpg", False),
        (str(tmp_path / "secret.jpg"), False),
        ("link.jpg", False),
        ("missing.jpg", False),
    ]:
        assert (assets.picture(name, [name]) is not None) is is_served, name
        assert assets.picture(name, ["another.jpg"]) is None
        assert Assets(None).picture(name, [name]) is None


def test_a_picture_has_a_bound(tmp_path: Path) -> None:
    for size, is_served in ((IMAGE_BYTES_MAX, True), (IMAGE_BYTES_MAX + 1, False)):
        (tmp_path / "big.png").write_bytes(b"x" * size)
        assert (Assets(tmp_path).picture("big.png", ["big.png"]) is not None) is is_served
