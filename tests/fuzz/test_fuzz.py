"""Every target for a moment, from fixed seeds; and for ten million inputs by `make torture`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from auctioneer.rules.facts import BidConfirmed, CorrectionMade
from common.lot import CorrectionCause
from tests.fuzz.running import NAMES, has_atheris, run_by_chance
from tests.fuzz.session_target import play_session, session_seeds
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
SEED = 20_260_501


def test_every_target_has_a_name_on_the_command_line() -> None:
    assert tuple(TARGETS) == NAMES
    assert sum(target.runs_torture for target in TARGETS.values()) == 10_000_000


@pytest.mark.parametrize("name", NAMES)
def test_nothing_unknown_comes_out(name: str) -> None:
    run_by_chance(name, TARGETS[name].runs_quick, SEED)


def test_the_scripts_reach_a_question_and_each_way_to_answer_it() -> None:
    facts = [fact for seed in session_seeds() for fact in play_session(seed).sale.record]
    made = [fact for fact in facts if isinstance(fact, CorrectionMade)]
    assert any(fact.event is not None and fact.event.asked is not None for fact in made)
    assert {fact.cause for fact in made} >= {CorrectionCause.DECLINED, CorrectionCause.UNANSWERED}
    assert {bool(fact.by) for fact in facts if isinstance(fact, BidConfirmed)} == {False, True}


def test_what_is_found_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(body: bytes) -> None:
        assert b"\xc1" not in body

    monkeypatch.setitem(TARGETS, "requests", TARGETS["requests"]._replace(check=refuse))
    notes = []
    for _ in range(2):
        with pytest.raises(AssertionError) as found:
            run_by_chance("requests", 40_000, SEED)
        notes.append(found.value.__notes__)
    assert notes[0] == notes[1]
    assert f"seed {SEED}" in notes[0][0]


@pytest.mark.skipif(not has_atheris(), reason="the extra `fuzz` is not installed")
@pytest.mark.parametrize("name", ["requests", "sessions"])
def test_atheris_runs_a_target(name: str) -> None:
    assert f"300 inputs by atheris, seed {SEED}" in fuzz(name, 300)


def fuzz(name: str, runs: int) -> str:
    """Run the command and return what it said; it fails where something was found."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, "--runs", str(runs), "--seed", str(SEED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    return done.stdout


@pytest.mark.torture
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("name", NAMES)
def test_ten_million_inputs(name: str) -> None:
    share = float(os.environ.get("FUZZ_SHARE", "1"))
    assert name in fuzz(name, max(1, int(TARGETS[name].runs_torture * share)))
