"""Lines from sys.monitoring: each test anew, whatever the code looks like, and nothing is left behind."""

import subprocess
import sys
import textwrap

import pytest

from .support import environment

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no sys.monitoring")

START = """
import gc, sys
from trim_telemetry.collectors.line_monitoring import Monitor, NoToolError
follow = lambda name: name if name == "app.py" else None
lines = lambda pieces: sorted({line for piece in pieces["app.py"] for line in piece.lines})
def made(source):
    names = {}
    exec(compile(source, "app.py", "exec"), names)
    return names
"""


def told(program):
    """What a program says, in a fresh interpreter."""
    command = [sys.executable, "-c", START + textwrap.dedent(program)]
    done = subprocess.run(command, env=environment(), stdout=-1, stderr=-1, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    "source, call, inner, outer",
    [
        ("def f(a):\n    if a:\n        return 1\n    return 2", "f(0)", {2, 4}, {1}),
        ("f = lambda: 1", "f()", {1}, {1}),
        ("def f(): return 1", "f()", {1}, {1}),
        ("def f(): yield 1", "list(f())", {1}, {1}),
        ("def f(a=1):\n    return lambda: a", "f()()", {2}, {1}),
        ("class A:\n    x = 1\n    def f(self): return self", "A().f()", {3}, {1, 2, 3}),
        ("def f():\n    class A:\n        x = 1\n    return A", "f()", {2, 3, 4}, {1}),
        ("x = tuple(n for n in 'ab')\ndef f():\n    return x", "f()", {3}, {1, 2}),
        ("def f():\n    return [n\n            for n in 'ab']", "f()", {2, 3}, {1}),
        ("async def f():\n    return 1", "f().send(None)", {2}, {1}),
    ],
)
def test_each_time_anew_and_bodies_of_modules_apart(source, call, inner, outer):
    program = f"""
        monitor = Monitor(follow)
        names = made({source!r})
        print(lines(monitor.take().outer))
        for _ in range(3):
            try:
                eval({call!r}, names)
            except StopIteration:
                pass
            print(lines(monitor.take().inner))
    """
    assert told(program) == [str(sorted(outer)), *[str(sorted(inner))] * 3]


def test_lines_before_those_of_the_def_itself():
    """Whoever makes code from a tree gives it what lines he likes."""
    program = """
        import ast
        tree = ast.parse("\\n" * 9 + "def f(a):\\n    if a:\\n        return 1\\n    return 2")
        tree.body[0].body[1].lineno = tree.body[0].body[1].value.lineno = 3
        names = {}
        monitor = Monitor(follow)
        exec(compile(tree, "app.py", "exec"), names)
        for argument in (0, 1, 0):
            names["f"](argument)
            print(lines(monitor.take().inner))
    """
    assert told(program) == ["[3, 11]", "[11, 12]", "[3, 11]"]


def test_the_same_lines_are_the_same_piece():
    program = """
        names = made("def f(a):\\n    if a:\\n        return 1\\n    return 2")
        monitor = Monitor(follow)
        pieces = []
        for argument in (0, 1, 0, 1):
            names["f"](argument)
            pieces += monitor.take().inner["app.py"]
        print(pieces[0] is pieces[2], pieces[1] is pieces[3], [list(piece.lines) for piece in pieces[:2]])
    """
    assert told(program) == ["True True [[2, 4], [2, 3]]"]


def test_code_that_comes_and_goes_is_not_kept():
    program = """
        monitor = Monitor(follow)
        for number in range(500):
            made(f"def f():\\n    return {number}")["f"]()
            monitor.take()
        gc.collect()
        print(len(monitor._codes) < 10)
    """
    assert told(program) == ["True"]


def test_another_tools_events_are_its_own_and_nothing_is_left_behind():
    program = """
        seen = []
        monitoring = sys.monitoring
        monitoring.use_tool_id(4, "other")
        monitoring.register_callback(4, monitoring.events.LINE, lambda code, line: seen.append(line))
        names = made("def f():\\n    return 1")
        monitoring.set_local_events(4, names["f"].__code__, monitoring.events.LINE)
        monitor = Monitor(follow)
        names["f"]()
        print(lines(monitor.take().inner), monitoring.get_tool(3))
        names["f"]()
        monitor.stop()
        names["f"]()
        print(seen, monitoring.get_tool(3))
    """
    assert told(program) == ["[2] trim-telemetry", "[2, 2, 2] None"]


def test_no_id_is_left():
    program = """
        for tool in (3, 4):
            sys.monitoring.use_tool_id(tool, "other")
        try:
            Monitor(follow)
        except NoToolError as error:
            print(error)
    """
    assert told(program) == ["no-monitoring-tool"]


def test_error_of_ours_is_never_raised_in_the_code_that_is_followed():
    program = """
        def fails(name):
            if name == "app.py":
                raise OSError("stat is replaced")
        monitor = Monitor(fails)
        print(made("def f():\\n    return 1")["f"](), monitor.problem)
    """
    assert told(program) == ["1 OSError: stat is replaced"]
