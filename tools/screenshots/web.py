"""The pictures of the pages: phones, the board and the printed page, as Chromium shows them in a small sale."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from tests.bidder.web.gateways import GatewayProcess, running_gateway
from tests.house_process import HouseProcess, running_house
from tests.web.browser import PHONE, Guest, running_chromium

CATALOGUE: Final = """
[sale]
title = "Harbour House charity evening"
currency = "USD"
[defaults]
increment = "10"
opens = "by hand"
duration = "3m"
[[lot]]
title = "Longcase clock, eight-day movement, about 1790"
image = "clock.png"
seller = "From a private collection"
description = "Oak case, painted dial, some wear."
starting_price = "120"
estimate_low = "300"
estimate_high = "450"
reserve = "140"
buy_now = "900"
[[lot]]
title = "Tulip bulbs by the crate, four of them"
format = "dutch"
starting_price = "120"
floor = "35"
decrement = "5"
every = "2s"
units = 4
[[lot]]
title = "Captain's log of the brig Amity, 1871"
format = "vickrey"
starting_price = "80"
[[lot]]
title = "Dinner for four at the harbour kitchen"
starting_price = "80"
estimate_low = "150"
estimate_high = "250"
[[lot]]
title = "Weekend for two in a lighthouse"
starting_price = "100"
"""
CLOCK: Final = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">
<rect width="400" height="400" fill="#d9cdb8"/><rect y="330" width="400" height="70" fill="#b9a98d"/>
<path d="M150 60q50-40 100 0v70H150z" fill="#5b3a1f"/><rect x="160" y="125" width="80" height="180" fill="#6b4526"/>
<rect x="148" y="300" width="104" height="60" fill="#5b3a1f"/>
<rect x="176" y="150" width="48" height="135" rx="6" fill="#2f1d0f"/>
<circle cx="200" cy="92" r="36" fill="#f5ecd8"/><path d="M200 92V66M200 92l16 10" stroke="#222" stroke-width="4"/>
<path d="M200 150v95" stroke="#c9a24a" stroke-width="3"/><circle cx="200" cy="250" r="13" fill="#d8b04f"/>
</svg>
"""
BOARD: Final[dict[str, Any]] = {"viewport": {"width": 1280, "height": 720}, "locale": "en-US"}
_SETTLE_MS: Final = 700
"""Until a page has drawn what came, and its button takes a touch again."""


def web_pictures(folder: Path) -> None:
    """Hold a small sale and keep the pictures of its pages in `folder`."""
    with (
        TemporaryDirectory() as place,
        running_chromium() as chromium,
        running_house(Path(place), catalogue=CATALOGUE) as house,
    ):
        images = Path(place) / "images"
        images.mkdir()
        _draw_clock(chromium, images / "clock.png")
        with running_gateway(house.link, Path(place) / "gateway", "--images", str(images)) as gateway:
            _hold(chromium, house, gateway, folder)


def _draw_clock(chromium: Any, path: Path) -> None:
    page = chromium.new_page(viewport={"width": 400, "height": 400})
    page.set_content(f"<body style='margin:0'>{CLOCK}</body>")
    page.screenshot(path=path)
    page.close()


def _hold(chromium: Any, house: HouseProcess, gateway: GatewayProcess, folder: Path) -> None:
    light, dark = (
        Guest(chromium, f"{gateway.origin}/#join", **PHONE, color_scheme=scheme) for scheme in ("light", "dark")
    )
    for guest, name in ((light, "Ann"), (dark, "Bea")):
        guest.join(name)
    board = Guest(chromium, f"{gateway.origin}/board", **BOARD, color_scheme="dark")
    _command(house, "open", "1")
    for guest in (light, dark, light, dark):
        guest.press("Bid $")
        guest.page.wait_for_timeout(_SETTLE_MS)
    _keep(light, folder / "phone-outbid.png")
    _keep(dark, folder / "phone-leading.png")
    _keep(board, folder / "board.png")
    light.other.click()
    _keep(light, folder / "phone-amount.png")
    light.page.keyboard.press("Escape")
    light.page.goto(f"{gateway.origin}/#lots")
    _keep(light, folder / "phone-lots.png")
    _command(house, "close", "1")
    _command(house, "open", "2")
    bright = Guest(chromium, f"{gateway.origin}/board", **BOARD, color_scheme="light")
    bright.page.wait_for_timeout(10 * _SETTLE_MS)
    _keep(bright, folder / "board-dutch.png")
    paper = Guest(chromium, f"{gateway.origin}/lots/1", viewport={"width": 760, "height": 900})
    _keep(paper, folder / "lot-page.png")


def _command(house: HouseProcess, *arguments: str) -> None:
    done = house.auctioneer(*arguments)
    if done.exit_code:
        raise SystemExit(done.stderr)


def _keep(guest: Guest, path: Path) -> None:
    guest.page.wait_for_timeout(_SETTLE_MS)
    guest.page.screenshot(path=path)
