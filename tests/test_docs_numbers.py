"""Numbers that people wrote into the documents are those of the code: whoever changes the one finds the other."""

from pathlib import Path

import pytest

from auctioneer.catalogue import content
from auctioneer.house import budgets, house, pages
from auctioneer.journal import snapshot_writer, snapshots
from auctioneer.monitoring import health
from auctioneer.network import pacing
from auctioneer.network.door import TURNED_AWAY_S
from auctioneer.process import held_sale, watchdog
from bidder.core import feed, follower, pending, presence
from common import limits, sockets

DOCS = Path(__file__).parent.parent / "docs"
MIB = 1024 * 1024
SILENCE_MS = follower.silence_ms(limits.HEARTBEAT_MS)
WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def seconds(duration_ms: int) -> int:
    whole, rest = divmod(duration_ms, 1000)
    assert rest == 0, "the documents tell whole seconds"
    return whole


def told(name: str) -> str:
    """Return a document's text without its line breaks."""
    return " ".join((DOCS / name).read_text().split())


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("protocol-clients.md", f"`ZMQ_LINGER` | {sockets.LINGER_MS} ms or less"),
        ("protocol-clients.md", f"{sockets.RECONNECT_MS} ms, {sockets.RECONNECT_MAX_MS} ms |"),
        ("protocol-clients.md", f"{sockets.HEARTBEAT_INTERVAL_MS}, {sockets.HEARTBEAT_TIMEOUT_MS}, "),
        ("protocol-clients.md", f"on the SUB | {sockets.BROADCASTS_QUEUED_MAX} |"),
        ("protocol.md", f"If no `probed` comes within {seconds(feed.PROBE_MS)} s, the client probes again"),
        (
            "protocol.md",
            f"after {seconds(pending.RESEND_MS)} s, then at growing intervals up to {seconds(pending.RESEND_MAX_MS)} s",
        ),
        ("protocol.md", f"lower than all of the {limits.REMEMBERED_REQUESTS_MAX} that are"),
        ("protocol.md", f"SHOULD send a `ping` after {seconds(presence.PING_MS)} s without another request"),
        ("rules.md", f"after {seconds(house.SILENT_MS)} seconds of silence the maximum falls"),
        ("abuse.md", f"the key is let in again after {TURNED_AWAY_S:.0f} s"),
        ("abuse.md", f"`ANSWERS_QUEUED_MAX` of at most {pages.PAGE_BYTES_MAX // 1024} KiB for each connection"),
        ("abuse.md", f"A connection that reads nothing for {seconds(sockets.HEARTBEAT_TIMEOUT_MS)} s is cut off"),
        ("abuse.md", f"half-open handshakes | cut after {seconds(sockets.HANDSHAKE_MS)} s"),
        ("abuse.md", f"a page costs {budgets.SNAPSHOT_COST + 1} requests of the budget"),
        ("catalogue.md", f"at most {limits.LOTS_MAX:,} lots, a file {content.CATALOGUE_BYTES_MAX // MIB} MiB"),
        ("operations.md", f"(the loop has not turned for {seconds(health.TURN_AGE_MS_MAX)} s)"),
        (
            "operations.md",
            f"dies {WORDS[watchdog.WatchdogTimes().deaths_max]} times in a row before it serves is given up",
        ),
        ("operations.md", f"| bidders, lots | {limits.BIDDERS_MAX:,} each |"),
        ("operations.md", f"disk: snapshots | {WORDS[snapshots.SNAPSHOTS_KEPT + 1]} of them at a time"),
        ("operations.md", f"the bidder's last {limits.REMEMBERED_REQUESTS_MAX} bids"),
        (
            "operations.md",
            f"every {held_sale.SNAPSHOT_EVERY_FACTS:,} events or, where lots and bidders together are more than "
            f"{held_sale.SNAPSHOT_EVERY_FACTS // held_sale.SNAPSHOT_FACTS_PER_ENTRY:,}, every "
            f"{WORDS[held_sale.SNAPSHOT_FACTS_PER_ENTRY]} for each of them",
        ),
        ("operations.md", f"a snapshot leaves the journal {snapshots.SPACE_LEFT_BYTES // MIB} MiB"),
        ("operations.md", f"it took over {WORDS[snapshot_writer.SNAPSHOT_S_MAX // 60]} minutes"),
        (
            "operations.md",
            f"believe the house dead after {WORDS[seconds(SILENCE_MS)]} seconds",
        ),
    ],
)
def test_a_document_tells_the_number_that_is_in_force(document: str, sentence: str) -> None:
    assert sentence in told(document)


def test_periods_leave_room_for_what_is_promised_of_them() -> None:
    """Where one number is chosen by another, of which the documents tell only the one."""
    assert held_sale.HEARTBEAT_EVERY_MS <= limits.HEARTBEAT_MS * 9 // 10, "a busy turn does not break the promise"
    assert 2 * presence.PING_MS <= house.SILENT_MS, "one ping may be late before a bidder is taken for gone"
    assert SILENCE_MS >= 3 * limits.HEARTBEAT_MS, "a heartbeat may be lost, and another be late"
    assert pacing.HOLD_MS_MAX < held_sale.HEARTBEAT_EVERY_MS, "a heartbeat names nothing that is held"
