"""What a run's records say of lines: whole runs in a subprocess, held against coverage.py's own figures."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Set

import pytest

pytest.importorskip("coverage")

from .support import Run, environment, run

DOORS = {"unittest": "trim_telemetry.unittest_instrumentation", "pytest": "trim_telemetry.pytest_instrumentation"}
BEFORE_3_12 = sys.version_info < (3, 12)
both_doors = pytest.mark.parametrize("door", DOORS)

CALC = '''
"""A module."""
import functools

def add(a, b):
    if a > 100:
        return 0
    return (a +
            b)

def sub(a, b):
    return a - b

class Adder:
    zero = 0

    def add(self, a): return add(a, self.zero)


increase = lambda a: a + 1

@functools.lru_cache(None)
def slow(a):
    return a
'''
LATE = """
import os

if os.sep:
    sep = os.sep
else:
    sep = None

names = tuple(name for name in "abc")

class Late:
    size = 3

    def get(self):
        return self.size
"""
TESTS = """
    import unittest
    from app import calc

    def setUpModule():
        calc.sub(1, 1)

    class Calc(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            calc.Adder().add(1)

        @classmethod
        def tearDownClass(cls):
            calc.sub(2, 2)

        def setUp(self):
            self.one = calc.increase(0)

        def test_add(self):
            self.assertEqual(calc.add(1, 2), 3)

        def test_late(self):
            from app.late import Late
            self.assertEqual(Late().get(), 3)

        def test_late_again(self):
            from app.late import Late
            Late()

        def test_nothing(self):
            pass

        @unittest.skip("not today")
        def test_skipped(self):
            pass
"""
INCREASE = {20}
EXPECTED = {
    "test_add": {"app/calc.py": {6, 8} | INCREASE},
    "test_late": {"app/calc.py": INCREASE, "app/late.py": {15}},
    "test_late_again": {"app/calc.py": INCREASE},
    "test_nothing": {"app/calc.py": INCREASE},
    "test_skipped": {},
}


def project(folder: Path, tests: str = TESTS, **files: str) -> Path:
    """A project of a package `app` and one module of tests."""
    (folder / "app").mkdir()
    (folder / "setup.cfg").write_text("")
    sources = {"app/__init__": "", "app/calc": CALC, "app/late": LATE, "app/never": "x = 1\n", **files}
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(source))
    (folder / "test_it.py").write_text(textwrap.dedent(tests))
    return folder


def observed(folder: Path, *arguments: str, door: str = "pytest", before: "tuple[str, ...]" = (), **named: Any) -> Run:
    """Run its tests through a door, coverage as a user has it. before: what stands between python and the door."""
    words = arguments or (("test_it",) if door == "unittest" else ("-q", "-p", "no:cacheprovider", "test_it.py"))
    file = named.pop("file", None)
    env = environment(**{"TRIM_COVERAGE": "auto", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **named})
    return run(*before, "-m", DOORS[door], *words, cwd=folder, env=env, file=file)


def ran(coverage: Dict[str, Any], folder: Path) -> Dict[str, Set[int]]:
    """The lines that a record's `coverage` says were run, by file: statements less what is missing."""
    found = {}
    for entry in coverage["files"]:
        statements = statements_of(folder / entry["file"])
        assert entry["missing_omitted"] is False
        assert entry["lines_total"] == len(statements)
        found[entry["file"]] = statements - set(entry["missing_lines"])
        assert entry["lines_covered"] == len(found[entry["file"]])
    return found


def statements_of(path: Path) -> Set[int]:
    import coverage

    return set(coverage.Coverage(data_file=None, config_file=False).analysis2(str(path))[1])


def by_test(done: Run, folder: Path) -> Dict[str, Dict[str, Set[int]]]:
    return {result["name"]: ran(result["coverage"], folder) for result in done.results}


def statuses(done: Run) -> Dict[str, Any]:
    return {result["name"]: result["coverage"]["status"] for result in done.results}


NEVER = {"app/calc.py": [7, 24], "app/late.py": [7], "app/never.py": [1]}


def missing(done: Run) -> Dict[str, List[int]]:
    """The lines that the whole run has left out, by file."""
    return {entry["file"]: entry["missing_lines"] for entry in done.summary["coverage"]["files"]}


@both_doors
def test_each_test_has_the_lines_that_it_and_only_it_ran(door: str, tmp_path: Path) -> None:
    done = observed(project(tmp_path), door=door)
    assert by_test(done, tmp_path) == EXPECTED
    assert set(statuses(done).values()) == {"collected"}
    assert (done.summary["coverage"]["status"], done.summary["coverage"]["reason"]) == ("collected", None)
    assert missing(done) == NEVER
    assert done.summary["warnings"] == []


def test_order_changes_no_tests_lines(tmp_path: Path) -> None:
    """Modules are imported, and shared set-up runs, in whichever test comes first."""
    project(tmp_path)
    names = [name for name in EXPECTED if name != "test_skipped"]
    for order in (names, names[::-1], names[1:] + names[:1]):
        done = observed(tmp_path, *(f"test_it.Calc.{name}" for name in order), door="unittest")
        assert by_test(done, tmp_path) == {name: EXPECTED[name] for name in names}


FIXTURES = """
    import threading
    import pytest
    from app import calc

    @pytest.fixture(scope="module")
    def wide():
        calc.sub(1, 1)
        yield calc.Adder()
        calc.sub(2, 2)

    @pytest.fixture
    def narrow(wide):
        return calc.increase(0)

    def test_wide(wide): pass
    def test_narrow(narrow): pass
    def test_thread():
        thread = threading.Thread(target=calc.add, args=(1, 2))
        thread.start()
        thread.join()
    def test_exec():
        exec("from app import calc; calc.add(101, 0)", {})
    def test_reload():
        import importlib
        importlib.reload(calc).sub(1, 1)
    def test_child():
        import subprocess, sys
        subprocess.run([sys.executable, "-c", "from app import calc; calc.sub(1, 1)"], check=True)
        calc.increase(1)
    def test_profiled():
        import sys
        events = []
        sys.setprofile(lambda frame, event, arg: events.append(event))
        calc.sub(1, 1)
        sys.setprofile(None)
        assert events.count("call") == 1
"""


def test_fixtures_threads_and_what_else_tests_do(tmp_path: Path) -> None:
    done = observed(project(tmp_path, FIXTURES))
    assert {result["outcome"] for result in done.results} == {"passed"}
    assert by_test(done, tmp_path) == {
        "test_wide": {},
        "test_narrow": {"app/calc.py": INCREASE},
        "test_thread": {"app/calc.py": {6, 8}},
        "test_exec": {"app/calc.py": {6, 7}},
        "test_reload": {"app/calc.py": {12}},
        "test_child": {"app/calc.py": INCREASE},
        "test_profiled": {"app/calc.py": {12}},
    }
    assert set(statuses(done).values()) == {"collected"}


DOCUMENTED = '''
import functools

def empty():
    """Without a statement."""

@functools.lru_cache(None)
def decorated():
    """Without a statement."""

def full():
    empty()
    decorated()
'''


def test_call_of_a_function_that_is_a_docstring_alone_is_seen_as_coverage_sees_it(tmp_path: Path) -> None:
    """Its first line runs; before Python 3.10 its docstring does, which is no statement."""
    tests = "from app import documented\ndef test_it(): documented.full()\ndef test_again(): documented.empty()\n"
    found = by_test(observed(project(tmp_path, tests, **{"app/documented": DOCUMENTED})), tmp_path)
    first, both = ({4}, {4, 7}) if sys.version_info >= (3, 10) else (set(), set())
    assert found["test_it"] == {"app/documented.py": {12, 13} | both}
    assert found["test_again"] == ({"app/documented.py": first} if first else {})


TRACES = """
    import sys
    from app import calc

    def trace(frame, event, arg):
        return trace

    def test_before(): calc.sub(1, 1)
    def test_ends_tracing():
        calc.increase(1)
        sys.settrace(None)
        calc.sub(1, 1)
    def test_after(): calc.sub(1, 1)
    def test_traces_for_a_while():
        before = sys.gettrace()
        sys.settrace(trace)
        calc.sub(1, 1)
        sys.settrace(before)
    def test_after_that(): calc.sub(1, 1)
    def test_has_a_coverage_of_its_own():
        import coverage
        own = coverage.Coverage(data_file=None)
        own.start()
        calc.sub(1, 1)
        own.stop()
        assert 12 in own.get_data().lines(calc.__file__)
    def test_after_all(): calc.sub(1, 1)
"""


@pytest.mark.parametrize("owner", ["none", "coverage run"])
def test_who_sets_a_trace_function_has_the_right_lines_or_says_partial(owner: str, tmp_path: Path) -> None:
    before = ("-m", "coverage", "run", "--source=app") if owner == "coverage run" else ()
    done = observed(project(tmp_path, TRACES), before=before)
    assert {result["outcome"] for result in done.results} == {"passed"}
    found, status = by_test(done, tmp_path), statuses(done)
    tracing = {name for name in status if "after" not in name and name != "test_before"}
    if BEFORE_3_12:
        assert {name for name in status if status[name] == "partial"} >= tracing
        assert "trace function" in done.results[1]["coverage"]["reason"]
        assert (done.summary["coverage"]["status"], status["test_before"]) == ("partial", "collected")
    else:
        assert set(status.values()) == {"collected"}
    for name, lines in found.items():
        if status[name] == "collected" and name != "test_ends_tracing":
            assert lines == {"app/calc.py": {12}}, name
    if not BEFORE_3_12 or owner == "none":
        assert {status[name] for name in status if "after" in name} == {"collected"}


@pytest.mark.skipif(not BEFORE_3_12, reason="from 3.12 on no trace function is in the way")
def test_what_a_worker_may_have_missed_is_said_in_the_summary(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    tests = "import sys\nfrom app import calc\ndef test_it():\n    sys.settrace(None)\n    calc.sub(1, 1)\n"
    done = observed(project(tmp_path, tests), "-q", "-p", "no:cacheprovider", "-p", "xdist", "-n1", "test_it.py")
    (record,) = done.results
    assert record["coverage"]["status"] == "partial"
    assert (done.summary["coverage"]["status"], done.summary["coverage"]["reason"]) == (
        "partial",
        record["coverage"]["reason"],
    )


def test_nobody_sees_a_coverage_of_ours(tmp_path: Path) -> None:
    tests = """
        import sys
        from app import calc
        def test_it():
            calc.sub(1, 1)
            coverage = sys.modules.get("coverage")
            assert coverage is None or coverage.Coverage.current() is None
    """
    assert observed(project(tmp_path, tests)).results[0]["outcome"] == "passed"


# -- an owner's coverage, and debuggers ---

DUMP = """
import coverage, sys
data = coverage.CoverageData(sys.argv[1])
data.read()
for file in sorted(data.measured_files()):
    contexts = {line: sorted(found) for line, found in data.contexts_by_lineno(file).items()}
    print(file, sorted(data.lines(file)), sorted(data.arcs(file) or ()), sorted(contexts.items()))
"""


def reported(folder: Path) -> "tuple[str, str]":
    """The report and the content of the data file that a run has left."""
    env = environment()
    report = [sys.executable, "-m", "coverage", "report", "--show-missing"]
    dump = [sys.executable, "-c", DUMP, ".coverage"]
    texts = [
        subprocess.run(words, cwd=folder, env=env, stdout=-1, check=True).stdout.decode() for words in (report, dump)
    ]
    (folder / ".coverage").unlink()
    return texts[0], texts[1]


@pytest.mark.parametrize("options", [(), ("--branch",), ("--branch", "--context=all")], ids=" ".join)
@both_doors
def test_coverage_run_is_as_without_us(door: str, options: "tuple[str, ...]", tmp_path: Path) -> None:
    words = ("test_it",) if door == "unittest" else ("-q", "-p", "no:cacheprovider", "test_it.py")
    project(tmp_path)
    before = ("-m", "coverage", "run", "--source=app", *options)
    run(*before, "-m", door, *words, cwd=tmp_path)
    plain = reported(tmp_path)
    done = observed(tmp_path, door=door, before=before)
    assert reported(tmp_path) == plain
    assert by_test(done, tmp_path) == EXPECTED
    total = next(line.split() for line in plain[0].splitlines() if line.startswith("TOTAL"))
    whole = done.summary["coverage"]
    assert (whole["lines_total"], whole["lines_total"] - whole["lines_covered"]) == (int(total[1]), int(total[2]))


@pytest.mark.parametrize("options", [("--cov-context=test", "--cov-branch"), ()], ids=" ".join)
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2", "--dist=loadfile")], ids=["one process", "xdist"])
def test_pytest_cov_is_as_without_us(workers: "tuple[str, ...]", options: "tuple[str, ...]", tmp_path: Path) -> None:
    pytest.importorskip("pytest_cov")
    if workers:
        pytest.importorskip("xdist")
    words = ("-q", "-p", "no:cacheprovider", "-p", "pytest_cov", "--cov=app", *options, *workers, "test_it.py")
    run("-m", "pytest", *words, cwd=project(tmp_path), env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
    plain = reported(tmp_path)
    done = observed(tmp_path, *words)
    assert by_test(done, tmp_path) == EXPECTED
    assert reported(tmp_path) == plain
    assert missing(done) == NEVER


def test_pytest_cov_is_as_without_us_where_its_workers_erase_all_data_files(tmp_path: Path) -> None:
    pytest.importorskip("pytest_cov")
    pytest.importorskip("xdist")
    (project(tmp_path) / ".coveragerc").write_text("[run]\nparallel = true\n")
    (tmp_path / "conftest.py").write_text("from app import never\n")  # the controller has lines of its own
    words = ("-q", "-p", "no:cacheprovider", "-p", "pytest_cov", "--cov=app", "-p", "xdist", "-n2", "test_it.py")
    run("-m", "pytest", *words, cwd=tmp_path, env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
    plain = reported(tmp_path)
    done = observed(tmp_path, *words)
    assert done.code == 0, done.stdout
    assert reported(tmp_path) == plain


DEBUGGED = """
import sys
seen = []
def trace(frame, event, arg):
    if frame.f_code.co_name == "sub" and frame.f_code.co_filename.endswith("calc.py") and event == "line":
        seen.append(frame.f_lineno)
    return trace
sys.settrace(trace)
sys.argv[1:] = ["test_it"]
import runpy
try:
    runpy.run_module("trim_telemetry.unittest_instrumentation", run_name="__main__")
finally:
    assert sys.gettrace() is trace
    print("seen", seen)
"""


def test_tracing_debugger_is_untouched(tmp_path: Path) -> None:
    (project(tmp_path) / "debugger.py").write_text(DEBUGGED)
    done = run("debugger.py", cwd=tmp_path, env=environment(TRIM_COVERAGE="auto"))
    assert "seen [12, 12]" in done.stdout
    assert done.code == 0
    if BEFORE_3_12:
        assert {result["coverage"]["status"] for result in done.results} == {"unavailable"}
        assert done.results[0]["coverage"]["reason"].startswith("tracer-active: ")
    else:
        assert by_test(done, tmp_path) == EXPECTED


def test_pdb_stops_where_it_is_told_to(tmp_path: Path) -> None:
    commands = "b app/calc.py:12\nc\np 'a is', a\ncl 1\nc\nq\n"
    done = subprocess.run(
        [sys.executable, "-m", "pdb", "-m", DOORS["unittest"], "test_it"],
        cwd=project(tmp_path),
        env=environment(TRIM_COVERAGE="auto"),
        input=commands.encode(),
        stdout=-1,
        stderr=-1,
        timeout=60,
    )
    assert b"'a is', 1" in done.stdout, done.stdout + done.stderr


# -- settings ---


def test_off_is_off(tmp_path: Path) -> None:
    tests = "import sys\ndef test_it(): assert 'coverage' not in sys.modules\n"
    done = observed(project(tmp_path, tests), TRIM_COVERAGE="off")
    assert done.results[0]["outcome"] == "passed"
    assert done.results[0]["coverage"]["status"] == done.summary["coverage"]["status"] == "disabled"
    assert done.results[0]["coverage"]["reason"] == "the setting `coverage` is off"


HIDES = """
import sys
class Hides:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition('.')[0] == 'coverage':
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Hides)
"""


def without_coverage(folder: Path) -> Dict[str, str]:
    """Settings with which coverage.py is not found, though there is a folder of that name, as reports have."""
    (folder / "coverage").mkdir()
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(HIDES)
    return {"PYTHONPATH": os.pathsep.join([str(folder / "site"), environment()["PYTHONPATH"]])}


@both_doors
def test_without_coverage_py_nothing_else_changes(door: str, tmp_path: Path) -> None:
    done = observed(project(tmp_path), door=door, **without_coverage(tmp_path))
    assert set(statuses(done).values()) == {"not_installed"}
    assert (done.code, done.summary["coverage"]["status"], done.summary["warnings"]) == (0, "not_installed", [])


@pytest.mark.parametrize("door, code", [("unittest", 2), ("pytest", 4)])
def test_required_coverage_that_cant_be_had_stops_the_run(door: str, code: int, tmp_path: Path) -> None:
    done = observed(project(tmp_path), door=door, TRIM_COVERAGE="require", **without_coverage(tmp_path))
    assert (done.code, done.results) == (code, [])
    assert "coverage can't be collected: coverage.py is not installed" in done.stderr


def test_required_coverage_that_can_be_had_is(tmp_path: Path) -> None:
    assert by_test(observed(project(tmp_path), TRIM_COVERAGE="require"), tmp_path) == EXPECTED


def test_coverages_own_settings_are_obeyed(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / ".coveragerc").write_text(
        "[run]\nomit = */late.py\n[report]\nexclude_also =\n    return 0\n    zero = 0\n"
    )
    done = observed(tmp_path)
    assert {entry["file"] for entry in done.summary["coverage"]["files"]} == {"app/calc.py", "app/never.py"}
    (calc,) = [entry for entry in done.summary["coverage"]["files"] if entry["file"] == "app/calc.py"]
    assert calc["missing_lines"] == [24]
    (touched,) = done.by_id()["test_it.py::Calc::test_late"]["coverage"]["files"]
    assert touched["file"] == "app/calc.py"


def test_settings_that_let_no_file_in_are_named(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / ".coveragerc").write_text("[run]\ninclude = *elsewhere/*\n")
    coverage = observed(folder).summary["coverage"]
    assert (coverage["status"], coverage["lines_total"], coverage["files"]) == ("partial", 0, [])
    assert coverage["reason"].startswith("the settings for coverage.py (source, include, omit) let no file")


def test_settings_are_not_blamed_where_a_run_was_interrupted_before_it_imported_anything(tmp_path: Path) -> None:
    folder = project(tmp_path, "def test_it(): raise KeyboardInterrupt\n")
    (folder / ".coveragerc").write_text("[run]\nomit = */late.py\n")
    coverage = observed(folder).summary["coverage"]
    assert (coverage["status"], coverage["files"]) == ("partial", [])
    assert "settings" not in coverage["reason"]


def test_each_channel_has_its_cap(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    caps = {"TRIM_MAX_MISSING_STDOUT": "3", "TRIM_MAX_MISSING_FILE": "500"}
    done = observed(project(tmp_path), file=path, **caps)
    on_stdout = done.by_id()["test_it.py::Calc::test_add"]["coverage"]
    in_file = next(found for found in done.file if found.get("name") == "test_add" and "coverage" in found)["coverage"]
    assert on_stdout["files"][0]["missing_ranges"] == "3-5,7,11-17,22-24"
    assert in_file["files"][0]["missing_lines"] == [3, 5, 7, 11, 12, 14, 15, 17, 22, 23, 24]
    assert (on_stdout["lines_covered"], in_file["lines_covered"]) == (3, 3)
    assert done.summary["coverage"]["files"][0]["missing_omitted"] is True
    assert done.file[-1]["coverage"]["files"][0]["missing_omitted"] is False


@pytest.mark.skipif(not BEFORE_3_12, reason="no tracer is needed")
def test_what_tracing_costs_is_said_at_the_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", DOORS["unittest"], "test_it"]
    env = environment(TRIM_COVERAGE="auto")
    done = subprocess.run(command, cwd=project(tmp_path), env=env, stdout=-1, stderr=-1, timeout=60)
    assert done.stderr.decode().splitlines()[-1].startswith("trim-telemetry: coverage was traced, ")
    assert "TRIM_COVERAGE=off" in done.stderr.decode()


@pytest.mark.skipif(not BEFORE_3_12, reason="no tracer is needed")
def test_what_reading_cost_workers_is_counted_in(tmp_path: Path) -> None:
    program = """
        import os
        from trim_telemetry import config, lines
        settings = config.load({}, {"TRIM_COVERAGE": "require"}, os.getcwd())
        followed = lines.follow(settings, print)
        for spent in (1.0, 1.5):
            followed.merge({"lines": {}, "troubles": [], "tests": [], "spent": spent})
        print(followed.close())
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), stdout=-1, timeout=60, check=True)
    assert "reading it took 2.5 s more" in done.stdout.decode()


def test_file_that_is_no_python_any_more_is_named(tmp_path: Path) -> None:
    tests = """
        from pathlib import Path
        from app import calc
        def test_it():
            calc.sub(1, 1)
            Path(calc.__file__).write_text("def (")
    """
    done = observed(project(tmp_path, tests))
    assert done.results[0]["coverage"]["status"] == "partial"
    assert "app/calc.py" in done.results[0]["coverage"]["reason"]
    assert (done.code, done.summary["warnings"]) == (0, [])


CHANGES = """
    import importlib
    from pathlib import Path
    from app import calc, late

    def change(module):
        path = Path(module.__file__)
        path.write_text(path.read_text() + "last = 1\\n")

    def test_before(): calc.sub(1, 1)
    def test_changes_and_imports_again():
        change(calc)
        importlib.reload(calc)
        calc.sub(1, 1)
    def test_other(): late.Late().get()
    def test_only_changes():
        change(late)
"""


def test_file_that_is_changed_meanwhile_is_named(tmp_path: Path) -> None:
    done = observed(project(tmp_path, CHANGES))
    assert statuses(done) == {
        "test_before": "collected",
        "test_changes_and_imports_again": "partial",
        "test_other": "collected",
        "test_only_changes": "collected",
    }
    assert done.results[1]["coverage"]["reason"] == "app/calc.py was changed while the run was on"
    for name in ("calc", "late"):
        assert f"app/{name}.py was changed while the run was on" in done.summary["coverage"]["reason"]


# -- the oracle: coverage.py, started and stopped around each test ---

ORACLE = """
import json, sys, unittest
import coverage
suite = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
found = {}
def leaves(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite): yield from leaves(test)
        else: yield test
for test in leaves(suite):
    measured = coverage.Coverage(data_file=None, config_file=False, source=[sys.argv[2]])
    measured.set_option("run:disable_warnings", ["no-data-collected", "module-not-measured", "already-imported"])
    measured.start()
    test.run(unittest.TestResult())
    measured.stop()
    data = measured.get_data()
    found[test.id()] = {}
    for file in data.measured_files():
        _, statements, _, missing, _ = measured.analysis2(file)
        ran = sorted(set(statements) - set(missing))
        if ran: found[test.id()][file] = ran
print(json.dumps(found))
"""
MODULES = (
    *("bisect", "calendar", "colorsys", "csv", "difflib", "fnmatch"),
    *("fractions", "heapq", "shlex", "statistics", "string", "textwrap"),
)
USES = """
    import io
    import unittest
    from copied import bisect, calendar, colorsys, csv, difflib, fnmatch, fractions
    from copied import heapq, shlex, statistics, string, textwrap

    class Copied(unittest.TestCase):
        def test_bisect(self): bisect.insort([1, 3], 2, key=None) if bisect.insort.__code__.co_kwonlyargcount else None
        def test_calendar(self): calendar.TextCalendar().formatmonth(2024, 2)
        def test_colorsys(self): colorsys.rgb_to_hls(0.1, 0.2, 0.3)
        def test_csv(self): list(csv.DictReader(io.StringIO("a,b\\n1,2\\n")))
        def test_sniffer(self): csv.Sniffer().sniff("a;b;c\\n1;2;3\\n")
        def test_difflib(self): list(difflib.unified_diff("abc", "abd"))
        def test_fnmatch(self): fnmatch.filter(["a.py", "b.txt"], "*.[p-q]y")
        def test_fractions(self): fractions.Fraction("1/3") + fractions.Fraction(2, 7)
        def test_heapq(self): list(heapq.merge([1, 4], [2, 3])); heapq.nlargest(2, [3, 1, 2])
        def test_shlex(self): shlex.split("a 'b c' d")
        def test_statistics(self): statistics.quantiles([1, 2, 3, 4], n=4)
        def test_template(self): string.Template("$a ${b}").safe_substitute(a=1)
        def test_textwrap(self): textwrap.dedent(textwrap.fill("x " * 90))
        def test_raises(self):
            with self.assertRaises(ValueError): fractions.Fraction("x")
"""


def test_lines_are_those_of_coverages_own_start_and_stop_around_each_test(tmp_path: Path) -> None:
    import importlib

    (tmp_path / "copied").mkdir()
    (tmp_path / "setup.cfg").write_text("")
    for name in ["__init__", *MODULES]:
        source = Path(importlib.import_module(name).__file__).read_text("utf-8") if name in MODULES else ""
        (tmp_path / "copied" / f"{name}.py").write_text(source, "utf-8")
    (tmp_path / "test_it.py").write_text(textwrap.dedent(USES))
    oracle = subprocess.run(
        [sys.executable, "-c", ORACLE, "test_it", str(tmp_path / "copied")],
        cwd=tmp_path,
        env=environment(),
        stdout=-1,
        check=True,
    )
    expected: Dict[str, Dict[str, List[int]]] = json.loads(oracle.stdout)
    done = observed(tmp_path, door="unittest", TRIM_MAX_MISSING_STDOUT="100000")
    found = {
        result["id"]: {str(tmp_path / file): sorted(lines) for file, lines in ran(result["coverage"], tmp_path).items()}
        for result in done.results
    }
    assert len(found) == 14
    assert found == expected
