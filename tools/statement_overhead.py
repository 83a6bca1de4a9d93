"""What the telemetry costs a statement: plain and instrumented runs in turn, of a test that sends one again and again.

    python tools/statement_overhead.py                  each driver that is installed, 5 rounds
    python tools/statement_overhead.py "sqlite3 cursor" --statements 1000000

The figures are CPU of the loop alone, per statement, medians over the rounds; memory is what the process has grown by
while the loop ran. Coverage is off: tools/coverage_overhead.py measures what that costs. ddtrace and
opentelemetry-instrumentation-dbapi stand beside it where they are installed. PostgreSQL is found by
TRIM_TEST_POSTGRES, a libpq connection string.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple

from _costs import environment

_POSTGRES = os.environ.get("TRIM_TEST_POSTGRES", "host=127.0.0.1 user=postgres dbname=test")

_DJANGO = """
import django
from django.conf import settings
if not settings.configured:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes"],
        USE_TZ=True,
    )
    django.setup()
from django.db import connection
from django.contrib.contenttypes.models import ContentType
with connection.schema_editor() as editor:
    editor.create_model(ContentType)
ContentType.objects.create(app_label="a", model="b")
"""


class Subject(NamedTuple):
    """A driver: the module it needs, what goes before the loop, the statement, and how often."""

    needs: str
    before: str
    statement: str
    times: int


_SUBJECTS = {
    "sqlite3 cursor": Subject(
        "sqlite3",
        "import sqlite3\ncursor = sqlite3.connect(':memory:').cursor()",
        "cursor.execute('SELECT 1')",
        100_000,
    ),
    "sqlite3 cursor, parameters and a row": Subject(
        "sqlite3",
        "import sqlite3\ncursor = sqlite3.connect(':memory:').cursor()",
        "cursor.execute('SELECT ?', (1,)).fetchone()",
        100_000,
    ),
    "sqlite3 connection": Subject(
        "sqlite3",
        "import sqlite3\nconnection = sqlite3.connect(':memory:')",
        "connection.execute('SELECT 1')",
        100_000,
    ),
    "Django raw cursor": Subject(
        "django", f"{_DJANGO}cursor = connection.cursor()", "cursor.execute('SELECT 1')", 50_000
    ),
    "Django ORM": Subject("django", _DJANGO, "ContentType.objects.get(app_label='a')", 2_000),
    "psycopg2": Subject(
        "psycopg2",
        f"import psycopg2\ncursor = psycopg2.connect({_POSTGRES!r}).cursor()",
        "cursor.execute('SELECT 1')",
        10_000,
    ),
    "psycopg 3": Subject(
        "psycopg",
        f"import psycopg\ncursor = psycopg.connect({_POSTGRES!r}).cursor()",
        "cursor.execute('SELECT 1')",
        10_000,
    ),
}

_TEST = """
import json, os, resource, sys, time, unittest
{peer}
class Loop(unittest.TestCase):
    def test_it(self):
        {before}
        def loop(times):
            for _ in range(times):
                {statement}
        loop(1_000)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, wall = time.process_time(), time.perf_counter()
        loop({times})
        spent, waited = time.process_time() - began, time.perf_counter() - wall
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - grown
        with open(os.environ["COST_OUT"], "w") as out:
            json.dump([spent / {times} * 1e6, waited / {times} * 1e6, grown / 1024], out)
"""
_PEERS = {
    "ddtrace": ("ddtrace", "import ddtrace\nddtrace.tracer.enabled = False\nddtrace.patch_all()\n"),
    "opentelemetry": (
        "opentelemetry.instrumentation.sqlite3",
        "from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor\nSQLite3Instrumentor().instrument()\n",
    ),
}


class Cost(NamedTuple):
    """One loop: us of CPU and us in all for a statement, MB that the process has grown by."""

    cpu: float
    wall: float
    grown: float


def main() -> int:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subject", nargs="?", choices=list(_SUBJECTS), help="one of them (default: all that there are)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the figures are their medians (5)")
    parser.add_argument("--statements", type=int, help="how many are sent in a round")
    options = parser.parse_args()
    print("| statement | variant | CPU, us | added, us | in all, us | added | memory, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in [options.subject] if options.subject else _SUBJECTS:
        subject = _SUBJECTS[name]
        if _is_there(subject.needs):
            subject = subject._replace(times=options.statements or subject.times)
            for row in _measure(name, subject, options.rounds):
                print(row, flush=True)
    return 0


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _measure(name: str, subject: Subject, rounds: int) -> Iterator[str]:
    door = [sys.executable, "-m", "trim_telemetry.unittest_instrumentation", "-q", "test_it"]
    plain = [sys.executable, "-m", "unittest", "-q", "test_it"]
    variants = {"plain": (plain, ""), "trim-telemetry": (door, "")}
    variants.update((peer, (plain, setup)) for peer, (module, setup) in _PEERS.items() if _is_there(module))
    costs: Dict[str, List[Cost]] = {variant: [] for variant in variants}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds + 1):
            for variant, (command, peer) in variants.items():
                cost = _run(command, subject, peer, Path(folder))
                if number:  # the first round compiles
                    costs[variant].append(cost)
    for variant, found in costs.items():
        yield _row(name, variant, found, costs["plain"])


def _run(command: List[str], subject: Subject, peer: str, folder: Path) -> Cost:
    before = subject.before.replace("\n", "\n        ")
    (folder / "test_it.py").write_text(
        _TEST.format(peer=peer, before=before, statement=subject.statement, times=subject.times)
    )
    out = folder / "cost.json"
    env = environment(COST_OUT=str(out), TRIM_COVERAGE="off")
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Cost(*json.loads(out.read_text()))


def _row(name: str, variant: str, found: List[Cost], plain: List[Cost]) -> str:
    pairs = list(zip(found, plain))
    cpu, wall = statistics.median(cost.cpu for cost in found), statistics.median(cost.wall for cost in found)
    added = statistics.median(ours.cpu - theirs.cpu for ours, theirs in pairs)
    share = statistics.median(ours.wall / theirs.wall - 1 for ours, theirs in pairs)
    grown = statistics.median(cost.grown for cost in found)
    return f"| {name} | {variant} | {cpu:.2f} | {added:.2f} | {wall:.2f} | {share:.1%} | {grown:.1f} |"


if __name__ == "__main__":
    sys.exit(main())
