"""How findings are printed: a line for each, with why and what to do below it, or one JSON document."""

from collections.abc import Sequence
from typing import Final

from common.findings import Finding, Verdict, has_fault
from common.terminal.output import print_json, say

FAULT_STATUS: Final = 1
"""The exit status if there is a fault; warnings alone leave it at 0."""
_STYLES: Final = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAULT: "red"}
_WORD_CELLS: Final = 9
_INDENT: Final = " " * _WORD_CELLS


def tell_findings(findings: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings, and return the exit status."""
    if as_json:
        print_json({"ready": not has_fault(findings), "findings": findings})
    else:
        for finding in findings:
            verdict = finding.verdict
            say(f"{verdict.value.ljust(_WORD_CELLS)}{finding.what}", style={"fg": _STYLES[verdict]})
            for more in (finding.why, finding.advice):
                if more:
                    say(f"{_INDENT}{more}")
    return FAULT_STATUS if has_fault(findings) else 0
