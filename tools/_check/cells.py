"""The cells: what is run, each with a name, in an environment that it makes for itself."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from threading import Lock
from typing import Callable, List, NamedTuple, Optional, Sequence, Set

from .commands import ROOT, Failed, Log
from .environments import Environment
from .interpreters import FIRST, Interpreter
from .probe import Support
from .releases import Pair, Release, pairs

_PROJECT = ROOT / "pyproject.toml"
_SOURCES = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "trim_telemetry")
_LINT_TIMEOUT = 600.0
_TESTS_TIMEOUT = 1500.0
_LAST_MYPY_OF_38 = ("mypy==1.14.1", "pytest==8.3.*", "django==4.2.*")
_FIRST_OF_NEWEST_MYPY = (3, 10)
_DATABASES = "tests/test_drivers_django.py"
_PLUGINS = "tests/test_pytest_xdist_plugins.py"
_SLOW = (  # whole runs by the dozen, half of them killed: what they hold hardly depends on the version of Python
    "tests/test_collect.py",
    "tests/test_django_faults.py",
    "tests/test_django_parallel.py",
    _DATABASES,
    "tests/test_faults.py",
    "tests/test_json_schema.py",
    "tests/test_parity.py",
    "tests/test_pytest_faults.py",
    "tests/test_pytest_xdist.py",
    _PLUGINS,
    "tests/property",
)
_SLOW_ON = ((3, 8), (3, 11), (3, 13), (3, 14))
_OLDEST_COVERAGE = "coverage==7.6.0"  # that pyproject.toml allows; every other cell has the newest of its Python
_NEWEST_OF_OLDEST_COVERAGE = (3, 13)  # what it is made for
_OF_COVERAGE = (
    "tests/test_coverage_py.py",
    "tests/test_line_tracing.py",
    "tests/test_lines.py",
    "tests/test_lines_django.py",
)
_AMONG_PLUGINS = (_PLUGINS, _DATABASES)  # which load what they mean
_DRIVERS = "test_drivers_"  # tests of them are slow, and need what only the cells that run all tests install
_COUNTED = re.compile(r"\d+ passed.*")


class Cell(NamedTuple):
    """One thing to run: its name, and what runs it into a log and returns a note. That raises Failed."""

    name: str
    work: Callable[[Log], str]


class Workshop:
    """The folder that holds environments, logs and the wheel; git ignores it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._making = Lock()
        self._wheel: Optional[Path] = None

    def log(self, name: str) -> Log:
        """Return a new log for what has this name."""
        return Log(self.folder / "logs" / f"{_file_name(name)}.log")

    def development(self, interpreter: Interpreter, log: Log) -> Environment:
        """Return the environment of a developer: `pip install -e '.[test]'`."""
        made = Environment(self.folder / f"development-{interpreter}", interpreter.path)
        with self._making:
            made.make(log, ["-e", f"{ROOT}[test]"], [_PROJECT])
        return made

    def paired(
        self, name: str, interpreter: Interpreter, pair: Pair, extras: str, log: Log, *others: str
    ) -> Environment:
        """Return an environment with one pytest, one Django, our wheel, what its extras name and other requirements."""
        made = Environment(self.folder / _file_name(name), interpreter.path)
        pins = [*(release.requirement for release in pair if release), *others]
        made.make(log, [*pins, f"trim-telemetry[{extras}] @ {self.wheel(interpreter, log).as_uri()}"], [_PROJECT])
        return made

    def wheel(self, interpreter: Interpreter, log: Log) -> Path:
        """Return our wheel, built once in a run, from a copy: a build leaves files where it is made. Raises Failed."""
        with self._making:
            if self._wheel is None:
                self._wheel = self._build(interpreter, log)
            return self._wheel

    def _build(self, interpreter: Interpreter, log: Log) -> Path:
        copy, target = self.folder / "source", self.folder / "wheel"
        for folder in (copy, target):
            shutil.rmtree(folder, ignore_errors=True)
        copy.mkdir(parents=True)
        for name in _SOURCES:
            take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
            take(ROOT / name, copy / name)
        builder = Environment(self.folder / "builder", interpreter.path)
        builder.make(log, ["pip"])
        words = [builder.python, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(target), str(copy)]
        log.must(words, builder.variables(), _LINT_TIMEOUT)
        return next(target.glob("*.whl"))


def development_cells(workshop: Workshop, interpreter: Interpreter, with_tests: bool) -> List[Cell]:
    """Return black, ruff, mypy, architecture, sdist and wheel and, if wished, all tests, as a developer runs them."""

    def cell(name: str, work: Callable[[Environment, Log], str]) -> Cell:
        return Cell(f"{interpreter} {name}", lambda log: work(workshop.development(interpreter, log), log))

    tests = [cell("tests", _test)] if with_tests else []
    return [
        *tests,
        cell("black", lambda made, log: _lint(made, log, "black", ["--check", "."])),
        cell("ruff", lambda made, log: _lint(made, log, "ruff", ["check", "."])),
        cell("mypy", lambda made, log: _lint(made, log, "mypy", *_mypy_targets(interpreter))),
        cell("architecture", lambda made, log: _test(made, log, "tests/test_architecture.py")),
        cell("distribution", lambda made, log: _test(made, log, "-m", "builds", "tests/test_distribution.py")),
    ]


def mypy_38_cell(workshop: Workshop, interpreter: Interpreter) -> Cell:
    """Return the cell of the last mypy that knows Python 3.8, on a 3.8 with the pytest and Django of its time."""

    def work(log: Log) -> str:
        made = Environment(workshop.folder / f"mypy-{interpreter}", interpreter.path)
        made.make(log, _LAST_MYPY_OF_38)
        return _lint(made, log, "mypy", [])

    return Cell(f"{interpreter} mypy for 3.8", work)


def bare_cell(workshop: Workshop, interpreter: Interpreter) -> Cell:
    """Return the cell without any third-party package: the unittest door's conformance, and the demo.

    The same of vendored copies: they run with nothing else on the path, read-only and without a network.
    """

    def work(log: Log) -> str:
        made = Environment(workshop.folder / f"bare-{interpreter}", interpreter.path)
        made.make(log, [])

        def python(*words: str) -> None:
            log.must([made.python, *words], made.variables(), _LINT_TIMEOUT)

        python("-m", "tests.conformance.bare")
        note = log.last_line()
        with tempfile.TemporaryDirectory(prefix="trim-check-") as folder:
            archive = os.path.join(folder, "vendored.zip")
            python("tools/vendor.py", archive, "--zip", "--name", "our_telemetry")
            python("tools/vendor.py", folder)
            python("-m", "tests.conformance.bare", archive, "our_telemetry")
            python("-m", "tests.conformance.bare", folder, "trim_telemetry")
            # Its file is its own: bare cells run at the same time.
            python("tools/demo.py", os.path.join(folder, "demo.ndjson"))
        return f"{note}, as vendored zip and folder too, and the demo"

    return Cell(f"{interpreter} bare", work)


def paired_cells(workshop: Workshop, supports: Sequence[Support]) -> List[Cell]:
    """Return a cell for each pair of a pytest and a Django that an interpreter supports.

    An interpreter's newest pair runs all tests. Of the others, a release runs the tests of its doors on the oldest
    Python that it works with, and the conformance suite on each later one. Nothing else depends on these releases, and
    all of it in every cell would take an hour and a half. Other plugins of pytest are there with the newest pair, and
    those of the time of the oldest pytest with that one on the oldest Python.
    """
    cells: List[Cell] = []
    known: Set[Optional[Release]] = set()
    for interpreter, found in ((support.interpreter, _pairs_of(support)) for support in supports):
        tried = set(found[-1] if found else ())
        for pair in found[:-1]:
            projects = [release.project for release in pair if release and release not in tried | known]
            conforming = [release.project for release in pair if release and release in known - tried]
            installed = extras(interpreter, False, pair is found[0])
            cells.append(_paired_cell(workshop, interpreter, pair, projects, conforming, installed))
            tried.update(pair)
        cells += [_newest_cell(workshop, interpreter, pair) for pair in found[-1:]]
        known.update(tried)
    return cells


def _pairs_of(support: Support) -> List[Pair]:
    return pairs(support.of("pytest"), support.of("django"))


def intrusive_cells(workshop: Workshop, supports: Sequence[Support]) -> List[Cell]:
    """Return the cells of the plugins that change how any suite runs: the oldest of all, and the newest of all.

    There only the tests are run that mean such plugins.
    """
    found = [(support.interpreter, _pairs_of(support)) for support in supports if _pairs_of(support)]
    ends = [(found[0][0], found[0][1][0]), (found[-1][0], found[-1][1][-1])] if found else []
    return [_intrusive_cell(workshop, interpreter, pair) for interpreter, pair in dict.fromkeys(ends)]


def _intrusive_cell(workshop: Workshop, interpreter: Interpreter, pair: Pair) -> Cell:
    name = f"{_name(interpreter, pair)} among plugins"

    def work(log: Log) -> str:
        made = workshop.paired(name, interpreter, pair, "suite,plugins,drivers,intrusive", log)
        return _test(made, log, "-p", "no:randomly", *_AMONG_PLUGINS)

    return Cell(name, work)


def coverage_cells(workshop: Workshop, supports: Sequence[Support]) -> List[Cell]:
    """Return an interpreter's cell of the oldest coverage.py, with its newest pair: what leans on private API of it."""
    found = [(support.interpreter, _pairs_of(support)) for support in supports]
    return [
        _coverage_cell(workshop, interpreter, pairs[-1])
        for interpreter, pairs in found
        if pairs and interpreter.minor <= _NEWEST_OF_OLDEST_COVERAGE
    ]


def _coverage_cell(workshop: Workshop, interpreter: Interpreter, pair: Pair) -> Cell:
    name = f"{interpreter} {_OLDEST_COVERAGE.replace('==', ' ')}"

    def work(log: Log) -> str:
        made = workshop.paired(name, interpreter, pair, "suite", log, _OLDEST_COVERAGE)
        return _test(made, log, *_OF_COVERAGE)

    return Cell(name, work)


def extras(interpreter: Interpreter, is_newest: bool, is_oldest: bool = False) -> str:
    """Return what is installed with a pair. Those of drivers and clients are among all tests, which the newest runs."""
    if is_newest:
        return "suite,plugins,drivers,clients"
    return "suite,plugins" if is_oldest and interpreter.minor == FIRST else "suite"


def _paired_cell(
    workshop: Workshop,
    interpreter: Interpreter,
    pair: Pair,
    projects: Sequence[str],
    conforming: Sequence[str],
    extras: str,
) -> Cell:
    """Return the cell of a pair that is not the newest.

    projects: whose doors' tests it runs; conforming: those of which it runs the conformance suite.
    """
    subjects = [words for words in ((*projects, "tests"), (*conforming, "conformance")) if len(words) > 1]
    said = ", ".join(f"{' and '.join(words[:-1])} {words[-1]}" for words in subjects)
    files = [*door_tests(ROOT / "tests", projects), *conformance_tests(ROOT / "tests", conforming)]

    def work(log: Log) -> str:
        made = workshop.paired(_name(interpreter, pair), interpreter, pair, extras, log)
        return _test(made, log, *files)

    return Cell(f"{_name(interpreter, pair)} ({said})", work)


def _newest_cell(workshop: Workshop, interpreter: Interpreter, pair: Pair) -> Cell:
    name = _name(interpreter, pair)

    def work(log: Log) -> str:
        made = workshop.paired(name, interpreter, pair, extras(interpreter, True), log)
        return _test(made, log, *all_tests(interpreter))

    return Cell(name, work)


def _name(interpreter: Interpreter, pair: Pair) -> str:
    return " ".join([str(interpreter), *(str(release) for release in pair if release)])


def all_tests(interpreter: Interpreter) -> List[str]:
    """Return the arguments that run all tests; those that take minutes, on every second Python or so."""
    return [] if interpreter.minor in _SLOW_ON else [f"--ignore={name}" for name in _SLOW]


def door_tests(folder: Path, projects: Sequence[str]) -> List[str]:
    """Return the test files that bear a project's name, and tools/parity.py's, which reads what they print; or none."""
    words = [*projects, "parity"] if projects else []
    found = sorted(path for word in words for path in folder.rglob(f"test_*{word}*.py"))
    of_doors = [path for path in found if not path.name.startswith(_DRIVERS)]
    return [str(path) for path in of_doors if "probes" not in path.relative_to(folder).parts]


def conformance_tests(folder: Path, projects: Sequence[str]) -> List[str]:
    """Return the files of the conformance suites of these projects' doors."""
    return [str(folder / "conformance" / f"test_{project}.py") for project in projects]


def _mypy_targets(interpreter: Interpreter) -> List[List[str]]:
    """Return mypy's options, run by run: each Python that the newest mypy knows, up to the interpreter's own."""
    first, last = _FIRST_OF_NEWEST_MYPY, interpreter.minor
    return [["--python-version", f"3.{minor}"] for minor in range(first[1], last[1] + 1)] or [[]]


def _lint(made: Environment, log: Log, tool: str, *runs: Sequence[str]) -> str:
    """Run a tool once or more; return its version."""
    for arguments in runs:
        log.must([made.python, "-m", tool, *arguments], made.variables(), _LINT_TIMEOUT)
    log.must([made.python, "-c", _VERSION, tool], made.variables(), _LINT_TIMEOUT)
    return f"{tool} {log.last_line()}"


_VERSION = "import sys, importlib.metadata as found; print(found.version(sys.argv[1]))"


def _test(made: Environment, log: Log, *arguments: str) -> str:
    """Run pytest on the checkout, its temporary files in a folder of this cell's own; return its counts."""
    folder = tempfile.mkdtemp(prefix="trim-check-")  # not in the checkout: a suite in there would take that as its root
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
    try:
        # Most tests start processes that write no bytecode: without this, each of them would compile the package.
        log.must([made.python, "-m", "compileall", "-q", "trim_telemetry"], made.variables(), _LINT_TIMEOUT)
        words = [made.python, "-m", "pytest", "-q", "-ra", *arguments]
        log.must(words, made.variables(**places), _TESTS_TIMEOUT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    counted = _COUNTED.search(log.last_line())
    if counted is None:
        raise Failed(f"no test passed: {log.last_line()}")
    return counted.group().strip(" =")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.]+", "-", name)
