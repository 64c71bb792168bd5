"""`bidder web`, as a person types it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bidder.cli import main
from bidder.cli.web import MISSING_EXTRA
from tests.bidder.web.gateways import GatewayProcess, answer_to, running_gateway
from tests.house_process import ROOT, WAIT_S, HouseProcess, running_house

LINK = "auction://127.0.0.1:1/" + "0" * 64 + "?publish=2"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["web", "--to", LINK, *words], catch_exceptions=False)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    with running_house(tmp_path_factory.mktemp("house"), "--admit", "invite", "--invite", "sesame") as house:
        yield house


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--listen", "8080"], "HOST:PORT"),
        (["--listen", "192.0.2.1:0"], "can't be listened on"),
        (["--public-url", "auction.example.org"], "address of a gateway"),
        (["--trusted-proxy", "proxy"], "numeric"),
        (["--tls-cert", __file__], "both --tls-cert and --tls-key"),
        (["--tls-cert", __file__, "--tls-key", __file__], "certificate"),
        (["--images", "/nothing/there"], "does not exist"),
        (["--to", "http://x"], "not a join link"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, words: list[str], said: str) -> None:
    result = run("--listen", "127.0.0.1:0", "--home", str(tmp_path), *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_its_packages_it_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bidder.web.gateway", None)
    result = run()
    assert result.exit_code == 2
    assert MISSING_EXTRA in result.stderr
    assert "pip install 'auction-house[web]'" in result.stderr


def test_it_prints_a_square_and_what_to_open_and_ctrl_c_ends_it(house: HouseProcess, tmp_path: Path) -> None:
    words = ["web", "--to", house.link, "--listen", "127.0.0.1:0", "--home", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "bidder", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        while not (said and said[-1].startswith("Results:")):
            said.append(process.stdout.readline())
        text = "".join(said)
        assert "▀" in text
        assert "/#invite=sesame\n" in text
        assert "/board#invite=sesame\n" in text
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
        assert (process.returncode, out, err) == (0, "", "")


def test_for_programs_it_is_one_record(house: HouseProcess, tmp_path: Path) -> None:
    with running_gateway(house.link, tmp_path) as gateway:
        record = gateway.listening
        assert record["event"] == "gateway_listening"
        assert record["join"] == f"{record['url']}#invite=sesame"
        assert record["board"] == f"{record['url']}board#invite=sesame"
        assert json.loads(next(tmp_path.rglob("gateway.json")).read_text())["public"] == record["key"]
        assert gateway.stop() == 0


def test_a_house_that_does_not_let_it_look_on_ends_it_with_the_reason(tmp_path: Path) -> None:
    with running_house(tmp_path / "house", "--admit", "list") as house:
        gateway = GatewayProcess(house.link, tmp_path / "home")
        assert gateway.process.wait(timeout=WAIT_S) == 3
        gateway.stop()
        key = gateway.listening["key"]
        assert house.auctioneer("partner", "web", key).exit_code == 0
        with running_gateway(house.link, tmp_path / "home") as gateway, gateway.phone() as phone:
            phone.until("ready")


def test_over_tls_the_cookie_is_secure(house: HouseProcess, tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            *subject,
            "-keyout",
            key,
            "-out",
            cert,
        ],
        check=True,
        capture_output=True,
    )
    with running_gateway(house.link, tmp_path, "--tls-cert", str(cert), "--tls-key", str(key)) as gateway:
        assert gateway.origin.startswith("https://")
        body = json.dumps({"name": "Ada", "attempt": "a" * 40, "invite": "sesame"}).encode()
        sent = {"content-type": "application/json", "origin": gateway.origin}
        joined = answer_to(f"{gateway.origin}/api/join", body, sent, trusting=cert)
        assert joined.status == 200
        assert joined.cookie.startswith("__Host-guest=")
