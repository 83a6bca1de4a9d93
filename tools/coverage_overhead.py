"""What per-test coverage costs: plain, observed and pytest-cov's runs in turn, on a generated project.

    python tools/coverage_overhead.py                          50 modules, 85,000 lines, 2,000 tests, 5 rounds
    python tools/coverage_overhead.py --modules 10 --tests 400 --rounds 3

A test calls 12 small functions of 4 modules, and does nothing else: coverage is at its worst here. A round runs plain
pytest and then every variant; the figures are medians over the rounds. CPU is user + system of the whole process.
`cold` is a run that finds nothing of an earlier one: the statements of all files are looked for.
"""

import argparse
import importlib.util
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple

from _costs import Cost, cost_of, environment, figures, table

_COLUMNS = ("variant", "CPU, s", "ratio", "added a test, us", "peak memory, MB", "stdout, bytes a test")
_FUNCTIONS = 100  # in a module
_TESTS_IN_A_FILE = 50
_FUNCTION = '''
def f{number}(x, n={turns}):
    """Function {number}."""
    total = 0
    for k in range(n):
        if (x + k) % 3 == 0:
            total += k
        elif x < 0:  # pragma: no cover
            total -= 1
        else:
            total += helper(
                x,
                k,
            )
    if total < -5:
        return None
    return total + {number}
'''
_PYTEST = ["-q", "-p", "no:cacheprovider", "--assert=plain", "tests"]
_OURS = ["-m", "trim_telemetry.pytest_instrumentation", *_PYTEST]
_COVERAGE_RUN = ["-m", "coverage", "run", "--source=src"]


class Variant(NamedTuple):
    """A command to measure. needs: a package; cold: does it find nothing of an earlier run?"""

    arguments: List[str]
    needs: str = "pytest"
    coverage: str = "off"
    cold: bool = False


_VARIANTS = {
    "plain": Variant(["-m", "pytest", *_PYTEST]),
    "trim-telemetry, TRIM_COVERAGE=off": Variant(_OURS),
    "trim-telemetry": Variant(_OURS, "coverage", "require"),
    "coverage run": Variant([*_COVERAGE_RUN, "-m", "pytest", *_PYTEST], "coverage"),
    "coverage run, and trim-telemetry": Variant([*_COVERAGE_RUN, *_OURS], "coverage", "require"),
    "pytest-cov --cov-context=test": Variant(
        ["-m", "pytest", *_PYTEST, "--cov=src", "--cov-report=", "--cov-context=test"], "pytest_cov"
    ),
    "trim-telemetry, cold": Variant(_OURS, "coverage", "require", True),
}


def main() -> int:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modules", type=int, default=50, help="modules of 100 functions each (50)")
    parser.add_argument("--tests", type=int, default=2000, help="tests (2,000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the figures are their medians (5)")
    options = parser.parse_args()
    variants = {name: variant for name, variant in _VARIANTS.items() if importlib.util.find_spec(variant.needs)}
    costs: Dict[str, List[Cost]] = {name: [] for name in variants}
    with tempfile.TemporaryDirectory() as folder:
        project, cache = Path(folder, "project"), Path(folder, "cache")
        _write(project, options.modules, options.tests)
        for number in range(options.rounds + 1):
            for name, variant in variants.items():
                cost = _run(variant, project, cache)
                if number:  # the first round compiles
                    costs[name].append(cost)
    print(*table(_COLUMNS), sep="\n")
    for name, found in costs.items():
        print(_row(name, found, costs["plain"], options.tests))
    return 0


def _run(variant: Variant, project: Path, cache: Path) -> Cost:
    if variant.cold:
        cache = cache.with_name("cold")  # of its own: the other variants are to find theirs
        shutil.rmtree(cache, ignore_errors=True)
    # Of coverage.py's ways of measuring only this one can tell tests apart.
    env = environment(XDG_CACHE_HOME=str(cache), TRIM_COVERAGE=variant.coverage, COVERAGE_CORE="ctrace")
    return cost_of(variant.arguments, project, env)


def _row(name: str, found: List[Cost], plain: List[Cost], tests: int) -> str:
    cpu, added, ratio, memory, output = figures(found, plain)
    return f"| {name} | {cpu:.2f} | {ratio:.2f} | {added / tests * 1e6:.0f} | {memory:.0f} | {output / tests:.0f} |"


def _write(project: Path, modules: int, tests: int) -> None:
    chosen = random.Random(7)
    package, suite = project / "src" / "made", project / "tests"
    package.mkdir(parents=True)
    suite.mkdir()
    (project / "setup.cfg").write_text("")
    (project / "conftest.py").write_text("import os, sys\nsys.path.insert(0, os.path.join(os.getcwd(), 'src'))\n")
    (package / "__init__.py").write_text("")
    (package / "common.py").write_text("def helper(a, b):\n    c = a ^ b\n    return c & 7\n")
    for module in range(modules):
        functions = [_FUNCTION.format(number=number, turns=chosen.randint(2, 12)) for number in range(_FUNCTIONS)]
        (package / f"m{module:03}.py").write_text("from .common import helper\n" + "".join(functions))
    for start in range(0, tests, _TESTS_IN_A_FILE):
        lines = ["import importlib", f"m = [importlib.import_module(f'made.m{{n:03}}') for n in range({modules})]"]
        for number in range(start, min(tests, start + _TESTS_IN_A_FILE)):
            lines.append(f"\ndef test_{number}():")
            for module in chosen.sample(range(modules), min(4, modules)):
                calls = [f"m[{module}].f{chosen.randrange(_FUNCTIONS)}({chosen.randrange(9)})" for _ in range(3)]
                lines += [f"    assert {call} is not None" for call in calls]
        (suite / f"test_{start:05}.py").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
