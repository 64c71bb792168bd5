import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from bidder.cli import main
from bidder.shells.blocking import Client
from bidder.shells.home import LastId, NamesAt, bidder_keys
from common.keys import new_keys
from common.limits import REMEMBERED_REQUESTS_MAX
from common.links import parse_link
from tests.bidder.cli.programs import Program, catalogue
from tests.house_process import HouseProcess, running_house

LOTS = 18


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseProcess]:
    text = catalogue(LOTS, reserve="200", buy_now="500", estimate_low="150", estimate_high="250")
    with running_house(tmp_path_factory.mktemp("house"), catalogue=text) as house:
        yield house


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def bidder(home: Path, *words: str, to: str = "", **environment: str) -> Result:
    where = {"AUCTION_LINK": to} if to else {"XDG_STATE_HOME": str(home / "no-houses")}
    return CliRunner().invoke(
        main, words, env={"BIDDER_HOME": str(home), **where, **environment}, catch_exceptions=False
    )


def verdict(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(result.stdout)
    return record


# --- bidding ---------------------------------------------------------------------------------------------------------


def test_a_bid_is_told_in_a_sentence(house: HouseProcess, home: Path) -> None:
    result = bidder(home, "bid", "2", "120", "--name", "Ada", to=house.link)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Accepted: you lead lot 2 at USD 120.00.\n"


def test_a_script_is_told_of_a_slip_and_of_a_purchase_and_is_not_asked(house: HouseProcess, home: Path) -> None:
    high = bidder(home, "bid", "11", "5000", "--name", "Slim", to=house.link)
    assert (high.exit_code, high.stderr) == (0, "USD 5,000.00 is 50 times the minimum of lot 11, USD 100.00.\n")
    offer = bidder(home, "bid", "1", "500", "--max", "--if-price", "1", "--name", "Slim", to=house.link)
    told = "Lot 1 can be bought at once for USD 500.00: `buy 1` would end it, a bid does not."
    assert (offer.exit_code, offer.stderr.splitlines()[0]) == (3, told)


def test_a_lot_is_found_however_its_number_is_typed(house: HouseProcess, home: Path) -> None:
    result = bidder(home, "bid", "013", "120", "--name", "Abe", to=house.link)
    assert result.stdout == "Accepted: you lead lot 13 at USD 120.00.\n"
    record = verdict(bidder(home, "bid", "00013", "110", "--name", "Bob", "--json", to=house.link))
    assert (record["lot"], record["code"]) == ("13", "below_minimum")
    unknown = bidder(home, "bid", "13a", "120", "--name", "Abe", to=house.link)
    assert "unknown_lot" in unknown.stderr


def test_a_bid_with_json_has_all_of_the_verdict(house: HouseProcess, home: Path) -> None:
    record = verdict(bidder(home, "bid", "3", "120", "--name", "Bea", "--json", to=house.link))
    exact = {
        "status": "accepted",
        "code": None,
        "lot": "3",
        "price": "120.00",
        "price_minor": 12000,
        "minimum": "130.00",
        "minimum_minor": 13000,
        "maximum_minor": 12000,
        "leading": True,
        "bought": False,
        "reserve_met": None,
        "late_ms": None,
        "ends_at_ms": None,
        "currency": "USD",
    }
    assert {key: record[key] for key in exact} == exact
    assert {"seq", "request_id", "at_ms", "message"} <= record.keys()


def test_a_refused_bid_says_the_minimum(house: HouseProcess, home: Path) -> None:
    assert bidder(home, "bid", "4", "120", "--name", "Cem", to=house.link).exit_code == 0
    result = bidder(home, "bid", "4", "125", "--name", "Dan", "--json", to=house.link)
    assert result.exit_code == 3
    record = verdict(result)
    assert (record["status"], record["code"]) == ("rejected", "below_minimum")
    assert (record["price"], record["minimum"], record["leading"]) == ("120.00", "130.00", False)
    assert result.stderr.startswith("Error [below_minimum]: ")
    assert "the minimum is USD 130.00" in result.stderr


def test_maxima_stay_in_hand(house: HouseProcess, home: Path) -> None:
    secret = verdict(bidder(home, "bid", "5", "200", "--max", "--name", "Eve", "--json", to=house.link))
    assert (secret["price_minor"], secret["maximum_minor"], secret["leading"]) == (10000, 20000, True)
    beaten = verdict(bidder(home, "bid", "5", "150", "--name", "Flo", "--json", to=house.link))
    assert (beaten["status"], beaten["price"], beaten["leading"]) == ("accepted", "160.00", False)
    over = verdict(bidder(home, "bid", "5", "210", "--up-to", "300", "--name", "Flo", "--json", to=house.link))
    assert (over["price_minor"], over["maximum_minor"], over["leading"]) == (21000, 30000, True)
    affairs = json.loads(bidder(home, "mine", "--name", "Flo", "--json", to=house.link).stdout)
    assert [(one["lot"], one["price"], one["maximum"]) for one in affairs["leading"]] == [("5", "210.00", "300.00")]
    assert (
        "you lead lot 5 at USD 210.00, up to USD 300.00" in bidder(home, "mine", "--name", "Flo", to=house.link).stdout
    )


def test_a_bid_can_depend_on_the_price(house: HouseProcess, home: Path) -> None:
    assert bidder(home, "bid", "6", "100", "--if-price", "0", "--name", "Gil", to=house.link).exit_code == 0
    result = bidder(home, "bid", "6", "150", "--if-price", "0", "--name", "Hal", "--json", to=house.link)
    assert (result.exit_code, verdict(result)["code"]) == (3, "state_changed")
    assert bidder(home, "bid", "6", "150", "--if-price", "100", "--name", "Hal", to=house.link).exit_code == 0


def test_a_repeated_request_id_counts_once(house: HouseProcess, home: Path) -> None:
    words = ("bid", "7", "100", "--request-id", "77", "--name", "Ida", "--json")
    first, second = (verdict(bidder(home, *words, to=house.link)) for _ in range(2))
    assert (first["status"], first["request_id"]) == ("accepted", 77)
    assert second == first
    other = bidder(home, "bid", "7", "300", "--request-id", "77", "--name", "Ida", "--json", to=house.link)
    assert (other.exit_code, verdict(other)["code"]) == (3, "id_conflict")


def test_a_clock_that_was_an_hour_ahead_makes_no_bid_stale(house: HouseProcess, home: Path) -> None:
    """It was set right since. The house tells the highest id that it remembers, and ids go on above it."""
    hour_ahead_id = time.time_ns() // 1000 + 3_600_000_000
    with Client.connect(house.link, "Isa", bidder_keys(home, "Isa")) as client:
        for number in range(REMEMBERED_REQUESTS_MAX + 1):
            client.bid("7", 1, request_id=hour_ahead_id + number)
    record = verdict(bidder(home, "bid", "14", "100", "--name", "Isa", "--json", to=house.link))
    assert record["status"] == "accepted"
    assert record["request_id"] > hour_ahead_id + REMEMBERED_REQUESTS_MAX
    assert LastId(home, "Isa").read() == record["request_id"]


def test_ids_go_on_above_the_last_that_was_used_here(house: HouseProcess, home: Path) -> None:
    """Also where no house remembers it, and however the clock was set since."""
    first = verdict(bidder(home, "bid", "15", "100", "--name", "Jil", "--json", to=house.link))
    last_id = LastId(home, "Jil")
    assert last_id.read() == first["request_id"]
    ahead_id = first["request_id"] + 3_600_000_000
    last_id.keep(ahead_id)
    with Program(home, "join", "--name", "Jil", "--to", house.link) as program:
        program.write({"bid": {"lot": "15", "amount": "50"}, "id": 1})
        told = program.until("verdict")
    assert told["code"] == "already_leading"
    assert told["request_id"] > ahead_id
    assert last_id.read() == told["request_id"]
    by_hand = verdict(
        bidder(home, "bid", "15", "50", "--request-id", str(2**53 - 1), "--name", "Jil", "--json", to=house.link)
    )
    assert by_hand["code"] == "already_leading"
    assert last_id.read() < 2 * ahead_id, "an id that somebody typed says nothing of the clock"


@pytest.mark.parametrize("amount", ["1.234", "12x", "", "1e3", "0", "99999999999999999"])
def test_an_amount_that_is_none_is_refused_with_the_way_to_write_it(house: HouseProcess, amount: str) -> None:
    result = bidder(house.data.parent / "home", "bid", "8", amount, "--name", "Joe", "--json", to=house.link)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error [usage]: ")
    assert verdict(result)["error"]["code"] == "usage"
    assert "minor" not in result.stderr


def test_a_lot_is_bought_at_its_offer_only(house: HouseProcess, home: Path) -> None:
    none = bidder(home, "buy", "2", "--name", "Kim", "--json", to=house.link)
    assert (none.exit_code, verdict(none)["code"]) == (3, "no_buy_now")
    wrong = bidder(home, "buy", "1", "--price", "400", "--name", "Kim", "--json", to=house.link)
    assert (wrong.exit_code, verdict(wrong)["code"]) == (3, "no_buy_now")
    bought = bidder(home, "buy", "1", "--name", "Kim", to=house.link)
    assert (bought.exit_code, bought.stdout) == (0, "Bought: lot 1 is yours at USD 500.00.\n")
    affairs = json.loads(bidder(home, "mine", "--name", "Kim", "--json", to=house.link).stdout)
    assert ([one["lot"] for one in affairs["won"]], affairs["total"], affairs["total_minor"]) == (
        ["1"],
        "500.00",
        50000,
    )


def test_a_lot_that_is_none(house: HouseProcess, home: Path) -> None:
    unknown = bidder(home, "bid", "99", "100", "--name", "Lea", "--json", to=house.link)
    assert (unknown.exit_code, verdict(unknown)["code"]) == (3, "unknown_lot")
    assert bidder(home, "buy", "99", "--name", "Lea", to=house.link).exit_code == 3
    assert bidder(home, "bid", "no lot", "100", "--name", "Lea", to=house.link).exit_code == 2


# --- reading ---------------------------------------------------------------------------------------------------------


def test_lots_need_no_name(house: HouseProcess, home: Path) -> None:
    lots = json.loads(bidder(home, "lots", "--json", to=house.link).stdout)
    assert [row["lot"] for row in lots] == [str(number) for number in range(1, LOTS + 1)]
    last = lots[-1]
    assert (last["status"], last["price"], last["minimum"], last["minimum_minor"]) == ("open", None, "100.00", 10000)
    assert lots[0]["has_reserve"]
    table = bidder(home, "lots", to=house.link).stdout
    assert table.splitlines()[0] == "Evening sale"
    assert "Lot of its own" in table


def test_lots_show_what_is_the_own(house: HouseProcess, home: Path) -> None:
    assert bidder(home, "bid", "9", "100", "--name", "Mia", to=house.link).exit_code == 0
    own = json.loads(bidder(home, "lots", "--name", "Mia", "--json", to=house.link).stdout)
    others = json.loads(bidder(home, "lots", "--json", to=house.link).stdout)
    assert (own[8]["leading"], others[8]["leading"]) == (True, False)
    assert "you lead" in bidder(home, "lots", "--name", "Mia", to=house.link).stdout


# --- names and keys --------------------------------------------------------------------------------------------------


def test_a_name_is_an_identity(home: Path) -> None:
    ada = bidder(home, "key", "--name", "Ada").stdout.strip()
    assert len(ada) == 40
    assert bidder(home, "key", "--name", "Ada").stdout.strip() == ada
    assert bidder(home, "key", "--name", "Bob").stdout.strip() != ada
    assert json.loads(bidder(home, "key", "--name", "Ada", "--json").stdout) == {"name": "Ada", "key": ada}
    assert (home / "keys" / "ada.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["../../out/of", "a/b", "..a", "Zoë " + "x" * 36, "漢" * 40, "ﷺ" * 40])
def test_no_name_leads_out_of_the_folder(home: Path, name: str) -> None:
    assert bidder(home, "key", "--name", name).exit_code == 0
    assert len(list((home / "keys").iterdir())) == 1


@pytest.mark.parametrize("name", ["", " Ada", "=cmd", "a\u202eb", "x" * 41, "\ud800"])
def test_a_name_that_can_be_none(home: Path, name: str) -> None:
    assert bidder(home, "key", "--name", name).exit_code == 2
    assert not home.exists()


def test_anothers_name_is_taken(house: HouseProcess, home: Path, tmp_path: Path) -> None:
    assert bidder(home, "mine", "--name", "Nina", to=house.link).exit_code == 0
    taken = bidder(tmp_path / "elsewhere", "bid", "2", "900", "--name", "nina", "--json", to=house.link)
    assert (taken.exit_code, verdict(taken)["status"], verdict(taken)["code"]) == (3, "rejected", "name_taken")
    assert taken.stderr.startswith("Error [name_taken]: ")


def test_the_same_key_comes_in_under_its_enrolled_name(house: HouseProcess, home: Path) -> None:
    assert bidder(home, "bid", "16", "100", "--name", "Dora", to=house.link).exit_code == 0
    spelt = bidder(home, "mine", "--name", "dora", to=house.link)
    assert (spelt.exit_code, spelt.stdout.splitlines()[0][:4]) == (0, "Dora")
    assert spelt.stderr == "Your key is enrolled as Dora here; you take part under that name.\n"
    with Program(home, "join", "--name", "dora", "--to", house.link) as program:
        program.write({"mine": {}, "id": 1})
        assert program.until("mine")["name"] == "Dora"
    assert bidder(home, "mine", "--name", "Dora", to=house.link).stderr == "", (
        "and nothing is said where it is the same"
    )


def test_who_has_one_name_at_a_house_need_not_type_it(house: HouseProcess, home: Path) -> None:
    unknown = bidder(home, "mine", to=house.link)
    assert (unknown.exit_code, "no name at this house yet" in unknown.stderr) == (2, True)
    assert bidder(home, "key", "--name", "Elsa").exit_code == 0, "a key that this house does not know is no name there"
    assert bidder(home, "mine", "--name", "Olaf", to=house.link).exit_code == 0
    assert json.loads(bidder(home, "mine", "--json", to=house.link).stdout)["name"] == "Olaf"
    assert bidder(home, "bid", "18", "100", to=house.link).stdout == "Accepted: you lead lot 18 at USD 100.00.\n"
    assert bidder(home, "mine", "--name", "OLAF", to=house.link).exit_code == 0
    assert bidder(home, "mine", to=house.link).exit_code == 0, "it is the same name"
    assert bidder(home, "buy", "18", "--name", "Anna", to=house.link).exit_code == 3
    several = bidder(home, "bid", "18", "200", to=house.link)
    assert (several.exit_code, "2 names at this house: Anna, Olaf. Choose one" in several.stderr) == (2, True)


def test_a_name_at_one_house_is_none_at_another(house: HouseProcess, home: Path) -> None:
    link = parse_link(house.link)
    NamesAt(home, link).keep("Olaf")
    assert NamesAt(home, link).read() == ["Olaf"]
    assert NamesAt(home, msgspec.structs.replace(link, server_key=new_keys().public)).read() == []
    plain = NamesAt(home / "fresh", msgspec.structs.replace(link, server_key=""))
    plain.keep("Olaf")
    assert plain.read() == [], "a house without a key has no identity"


def test_names_that_can_not_be_kept_or_read_keep_nobody_from_bidding(house: HouseProcess, home: Path) -> None:
    assert bidder(home, "key", "--name", "Kai").exit_code == 0
    (home / "houses").write_text("not a folder")
    assert bidder(home, "mine", "--name", "Kai", to=house.link).exit_code == 0
    assert bidder(home, "mine", to=house.link).exit_code == 2
    (home / "houses").unlink()
    names = NamesAt(home, parse_link(house.link))
    names.keep("Kai")
    (path,) = (home / "houses").rglob("kai")
    (path.parent / "odd").write_text("\x1b[2J")
    (path.parent / ".left").write_text("Half")
    assert names.read() == ["Kai"]


def test_a_key_file_that_is_none_is_left_alone(home: Path) -> None:
    path = home / "keys" / "ada.json"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    result = bidder(home, "key", "--name", "Ada")
    assert (result.exit_code, "is not a key file" in result.stderr, path.read_text()) == (2, True, "{}")


# --- which house -----------------------------------------------------------------------------------------------------


def test_the_house_on_this_machine_needs_no_link(house: HouseProcess, home: Path) -> None:
    result = bidder(home, "lots", XDG_STATE_HOME=str(house.state))
    assert (result.exit_code, "Evening sale" in result.stdout) == (0, True)


def test_no_house_on_this_machine(home: Path) -> None:
    result = bidder(home, "lots")
    assert result.exit_code == 4
    assert result.stderr.startswith("Error [unreachable]: No house of yours runs on this machine.")
    assert "--to LINK" in result.stderr


def test_several_houses_on_this_machine_are_listed(house: HouseProcess, home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "auction-house" / "houses"
    folder.mkdir(parents=True)
    known = next((house.state / "auction-house" / "houses").iterdir()).read_text()
    for name in ("1.json", "2.json"):
        (folder / name).write_text(known)
    result = bidder(home, "lots", XDG_STATE_HOME=str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.count(f"--to '{house.link}'") == 2


def test_a_link_that_is_none(home: Path) -> None:
    for link in ("nonsense", "http://example.org/", "auction://host:1/zz?publish=2"):
        result = bidder(home, "lots", "--to", link)
        assert (result.exit_code, "is not a join link" in result.stderr) == (2, True)


def test_a_house_that_is_gone(house: HouseProcess, home: Path) -> None:
    gone = house.link.replace(str(house.record["port"]), "1", 1)
    result = bidder(home, "bid", "2", "900", "--name", "Ole", "--json", "--timeout", "0.5", to=gone)
    assert result.exit_code == 4
    record = verdict(result)
    assert (record["status"], record["code"], record["lot"], record["leading"]) == ("unknown", "unreachable", "2", None)
    assert record["request_id"] is None, "nothing was sent that could be repeated"
    assert result.stderr.startswith("Error [unreachable]: ")
    listed = bidder(home, "lots", "--timeout", "0.5", "--json", to=gone)
    assert (listed.exit_code, verdict(listed)["error"]["code"]) == (4, "unreachable")


def test_a_house_with_another_key(house: HouseProcess, home: Path) -> None:
    link = parse_link(house.link)
    other = type(link)(link.host, link.port, link.publish_port, new_keys().public)
    result = bidder(home, "lots", to=str(other))
    assert result.exit_code == 4
    assert result.stderr.startswith("Error [wrong_key]: ")


# --- the program -----------------------------------------------------------------------------------------------------


def test_the_help_names_every_command_with_examples(home: Path) -> None:
    shown = bidder(home, "--help").stdout
    for name, command in main.commands.items():
        assert name in shown
        assert "Examples:" in bidder(home, name, "--help").stdout, command
    assert bidder(home, "--version").stdout.startswith("bidder, version ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_get_their_completion(home: Path, shell: str) -> None:
    assert "_BIDDER_COMPLETE" in bidder(home, "completion", shell).stdout


def test_a_bidder_needs_a_name(house: HouseProcess, home: Path) -> None:
    for words in (["join"], ["bid", "1", "2"], ["buy", "1"], ["mine"], ["key"]):
        result = bidder(home, *words, to=house.link)
        assert (result.exit_code, "--name" in result.stderr) == (2, True), words
