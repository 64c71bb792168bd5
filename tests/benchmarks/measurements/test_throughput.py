"""The throughput measurement: that it runs, that each bid is heard of, and that its share is what it says."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.load.ring import BIDDERS, LOTS
from benchmarks.measurements.throughput import CONNECTIONS, bid_body, throughput
from benchmarks.report.results import read_kept
from common.codec import decode_request
from common.formats.english import BidRequest


@pytest.mark.bench
def test_a_quick_run_keeps_a_row_for_each_shape(tmp_path: Path) -> None:
    done = CliRunner().invoke(throughput, ["--quick", "--results", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    (kept,) = read_kept(tmp_path)
    rows = kept.finding.rows
    settings = [(row.setting["encryption"], row.setting["connections"]) for row in rows]
    assert settings == [(encryption, connections) for encryption in ("none", "CURVE") for connections in CONNECTIONS]
    for row in rows:
        assert row.figures["house_per_s"] > 0
        assert abs(row.figures["share"] - row.figures["house_per_s"] / row.figures["echo_per_s"]) < 1e-9
    assert len(kept.finding.targets) == len(rows)


def test_a_lot_hears_one_bidder_after_the_other_each_with_more() -> None:
    last: dict[str, tuple[int, int]] = {}
    ids = set()
    for round_number in range(8):
        for number in range(BIDDERS):
            bid = decode_request(bid_body(number, round_number))
            assert isinstance(bid, BidRequest)
            assert bid.amount_minor is not None
            bidder, amount_minor = last.get(bid.lot, (-1, 0))
            assert bidder != number
            assert amount_minor < bid.amount_minor
            last[bid.lot] = (number, bid.amount_minor)
            ids.add(bid.id)
    assert len(ids) == 8 * BIDDERS
    assert len(last) <= LOTS
