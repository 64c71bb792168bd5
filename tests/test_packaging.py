"""What a stranger installs: the lock file names all that set-up needs, and the wheel works away from the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 120.0
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGE_PARTS = ("auctioneer", "bidder", "common", "rehearsal")


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, list[str]]:
    """Return the hashes of each requirement in the lock file, by the requirement's first word."""
    found: dict[str, list[str]] = {}
    for part in re.split(r"\n(?=\S)", LOCK):
        if not part.startswith("#"):
            found[part.split()[0]] = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", part)
    return found


def asked_for() -> set[str]:
    """Return the names of all packages that `make setup` needs at first hand."""
    makefile = (ROOT / "Makefile").read_text()
    extras = re.search(r"^EXTRAS := (\S+)$", makefile, re.MULTILINE)
    assert extras is not None
    wanted = list(PROJECT["dependencies"])
    for extra in extras[1].split(","):
        wanted += PROJECT["optional-dependencies"][extra]
    return {normal(re.split(r"[^A-Za-z0-9._-]", requirement)[0]) for requirement in wanted}


def test_the_lock_names_every_package_that_set_up_asks_for() -> None:
    names = {normal(requirement.partition("==")[0]) for requirement in locked()}
    assert asked_for() <= names, "run `make lock` and commit requirements.lock"


def test_the_lock_has_one_version_and_its_hashes_for_each_and_no_address() -> None:
    for requirement, hashes in locked().items():
        assert re.fullmatch(r"[a-z0-9-]+==[^\s;*]+", requirement), requirement
        assert hashes, f"{requirement} has no hash"
    assert "://" not in LOCK


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs of an environment that has the wheel, built from the files that git names."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split("\0"):
        if name.startswith(PACKAGE_PARTS) or "/" not in name:
            target = source / name
            if name and (ROOT / name).exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, target)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    subprocess.run(build, cwd=folder, check=True, timeout=WAIT_S)
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    install = [*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, cwd=folder, check=True, timeout=WAIT_S)
    # The dependencies are those of this environment; a path in a .pth brings no editable install of ours with it.
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    paths = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "dependencies.pth").write_text("\n".join(paths))
    return environment / "bin"


def told(cwd: Path, *command: str | Path) -> str:
    """Return what a program says on stdout; it must succeed."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def environment(cwd: Path) -> dict[str, str]:
    """Return the variables of a user without a checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "AUCTION"))}
    return kept | {"HOME": str(cwd)}


def test_the_wheel_has_its_packages_data_and_licence(installed: Path, tmp_path: Path) -> None:
    program = (
        "import auctioneer, bidder, common, rehearsal, json;"
        "from importlib.metadata import metadata, files;"
        "print(json.dumps([[m.__file__ for m in (auctioneer, bidder, common, rehearsal)],"
        " metadata('auction-house').get('License-Expression'), [str(f) for f in files('auction-house')]]))"
    )
    places, licence, files = json.loads(told(tmp_path, installed / "python", "-c", program))
    assert all(Path(place).is_relative_to(installed.parent) for place in places)
    assert licence == PROJECT["license"]
    assert any(name.endswith("LICENSE") for name in files)
    for part in PACKAGE_PARTS:
        assert f"{part}/py.typed" in files
    assert "auctioneer/catalogue/bundled/demo.toml" in files
    assert not [name for name in files if name.split("/")[0] in {"tests", "benchmarks", "docs", "examples"}]


def test_a_sale_is_held_with_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    command = [str(installed / "auctioneer"), "run", "--example", "--data", str(data), "--port", "0"]
    command += ["--log-format", "json"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as house:
        try:
            assert house.stderr is not None
            for line in house.stderr:
                if '"listening"' in line:
                    break
            else:
                raise AssertionError("the house ended")
            link = told(tmp_path, installed / "auctioneer", "link", "--data", str(data)).strip()
            answer = told(tmp_path, installed / "bidder", "bid", "1", "150", "--name", "Ada", "--to", link, "--json")
            assert json.loads(answer)["leading"] is True
        finally:
            house.terminate()
            house.communicate(timeout=WAIT_S)
    assert house.returncode == 0
    told(tmp_path, installed / "auctioneer", "verify", "--data", str(data))


def test_an_evening_is_rehearsed_with_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "evening.toml"
    lots = '[[lot]]\ntitle = "Lamp"\nstarting_price = "40"\nduration = "30s"\n'
    catalogue.write_text(f'[sale]\ntitle = "Evening"\ncurrency = "EUR"\n{lots}')
    report = told(
        tmp_path, installed / "auctioneer", "rehearse", catalogue, "--speed", "15", "--bidders", "8", "--json"
    )
    assert json.loads(report)["lots"][0]["status"] == "sold"
