"""What the telemetry costs a test: plain and instrumented runs in turn, on generated suites of tests that do nothing.

    python tools/overhead.py                       each runner that is installed, 4,000 tests, 5 rounds
    python tools/overhead.py unittest --tests 20000
    python tools/overhead.py unittest --scale      1,000, 10,000 and 100,000 tests: is the cost of a test flat?

Coverage, whose cost is the code's that the tests run, is off: tools/coverage_overhead.py measures that.
Each round runs the plain command and then every variant, so that a drift of the machine's speed falls on all of them;
the figures are medians over the rounds. CPU is user + system of the whole process, memory its peak.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

ROOT = Path(__file__).resolve().parent.parent
_FILES = 20
_RUNNERS = ("unittest", "pytest", "django")
# Peers write what they write by default; the names are their packages' and their options'.
_PEERS = {
    "pytest-reportlog": ("pytest_reportlog", ["--report-log={out}"]),
    "pytest's own junitxml": ("pytest", ["--junitxml={out}"]),
    "pytest-json-report": ("pytest_jsonreport", ["--json-report", "--json-report-file={out}"]),
    "pytest-json-ctrf": ("pytest_json_ctrf", ["--ctrf={out}"]),
    "flakytest": ("flakytest", ["--flakytest"]),
}


class _Failed(Exception):
    """A command that does not end with 0."""


class Cost(NamedTuple):
    """One finished process: s of CPU, MB at its peak, bytes on stdout."""

    cpu: float
    memory: float
    output: int


def main() -> int:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner", nargs="?", choices=_RUNNERS, help="one runner (default: all that are installed)")
    parser.add_argument("--tests", type=int, default=4000, help="tests in the generated suite (4000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the figures are their medians (5)")
    parser.add_argument("--scale", action="store_true", help="1,000, 10,000 and 100,000 tests, ours only")
    options = parser.parse_args()
    print("| runner | tests | variant | CPU a test, us | added, us | ratio | peak memory, MB | stdout, bytes a test |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for runner in [options.runner] if options.runner else _installed_runners():
        for tests in (1_000, 10_000, 100_000) if options.scale else (options.tests,):
            for row in _measure(runner, tests, options.rounds, with_peers=not options.scale):
                print(row, flush=True)
    return 0


def _installed_runners() -> List[str]:
    return [runner for runner in _RUNNERS if importlib.util.find_spec(runner)]


def _measure(runner: str, tests: int, rounds: int, with_peers: bool) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        suite = Path(folder, "suite")
        suite.mkdir()
        _WRITERS[runner](suite, tests)
        variants = {**_COMMANDS[runner], **(_peers(runner, Path(folder, "report")) if with_peers else {})}
        costs: Dict[str, List[Cost]] = {name: [] for name in variants}
        for name, command in list(variants.items()):  # a first round compiles, and finds peers that don't work
            try:
                _run(command, suite)
            except _Failed as error:
                if name not in _PEERS:
                    raise
                del variants[name], costs[name]
                yield f"| {runner} | {tests} | {name} | left out: {error} | | | | |"
        for _ in range(rounds):
            for name, command in variants.items():
                costs[name].append(_run(command, suite))
    plain = costs["plain"]
    for name, found in costs.items():
        yield _row(runner, tests, name, found, plain)


def _row(runner: str, tests: int, name: str, found: List[Cost], plain: List[Cost]) -> str:
    pairs: List[Tuple[Cost, Cost]] = list(zip(found, plain))
    cpu = statistics.median(cost.cpu for cost in found) / tests * 1e6
    added = statistics.median(ours.cpu - theirs.cpu for ours, theirs in pairs) / tests * 1e6
    ratio = statistics.median(ours.cpu / theirs.cpu for ours, theirs in pairs)
    memory = statistics.median(cost.memory for cost in found)
    output = found[-1].output / tests
    return f"| {runner} | {tests} | {name} | {cpu:.0f} | {added:.0f} | {ratio:.2f} | {memory:.0f} | {output:.0f} |"


def _run(command: List[str], suite: Path) -> Cost:
    """Run a command, its output read as a CI service would, through a pipe. Raises _Failed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIM_", "PYTEST", "PYTHON"))}
    environ = {**kept, "PYTHONPATH": os.pathsep.join([str(ROOT), str(suite)]), "TRIM_COVERAGE": "off"}
    process = subprocess.Popen(
        command, cwd=suite, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    pipe = process.stdout
    assert pipe is not None
    output = 0
    for block in iter(lambda: pipe.read(1 << 16), b""):
        output += len(block)
    _, status, usage = os.wait4(process.pid, 0)
    pipe.close()
    process.returncode = status
    if status:
        raise _Failed(f"`{' '.join(command[1:])}` ended with {os.WEXITSTATUS(status)}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def _peers(runner: str, out: Path) -> Dict[str, List[str]]:
    if runner != "pytest":
        return {}
    plain = _COMMANDS["pytest"]["plain"]
    return {
        name: [*plain, *(option.format(out=out) for option in options)]
        for name, (package, options) in _PEERS.items()
        if importlib.util.find_spec(package)
    }


def _write_pytest(suite: Path, tests: int) -> None:
    (suite / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    for number in range(_FILES):
        body = "".join(
            f"def test_{test}():\n    assert {test} + 1 == {test + 1}\n\n" for test in range(tests // _FILES)
        )
        (suite / f"test_file{number:02}.py").write_text(body)


def _write_unittest(suite: Path, tests: int) -> None:
    for number in range(_FILES):
        body = "".join(
            f"    def test_{test}(self):\n        self.assertEqual({test} + 1, {test + 1})\n\n"
            for test in range(tests // _FILES)
        )
        (suite / f"test_file{number:02}.py").write_text(f"import unittest\n\nclass Case(unittest.TestCase):\n{body}")


def _write_django(suite: Path, tests: int) -> None:
    """Each test runs ten small queries: a Django test that runs none is rare."""
    (suite / "settings.py").write_text(
        'SECRET_KEY = "x"\nINSTALLED_APPS = ["django.contrib.contenttypes"]\n'
        'DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}\n'
    )
    (suite / "manage.py").write_text(
        'import os, sys\nos.environ["DJANGO_SETTINGS_MODULE"] = "settings"\n'
        "from django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n"
    )
    for number in range(_FILES):
        body = "".join(
            f"    def test_{test}(self):\n        for key in range(10):\n"
            "            list(ContentType.objects.filter(pk=key))\n\n"
            for test in range(tests // _FILES)
        )
        imports = "from django.contrib.contenttypes.models import ContentType\nfrom django.test import TestCase\n"
        (suite / f"test_file{number:02}.py").write_text(f"{imports}\nclass Case(TestCase):\n{body}")


_WRITERS = {"unittest": _write_unittest, "pytest": _write_pytest, "django": _write_django}
_RUNNER = "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"
_COMMANDS = {
    "unittest": {
        "plain": [sys.executable, "-m", "unittest", "discover"],
        "trim-telemetry": [sys.executable, "-m", "trim_telemetry.unittest_instrumentation", "discover"],
    },
    "pytest": {
        "plain": [sys.executable, "-m", "pytest", "-q"],
        "trim-telemetry": [sys.executable, "-m", "trim_telemetry.pytest_instrumentation", "-q"],
    },
    "django": {
        "plain": [sys.executable, "manage.py", "test"],
        "trim-telemetry": [sys.executable, "manage.py", "test", _RUNNER],
    },
}


if __name__ == "__main__":
    sys.exit(main())
