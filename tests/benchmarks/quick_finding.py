"""Runs a measurement as a person does, in its quick form, and returns its kept finding."""

from pathlib import Path

from click.testing import CliRunner

from benchmarks.__main__ import main
from benchmarks.report.results import Finding, read_kept


def quick_finding(name: str, folder: Path, *options: str) -> Finding:
    """Return the finding of `python -m benchmarks NAME --quick`."""
    arguments = [name, "--quick", "--results", str(folder), *options]
    result = CliRunner().invoke(main, arguments, standalone_mode=False, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    (kept,) = read_kept(folder)
    assert kept.finding.name == name
    return kept.finding
