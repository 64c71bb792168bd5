"""What was found is kept with the machine it was found on, and the newest run replaces the one before."""

from pathlib import Path

from benchmarks.report.results import Finding, Row, keep, machine, read_kept


def test_the_newest_finding_of_a_name_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    for name, found in (("scale", 1.0), ("engine", 2.0), ("scale", 3.0)):
        keep(Finding(name=name, question="?", repeats=1, rows=(Row({"lots": 1}, {"ratio": found}),)), folder)
    engine, scale = read_kept(folder)
    assert (engine.finding.name, engine.finding.rows[0].figures["ratio"]) == ("engine", 2.0)
    assert (scale.finding.name, scale.finding.rows[0].figures["ratio"]) == ("scale", 3.0)
    assert engine.machine == machine()
    assert {"processor", "cores", "libzmq", "commit"} <= set(engine.machine)
