"""The metrics that a running house offers to its monitors."""

import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from tests.house_process import HouseProcess


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def scrape(house: HouseProcess) -> dict[str, float]:
    """Return the house's metrics, by name and labels, without the prefix."""
    status, text = get(str(house.record["metrics"]))
    assert status == 200
    return {
        sample.name.removeprefix("auctioneer_")
        + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def snapshot_position(seen: dict[str, float]) -> float:
    """Return the position of the last snapshot; 0 without a snapshot."""
    return seen["journal_position"] - seen["events_since_snapshot"]
