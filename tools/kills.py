"""Kills test runs at random moments under `collect`, and holds every file against what the tests themselves have noted.

    python tools/kills.py                     500 kills of unittest and, where it is installed, pytest runs
    python tools/kills.py --kills 25 --seed 7

Each test notes its number in a file before it ends. After the kill there must be a record of every test after which
another one had begun, no record of a test that never did, no line that does not follow the schema, no green verdict.
Ends with 0 when all of that held every time, else with 1 and what did not.
"""

import argparse
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from trim_telemetry.runs.validation import flaws  # noqa: E402  # of this checkout, wherever we are called from

_TESTS = 300
_SUITE = f"""
import atexit, os, signal, time, unittest

began = time.perf_counter()
signal.setitimer(signal.ITIMER_REAL, float(os.environ["DIE_AFTER"]))  # it kills a process that has no handler for it
atexit.register(lambda: open("took", "w").write(str(time.perf_counter() - began)))
notes = os.open("notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

def make(number):
    def body(self):
        os.write(notes, b"%d\\n" % number)
    return body

class T(unittest.TestCase):
    for number in range({_TESTS}):
        locals()["test_%05d" % number] = make(number)
"""
_RUNNERS = ("unittest", "pytest")
_NEVER = 0.0  # setitimer(2): disarms it


class Kill(NamedTuple):
    """One killed run: collect's exit code, what the tests noted, and the records of its file."""

    code: int
    noted: List[int]
    records: List[Dict[str, Any]]
    flaws: List[str]
    took: float  # seconds from the import of the suite to the end, where there was one


def main() -> int:
    """Kill, and say what held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, help="how many runs are killed (500)")
    parser.add_argument("--seed", type=int, default=0, help="where the random moments come from (0)")
    options = parser.parse_args()
    runners = [name for name in _RUNNERS if importlib.util.find_spec(name)]
    longest = {name: _kill(name, _NEVER).took for name in runners}
    moments = random.Random(options.seed)
    kinds = {"in a test": 0, "between tests": 0, "before the first": 0, "after the last": 0}
    wrong: List[str] = []
    while sum(kinds.values()) < options.kills:
        runner = runners[sum(kinds.values()) % len(runners)]
        moment = moments.uniform(0.0005, longest[runner])
        found = _kill(runner, moment)
        wrong += [f"{runner}, after {moment:.6f} s: {sentence}" for sentence in judge(found)]
        kind = _kind(found)
        longest[runner] *= 1.02 if kind in ("in a test", "between tests") else 0.97 if kind != "before the first" else 1
        if kind in kinds:  # else it was faster, and counts for nothing
            kinds[kind] += 1
    print(f"{options.kills} kills: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count))
    print("\n".join(wrong) if wrong else "no finished test lost, no file refused, no green verdict")
    return 1 if wrong else 0


def _kill(runner: str, moment: float) -> Kill:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "test_many.py").write_text(_SUITE, "utf-8")
        command = [
            sys.executable,
            "-m",
            "trim_telemetry",
            "collect",
            "--",
            sys.executable,
            "-m",
            runner,
            "test_many.py",
        ]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "DIE_AFTER": str(moment)}
        done = subprocess.run(command, cwd=place, env=env, stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, timeout=120)
        notes, took = place / "notes", place / "took"
        (file,) = (place / ".telemetry").glob("*.ndjson")
        return Kill(
            done.returncode,
            [int(line) for line in notes.read_text("ascii").split()] if notes.exists() else [],
            [json.loads(line) for line in file.read_bytes().splitlines()],
            [f"line {flaw.line}: {flaw.reason}" for flaw in flaws(str(file))],
            float((took.read_text("ascii") if took.exists() else "") or 0.0),  # it may be killed in between
        )


def _kind(found: Kill) -> str:
    if found.code == 0:
        return "too late"
    results = [record for record in found.records if record["record_type"] == "test_result"]
    if not results:
        return "before the first"
    if results[-1]["outcome"] == "crashed":
        return "in a test"
    return "after the last" if len(results) == _TESTS else "between tests"


def judge(found: Kill) -> List[str]:
    """Return what is wrong with what is left of a run."""
    results = [record for record in found.records if record["record_type"] == "test_result"]
    summaries = [record for record in found.records if record["record_type"] == "run_summary"]
    numbers = [int(result["name"][-5:]) for result in results]
    outcomes = [result["outcome"] for result in results]
    if len(summaries) != 1 or found.records[-1] is not summaries[0]:
        return [*found.flaws, f"{len(summaries)} summaries"]
    summary = summaries[0]
    was_killed = found.code == 128 + signal.SIGALRM
    checks = {
        f"exit code {found.code}": was_killed or (found.code == 0 and len(results) == _TESTS),
        "a green verdict": (summary["exit_code"] == 0) is not was_killed,
        "complete, and it is not": not summary["complete"] or len(results) == _TESTS,
        "finished tests lost": numbers[: len(found.noted) - 1] == found.noted[:-1],
        "results of tests that never began": len(numbers) <= len(found.noted) + 1,
        "results not in order, or twice": numbers == sorted(set(numbers)),
        "a finished test that has not passed": set(outcomes[:-1]) <= {"passed"},
        "a last test that neither passed nor crashed": set(outcomes[-1:]) <= {"passed", "crashed"},
        "counts that do not add up": summary["total_tests"] == len(results),
        "tests not run": summary["not_run_tests"] in (None, _TESTS - len(results)),
    }
    return [*found.flaws, *(name for name, held in checks.items() if not held)]


if __name__ == "__main__":
    sys.exit(main())
