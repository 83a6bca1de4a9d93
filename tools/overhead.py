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
import sys
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List

from _costs import Cost, FailedCommand, cost_of, environment, figures, table

_COLUMNS = (
    "runner",
    "tests",
    "variant",
    "CPU a test, us",
    "added, us",
    "ratio",
    "peak memory, MB",
    "stdout, bytes a test",
)
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


def main() -> int:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner", nargs="?", choices=_RUNNERS, help="one runner (default: all that are installed)")
    parser.add_argument("--tests", type=int, default=4000, help="tests in the generated suite (4000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the figures are their medians (5)")
    parser.add_argument("--scale", action="store_true", help="1,000, 10,000 and 100,000 tests, ours only")
    options = parser.parse_args()
    print(*table(_COLUMNS), sep="\n", flush=True)
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
        env = environment([suite], TRIM_COVERAGE="off")
        variants = {**_COMMANDS[runner], **(_peers(runner, Path(folder, "report")) if with_peers else {})}
        costs: Dict[str, List[Cost]] = {name: [] for name in variants}
        for name, command in list(variants.items()):  # a first round compiles, and finds peers that don't work
            try:
                cost_of(command, suite, env)
            except FailedCommand as error:
                if name not in _PEERS:
                    raise
                del variants[name], costs[name]
                yield f"| {runner} | {tests} | {name} | left out: {error} | | | | |"
        for _ in range(rounds):
            for name, command in variants.items():
                costs[name].append(cost_of(command, suite, env))
    plain = costs["plain"]
    for name, found in costs.items():
        yield _row(runner, tests, name, found, plain)


def _row(runner: str, tests: int, name: str, found: List[Cost], plain: List[Cost]) -> str:
    cpu, added, ratio, memory, output = figures(found, plain)
    return (
        f"| {runner} | {tests} | {name} | {cpu / tests * 1e6:.0f} | {added / tests * 1e6:.0f} | {ratio:.2f} | "
        f"{memory:.0f} | {output / tests:.0f} |"
    )


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
        "plain": ["-m", "unittest", "discover"],
        "trim-telemetry": ["-m", "trim_telemetry.unittest_instrumentation", "discover"],
    },
    "pytest": {
        "plain": ["-m", "pytest", "-q"],
        "trim-telemetry": ["-m", "trim_telemetry.pytest_instrumentation", "-q"],
    },
    "django": {
        "plain": ["manage.py", "test"],
        "trim-telemetry": ["manage.py", "test", _RUNNER],
    },
}


if __name__ == "__main__":
    sys.exit(main())
