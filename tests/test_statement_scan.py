"""Statements that are found without coverage.py's parser: the same ones, or none at all."""

import importlib.util
import os
import py_compile
import sys
import textwrap
from pathlib import Path

import pytest

pytest.importorskip("coverage")

from trim_telemetry.collectors import coverage_py, statement_scan
from trim_telemetry.collectors.source_statements import stamp_of
from trim_telemetry.collectors.statement_scan import StatementScan

EXCLUDE = coverage_py.default_exclude()
SCAN = StatementScan(EXCLUDE, lambda text: coverage_py.parse_text(text, EXCLUDE))
is_trusted = pytest.mark.skipif(
    not SCAN.of(__file__, stamp_of(__file__)),
    reason="this Python, or this release of coverage.py, is left to the parser",
)


def put(folder, source):
    path = folder / "app.py"
    path.write_bytes(source if isinstance(source, bytes) else textwrap.dedent(source).lstrip("\n").encode())
    return str(path)


def scanned(path):
    found = SCAN.of(path, stamp_of(path))
    return found and found[:2]


def parsed(path):
    return tuple(coverage_py.parse(path, EXCLUDE)[1:])


PLAIN = {
    "empty": "",
    "comments": "# one\n\n    # two\n",
    "no end of line": "x = 1\ny = 2",
    "brackets": "x = [\n    1,  # )\n    '[',\n]\ny = {1: (2, [3])}\nz = f(\n    1)(\n    2)\n",
    "strings": "x = '''a\n'''\ny = 'a\\\nb' + r'\\\\'\nz = ('a'\n  'b')\nw = '''a''' '''\nb'''\n",
    "continued": "x = 1 + \\\n    2 + \\\n    3\nif x and \\\n   x:\n    y = 1\n",
    "f-strings": "a = 1\nb = f'{a}' f'{{{a}}}' f'''\n{a}'''\nreturned = [f'{a:>{a}}']\n",
    "docstrings": """
        '''A module,
        described.'''
        class A:
            # a comment
            r"one"
            x = 1
            "no docstring"

            def f(
                self,
            ):

                '''described'''  # with a comment

            async def g(self): return 1
            "no docstring"
            def h(self):
                b"no docstring"
                f"{self}"
            def i(self):
                x = "a"
        if A:
            "no docstring"
        """,
    "suites": """
        for i in range(3):  # pragma: no cover
            if i:
                print(i)
            # a comment
            else:
                print([
                    i,
                ])
        print(
            1,  # pragma: no cover
        )
        if (
            print  # pragma: no cover
        ):
            x = 1
        elif 1:
            x = 2
        else:  # pragma: no cover
            x = 3
        while 0: pass  # pragma: no cover
        y: int = 4  # pragma: no cover
        """,
    "definitions": """
        @wrap
        @wrap(
            1)  # pragma: no cover
        def f():
            return 1

        @wrap
        # pragma: no cover
        class A:
            x = 1
            def g(self):
                return 1

        @wrap
        class B:
            x = 1  # pragma: no cover
            @wrap
            def g(self): return 1  # pragma: no cover
            def h(
                self  # pragma: no cover
            ):
                return 1
            def i(self) -> int: ...
            async def j(self):
                ...
        if TYPE_CHECKING:
            import typing
        """,
    "line ends": b"x = 1\r\ny = [\r\n1]\r\ndef f():\r    return 1\r",
    "form feed": b"x = 1\n\x0c\ndef f():\n    return 1\n",
    "not in ASCII": "x = 'ä'\nä = [\n    '→'\n]\n",
}


@is_trusted
@pytest.mark.parametrize("name", PLAIN)
def test_statements_are_those_of_coverages_parser(name, tmp_path):
    path = put(tmp_path, PLAIN[name])
    assert scanned(path) == parsed(path)


OUT_OF_THE_ORDINARY = {
    "no Python": "def (:\n",
    "cookie": b"# -*- coding: latin-1 -*-\nx = '\xe4'\n",
    "byte order mark": b"\xef\xbb\xbfx = 1\n",
    "not UTF-8": b"x = '\xe4'\n",
    "NUL": b"x = '\0'\n",
    "docstring in brackets": "def f():\n    ('a')\n    return 1\n",
    "docstring in the line of its def": "def f(): 'a'\nclass A: r'b'\n",
    "docstring of many": "def f():\n    'a' \\\n    'b'\n",
    "what begins as a docstring": "def f(x):\n    'a'.join(x)\n",
    "tabs beside what is excluded": "if x:  # pragma: no cover\n\ty = 1\n",
    "empty continuation": "x = 1\\\n\ny = 1\n",
    "string that never ends": "x = '\n",
}


@pytest.mark.parametrize("name", OUT_OF_THE_ORDINARY)
def test_what_is_out_of_the_ordinary_is_left_to_the_parser(name, tmp_path):
    assert scanned(put(tmp_path, OUT_OF_THE_ORDINARY[name])) is None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="no Python before")
def test_f_string_with_its_own_quotes_in_it_is_left_to_the_parser(tmp_path):
    assert scanned(put(tmp_path, 'x = {"a": 1}\ny = f"{x["a"]}"\nz = f"{x[\n"a"]}"\n')) is None


MODULES = (
    *("argparse", "asyncio.tasks", "base64", "cgitb", "cmd", "configparser", "contextlib", "dataclasses", "dis"),
    *("email.header", "enum", "functools", "getopt", "http.client", "json.decoder", "locale", "mimetypes", "optparse"),
    *("pdb", "platform", "plistlib", "random", "shutil", "tempfile", "textwrap", "threading", "unittest.case", "uuid"),
)


@is_trusted
def test_standard_library_has_the_statements_that_coverages_parser_finds():
    """Some of it, which has something of everything; most of its files are ordinary ones."""
    left = []
    for name in MODULES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin and os.path.exists(spec.origin):
            found = scanned(spec.origin)
            if found is None:
                left.append(name)
            else:
                assert found == parsed(spec.origin), name
    assert len(left) < len(MODULES) / 4, left


# -- the compiled module beside it ---


@pytest.fixture
def compiles(monkeypatch):
    """Counts how often a file was compiled."""
    calls = []
    monkeypatch.setattr(
        statement_scan, "compile", lambda *args, **named: calls.append(args) or compile(*args, **named), False
    )
    return calls


@is_trusted
def test_what_an_import_has_compiled_is_not_compiled_again(tmp_path, compiles):
    path = put(tmp_path, PLAIN["docstrings"])
    py_compile.compile(path, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    assert scanned(path) == parsed(path)
    assert compiles == []


@is_trusted
@pytest.mark.parametrize("change", ["another time", "another size", "half of it", "by hash", "no code", "none"])
def test_what_is_not_of_this_very_file_is(change, tmp_path, compiles):
    path = put(tmp_path, "x = 1\n")
    mode = py_compile.PycInvalidationMode
    made = py_compile.compile(path, invalidation_mode=mode.CHECKED_HASH if change == "by hash" else mode.TIMESTAMP)
    if change == "another time":
        os.utime(path, (1, 1))
    elif change == "another size":
        stamp = os.stat(path)
        put(tmp_path, "x = 1\ny = 2\n")
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    elif change == "half of it":
        Path(made).write_bytes(Path(made).read_bytes()[:40])
    elif change == "no code":
        Path(made).write_bytes(Path(made).read_bytes()[:16] + b"N")
    elif change == "none":
        os.unlink(made)
    assert scanned(path) == parsed(path)
    assert len(compiles) == 1


@pytest.mark.parametrize("answer", [([], {}), None])
def test_release_that_counts_in_another_way_is_left_to_its_own_parser(answer, tmp_path):
    assert StatementScan(EXCLUDE, lambda text: answer).of(put(tmp_path, "x = 1\n"), (0, 0)) is None
