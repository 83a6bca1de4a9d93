"""Statements of a file: as coverage.py finds them, and kept on the disk for the next run."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
import warnings

import pytest

pytest.importorskip("coverage")

from trim_telemetry.collectors import coverage_py, source_statements
from trim_telemetry.collectors.function_bodies import bodies_of
from trim_telemetry.collectors.source_statements import SourceStatements, default_folder

from .support import environment

SOURCE = """\
'A docstring.'
import os

def f(a,
      b):
    if a:  # pragma: no cover
        return 1
    return (a +
            b)
"""
EXCLUDE = r"#\s*pragma: no cover"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "app.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def searches(monkeypatch):
    """Counts how often the statements of a file were looked for."""
    calls = []
    find = SourceStatements._find
    monkeypatch.setattr(SourceStatements, "_find", lambda *arguments: calls.append(arguments) or find(*arguments))
    return calls


def test_statements_are_coverage_pys(file):
    found = SourceStatements(EXCLUDE, None).of(str(file))
    assert set(found.statements) - {1} == {2, 4, 8}
    assert {line: found.first[line] for line in (5, 9)} == {5: 4, 9: 8}
    assert set(found.bodies.outer) - {1} == {2, 4}


def test_warning_that_was_given_once_is_not_given_again(file):
    def warns():
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        warns()
        rules = [*warnings.filters]
        SourceStatements(EXCLUDE, None).of(str(file))
        warns()
        assert warnings.filters == rules
    assert len(caught) == 1


MODULES = ("argparse", "contextlib", "functools", "optparse", "tarfile", "textwrap", "unittest.case")


@pytest.mark.skipif(sys.version_info < (3, 10), reason="only coverage.py's parser knows them")
@pytest.mark.parametrize("name", MODULES)
def test_those_outside_of_functions_are_found_without_coverages_parser(name, monkeypatch):
    path = importlib.util.find_spec(name).origin
    exclude = coverage_py.default_exclude()
    tree, *found = coverage_py.parse(path, exclude)
    monkeypatch.setattr(coverage_py, "parse", None)
    made = SourceStatements(None, None).of(path)
    assert ([*made[:2]], made.bodies) == (found, bodies_of(tree, *found))


def test_source_that_pythons_own_parser_gives_up_is_left_to_coverages(file, monkeypatch):
    def gives_up(text):
        raise RecursionError

    expected = SourceStatements(EXCLUDE, None).of(str(file))
    monkeypatch.setattr(source_statements.ast, "parse", gives_up)
    tree = ast.Module([], [])
    monkeypatch.setattr(coverage_py, "parse", lambda *_: coverage_py.Parsed(tree, expected.statements, expected.first))
    assert SourceStatements(EXCLUDE, None).of(str(file))[:2] == expected[:2]


@pytest.mark.parametrize("action", ["error", "always"])
@pytest.mark.parametrize("with_bodies", [True, False])
def test_what_python_would_warn_of_is_not_warned_of_again(action, with_bodies, file):
    file.write_text("x = '\\d'\ndef f():\n    return x is 1\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        assert [*SourceStatements(None, None).of(str(file), with_bodies).statements] == [1, 2, 3]
    assert caught == []


def test_second_run_reads_what_the_first_has_kept(file, tmp_path, searches):
    folder = str(tmp_path / "cache")
    first, second = SourceStatements(EXCLUDE, folder).of(str(file)), SourceStatements(EXCLUDE, folder).of(str(file))
    assert tuple(map(list, first[:1])) == tuple(map(list, second[:1]))
    assert (second.first, list(second.bodies.outer), second.stamp) == (
        first.first,
        list(first.bodies.outer),
        first.stamp,
    )
    assert len(searches) == 1


@pytest.mark.parametrize("change", ["time", "size", "exclude", "format"])
def test_entry_is_for_this_very_file_and_settings(change, file, tmp_path, searches, monkeypatch):
    folder = str(tmp_path / "cache")
    SourceStatements(EXCLUDE, folder).of(str(file))
    if change == "time":
        os.utime(file, ns=(1, 1))
    elif change == "size":
        file.write_text(SOURCE + "x = 1\n")
    elif change == "format":
        monkeypatch.setattr(source_statements, "_FORMAT", -1)
    SourceStatements("other" if change == "exclude" else EXCLUDE, folder).of(str(file))
    assert len(searches) == 2


def corruptions():
    whole = {"statements": [1], "first": [], "outer": [], "ambiguous": [], "certain": [], "stamp": None}
    yield from ("", "{", "[]", "null", "\x00", "1")
    for change in ({"first": "12"}, {"first": [True, 1]}, {"statements": [1.5]}, {"outer": None}, {"stamp": [0, 0]}):
        yield json.dumps({**whole, **change})


@pytest.mark.parametrize("text", list(corruptions()))
def test_corrupt_entry_is_made_anew(text, file, tmp_path, searches):
    folder = tmp_path / "cache"
    expected = SourceStatements(EXCLUDE, str(folder)).of(str(file))
    (entry,) = folder.rglob("*.json")
    entry.write_text(text.replace("null}", f"{list(expected.stamp)}}}"))
    assert SourceStatements(EXCLUDE, str(folder)).of(str(file)) == expected
    assert len(searches) == 2


def test_where_nothing_can_be_kept_nothing_is(file, tmp_path, searches):
    (tmp_path / "taken").write_text("a file where a folder should be")
    statements = SourceStatements(EXCLUDE, str(tmp_path / "taken"))
    assert list(statements.of(str(file)).bodies.outer) == list(statements.of(str(file)).bodies.outer)
    assert len(searches) == 2


def test_many_processes_may_share_a_folder(file, tmp_path):
    program = (
        "import sys\nfrom trim_telemetry.collectors.source_statements import SourceStatements\n"
        "for _ in range(20):\n    found = SourceStatements('x', sys.argv[1]).of(sys.argv[2])\n"
        "    assert list(found.bodies.outer)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "cache"), str(file)]
    processes = [subprocess.Popen(command, env=environment()) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert [path.suffix for path in (tmp_path / "cache").rglob("*") if path.is_file()] == [".json"]


@pytest.mark.parametrize("content", [b"def f(:\n", b"\xff\xfe", b"x = '\0'\n"])
def test_what_is_no_python_is_said(content, tmp_path):
    path = tmp_path / "broken.py"
    path.write_bytes(content)
    with pytest.raises(coverage_py.UnparsableError):
        SourceStatements("x", None).of(str(path))


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="other places there")
@pytest.mark.parametrize(
    "environ, expected",
    [
        ({"XDG_CACHE_HOME": "/c"}, "/c/trim-telemetry/statements"),
        ({"XDG_CACHE_HOME": "relative"}, None),
        ({}, os.path.expanduser("~/.cache/trim-telemetry/statements")),
    ],
)
def test_where_it_is_kept(environ, expected):
    assert default_folder(environ) == expected
