"""The tracer of coverage.py is taken out while we work, where that is safe, and put back as it was."""

import ast
import inspect
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Callable

import pytest

pytest.importorskip("coverage")

from .support import environment, run

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 12), reason="sys.monitoring does it")

START = """
import gc, os, sys
sys.path.insert(0, os.getcwd())
import coverage
from trim_telemetry.collectors.line_tracing import Tracing

def owned(**settings):
    owner = coverage.Coverage(data_file=None, include=["*/app.py"], **settings)
    owner.start()
    return owner

def followed():
    return Tracing(lambda name, is_template: name.endswith("app.py"))

def is_traced():
    return sys.gettrace() is not None

def data(owner):
    owner.stop()
    found = owner.get_data()
    arcs = lambda file: sorted(found.arcs(file) or [])
    contexts = lambda file: sorted((line, sorted(names)) for line, names in found.contexts_by_lineno(file).items())
    return [(os.path.basename(file), found.lines(file), arcs(file), contexts(file)) for file in found.measured_files()]
"""
APP = """
class Finalized:
    def __del__(self):
        self.over = True

def generated(do):
    for number in range(2):
        do()
        yield number

def test_used(do, times):
    if not times:
        do()
        return None
    for _ in range(times):
        try:
            do()
        except KeyError:
            times -= 1
        else:
            times += 1
    with open(__file__):
        do()
    return [do() or number for number in generated(do)]
"""


def told(folder: Path, program: str, core: str = "ctrace") -> str:
    """What a program says, in a fresh interpreter, in a folder with a module `app`."""
    (folder / "app.py").write_text(APP)
    command = [sys.executable, "-c", START + textwrap.dedent(program)]
    env = environment(COVERAGE_CORE=core)
    done = subprocess.run(command, cwd=folder, env=env, stdout=-1, stderr=-1, timeout=60, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode().strip()


@pytest.mark.parametrize("owner", ["owned()", "owned(branch=True)", "None"])
def test_what_is_ours_is_not_traced_and_all_else_is(tmp_path: Path, owner: str) -> None:
    program = f"""
        owner = {owner}
        tracing = followed()
        before = sys.gettrace()
        tracing.refresh()
        print(tracing.untraced(is_traced), is_traced(), sys.gettrace() is before, tracing.problem())
        import app
        app.test_used(lambda: tracing.untraced(tracing.problem), 0)
        print([sorted(lines) for lines in tracing.take().values()], tracing.problem())
        (owner or tracing).stop()
    """
    lines = "[2, 3, 6, 11, 12, 13, 14]"
    assert told(tmp_path, program).splitlines() == ["False True True None", f"[{lines}] None"]


@pytest.mark.parametrize("settings", ["", "branch=True"])
@pytest.mark.parametrize("context", ["", "owner.set_option('run:dynamic_context', 'test_function')"])
def test_owner_has_the_same_with_and_without_a_break_in_the_tracing(
    tmp_path: Path, settings: str, context: str
) -> None:
    program = f"""
        owner = coverage.Coverage(data_file=None, include=["*/app.py"], {settings})
        {context or "pass"}
        owner.start()
        tracing = followed()

        def ours(error):
            if error:
                raise KeyError

        def work(error=None):
            if BREAKS:
                tracing.untraced(ours, error)
            else:
                ours(error)

        def raises():
            work(True)

        import app
        app.test_used(work, 0)
        app.test_used(work, 3)
        try:
            app.test_used(raises, 2)
        except KeyError:
            pass
        tracing.stop()
        print(data(owner))
    """
    without, with_breaks = (told(tmp_path, program.replace("BREAKS", breaks)) for breaks in ("False", "True"))
    assert ast.literal_eval(with_breaks) == ast.literal_eval(without)
    assert len(ast.literal_eval(without)) == 1


def test_error_is_passed_on_and_everything_put_back(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        before = sys.gettrace()
        try:
            tracing.untraced(int, "x")
        except ValueError:
            print(sys.gettrace() is before, gc.isenabled(), tracing.problem())
        owner.stop()
    """
    assert told(tmp_path, program) == "True True None"


def test_tracing_that_ends_meanwhile_is_not_begun_again(tmp_path: Path) -> None:
    program = """
        tracing = followed()
        tracing.untraced(tracing.stop)
        import app
        app.test_used(int, 0)
        print(is_traced(), tracing.take())
    """
    assert told(tmp_path, program) == "False {}"


def test_users_finalizers_are_not_run_where_nobody_would_see_them(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        import app
        gc.disable()
        gc.collect()
        cycle = app.Finalized()
        cycle.itself = cycle
        del cycle
        tracing.take()
        def ours():
            for _ in range(100):
                kept.append([])
            return gc.isenabled()
        kept = []
        print(tracing.untraced(ours), gc.isenabled(), len(tracing.take()))
        gc.set_threshold(10)
        gc.enable()
        print(tracing.untraced(ours), gc.isenabled())
        for _ in range(100):
            kept.append([])
        print([sorted(lines) for lines in tracing.take().values()])
        owner.stop()
    """
    assert told(tmp_path, program).splitlines() == ["False False 0", "False True", "[[4]]"]


def test_tracer_that_somebody_sets_meanwhile_is_left_and_said(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        tracing.refresh()
        def other(frame, event, argument): return other
        tracing.untraced(sys.settrace, other)
        print(sys.gettrace() is other, tracing.problem() is not None)
        sys.settrace(None)
        tracing.untraced(is_traced)
        print(is_traced())
    """
    assert told(tmp_path, program).splitlines() == ["True True", "False"]


def test_users_audit_hook_may_forbid_it(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        forbids = True
        def hook(event, arguments):
            if forbids and event == "sys.settrace":
                raise RuntimeError
        sys.addaudithook(hook)
        sys.unraisablehook = print  # CPython 3.8 says it there
        print(tracing.untraced(is_traced), is_traced(), gc.isenabled(), tracing.problem())
        forbids = False
        print(tracing.untraced(is_traced), is_traced())
        owner.stop()
    """
    assert told(tmp_path, program).splitlines()[-2:] == ["True True True None", "True True"]


def test_replaced_settrace_is_not_called(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        real, sys.settrace = sys.settrace, None
        gc.disable = gc.enable = None
        print(tracing.untraced(is_traced), is_traced())
        sys.settrace = real
        owner.stop()
    """
    assert told(tmp_path, program) == "False True"


def test_only_a_tracer_that_allows_it_is_taken_out(tmp_path: Path) -> None:
    program = """
        owner = owned()
        tracing = followed()
        print(tracing.untraced(is_traced))
        owner.stop()
    """
    assert told(tmp_path, program, core="pytrace") == "True"
    assert told(tmp_path, program) == "False"


def test_other_threads_are_traced_on(tmp_path: Path) -> None:
    program = """
        import threading
        owner = owned()
        tracing = followed()
        import app
        begun, over = threading.Event(), threading.Event()
        def run():
            begun.wait()
            app.test_used(int, 0)
            over.set()
        thread = threading.Thread(target=run)
        thread.start()
        tracing.take()
        def ours():
            begun.set()
            over.wait()
        tracing.untraced(ours)
        thread.join()
        print([sorted(lines) for lines in tracing.take().values()])
        owner.stop()
    """
    assert told(tmp_path, program) == "[[12, 13, 14]]"


def test_record_is_made_untraced(tmp_path: Path) -> None:
    """An owner that measures us, too, sees what of us he has traced."""
    import coverage

    from trim_telemetry.analysis import coverage_stats
    from trim_telemetry.collectors import line_coverage

    (tmp_path / "setup.cfg").write_text("")
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "test_it.py").write_text("import app\ndef test_it(): app.test_used(int, 0)\n")
    measured = "--include=*/coverage_stats.py,*/line_coverage.py"
    command = ("coverage", "run", measured, "-m", "trim_telemetry.pytest_instrumentation", "-p", "no:cacheprovider")
    env = environment(COVERAGE_CORE="ctrace", TRIM_COVERAGE="require")
    done = run("-m", *command, cwd=tmp_path, env=env)
    assert (done.code, done.results[0]["coverage"]["status"]) == (0, "collected")
    data = coverage.CoverageData(str(tmp_path / ".coverage"))
    data.read()

    def ran(function: Callable[..., object]) -> bool:
        lines, first = inspect.getsourcelines(function)
        found = data.lines(str(inspect.getsourcefile(function))) or ()
        return bool({*range(first + 1, first + len(lines))}.intersection(found))

    assert ran(line_coverage.LineCollector.refresh)
    assert not ran(coverage_stats.coverage_section)
