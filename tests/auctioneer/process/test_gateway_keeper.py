"""The gateway beside a house: it starts with it, is started again, ends with it, and never holds it up."""

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from click.testing import CliRunner

from auctioneer.cli import main
from auctioneer.process.gateway_keeper import PAUSE_MAX_S, PAUSE_S, STEADY_S, Again, Ended, KeeperPolicy
from common.errors import UsageError
from tests.bidder.web.gateways import Phone, answer_to
from tests.house_process import HouseProcess, running_house


def gateway_of(house: HouseProcess) -> dict[str, Any]:
    """Wait until the house's gateway listens; return its first words."""
    return house.wait_for("gateway_listening")


def join(origin: str, name: str) -> str:
    body = json.dumps({"name": name, "attempt": token_hex(20)}).encode()
    joined = answer_to(f"{origin}/api/join", body, {"content-type": "application/json", "origin": origin})
    assert joined.status == 200, joined.body
    return joined.cookie


def process_that_listens(origin: str) -> int:
    """Return the id of the gateway's process: its parent is the keeper, whose parent is the watchdog."""
    port = f"127.0.0.1:{origin.rpartition(':')[2]}"
    for entry in Path("/proc").iterdir():
        words = (
            (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() and os.access(entry, os.R_OK) else []
        )
        if b"--tied" in words and port.encode() in words:
            return int(entry.name)
    raise AssertionError("no gateway runs")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_gateway_starts_with_its_house_comes_back_when_killed_and_ends_with_it(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    with running_house(tmp_path, "--web", place, "--admit", "approve") as house:
        origin = gateway_of(house)["url"].rstrip("/")
        assert origin == f"http://{place}"
        with Phone(origin, "", "", {}) as phone:
            phone.until("ready")
        os.kill(process_that_listens(origin), signal.SIGKILL)
        assert gateway_of(house)["url"] == f"{origin}/"
        house.kill_server()
        with Phone(origin, "", "", {}) as phone:
            phone.until("ready")
        gateway = process_that_listens(origin)
    assert not Path(f"/proc/{gateway}").exists()
    assert house.process.returncode == 0


def parent_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


def test_a_keeper_that_was_killed_comes_back_with_its_gateway_and_ends_with_the_watchdog(tmp_path: Path) -> None:
    with running_house(tmp_path, "--web", f"127.0.0.1:{free_port()}") as house:
        origin = gateway_of(house)["url"].rstrip("/")
        gateway = process_that_listens(origin)
        os.kill(parent_of(gateway), signal.SIGKILL)
        assert gateway_of(house)["url"] == f"{origin}/"
        assert process_that_listens(origin) != gateway
        with Phone(origin, "", "", {}) as phone:
            phone.until("ready")
        house.kill_server()
        assert house.auctioneer("announce", "We go on").exit_code == 0
        last = [os.pidfd_open(one) for one in (process_that_listens(origin), house.server_pid)]
        house.process.kill()
        for handle in last:
            assert select.select([handle], [], [], 60)[0]
            os.close(handle)


def test_a_house_remembers_its_gateway_its_guests_and_its_end(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    with running_house(tmp_path, "--web", place) as house:
        origin = gateway_of(house)["url"].rstrip("/")
        cookie = join(origin, "Ada")
    with running_house(tmp_path, catalogue=None) as house:
        gateway_of(house)
        with Phone(origin, cookie, "", {}) as phone:
            assert phone.until("you")["name"] == "Ada"
    with running_house(tmp_path, "--web", "off", catalogue=None), pytest.raises(OSError, match="refused"):
        answer_to(origin, None, {})
    verified = CliRunner().invoke(main, ["verify", "--data", str(tmp_path / "data")])
    assert verified.exit_code == 0, verified.output


PICTURED = """
[sale]
title = "Pictures"
currency = "EUR"
[[lot]]
title = "Clock"
starting_price = "10"
duration = "1h"
image = "https://one.example/clock.jpg"
[[lot]]
title = "Vase"
starting_price = "10"
image = "https://other.example/vase.jpg"
"""


def test_a_house_passes_the_options_of_its_gateway_on_and_remembers_them(tmp_path: Path) -> None:
    place = f"127.0.0.1:{free_port()}"
    named = ("--web-pictures-from", "one.example", "--web-public-url", "https://sale.example")
    with running_house(tmp_path, "--web", place, *named, catalogue=PICTURED) as house:
        assert gateway_of(house)["url"] == "https://sale.example/"
        assert house.wait_for("pictures_left_out")["hosts"] == ["other.example"]
    with running_house(tmp_path, "--web-public-url", "", catalogue=None) as house:
        assert gateway_of(house)["url"] == f"http://{place}/"
        assert house.wait_for("pictures_left_out")["hosts"] == ["other.example"]
        policy = answer_to(f"http://{place}/", None, {}).headers["content-security-policy"]
        assert "https://one.example" in policy
        assert "other.example" not in policy
    with running_house(tmp_path, "--web-pictures-from", "", catalogue=None) as house:
        assert house.wait_for("pictures_left_out")["hosts"] == ["one.example", "other.example"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--web-tls-cert", "/nothing/there"], "no file"),
        (["--web-tls-cert", __file__], "both --web-tls-cert and --web-tls-key"),
    ],
)
def test_a_wrong_option_of_the_gateway_is_refused_before_anything_begins(
    tmp_path: Path, words: list[str], said: str
) -> None:
    data = tmp_path / "data"
    result = CliRunner().invoke(main, ["run", "--example", "--data", str(data), "--web", "127.0.0.1:0", *words])
    assert result.exit_code == 2
    assert said in result.stderr
    assert not data.exists()


def test_a_gateway_ends_with_a_watchdog_that_was_killed(tmp_path: Path) -> None:
    with running_house(tmp_path, "--web", f"127.0.0.1:{free_port()}") as house:
        origin = gateway_of(house)["url"].rstrip("/")
        gateway = os.pidfd_open(process_that_listens(origin))
        house.process.kill()
        assert select.select([gateway], [], [], 60)[0]
        os.close(gateway)


def test_a_gateway_that_can_not_start_leaves_the_house_alone(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        running_house(tmp_path, "--web", f"127.0.0.1:{taken.getsockname()[1]}") as house,
    ):
        while "goes on without it" not in house.wait_for("said")["line"]:
            pass
        assert house.auctioneer("announce", "We go on").exit_code == 0
        assert any("can't be listened on" in line for line in house.lines)


@pytest.mark.parametrize("place", ["8080", "host:", ":8080", "host:65536", "http://host:1", "a b:1"])
def test_a_wrong_place_is_refused_before_anything_begins(tmp_path: Path, place: str) -> None:
    result = CliRunner().invoke(main, ["run", "--example", "--data", str(tmp_path / "data"), "--web", place])
    assert result.exit_code == 2
    assert not (tmp_path / "data").exists()


def test_without_the_packages_of_pages_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["auctioneer.cli.machine_options"], "_WEB_PACKAGES", ("no_such_package",))
    result = CliRunner().invoke(main, ["run", "--example", "--web", "127.0.0.1:0"])
    assert result.exit_code == 2
    assert "pip install 'auction-house[web]'" in result.stderr


def test_ends_in_quick_succession_wait_longer_and_longer() -> None:
    policy = KeeperPolicy()
    pauses = [policy.after(Ended(-9, 0.1)) for _ in range(8)]
    assert pauses[:3] == [Again(PAUSE_S), Again(2 * PAUSE_S), Again(4 * PAUSE_S)]
    assert pauses[-1] == Again(PAUSE_MAX_S)
    assert policy.after(Ended(1, STEADY_S)) == Again(PAUSE_S)


def test_only_a_very_first_start_by_a_wrong_option_is_given_up() -> None:
    assert KeeperPolicy().after(Ended(UsageError.exit_status, 0.1)) is None
    assert KeeperPolicy().after(Ended(1, 0.1)) is not None
    policy = KeeperPolicy()
    policy.after(Ended(-9, 0.1))
    assert policy.after(Ended(UsageError.exit_status, 0.1)) is not None
    assert KeeperPolicy(is_again=True).after(Ended(UsageError.exit_status, 0.1)) is not None
