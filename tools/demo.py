"""Shows what the telemetry says, with the standard library and SQLite alone: python tools/demo.py [FILE]

Runs the small suite in demo_suite/ through the unittest door, prints each TEST_RESULT line shortened to the keys that
matter most, then the summary, and keeps every record in FILE (.telemetry/demo.ndjson). One test and one subtest fail
on purpose. Ends with 0 when the records say what they should, else 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence

_ROOT = Path(__file__).resolve().parent.parent
_SUITE = Path(__file__).resolve().parent / "demo_suite"
_OPTIONS = ("--trim-stdout=on", "--trim-slow-test-ms=10")  # a slow test that keeps nobody waiting
_RESULT, _SUMMARY = "TEST_RESULT:", "TEST_SUMMARY:"
_EXPECTED = {"total_tests": 8, "passed_tests": 4, "failed_tests": 2, "skipped_tests": 2, "exit_code": 1}
_MORE = ("xfailed_tests", "duration", "flags", "performance", "environment")


class Shown(NamedTuple):
    """What came of the run: the records that it wrote to stdout, and the runner's own report on stderr."""

    results: List[Dict[str, Any]]
    summary: Dict[str, Any]
    report: str


def main(arguments: Sequence[str]) -> int:
    """Run the demo; return its exit code."""
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0 if len(arguments) == 1 else 2
    file = Path(arguments[0]).absolute() if arguments else _ROOT / ".telemetry" / "demo.ndjson"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)  # records are appended
    command = ["-m", "trim_telemetry.unittest_instrumentation", *_OPTIONS, f"--trim-file={file}"]
    print(f"In {_SUITE}:\n$ python {' '.join(command)}\n")
    shown = run(command)
    _show(shown)
    kept = len(file.read_text("utf-8").splitlines())
    print(f"\nEvery record in full: {kept} lines of NDJSON in {file}")
    return _judge(shown)


def run(command: Sequence[str]) -> Shown:
    """Run the suite in a process of its own and read its stream."""
    env = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *command], cwd=_SUITE, env=env, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=120
    )
    lines = done.stdout.decode("utf-8").splitlines()
    summaries = [json.loads(line[len(_SUMMARY) :]) for line in lines if line.startswith(_SUMMARY)]
    return Shown(
        [json.loads(line[len(_RESULT) :]) for line in lines if line.startswith(_RESULT)],
        summaries[-1] if summaries else {},
        done.stderr.decode("utf-8", "replace"),
    )


def shortened(record: Dict[str, Any]) -> Dict[str, Any]:
    """Return the keys of a TEST_RESULT that matter most, without those that say nothing."""
    queries = record["database_queries"]
    failure = record["failure"] or {}
    matters = {
        "id": record["id"],
        "status": record["status"],
        "outcome": record["outcome"] if record["outcome"] != record["status"] else None,
        "duration": round(record["duration"], 1),
        "queries": queries["count"],
        "n_plus_one": [found["count"] for found in queries["n_plus_one"]],
        "flags": record["performance"]["flags"],
        "failure": failure.get("message"),
        "subtests_failed": [subtest["name"] for subtest in record["subtests"]["failed"]],
        "reason": record["reason"],
        "logs": [entry["message"] for entry in record["logs"]],
    }
    return {key: value for key, value in matters.items() if value not in (None, [])}


def _show(shown: Shown) -> None:
    print("What unittest says, as ever:\n")
    print("".join(f"    {line}\n" for line in shown.report.splitlines()))
    print("The stream, each line shortened to what matters most:\n")
    for result in shown.results:
        print(f"{_RESULT}{json.dumps(shortened(result))}")
    print(f"{_SUMMARY}{json.dumps({key: shown.summary.get(key) for key in _EXPECTED})}")
    print("\nMore of the summary:\n")
    for key in _MORE:
        print(f"    {key}: {json.dumps(shown.summary.get(key))}")


def _judge(shown: Shown) -> int:
    """Say whether the demo went as it should; return the exit code."""
    said = {key: shown.summary.get(key) for key in _EXPECTED}
    if said == _EXPECTED and len(shown.results) == _EXPECTED["total_tests"]:
        print("The demo went as it should: one test and one subtest fail on purpose.")
        return 0
    print(f"The demo did NOT go as it should: {said} instead of {_EXPECTED}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
