"""A phone in a real browser while another house takes the sale over, because the one that held it was killed."""

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from tests.bidder.web.gateways import running_gateway
from tests.postgres_cluster import Cluster
from tests.two_houses import houses, kill
from tests.web.browser import PHONE, WAIT_MS, Guest, needs_browser

expect = needs_browser().expect
expect.set_options(timeout=WAIT_MS)

CATALOGUE: Final = """
[sale]
title = "A sale that is taken over"
currency = "USD"
[defaults]
duration = "1h"
increment = "10"
starting_price = "100"
[[lot]]
title = "Longcase clock"
[[lot]]
title = "Teapot"
"""
WITH_GATEWAY: Final = ("--web", "127.0.0.1:0")
HEARD: Final = """
window.heard = [];
window.away = [];
document.addEventListener("DOMContentLoaded", () => {
  if (!document.getElementById("state")) return;
  const watch = (id, hear) => new MutationObserver(() => hear(document.getElementById(id)))
    .observe(document.getElementById(id), { childList: true, characterData: true, subtree: true });
  for (const id of ["polite", "assertive"])
    watch(id, (region) => region.textContent && window.heard.push(region.textContent));
  watch("state", (state) => {
    const button = document.querySelector("#bar .main");
    if (!state.checkVisibility()) return;
    window.away.push([state.textContent, button.getAttribute("aria-disabled")]);
    document.documentElement.dataset.wasAway = "";
  });
});
"""
"""Keeps what a screen reader was told, and what was shown of the connection, with whether the big button took no touch.

It may be shown for less than a second only.
"""
FORGET: Final = "away.length = 0; delete document.documentElement.dataset.wasAway"
"""Before it had its paddle, a phone waited for the house, too."""


class Watched(Guest):
    """A phone, with the changes that came to it and the words that it said."""

    def __init__(self, chromium: Any, origin: str, name: str) -> None:
        super().__init__(chromium, "about:blank", init_script=HEARD, **PHONE)
        self.changes: Counter[tuple[str, int]] = Counter()
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._note_frame))
        self.page.goto(f"{origin}/#join")
        self.join(name)

    def _note_frame(self, payload: str | bytes) -> None:
        record = json.loads(payload)
        if record["event"] == "lot_moved":
            self.changes[record["lot"], record["seq"]] += 1

    def look_at(self, lot: int) -> None:
        """Show a lot."""
        self.page.goto(f"{self.page.url.partition('#')[0]}#lot/{lot}")
        expect(self.page.locator(".lot-number")).to_have_text(f"Lot {lot}")

    def said(self, words: str) -> int:
        """Return how often a screen reader was told this."""
        heard: list[str] = self.page.evaluate("heard")
        return sum(words in one for one in heard)


def test_a_phone_keeps_its_paddle_its_lead_and_a_bid_under_way_when_another_house_takes_over(
    tmp_path: Path, postgres: Cluster, chromium: Any
) -> None:
    with (
        houses(tmp_path, postgres.url(uuid4().hex), catalogue=CATALOGUE, standby_options=WITH_GATEWAY) as (one, two),
        running_gateway(one.link, tmp_path / "gateway") as gateway,
    ):
        ann, bea = (Watched(chromium, gateway.origin, name) for name in ("Ann", "Bea"))
        ann.look_at(1)
        bea.look_at(2)
        ann.press("Bid $100")
        expect(ann.main).to_have_text("You lead")
        paddle = ann.page.locator("#paddle").inner_text()
        expect(bea.page.locator("#bar .main:not([aria-disabled])")).to_have_text("Bid $100")
        for phone in (ann, bea):
            phone.page.evaluate(FORGET)

        kill(one)
        bea.press("Bid $100")
        expect(bea.main).to_have_text("Sent. Waiting for the house …")
        assert two.wait_for("took_over")["term"] == 2

        for phone in (ann, bea):
            expect(phone.page.locator("html[data-was-away]")).to_be_attached()
            expect(phone.page.locator("#state")).to_be_hidden()
            expect(phone.main).to_have_text("You lead")
            for words, is_disabled in phone.page.evaluate("away"):
                assert phone.said(words) >= 1, "the ear is told what the eye sees"
                assert is_disabled == "true"
            assert phone.said("The house is back.") == 1
        expect(ann.page.locator("#paddle")).to_have_text(paddle)
        bea.look_at(1)
        bea.press("Bid $110")
        expect(bea.main).to_have_text("You lead")
        ann.press("Bid $120")
        expect(ann.main).to_have_text("You lead")
        expect(ann.page.locator(".price")).to_contain_text("$120")

        assert ann.said("Outbid on lot 1 at $110") == 1
        assert bea.said("Accepted: you lead at $100.") == 1
        for phone in (ann, bea):
            assert set(phone.changes.values()) == {1}, phone.changes
            assert phone.changes.keys() >= {("1", 2), ("1", 4), ("1", 5)}, "all but the longer time of the outage"
            assert phone.complaints == []
            phone.close()
        with closing(Guest(chromium, two.wait_for("gateway_listening")["url"], **PHONE)) as late:
            expect(late.page.locator(".price")).to_contain_text("$120")
            assert late.complaints == []
        for lot, bids in ((1, 3), (2, 1)):
            (row,) = json.loads(two.auctioneer("lots", str(lot), "--json").stdout)
            assert row["bids"] == bids
        assert two.auctioneer("verify").exit_code == 0
