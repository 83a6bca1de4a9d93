"""What following a run costs `collect`: a stream of 100,000 tests, written as fast as it can be.

    python tools/stream.py
    python tools/stream.py --tests 20000

The tests do nothing and are no one's: a process writes their records as a session does, while `collect` follows its
file. CPU and memory are those of the collecting process alone. Ends with 1 when it takes 30 us a record or more, or
100 MB or more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_MOST_TIME, _MOST_MEMORY = 30.0, 100.0  # us of CPU a record, MB at the peak

_WRITER = """
import os, sys
from trim_telemetry.config import load
from trim_telemetry.record import Case, Measures
from trim_telemetry.session import Session
from trim_telemetry.surroundings import Framework

session = Session(load({}, os.environ, os.getcwd()), Framework("unittest", "3"))
count = int(sys.argv[1])
session.collected(count)
for number in range(count):
    name = f"test_{number:06d}"
    case = Case(f"package.test_things.Thing.{name}", name, "Thing", "package.test_things", "package/test_things.py", 7)
    session.begin(lambda test: test, case)
    session.finish(Measures(1.0 + number % 97, 1.0, None, 1.0 + number % 97))
session.close(0)
"""
_COLLECTOR = """
import json, resource, sys
from trim_telemetry.cli import main

code = main(["collect", "--out", sys.argv[2], "--", sys.executable, "-c", sys.argv[3], sys.argv[4]])
used = resource.getrusage(resource.RUSAGE_SELF)
with open(sys.argv[1], "w") as file:
    json.dump({"code": code, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss}, file)
"""


class Figures(NamedTuple):
    """cpu: s of the collecting process; memory: MB at its peak; records, size: lines and bytes of the file."""

    cpu: float
    memory: float
    records: int
    size: int


def main() -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=100_000, help="how many tests (100000)")
    tests = parser.parse_args().tests
    idle, used = _measure(0), _measure(tests)
    cost = (used.cpu - idle.cpu) / (used.records - idle.records) * 1e6
    print(f"{tests} tests, {used.records} records, {used.size / 1e6:.0f} MB")
    print(f"collect: {cost:.1f} us of CPU a record, {used.memory:.0f} MB at its peak")
    return 0 if cost < _MOST_TIME and used.memory < _MOST_MEMORY else 1


def _measure(tests: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        figures, out = Path(folder, "figures"), Path(folder, "out")
        command = [sys.executable, "-c", _COLLECTOR, str(figures), str(out), _WRITER, str(tests)]
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, stdin=subprocess.DEVNULL, stderr=-1, check=True
        )
        found = json.loads(figures.read_text("utf-8"))
        (file,) = out.glob("*.ndjson")
        with open(file, "rb") as lines:
            count = 0
            for count, line in enumerate(lines, 1):  # noqa: B007  # the last one is wanted
                pass
        summary = json.loads(line)
        assert (found["code"], summary["passed_tests"], summary["complete"]) == (
            0,
            tests,
            True,
        ), "not all of it arrived"
        bytes_a_unit = 1 if sys.platform == "darwin" else 1 << 10  # getrusage(2)
        return Figures(found["cpu"], found["memory"] * bytes_a_unit / (1 << 20), count, file.stat().st_size)


if __name__ == "__main__":
    sys.exit(main())
