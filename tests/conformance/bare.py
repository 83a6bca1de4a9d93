"""The unittest door's conformance with the standard library alone: python -m tests.conformance.bare [COPY PACKAGE]

Where pytest and jsonschema are missing, test_unittest.py can't be run. This holds the same probe suite against the same
table of verdicts, and the screen and exit code against plain unittest's. Ends with 0 when all of it agrees, else 1.
COPY: what tools/vendor.py has made, a folder or a zip that holds PACKAGE; that is run by locked_down.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from .unittest_verdicts import TWICE, expected_verdicts, untimed, verdict_of

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKED_DOWN = Path(__file__).with_name("locked_down.py")
SUITE = Path(__file__).parent / "probes" / "unittest_suite"
MARKER, SUMMARY = "TEST_RESULT:", "TEST_SUMMARY:"


def run(module, copy=None):
    """Run the probe suite through a module; return exit code, stdout's lines and stderr. copy: see above."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIM_", "PYTHON"))}
    env = {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}
    words = ["-m", module] if copy is None else ["-S", "-E", "-X", "utf8", str(LOCKED_DOWN), str(copy), module]
    done = subprocess.run(
        [sys.executable, *words], cwd=SUITE, env=env, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=120
    )
    return done.returncode, done.stdout.decode("utf-8").splitlines(), done.stderr.decode("utf-8", "replace")


def differences(table, records):
    """Say each verdict that is not the table's, and each test that has not as many records as it ran."""
    found = {record["id"]: verdict_of(record) for record in records}
    for name in sorted({*table, *found}):
        if table.get(name) != found.get(name):
            yield f"{name}: {found.get(name, 'no record')}, not {table.get(name, 'in the table')}"
    for name in found:
        count, right = sum(record["id"] == name for record in records), 1 + (name in TWICE)
        if count != right:
            yield f"{name}: {count} records, not {right}"


def problems(copy=None, package="trim_telemetry"):
    """Run the suite plain and through the door; say all that is not as it must be. Returns that and the records."""
    plain_code, plain_lines, plain_errors = run("unittest", copy)
    code, lines, errors = run(f"{package}.unittest_instrumentation", copy)
    records = [json.loads(line[len(MARKER) :]) for line in lines if line.startswith(MARKER)]
    found = list(differences(expected_verdicts(), records))
    if code != plain_code:
        found.append(f"exit code {code}, not {plain_code}")
    if untimed(errors) != untimed(plain_errors):
        found.append("unittest's own report is not what it is without us")
    if [line for line in lines if line and not line.startswith((MARKER, SUMMARY))] != list(filter(None, plain_lines)):
        found.append("what the tests print is not what it is without us")
    summaries = [json.loads(line[len(SUMMARY) :]) for line in lines if line.startswith(SUMMARY)]
    if [summary["total_tests"] for summary in summaries] != [len(records)]:
        found.append("the summary does not count the records")
    found += [f"warning: {warning}" for summary in summaries for warning in summary["warnings"]]
    return found, records


if __name__ == "__main__":
    said, counted = problems(*sys.argv[1:])
    sys.stdout.write("".join(f"{problem}\n" for problem in said) + f"{len(counted)} records, {len(said)} problems\n")
    sys.exit(1 if said else 0)
