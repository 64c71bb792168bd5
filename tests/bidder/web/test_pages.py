"""The gateway over HTTP: what every answer bounds, whose requests count, and what a cookie is worth."""

import re
from base64 import b64encode
from gzip import decompress
from hashlib import sha256
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlencode

import pytest

from bidder.web import pages
from bidder.web.limits import BODY_BYTES_MAX
from bidder.web.pages import cookie_of, join_url
from common.limits import INVITE_CHARS_MAX
from tests.bidder.web.in_process import gateway_at, play, until
from tests.house_process import HouseProcess

PATHS = [
    "/",
    "/board",
    "/results",
    "/lots/1",
    "/static/sale.js",
    "/qr.svg",
    "/api/address",
    "/nothing",
    "/images/x.jpg",
]


class Tags(HTMLParser):
    """The tags of a page, with their attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.within: list[tuple[str, str]] = []
        """The scripts and styles that stand in the page."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.within.append((self.tags[-1][0], data))


def attempt(name: str, **more: str) -> dict[str, str]:
    return {"name": name, "attempt": token_hex(20), **more}


def test_every_answer_bounds_what_a_browser_does_with_it(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            for path in PATHS:
                answer = await browser.get(path)
                policy = answer.headers["content-security-policy"]
                assert "default-src 'self'" in policy
                assert "frame-ancestors 'none'" in policy
                assert "unsafe" not in policy
                assert "pictures.example" not in policy, "no page asks another host"
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "same-origin"
                assert "server" not in answer.headers
                assert (answer.status == 404) is (path in ("/nothing", "/images/x.jpg")), path

    play(story())


def test_no_page_has_a_script_or_a_style_in_it_but_those_of_its_policy_and_strangers_texts_are_text(
    open_house: HouseProcess, home: Path
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            for path in ("/", "/board", "/results", "/lots/2"):
                found, answer = Tags(), await browser.get(path)
                found.feed(answer.body.decode())
                for kind, text in found.within:
                    digest = b64encode(sha256(text.encode()).digest()).decode()
                    assert path == "/", "only the phone's page has any"
                    assert f"{kind}-src 'self' 'sha256-{digest}'" in answer.headers["content-security-policy"]
                assert [kind for kind, _ in found.within] == (["script", "style"] if path == "/" else [])
                for tag, attributes in found.tags:
                    assert not [name for name in attributes if name == "style" or name.startswith("on")], path
                    for name in ("src", "href"):
                        assert tag == "img" or not re.match("(https?:)?//", attributes.get(name) or ""), path

    play(story())


def test_a_guest_joins_by_the_form_alone_and_a_form_of_another_site_does_not_count(
    open_house: HouseProcess, home: Path
) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            typed = urlencode(attempt("By form", code="")).encode()
            for headers, status in (({"origin": "null"}, 403), ({"origin": "http://evil.example"}, 403), ({}, 415)):
                kind = {} if status == 415 else form
                assert (await browser.post("/join", typed, **headers, **kind)).status == status
            joined = await browser.post("/join", typed, **form)
            assert (joined.status, joined.headers["location"]) == (303, "/")
            async with browser.live(joined.cookie) as phone:
                assert (await until(phone, "you"))["name"] == "By form"
            again = await browser.post("/join", typed, cookie=joined.cookie, **form)
            assert again.status == 303, "a form sent twice is one guest"
            other = urlencode(attempt("Another", code="")).encode()
            assert (await browser.post("/join", other, cookie=again.cookie, **form)).status == 303, (
                "who has joined is in"
            )
            for page, has_form in (
                (await browser.get("/"), True),
                (await browser.get("/", cookie=again.cookie), False),
            ):
                assert (b"<form" in page.body) is has_form
            refused = await browser.post("/join", urlencode(attempt("<b>", code="x")).encode(), **form)
            assert refused.status == 403
            assert b"data-joining" in refused.body
            assert b'value="&lt;b&gt;"' in refused.body
            assert "content-encoding" not in refused.headers, "what somebody typed beside a token is not packed"
            assert (await browser.post("/join", b"a=1&" * 20, **form)).status == 400

    play(story())


def test_the_script_is_kept_for_good_and_the_page_is_not(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            page = await browser.get("/", **{"accept-encoding": "gzip", "accept-language": "fr"})
            assert page.headers["cache-control"] == "private, no-cache"
            (name,) = re.findall(rb'src="(/static/phone\.fr\.[^"]+)"', decompress(page.body))
            script = await browser.get(name.decode())
            assert "immutable" in script.headers["cache-control"]
            for cookie, language in (("", "fr"), ("language=de", "de")):
                words = await browser.get("/static/words/chosen.js", **{"accept-language": "fr", "cookie": cookie})
                assert f'export const language = "{language}"' in words.body.decode()
                assert "cookie" in words.headers["vary"]

    play(story())


def test_pictures_of_another_host_are_shown_where_it_is_named(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        for hosts, image in (((), ""), (("pictures.example",), "https://pictures.example/letter.jpg")):
            async with gateway_at(open_house.link, home, pictures_from=hosts) as browser, browser.live() as phone:
                lots = await until(phone, "lots")
                assert {lot["lot"]: lot["image"] for lot in lots["lots"]} == {"1": "clock.jpg", "2": image}
                policy = (await browser.get("/board")).headers["content-security-policy"]
                assert ("https://pictures.example" in policy) is bool(hosts)

    play(story())


def test_files_are_asked_for_again_only_if_they_changed(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            first = await browser.get("/static/sale.js")
            again = await browser.get("/static/sale.js", **{"if-none-match": first.headers["etag"]})
            assert (again.status, again.body) == (304, b"")

    play(story())


def test_files_are_packed_for_browsers_that_take_it(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            plain = await browser.get("/static/sale.js")
            packed = await browser.get("/static/sale.js", **{"accept-encoding": "br, gzip"})
            assert "content-encoding" not in plain.headers
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.headers["vary"] == "accept-encoding"
            assert len(packed.body) < len(plain.body) == len(decompress(packed.body))

    play(story())


def test_pictures_are_those_of_the_catalogue(open_house: HouseProcess, home: Path, tmp_path: Path) -> None:
    for name in ("clock.jpg", "secret.jpg"):
        (tmp_path / name).write_bytes(b"picture")

    async def story() -> None:
        async with gateway_at(open_house.link, home, images=tmp_path) as browser:
            assert (await browser.get("/images/clock.jpg")).body == b"picture"
            for path in (
                "/images/secret.jpg",
                "/images/../secret.jpg",
                "/images/%2e%2e/secret.jpg",
                "/images//etc/x.jpg",
            ):
                assert (await browser.get(path)).status == 404

    play(story())


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"origin": "http://evil.example"}, 403, "bad_origin"),
        ({"origin": ""}, 403, "bad_origin"),
        ({"origin": "null"}, 403, "bad_origin"),
        ({"content-type": "text/plain"}, 415, "malformed"),
        ({"content-type": ""}, 415, "malformed"),
    ],
)
def test_a_post_of_another_site_changes_nothing(
    open_house: HouseProcess, home: Path, headers: dict[str, str], status: int, code: str
) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            for path in ("/api/join", "/api/move", "/api/arrive", "/api/accept"):
                answer = await browser.post(path, attempt("Eve"), **headers)
                if headers.get("content-type") == "":  # the library then sends that of a form
                    assert answer.status == 415
                assert (answer.status, answer.json["code"]) == (status, code)
                assert "set-cookie" not in answer.headers
            assert len(list((home / "gateway").rglob("guests/*"))) == 0

    play(story())


def test_a_name_that_is_not_the_gateways_is_refused(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            answer = await browser.get("/", Host="evil.example")
            assert answer.status == 421
            assert "--public-url" in answer.body.decode()

    play(story())


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"attempt":1}', b"\xff", b'{"attempt":"x","more":1}'])
def test_a_body_that_is_no_request_is_refused_in_words(open_house: HouseProcess, home: Path, body: bytes) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            answer = await browser.post("/api/join", body or b" ")
            assert (answer.status, answer.json["code"]) == (400, "malformed")
            assert answer.json["message"]

    play(story())


def test_a_body_has_a_bound(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            for size, status in ((BODY_BYTES_MAX, 400), (BODY_BYTES_MAX + 1, 413)):
                assert (await browser.post("/api/join", b"x" * size)).status == status

    play(story())


def test_so_many_attempts_a_minute_from_one_address(
    open_house: HouseProcess, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "JOINS_PER_MINUTE_MAX", 3)

    async def story() -> None:
        async with gateway_at(open_house.link, home, trusted_proxy="127.0.0.1") as browser:
            arrivals = [await browser.post("/api/arrive", {"code": "K7QM2XFA"}) for _ in range(4)]
            assert [one.status for one in arrivals] == [403, 403, 403, 429]
            assert arrivals[-1].json["code"] == "slow_down"
            elsewhere = await browser.post("/api/arrive", {"code": "K7QM2XFA"}, **{"x-forwarded-for": "203.0.113.9"})
            assert elsewhere.status == 403

    play(story())


def test_the_cookie_is_out_of_reach_and_new_with_each_join(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home, trusted_proxy="127.0.0.1") as browser:
            fixed = "guest=chosenbyanattackerchosenbyanattacker"
            joined = await browser.post("/api/join", attempt("Fixated"), cookie=fixed)
            cookie = SimpleCookie(joined.headers["set-cookie"])["guest"]
            assert cookie["httponly"]
            assert cookie["samesite"] == "strict"
            assert cookie["path"] == "/"
            assert not cookie["secure"]
            assert cookie.value not in fixed
            async with browser.live(fixed) as phone:
                assert (await until(phone, "guest"))["name"] is None, "the attacker's value is nobody's"
            secure = await browser.post(
                "/api/join",
                attempt("Secured"),
                **{"x-forwarded-proto": "https", "origin": browser.origin.replace("http", "https")},
            )
            assert secure.status == 200
            assert "__Host-guest=" in secure.headers["set-cookie"]
            assert "Secure" in secure.headers["set-cookie"]
            assert "max-age" in secure.headers["strict-transport-security"]

    play(story())


def test_no_answer_and_no_file_has_the_cookie_but_the_answer_that_sets_it(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            joined = await browser.post("/api/join", attempt("Cora"))
            value = joined.cookie.partition("=")[2]
            assert value not in joined.body.decode()
            for path in home.rglob("*.json"):
                assert value not in path.read_text()
            moved = await browser.post("/api/move", {}, cookie=joined.cookie)
            assert value not in moved.body.decode()

    play(story())


def test_the_square_is_that_of_the_address_with_the_invite_that_was_given(open_house: HouseProcess, home: Path) -> None:
    async def story() -> None:
        async with gateway_at(open_house.link, home) as browser:
            bare, invited = await browser.get("/qr.svg"), await browser.get("/qr.svg?invite=abc-1")
            assert bare.headers["content-type"] == "image/svg+xml"
            assert bare.body.startswith(b"<svg")
            assert bare.body != invited.body
            assert (await browser.get(f"/qr.svg?invite={'x' * INVITE_CHARS_MAX}")).status == 200
            for wrong in ("x" * (INVITE_CHARS_MAX + 1), "a%20b", "%3Cscript%3E"):
                assert (await browser.get(f"/qr.svg?invite={wrong}")).status == 400
            assert (await browser.get("/api/address")).json == {"url": f"{browser.origin}/"}

    play(story())


def test_secrets_of_a_link_stand_in_its_fragment() -> None:
    assert join_url("http://a/") == "http://a/"
    assert join_url("http://a/", invite="x") == "http://a/#invite=x"
    assert join_url("http://a/", code="y") == "http://a/#code=y"


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (b"", ""),
        (b"guest=abc", "abc"),
        (b"other=1; guest=abc; more=2", "abc"),
        (b"guest=plain; __Host-guest=secure", "secure"),
        (b"guest", ""),
        (b"g\xff\xfe=1; guest=abc", ""),
    ],
)
def test_a_cookie_is_read_as_a_browser_sends_it(sent: bytes, value: str) -> None:
    assert cookie_of([(b"cookie", sent)]) == value
