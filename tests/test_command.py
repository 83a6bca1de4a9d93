"""Which commands get telemetry, and which stay as they are."""

import shutil
import subprocess
import sys

import pytest

from trim_telemetry.runs.command import prepare, with_telemetry

from .support import ROOT

PLUGIN = "-p trim_telemetry.pytest_plugin --trim"
PYTEST = "-m trim_telemetry.pytest_instrumentation"
UNITTEST = "-m trim_telemetry.unittest_instrumentation"
SCRIPT = "-m trim_telemetry.django_instrumentation manage.py"

COMMANDS = {
    "pytest": f"pytest {PLUGIN}",
    "pytest -x tests": f"pytest {PLUGIN} -x tests",
    ".venv/bin/pytest-3 -x": f".venv/bin/pytest-3 {PLUGIN} -x",
    "py.test": f"py.test {PLUGIN}",
    "python -m pytest -x": f"python {PYTEST} -x",
    "/opt/py/bin/python3.12 -W error -X dev -Bm pytest": "/opt/py/bin/python3.12 -W error -X dev -Bm "
    "trim_telemetry.pytest_instrumentation",
    "python3 -Werror -munittest -v": "python3 -Werror -mtrim_telemetry.unittest_instrumentation -v",
    "pypy3 -m unittest": f"pypy3 {UNITTEST}",
    "python3.13t -m unittest": f"python3.13t {UNITTEST}",
    "python --check-hash-based-pycs always -m unittest": f"python --check-hash-based-pycs always {UNITTEST}",
    "python manage.py test shop": f"python {SCRIPT} test shop",
    "python -W error src/manage.py test": "python -W error -m trim_telemetry.django_instrumentation src/manage.py test",
    "env A=1 pytest": f"env A=1 pytest {PLUGIN}",
}
LEFT = [
    "tox",
    "make test",
    "python setup.py test",
    "python manage.py migrate",
    "python manage.py test --testrunner=trim_telemetry.django_runner.TrimTelemetryRunner",
    "python manage.py test --testrunner trim_telemetry.django_runner.TrimTelemetryRunner",
    "python -m trim_telemetry.pytest_instrumentation -x",
    "python -m trim_telemetry.django_instrumentation manage.py test",
    "pytest --trim -x",
    "python -c pytest -m pytest",
    "python script.py -m pytest",
    "python -m build -m pytest",
    "python -m",
    "python",
    "echo pytest",
    "pytester",
    "pythonic -m pytest",
    "A=1",
    "",
]


@pytest.mark.parametrize("words", COMMANDS)
def test_telemetry_is_put_into_what_we_know(words):
    assert with_telemetry(words.split()) == COMMANDS[words].split()
    assert with_telemetry(COMMANDS[words].split()) == COMMANDS[words].split()  # and only once


@pytest.mark.parametrize("words", LEFT)
def test_anything_else_stays_as_it_is(words):
    assert with_telemetry(words.split()) == words.split()


def test_names_of_paths_may_hold_ours():
    assert with_telemetry(["pytest", "tests/test_trim_telemetry.py"])[1:3] == ["-p", "trim_telemetry.pytest_plugin"]


@pytest.mark.parametrize("arguments", [["A=1", "B=x y", "pytest", "-k", "a or b"], ["A=1 B='x y' pytest -k 'a or b'"]])
def test_line_that_needs_no_shell_is_what_its_words_are(arguments):
    command = prepare(arguments)
    assert command.words == ["pytest", *PLUGIN.split(), "-k", "a or b"]
    assert (command.variables, command.is_shell) == ({"A": "1", "B": "x y"}, False)


LINES = {
    "pytest a && pytest b": f"pytest {PLUGIN} a && pytest {PLUGIN} b",
    "cd src; A='x y' pytest -k 'a;b'|tee log": f"cd src; A='x y' pytest {PLUGIN} -k 'a;b'|tee log",
    "if true; then pytest; else exec pytest -x; fi": f"if true; then pytest {PLUGIN}; else exec pytest {PLUGIN} -x; fi",
    "(python -m unittest)||:": f"(python {UNITTEST})||:",
    "! pytest": f"! pytest {PLUGIN}",
    "pytest >pytest 2>&1": f"pytest {PLUGIN} >pytest 2>&1",
    "2>log pytest &>all": f"2>log pytest {PLUGIN} &>all",
    "echo pytest; # pytest\npytest": f"echo pytest; # pytest\npytest {PLUGIN}",
    "pytest $(find . -name 'test_*.py' | (pytest)) `pytest`": f"pytest {PLUGIN} "
    "$(find . -name 'test_*.py' | (pytest)) `pytest`",
    '"$PYTHON" -m pytest': '"$PYTHON" -m pytest',  # which may be anything
    "my\\ env/bin/pytest; true": f"my\\ env/bin/pytest {PLUGIN}; true",
    "'my env/bin/python' -m pytest; true": f"'my env/bin/python' {PYTEST}; true",
    "pytest tests/*.py": f"pytest {PLUGIN} tests/*.py",
    "pytest 'tests/a b.py' ~/x": f"pytest {PLUGIN} 'tests/a b.py' ~/x",
    "cat <<end\npytest\nend": "cat <<end\npytest\nend",
    "pytest 'never closed": f"pytest {PLUGIN} 'never closed",
    "pytest $(never closed": f"pytest {PLUGIN} $(never closed",
    "pytest `never closed": f"pytest {PLUGIN} `never closed",
    "pytest \\\n -x; true": f"pytest {PLUGIN} \\\n -x; true",
    "pytest |": f"pytest {PLUGIN} |",
    "> ": "> ",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another shell")
@pytest.mark.parametrize("line", LINES)
def test_line_for_the_shell_gets_telemetry_in_each_command_and_stays_itself(line):
    command = prepare([line])
    assert (command.words, command.is_shell) == (["/bin/sh", "-c", LINES[line]], True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX shell")
@pytest.mark.parametrize(
    "line",
    [
        "echo a  'b  c' \"d 'e'\"",
        "echo a#b # c",
        "A=1 echo '$A' \"x\"",
        "echo ''",
        'echo a\\ b \\\' "\\$x"',
        "echo 'a\nb'",
    ],
)
def test_words_are_those_that_a_shell_makes_of_the_line(line):
    by_shell = subprocess.run(["/bin/sh", "-c", line], stdout=-1).stdout
    command = prepare([line])
    assert subprocess.run(command.words, stdout=-1).stdout == by_shell


def test_copy_under_another_name_puts_itself_in(tmp_path):
    shutil.copytree(ROOT / "trim_telemetry", tmp_path / "our_telemetry")
    code = (
        "from our_telemetry.runs.command import with_telemetry as w; print(w(['pytest']), w(['python', '-munittest']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=-1, check=True)
    assert b"our_telemetry.pytest_plugin" in done.stdout
    assert b"-mour_telemetry.unittest_instrumentation" in done.stdout
