"""How guests come: by name, invite and code, after conditions and approval, back again, and to another phone."""

import asyncio
import json
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from bidder.web import host as hosting
from bidder.web.gateway import GatewaySettings, gateway_keys
from bidder.web.guests import GuestStore
from bidder.web.limits import MOVE_CODE_MS
from common.conditions import digest_of
from common.limits import INVITE_CHARS_MAX
from common.links import parse_link
from tests.bidder.web.conftest import CATALOGUE
from tests.bidder.web.gateways import Answer
from tests.bidder.web.in_process import Browser, gateway_at, play, until
from tests.house_process import HouseProcess, running_house

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def join(browser: Browser, name: str, *, cookie: str = "", **more: str) -> Answer:
    return await browser.post("/api/join", {"name": name, "attempt": token_hex(20), **more}, cookie=cookie)


def codes(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.json.get("code")


async def order(house: HouseProcess, *arguments: str) -> str:
    """Give an auctioneer's command, and return what it printed."""
    result = await asyncio.to_thread(house.auctioneer, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def guests_in(home: Path) -> int:
    (path,) = home.rglob("guests.sqlite")
    with closing(GuestStore.open(path)) as store:
        return len(store)


def test_a_house_that_refuses_a_name_says_why_and_nothing_is_kept(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            assert codes(await join(browser, "Agnes"))[0] == 200
            for name, code in [
                ("Agnes", "name_taken"),
                ("agnes", "name_taken"),
                ("", "invalid_name"),
                ("=x", "invalid_name"),
            ]:
                answer = await join(browser, name)
                assert codes(answer) == (403, code)
                assert answer.json["message"]
                assert "set-cookie" not in answer.headers
            assert guests_in(home) == 1

    play(story())


def test_hostile_names_are_refused_by_the_house_or_stay_text(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            for name in ("\u202eevil", "a\nb", "x" * 41, "\ud800"):
                assert (await browser.post("/api/join", {"name": name, "attempt": token_hex(20)})).status in (400, 403)
            joined = await join(browser, "<b>Bold & 'Brave'</b>")
            assert joined.json["name"] == "<b>Bold & 'Brave'</b>"
            assert joined.headers["content-type"] == "application/json"

    play(story())


def test_an_attempt_whose_answer_was_lost_is_answered_again_for_the_same_guest(
    open_house: HouseProcess, home: Path
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            asked = {"name": "Lena", "attempt": token_hex(20)}
            first = await browser.post("/api/join", asked)
            again = await browser.post("/api/join", asked)
            assert again.json == first.json
            assert guests_in(home) == 1
            for cookie, name in ((first.cookie, None), (again.cookie, "Lena")):
                async with browser.live(cookie) as phone:
                    if name is None:
                        await until(phone, "guest")
                    else:
                        assert (await until(phone, "you"))["name"] == name

    play(story())


def test_a_browser_that_has_joined_is_told_so(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            joined = await join(browser, "Once")
            assert codes(await join(browser, "Twice", cookie=joined.cookie)) == (409, "already_joined")

    play(story())


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"attempt": "short"}, 400),
        ({"attempt": "../../../../../../../../x"}, 400),
        ({"invite": "x" * (INVITE_CHARS_MAX + 1)}, 403),
        ({"accepts": "short"}, 400),
        ({"code": "K7QM2XF"}, 403),
        ({"code": "K7QM2XFA"}, 403),
    ],
)
def test_what_can_not_be_right_is_refused(
    open_house: HouseProcess, home: Path, wrong: dict[str, str], status: int
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            answer = await browser.post("/api/join", {"name": "Wrong", "attempt": token_hex(20), **wrong})
            assert answer.status == status
            assert guests_in(home) == 0

    play(story())


def test_so_many_guests_and_no_more(open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "GUESTS_MAX", 1)

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            assert (await join(browser, "First of all")).status == 200
            assert codes(await join(browser, "One too many")) == (503, "gateway_full")

    play(story())


def test_an_invite_is_the_guests_own_and_not_the_gateways(tmp_path: Path, home: Path) -> None:
    async def story(house: HouseProcess) -> None:
        async with gateway_at(house.link, home) as browser:
            assert codes(await join(browser, "Ada")) == (403, "wrong_invite")
            assert codes(await join(browser, "Ada", invite="wrong")) == (403, "wrong_invite")
            assert (await join(browser, "Ada", invite="sesame")).status == 200

    with running_house(tmp_path / "house", "--admit", "invite", "--invite", "sesame", catalogue=CATALOGUE) as house:
        play(story(house))


def test_an_invite_code_and_the_code_of_a_paddle_are_told_apart_however_they_are_typed(
    tmp_path: Path, home: Path
) -> None:
    async def story(house: HouseProcess) -> None:
        async with gateway_at(house.link, home) as browser:
            for number, typed in enumerate(["Barn-Yard", "BARN-YARD", "barnyard", " barn yard ", "barn\u2013yard"]):
                assert codes(await join(browser, f"Typed {number}", code=typed)) == (200, None), typed
                fields = {"name": f"By form {number}", "code": typed, "attempt": token_hex(20)}
                form = await browser.post("/join", urlencode(fields).encode(), **FORM)
                assert form.status == 303, typed
            assert codes(await join(browser, "Linked", invite="BARNYARD")) == (200, None)
            assert codes(await join(browser, "=x", code="barnyard")) == (403, "invalid_name")
            assert codes(await join(browser, "Wrong", code="barnyards")) == (403, "wrong_invite")
            assert codes(await join(browser, "Wrong", code="K7QM2XFA")) == (403, "wrong_code")
            await order(house, "paddle", "add", "Desk")
            code = json.loads(await order(house, "paddle", "code", "Desk", "--json"))["code"]
            joined = await join(browser, "Anybody", code=f" {code[:4]}-{code[4:]} ".lower(), invite="barn-yard")
            assert joined.json["name"] == "Desk"

    with running_house(tmp_path / "house", "--admit", "invite", "--invite", "Barn-Yard", catalogue=CATALOGUE) as house:
        play(story(house))


def test_a_gateway_without_an_invite_code_says_how_one_counts_there(tmp_path: Path, home: Path) -> None:
    async def story(house: HouseProcess, link: str) -> None:
        async with gateway_at(link, home) as browser:
            refused = await join(browser, "Ada", code="open sesame")
            assert codes(refused) == (403, "no_paddle_code")
            assert "An invite code does not count here: open the address of the invitation" in refused.json["message"]
            assert codes(await join(browser, "Ada", code="K7QM2XF")) == (403, "no_paddle_code")
            assert codes(await join(browser, "Ada", code="K7QM2XFA")) == (403, "wrong_code")
            assert codes(await join(browser, "Ada", invite="Open-Sesame")) == (200, None)

    with running_house(
        tmp_path / "house", "--admit", "invite", "--invite", "Open-Sesame", catalogue=CATALOGUE
    ) as house:
        link = str(replace(parse_link(house.link), invite=""))
        assert house.auctioneer("partner", "web", key_of(home, link)).exit_code == 0
        play(story(house, link))


def test_a_guest_waits_for_approval_and_is_let_in_also_after_the_gateway_restarted(tmp_path: Path, home: Path) -> None:
    async def story(house: HouseProcess) -> None:
        async with gateway_at(house.link, home) as browser:
            waiting = await join(browser, "Ada")
            assert (waiting.status, waiting.json["state"]) == (202, "awaiting_approval")
            async with browser.live(waiting.cookie) as phone:
                assert (await until(phone, "desk"))["state"] == "awaiting_approval"
        async with gateway_at(house.link, home) as browser, browser.live(waiting.cookie) as phone:
            await until(phone, "desk", lambda desk: desk["state"] == "awaiting_approval")
            await order(house, "admit", "Ada")
            assert (await until(phone, "you"))["name"] == "Ada"
            await order(house, "turn-out", "Ada", "--yes")
            refused = await until(phone, "desk", lambda desk: desk["state"] == "refused")
            assert refused["code"] == "not_admitted"
            await phone.send(json.dumps({"id": 5, "do": "bid", "lot": "1", "amount_minor": 10000}))
            assert (await until(phone, "verdict"))["code"] == "not_admitted"

    with running_house(tmp_path / "house", "--admit", "approve", catalogue=CATALOGUE) as house:
        link = house.link
        made = house.auctioneer("partner", "web", key_of(home, link))
        assert made.exit_code == 0, made.output
        play(story(house))


def key_of(home: Path, link: str) -> str:
    return gateway_keys(GatewaySettings(parse_link(link), home, "")).public


def test_conditions_are_shown_and_accepted_and_new_ones_again(tmp_path: Path, home: Path) -> None:
    conditions = "All sales are final.\n"
    (tmp_path / "new.txt").write_text("Pay at once.\n")

    async def story(house: HouseProcess) -> None:
        async with gateway_at(house.link, home) as browser:
            asked = {"name": "Ada", "attempt": token_hex(20)}
            shown = await browser.post("/api/join", asked)
            assert codes(shown) == (409, "conditions_not_accepted")
            assert digest_of(shown.json["text"]) == shown.json["digest"]
            typed = {"name": "Bea", "code": "", "attempt": token_hex(20)}
            by_form = await browser.post("/join", urlencode(typed).encode(), **FORM)
            assert by_form.status == 409
            assert conditions.strip() in by_form.body.decode()
            assert f'name="accepts" value="{shown.json["digest"]}"' in by_form.body.decode()
            accepting = urlencode({**typed, "accepts": shown.json["digest"]}).encode()
            assert (await browser.post("/join", accepting, **FORM)).status == 303
            joined = await browser.post("/api/join", {**asked, "accepts": shown.json["digest"]})
            assert joined.status == 200
        await order(house, "conditions", "--file", str(tmp_path / "new.txt"), "--yes")
        async with gateway_at(house.link, home) as browser, browser.live(joined.cookie) as phone:
            desk = await until(phone, "desk", lambda desk: desk["state"] == "refused")
            assert (desk["code"], desk["text"]) == ("conditions_not_accepted", "Pay at once.")
            accepted = await browser.post("/api/accept", {"digest": desk["digest"]}, cookie=joined.cookie)
            assert accepted.json["state"] == "live"
            assert (await until(phone, "you"))["name"] == "Ada"
            assert codes(await browser.post("/api/accept", {"digest": "short"}, cookie=joined.cookie)) == (
                400,
                "malformed",
            )

    catalogue = CATALOGUE.replace("[defaults]", f'conditions = """{conditions}"""\n[defaults]', 1)
    with running_house(tmp_path / "house", catalogue=catalogue) as house:
        play(story(house))


def test_a_code_from_the_desk_joins_under_the_name_of_its_paddle(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            await order(open_house, "paddle", "add", "Dora", "--paddle", "77")
            made = await order(open_house, "paddle", "code", "77", "--json")
            code = json.loads(made)["code"]
            joined = await join(browser, "", code=code.lower())
            assert joined.json == {"name": "Dora", "paddle": 77, "state": "live"}
            assert codes(await join(browser, "", code=code)) == (403, "wrong_code")
            async with browser.live(joined.cookie) as phone:
                assert (await until(phone, "you"))["paddle"] == 77
        async with gateway_at(open_house.link, home) as browser, browser.live(joined.cookie) as phone:
            assert (await until(phone, "you"))["paddle"] == 77

    play(story())


def test_an_identity_moves_to_another_phone_once(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            old = await join(browser, "Mover")
            async with browser.live(old.cookie) as phone:
                code = (await browser.post("/api/move", {}, cookie=old.cookie)).json["code"]
                arrived = await browser.post("/api/arrive", {"code": f" {code[:4].lower()}-{code[4:]} "})
                assert arrived.json["name"] == "Mover"
                await until(phone, "moved_away")
                await asyncio.wait_for(phone.wait_closed(), 20)
                assert phone.close_code == 4001
            assert codes(await browser.post("/api/arrive", {"code": code})) == (403, "wrong_code")
            async with browser.live(old.cookie) as phone:
                await until(phone, "guest")
            async with browser.live(arrived.cookie) as phone:
                assert (await until(phone, "you"))["name"] == "Mover"
            assert codes(await browser.post("/api/move", {}, cookie=old.cookie)) == (401, "hello_first")

    play(story())


def test_a_code_to_move_by_lasts_for_minutes_and_a_new_one_ends_it(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            host = browser.gateway.host
            joined = await join(browser, "Slow")
            cookie = joined.cookie.partition("=")[2]
            now_ms = host._now_ms()
            first, second = host.move(cookie), host.move(cookie)
            with pytest.raises(hosting.Refusal):
                await host.arrive(first)
            host._now_ms = lambda: now_ms + MOVE_CODE_MS + 60_000
            with pytest.raises(hosting.Refusal):
                await host.arrive(second)

    play(story())


def test_guests_that_are_idle_leave_the_hall_and_come_back(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            joined = await join(browser, "Idler")
            hall = browser.gateway._hall
            assert hall is not None
            assert len(hall.desks) == 1
            monkeypatch.setattr(hosting, "GUEST_IDLE_MS", -1)
            browser.gateway.host.sweep()
            assert hall.desks == []
            monkeypatch.undo()
            async with browser.live(joined.cookie) as phone:
                assert (await until(phone, "you"))["name"] == "Idler"

    play(story())


def test_a_guest_whom_the_house_never_answered_is_forgotten_after_some_time(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "JOIN_WAIT_MS", 10)

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            host = browser.gateway.host
            monkeypatch.setattr(host, "hall", asyncio.Event().wait)
            assert codes(await join(browser, "Nobody")) == (503, "unreachable")
            host.sweep()
            assert guests_in(home) == 1
            monkeypatch.setattr(hosting, "GUEST_IDLE_MS", -1)
            monkeypatch.setattr(hosting, "UNFINISHED_JOIN_MS", -1000)
            host.sweep()
            await asyncio.gather(*host._tasks)
            assert guests_in(home) == 0

    play(story())
