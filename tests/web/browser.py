"""A real Chromium for tests, driven by Playwright, that talks to loopback addresses only."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

CHROMIUM: Final = "/usr/bin/chromium"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
    "locale": "en-US",
}
SHIFTS: Final = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const elements = entry.sources.map(({ node }) => node?.nodeType === 3 ? node.parentElement : node);
    window.shifted.push([entry.value, ...elements.map((element) => element?.outerHTML.slice(0, 60))]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
"""Keeps in `shifted` what moved in a page without a touch: how far, and the elements."""
AXE: Final = Path(__file__).parent / "assets" / "axe.min.js"
SERIOUS: Final = {"serious", "critical"}
WAIT_MS: Final = 30_000
"""The longest wait for a page; a busy machine takes many times as long as a quiet one."""


def needs_browser() -> Any:
    """Return Playwright's sync API, or skip the module and say what is missing."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is not there; `make system-packages` installs it", allow_module_level=True)
    return pytest.importorskip("playwright.sync_api", reason="Playwright is not there; `make setup` installs it")


@contextmanager
def running_chromium() -> Iterator[Any]:
    """Run Chromium until the end of the block."""
    sync_api = needs_browser()
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Guest:
    """One page in a browser context of its own, and all that it complained of."""

    def __init__(self, browser: Any, url: str, *, init_script: str = "", **context: Any) -> None:
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(WAIT_MS)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        self.page.on("request", lambda request: self.asked.add(request.url))
        if init_script:
            self.page.add_init_script(init_script)
        self.page.goto(url)

    def _note(self, message: Any) -> None:
        """Note what a page says is wrong. A broken connection is no fault of the page."""
        if message.type == "error" and "WebSocket connection" not in message.text and "ERR_" not in message.text:
            self.complaints.append(message.text)

    def join(self, name: str) -> None:
        """Take part under a name, and see the lots."""
        self.page.get_by_label("Your name").fill(name)
        self.page.get_by_role("button", name="Join the sale").click()
        self.page.get_by_role("button", name="See the lots").click()

    def press(self, label: str) -> None:
        """Press the big button once it says this and takes a touch."""
        self.page.locator("#bar .main:not([aria-disabled])", has_text=label).click()

    def bid_own_amount(self, amount: str, *, is_maximum: bool = False) -> None:
        """Bid an amount, or up to one, by the sheet."""
        self.other.click()
        if is_maximum:
            self.page.get_by_role("radio", name="Up to this").check()
        self.page.locator("#amount").fill(amount)
        self.page.locator("#sheet .main").click()

    def seal(self, amount: str) -> None:
        """Make a sealed offer, or replace it, by the sheet."""
        self.page.locator("#bar .main:not([aria-disabled])", has_text="offer").click()
        self.page.locator("#amount").fill(amount)
        self.page.locator("#sheet .main").click()

    @property
    def main(self) -> Any:
        """The big button."""
        return self.page.locator("#bar .main")

    @property
    def other(self) -> Any:
        """The button beside it."""
        return self.page.locator("#bar .button:not(.main)")

    @property
    def strip(self) -> Any:
        """The words above the buttons."""
        return self.page.locator("#bar .strip")

    def close(self) -> None:
        """Leave."""
        self.context.close()


def faults_of(page: Any) -> list[str]:
    """Return what axe-core calls a serious or critical fault of the page as it is now."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {fault['id']}: {node['html'][:120]} {node['any'][0]['message'] if node['any'] else ''}"
        for fault in found["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


def held_back(chromium: Any, address: str, **context: Any) -> tuple[Guest, list[Any]]:
    """Open the phone's page with its script held back; return it as it was served, and what continues the script."""
    guest, held = Guest(chromium, "about:blank", init_script=SHIFTS, **(PHONE | context)), []
    guest.page.route("**/static/phone.*.js", lambda route: held.append(route))
    guest.page.goto(address, wait_until="commit")
    guest.page.locator("html.served").wait_for(state="attached")
    return guest, held
