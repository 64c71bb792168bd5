import asyncio
import json
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from bidder import AsyncClient
from bidder.attending.attendance import Attendance
from bidder.cli import main
from bidder.cli.output import print_lots, say
from bidder.display.orders import help_lines
from bidder.display.voices import ForPeople
from bidder.shells.home import LastId
from common.keys import new_keys
from common.lot import SaleView
from common.money import Currency
from tests.bidder.cli.programs import AtTerminal, Program, catalogue
from tests.house_process import WAIT_S, HouseProcess, running_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseProcess]:
    with running_house(tmp_path / "house", catalogue=catalogue(3, reserve="200")) as house:
        yield house


@pytest.fixture
def home(tmp_path: Path, house: HouseProcess, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUCTION_LINK", house.link)
    return tmp_path / "home"


def bid(home: Path, lot: str, amount: str, name: str) -> None:
    result = CliRunner().invoke(main, ["bid", lot, amount, "--name", name, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr


# --- in a pipe -------------------------------------------------------------------------------------------------------


def test_a_program_bids_by_lines(home: Path) -> None:
    with Program(home, "join", "--name", "Robot") as robot:
        robot.write({"bid": {"lot": "2", "amount": "120.00"}, "id": 1})
        accepted = robot.until("verdict")
        assert (accepted["id"], accepted["status"], accepted["price_minor"]) == (1, "accepted", 12000)
        robot.write({"max": {"lot": "2", "amount": "200"}, "id": "raise"})
        raised = robot.until("verdict")
        assert (raised["id"], raised["maximum"], raised["price"]) == ("raise", "200.00", "120.00")
        robot.write({"bid": {"lot": "3", "amount": "50"}, "id": {"any": "thing"}})
        refused = robot.until("verdict")
        assert (refused["id"], refused["code"], refused["minimum"]) == ({"any": "thing"}, "below_minimum", "100.00")
        robot.write({"buy": {"lot": "3"}, "id": 4})
        assert robot.until("error")["error"]["code"] == "no_buy_now"
        robot.write({"mine": {}, "id": 5})
        assert [one["lot"] for one in robot.until("mine", id=5)["leading"]] == ["2"]
        robot.close_input()
        assert [one["lot"] for one in robot.until("left")["leading"]] == ["2"]
        assert robot.end() == 0


BAD_LINES = [
    b"nonsense",
    b"\xff\xfe",
    b"[]",
    b"{}",
    b'{"bid": {"lot": 3, "amount": "1"}}',
    b'{"bid": {"lot": "3"}}',
    b'{"bid": {"lot": "3", "amount": "x"}}',
    b'{"bid": {"lot": "3", "amount": 1.5}}',
    b'{"bid": {"lot": "no lot", "amount": "1"}}',
    b'{"bid": {"lot": "3", "amount": "1", "request_id": -1}}',
    b'{"bid": {"lot": "3", "amount": "1"}, "buy": {"lot": "3"}}',
    b'{"bid": {"lot": "3", "amount": "1", "more": 1}}',
    b"[" * 5000,
    b'{"id": ' + b"[" * 5000,
    b"x" * 200_000,
]


def test_a_bad_line_is_told_and_the_next_one_counts(home: Path) -> None:
    with Program(home, "join", "--name", "Robot", "--json") as robot:
        robot.until("connection", state="live")
        for line in BAD_LINES:
            robot.write(line + b"\n")
            assert robot.until("error")["error"]["code"] == "usage", line[:100]
        robot.write({"bid": {"lot": "3", "amount": "100"}, "id": 2})
        assert robot.until("verdict", id=2)["status"] == "accepted"


def test_many_lines_at_once_are_all_answered(home: Path) -> None:
    with Program(home, "join", "--name", "Robot") as robot:
        for number in range(200):
            robot.write({"max": {"lot": "2", "amount": str(100 + number)}, "id": number})
        robot.close_input()
        assert robot.end() == 0
        verdicts = [line for line in robot.lines if line["event"] == "verdict"]
        assert sorted(line["id"] for line in verdicts) == list(range(200))
        # Each maximum is higher than the one before, so that all are accepted only in the order of the lines.
        assert {line["status"] for line in verdicts} == {"accepted"}


def test_the_end_of_the_sale_ends_the_program_with_what_was_won(house: HouseProcess, home: Path) -> None:
    with Program(home, "join", "--name", "Robot") as robot:
        robot.write({"bid": {"lot": "2", "amount": "120"}})
        robot.write({"bid": {"lot": "3", "amount": "130.50"}})
        robot.until("verdict", lot="3", status="accepted")
        assert house.auctioneer("end", "--yes").exit_code == 0
        ended = robot.until("ended")
        assert ([one["lot"] for one in ended["won"]], ended["total"], ended["missing"]) == (["2", "3"], "250.50", 0)
        assert robot.end() == 0
        assert {line["lot"] for line in robot.lines if line["event"] == "won"} == {"2", "3"}


def test_a_bid_survives_the_kill_of_the_server(house: HouseProcess, home: Path) -> None:
    with Program(home, "join", "--name", "Robot") as robot:
        robot.until("connection", state="live")
        house.kill_server()
        robot.write({"bid": {"lot": "2", "amount": "120"}, "id": 1})
        assert robot.until("verdict")["status"] == "accepted"
        house.kill_server()
        robot.write({"bid": {"lot": "3", "amount": "120"}, "id": 2})
        assert robot.until("verdict")["status"] == "accepted"
        assert house.auctioneer("end", "--yes").exit_code == 0
        assert [one["lot"] for one in robot.until("ended")["won"]] == ["2", "3"]
        assert robot.end() == 0


def test_another_sale_behind_the_same_key_is_told_and_binds_nobody(
    house: HouseProcess, home: Path, tmp_path: Path
) -> None:
    """Both sales are in epoch 1 and have a lot 1. The lead in the first is none in the second."""
    ports = [house.record["port"], house.record["publish_port"]]
    other = tmp_path / "other"
    copytree(house.data / "keys", other / "data" / "keys")
    with Program(home, "join", "--name", "Robot", "--json") as robot:
        robot.write({"bid": {"lot": "1", "amount": "120"}, "id": 1})
        assert robot.until("verdict")["status"] == "accepted"
        house.stop()
        options = ("--port", str(ports[0]), "--publish-port", str(ports[1]))
        with running_house(other, *options, catalogue=catalogue(2)) as second:
            assert second.link == house.link
            lost = robot.until("history_lost")
            assert (lost["epoch"], lost["is_other_sale"]) == (1, True)
            robot.until("connection", state="live")
            shown = [line for line in robot.lines if line["event"] in ("sale_state", "lot_state")]
            sale = next(line["sale"] for line in reversed(shown) if line["event"] == "sale_state")
            assert sale != shown[0]["sale"]
            assert shown[-1]["leader"] is None
            robot.close_input()
            assert robot.until("left")["leading"] == []
            assert robot.end() == 0


def test_without_a_house_a_bid_stays_unknown(house: HouseProcess, home: Path) -> None:
    with Program(home, "join", "--name", "Robot", "--timeout", "3") as robot:
        robot.until("connection", state="live")
        house.stop()
        robot.until("connection", state="silent")
        robot.write({"bid": {"lot": "2", "amount": "120"}, "id": 1})
        verdict = robot.until("verdict")
        assert (verdict["status"], verdict["code"], verdict["id"]) == ("unknown", "unreachable", 1)
        assert verdict["request_id"] > 0
        robot.process.send_signal(signal.SIGINT)
        robot.until("left")
        assert robot.end() == 130


def test_who_is_turned_out_is_told_why(house: HouseProcess, home: Path) -> None:
    with Program(home, "join", "--name", "Robot") as robot:
        robot.until("connection", state="live")
        assert house.auctioneer("turn-out", "Robot").exit_code == 0
        assert "turned you out" in robot.until("connection", state="refused")["reason"], "at once, without a request"
        assert robot.end() == 3


# --- looking on ------------------------------------------------------------------------------------------------------


def test_who_watches_sees_each_change_once(house: HouseProcess, home: Path) -> None:
    bid(home, "2", "100", "Ada")
    with Program(home, "watch", "--json") as watcher:
        watcher.until("connection", state="live")
        for amount in range(110, 150, 10):
            bid(home, "2", str(amount), "Ada" if amount % 20 == 0 else "Bob")
        assert house.auctioneer("announce", "Last lots").exit_code == 0
        assert house.auctioneer("end", "--yes").exit_code == 0
        assert watcher.end() == 0
    lines = watcher.lines
    assert all({"event", "epoch", "lot", "seq"} <= line.keys() for line in lines)
    seqs = [line["seq"] for line in lines if line["lot"] == "2" and line["seq"] is not None]
    assert len(seqs) == 6
    assert all(later == earlier + 1 for earlier, later in pairwise(seqs))
    assert [line["price"] for line in lines if line["event"] == "lot_moved"] == [
        f"{amount}.00" for amount in range(110, 150, 10)
    ]
    assert [line["text"] for line in lines if line["event"] == "announced"] == ["Last lots"]
    assert lines[-1]["event"] == "ended"


def test_who_watches_reads_sentences(house: HouseProcess, home: Path) -> None:
    command = ["watch", "--home", str(home)]
    bid(home, "1", "150", "Ada")
    bid(home, "2", "100", "Ada")
    assert house.auctioneer("end", "--yes").exit_code == 0
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "passed, the reserve was not met" in result.stdout
    assert "sold to paddle 1 at USD 100.00" in result.stdout
    assert result.stdout.endswith("The sale is over.\n")


# --- admission -------------------------------------------------------------------------------------------------------


def test_who_waits_for_approval_is_told_and_let_in(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_house(tmp_path / "house", "--admit", "approve", catalogue=catalogue(1)) as house:
        to = ("--to", house.link)
        with Program(home, "join", "--name", "Ada", *to) as ada:
            ada.until("connection", state="awaiting_approval")
            command = ["bid", "1", "100", "--name", "Bob", "--timeout", "3", "--json", "--home", str(home), *to]
            result = CliRunner().invoke(main, command, catch_exceptions=False)
            assert (result.exit_code, json.loads(result.stdout)["code"]) == (3, "awaiting_approval")
            assert house.auctioneer("admit", "Ada").exit_code == 0
            ada.write({"bid": {"lot": "1", "amount": "100"}})
            assert ada.until("verdict")["status"] == "accepted"
        nameless = CliRunner().invoke(main, ["lots", "--home", str(home), *to], catch_exceptions=False)
        assert (nameless.exit_code, "--name" in nameless.stderr) == (3, True)


def test_a_list_admits_by_the_printed_key(tmp_path: Path) -> None:
    home = tmp_path / "home"
    key = CliRunner().invoke(main, ["key", "--name", "Ada", "--home", str(home)]).stdout
    (tmp_path / "house" / "data").mkdir(parents=True)
    (tmp_path / "house" / "data" / "admitted-keys.txt").write_text(key)
    with running_house(tmp_path / "house", "--admit", "list", catalogue=catalogue(1)) as house:
        where = ["--home", str(home), "--to", house.link]
        assert CliRunner().invoke(main, ["mine", "--name", "Ada", *where]).exit_code == 0
        refused = CliRunner().invoke(main, ["mine", "--name", "Bob", *where])
        assert (refused.exit_code, "bidder key --name" in refused.stderr) == (3, True)


# --- at a terminal ---------------------------------------------------------------------------------------------------


def test_what_is_typed_stays_whole_while_the_sale_goes_on(house: HouseProcess, home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        ada.until("Connected")
        ada.until("Ada (paddle 1)>")
        ada.type("bid 2 1")
        ada.until("bid 2 1")
        bid(home, "2", "100", "Bob")
        ada.until("Lot 2: USD 100.00, paddle 2 leads, next bid USD 110.00")
        ada.until("Ada (paddle 1)> bid 2 1")
        ada.type("20\r")
        ada.until("Accepted: you lead lot 2 at USD 120.00.")
        bid(home, "2", "130", "Bob")
        ada.until(">>> OUTBID on lot 2: paddle 2 leads at USD 130.00.")
        ada.type("bid 1 150\r")
        ada.until("The reserve is not met yet.")
        ada.type("quit\r")
        ada.until("you still lead")
        ada.until("lot 1 at USD 150.00")
        assert ada.end() == 0


def test_below_the_prompt_one_lot_is_one_lot(house: HouseProcess, home: Path) -> None:
    assert house.auctioneer("close", "1").exit_code == 0
    assert house.auctioneer("close", "2").exit_code == 0

    async def below_the_prompt() -> list[str]:
        async with await AsyncClient.connect(house.link, "Ada", new_keys()) as client:
            return Attendance(
                client, ForPeople(client, say, print_lots), LastId(home, "Ada"), int(WAIT_S * 1000)
            ).status()

    assert asyncio.run(below_the_prompt()) == ["connected | 1 lot open"]


def test_a_slip_is_told_with_what_would_be_right(home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        for typed, told in [
            ("bid 2", "Say how much, as in `bid 2 120`"),
            ("bid 2 1.234", "The minimum is USD 100.00."),
            ("bid 2 99", "Lot 2 has no bid yet; the minimum is USD 100.00."),
            ("max", "`max` needs the number of a lot"),
            ("lot 9", "There is no lot '9'"),
            ("buy 2", "Error [no_buy_now]"),
            ("dance", "Type `help`"),
            ("help", "quit"),
            ("bid 2 120 up-to 150", "you lead lot 2 at USD 120.00, ready to go up to USD 150.00."),
            ("lot 2", "USD 120.00, you lead"),
            ("mine", "up to USD 150.00"),
        ]:
            ada.type(typed + "\r")
            ada.until(told)
        ada.type("\x1b[A\x1b[A\r")  # twice up: what was typed before comes back
        ada.until("USD 120.00, you lead")
        ada.until("Ada (paddle 1)>")  # while a line is being shown, the terminal itself would take Ctrl-D, and drop it
        ada.type("\x04")
        ada.until("you still lead")
        assert ada.end() == 0


def test_help_has_the_orders_that_the_sale_takes() -> None:
    sale = SaleView("a", "Evening", Currency("USD", 2))
    more = set(help_lines(replace(sale, retractions=True))) - set(help_lines(sale))
    assert [line.split()[0] for line in more] == ["retract"]


def test_an_amount_far_above_the_minimum_waits_for_a_yes(home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        ada.until("Ada (paddle 1)>")
        ada.type("yes\r")
        ada.until("Nothing was asked")
        ada.type("bid 2 25,000.00\r")
        ada.until("USD 25,000.00 is 250 times the minimum of lot 2, USD 100.00. Type `yes` to bid it.")
        ada.type("lot 2\r")
        ada.until("USD 100.00")
        ada.type("yes\r")  # another order came between
        ada.until("Nothing was asked")
        ada.type("max 2 25000\r")
        ada.until("Type `yes` to bid it.")
        ada.type("yes\r")
        ada.until("you lead lot 2 at USD 100.00, ready to go up to USD 25,000.00.")
        ada.type("quit\r")
        assert ada.end() == 0


def test_who_does_not_want_to_be_asked_is_told(home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada", "--yes") as ada:
        ada.type("max 2 25000\r")
        ada.until("USD 25,000.00 is 250 times the minimum of lot 2, USD 100.00.")
        ada.until("you lead lot 2 at USD 100.00")


def test_a_command_asks_at_a_terminal_and_bids_nothing_after_a_no(home: Path) -> None:
    words = ("bid", "2", "25000", "--name", "Ada")
    with AtTerminal(home, *words) as ada:
        ada.until("USD 25,000.00 is 250 times the minimum of lot 2, USD 100.00. Bid it? [y/N]:")
        ada.type("n\r")
        assert ada.end() == 130
    with AtTerminal(home, *words, "--yes") as ada:
        ada.until("USD 25,000.00 is 250 times the minimum of lot 2, USD 100.00.")
        ada.until("Accepted: you lead lot 2 at USD 25,000.00.")
        assert ada.end() == 0


def test_ctrl_c_leaves_and_says_that_bids_bind(home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        ada.type("bid 2 100\r")
        ada.until("Accepted")
        ada.type("\x03")
        ada.until("Bids bind")
        assert ada.end() == 130
        assert "Traceback" not in ada.shown


def test_the_end_is_told_with_the_total_also_while_typing(house: HouseProcess, home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        ada.type("bid 2 100\r")
        ada.until("Accepted")
        ada.type("bid 3 1")
        ada.until("bid 3 1")
        assert house.auctioneer("end", "--yes").exit_code == 0
        ada.until(">>> WON: lot 2 is yours at USD 100.00.")
        ada.until("The sale is over.")
        ada.until("total USD 100.00")
        assert ada.end() == 0


def test_a_lost_connection_and_its_return_are_told(house: HouseProcess, home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada") as ada:
        ada.until("Connected")
        house.kill_server()
        ada.until("*** Connecting to the house again")
        ada.until("*** Connected; everything shown is up to date.")
        ada.type("bid 2 100\r")
        ada.until("Accepted: you lead lot 2")


def test_no_house_is_told_before_any_prompt(house: HouseProcess, home: Path) -> None:
    house.stop()
    with AtTerminal(home, "join", "--plain", "--name", "Ada", "--timeout", "0.5") as ada:
        ada.until("Error [unreachable]: Nothing answers")
        assert ada.end() == 4


def test_a_closed_pipe_is_no_fault(home: Path) -> None:
    with Program(home, "watch", "--json") as watcher:
        watcher.until("connection", state="live")
        assert watcher.process.stdout is not None
        watcher.process.stdout.close()
        bid(home, "2", "100", "Ada")
        assert watcher.process.wait(30) == 141
        assert watcher.process.stderr is not None
        assert watcher.process.stderr.read() == b""


# --- following some lots ----------------------------------------------------------------------------------------------


def test_a_program_hears_of_the_lots_that_it_follows_and_of_what_concerns_it(home: Path) -> None:
    with Program(home, "join", "--name", "Robot", "--follow", "2") as robot:
        robot.until("lot_state", lot="3")
        bid(home, "1", "200", "Bob")
        bid(home, "2", "100", "Bob")
        assert robot.until("lot_moved")["lot"] == "2"
        robot.write({"bid": {"lot": "3", "amount": "100"}, "id": 1})
        assert robot.until("verdict")["status"] == "accepted"
        bid(home, "3", "110", "Bob")
        assert robot.until("outbid")["lot"] == "3", "told though the lot is not followed"
        assert {line["lot"] for line in robot.lines if line["event"] == "lot_moved"} == {"2"}
        robot.write({"follow": "own", "id": 2})
        assert robot.until("follow", id=2)["follow"] == "own"
        bid(home, "2", "110", "Cy")
        bid(home, "3", "120", "Cy")
        assert robot.until("lot_moved")["lot"] == "3"
        robot.write({"follow": "9", "id": 3})
        assert "no lot '9'" in robot.until("error", id=3)["error"]["message"]
        robot.write({"follow": "2 3", "id": 4})
        assert robot.until("follow", id=4)["follow"] == "2,3"
        robot.close_input()
        assert robot.end() == 0


def test_an_unknown_lot_to_follow_is_told_before_any_prompt(home: Path) -> None:
    for lots, told in (("9", "no lot '9'"), ("%", "not a lot's number"), (" ", "No lot is named")):
        words = ["join", "--name", "Ada", "--follow", lots, "--home", str(home)]
        result = CliRunner().invoke(main, words, catch_exceptions=False)
        assert (result.exit_code, told in result.stderr) == (2, True), result.stderr


def test_the_answer_to_an_order_stays_in_sight_until_the_next_one(home: Path) -> None:
    with AtTerminal(home, "join", "--plain", "--name", "Ada", "--follow", "own", tells_cursor=True) as ada:
        ada.until("Ada (paddle 1)>")
        ada.type("bid 2 120\r")
        ada.until("==> Accepted: you lead lot 2 at USD 120.00.")
        ada.until("Your last order: Accepted: you lead lot 2 at USD 120.00.")
        bid(home, "1", "200", "Bob")
        bid(home, "2", "130", "Bob")
        ada.until(">>> OUTBID on lot 2")
        assert "Lot 1: USD 200.00" not in ada.shown, "a lot that is not followed"
        ada.type("bid 2 1\r")
        ada.until("==> Error [below_minimum]")
        ada.until("Your last order: Error [below_minimum]")
        ada.type("follow 1\r")
        ada.until("==> You see the changes of lot 1")
        ada.type("quit\r")
        assert ada.end() == 0


def test_a_code_is_checked_before_it_is_sent(home: Path) -> None:
    result = CliRunner().invoke(main, ["join", "--code", "K7QM2XF0", "--home", str(home)])
    assert (result.exit_code, "is no paddle code" in result.stderr) == (2, True)
    assert not home.exists(), "no key was made"
