"""`make audit`: checks whether an installed package has a known fault, by pip-audit and by the programs' own table.

pip-audit asks a public database. If it can't reach the database, or the database does not know the packages, it may end
with status 0 and "No known vulnerabilities found", although it checked nothing. So its report is read package by
package, and packages that it did not check are named. Packages that the programs' own table refuses are always faults.
"""

import json
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from common.versions import LIBZMQ, MSGPACK, OldLibraryError, refuse_old_libraries, written

PATIENCE_S = 300


class Findings(NamedTuple):
    """The result of the audit."""

    faults: list[str]
    """A line for each known fault of an installed package."""
    audited: set[str]
    unaudited: set[str]
    """The packages on which the database says nothing."""


def findings(report: dict[str, Any]) -> Findings:
    """Read a report of pip-audit in JSON."""
    packages = report.get("dependencies", [])
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}"
        f" (fixed in {', '.join(fault.get('fix_versions', [])) or 'no version yet'})"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    unaudited = {package["name"] for package in packages if "skip_reason" in package}
    return Findings(faults, {package["name"] for package in packages} - unaudited, unaudited)


def ask(pip_audit: str) -> tuple[dict[str, Any], str]:
    """Return pip-audit's report on this environment; if there is none, an empty one and the reason."""
    here = sysconfig.get_paths()["purelib"]
    command = [pip_audit, "--path", here, "--format", "json", "--progress-spinner", "off", "--timeout", "10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        return json.loads(done.stdout), ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return {}, f"pip-audit could not be run ({error})"
    except json.JSONDecodeError:
        return {}, (done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1]


def dependencies(project_file: Path) -> set[str]:
    """Return the names of the packages that the programs need."""
    project = tomllib.loads(project_file.read_text())["project"]
    return {one.partition(">=")[0] for one in project["dependencies"]}


def main(pip_audit: str) -> int:
    """Print the result, and return 1 if a package has a known fault."""
    report, why_not = ask(pip_audit)
    found = findings(report)
    needed = dependencies(Path(__file__).parent.parent / "pyproject.toml")
    lines = [f"FAULT  {fault}" for fault in found.faults]
    if missed := sorted(needed - found.audited):
        lines.append(f"NOT AUDITED  {', '.join(missed)}")
        lines.append(f"  pip-audit's database was not reached, or does not know them. {why_not}".rstrip())
        lines.append("  Run `make audit` where it can be reached; until then only the programs' own table holds.")
    lines.append(f"pip-audit looked at {len(found.audited & needed)} of the {len(needed)} packages that are needed.")
    try:
        refuse_old_libraries()
        lines.append(f"Own table: libzmq {written(LIBZMQ.version)} and msgpack {written(MSGPACK.version)}, or newer.")
    except OldLibraryError as error:
        lines.append(f"FAULT  {error}")
    sys.stdout.write("\n".join([*lines, ""]))
    return int(any(line.startswith("FAULT") for line in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
