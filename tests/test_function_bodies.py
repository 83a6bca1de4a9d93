"""Which statements run when a module is imported, and which when its functions are called."""

import ast
import textwrap

import pytest

from trim_telemetry.collectors.function_bodies import bodies_of


def parted(source, first=None):
    """Of a module whose every line is a statement, unless `first` has it."""
    source = textwrap.dedent(source).strip("\n")
    first = first or {}
    statements = [line for line in range(1, source.count("\n") + 2) if line not in first]
    made = bodies_of(ast.parse(source), statements, first)
    assert "lambda" in source or bodies_of(ast.parse(source), statements, first, has_lambdas=False) == made
    return tuple(map(list, made))


@pytest.mark.parametrize(
    "source, first, outer, ambiguous, certain",
    [
        ("x = 1\ny = 2", {}, [1, 2], [], [1, 2]),
        ("def f():\n    x = 1\n    return x\ny = 1", {}, [1, 4], [], [1, 4]),
        ("@wrap\ndef f():\n    return 1", {}, [1, 2], [], [1, 2]),
        ("class A:\n    x = 1\n    def f(self):\n        return 1\n    y = 2", {}, [1, 2, 3, 5], [], [1, 2, 3, 5]),
        ("def f():\n    class A:\n        x = 1\n    return A", {}, [1], [], [1]),
        ("def f():\n    def g():\n        return 1\n    return g", {}, [1], [], [1]),
        ("def f():\n    @wrap\n    def g():\n        return 1", {}, [1], [], [1]),
        ("async def f():\n    await g()\nx = 1", {}, [1, 3], [], [1, 3]),
        ("f = lambda: 1\ng = 2", {}, [1, 2], [1], [1, 2]),
        ("def f(): return 1\nx = 1", {}, [1, 2], [1], [1, 2]),
        ("f = call(\n    lambda: 1,\n)", {2: 1, 3: 1}, [1], [1], [1]),
        ('def f():\n    """Doc."""\nx = 1', {}, [1, 3], [1], [1, 3]),
        ('@wrap\ndef f():\n    """Doc."""\n    global g\n    x: int', {}, [1, 2], [1], [1, 2]),
        ("def f():\n    x.y: int", {}, [1], [], [1]),
        ("def f(a,\n      b):\n    return a", {2: 1}, [1], [], [1]),
        ("def f():\n    g = lambda: 1\n    return g", {}, [1], [], [1]),
        ("if x:\n    y = 1\nelse:\n    y = 2", {}, [1, 2, 3, 4], [], [1]),
        ("try:\n    import a\n    b = 1\nexcept E:\n    a = 2", {}, [1, 2, 3, 4, 5], [], [1, 2]),
        ("try:\n    x = 1\nexcept E:\n    def f():\n        return 1", {}, [1, 2, 3, 4], [], [1, 2]),
        ("if x:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2", {}, [1, 2, 4, 5], [], [1]),
        ("with a:\n    x = 1\nfor y in z:\n    pass", {}, [1, 2, 3, 4], [], [1, 2, 3]),
    ],
)
def test_module_is_parted(source, first, outer, ambiguous, certain):
    assert parted(source, first) == (outer, ambiguous, certain)
