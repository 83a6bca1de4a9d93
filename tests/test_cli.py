"""The verbs for a file: recover and validate; and the ways to the command line."""

import json
import re
import shutil
import subprocess
import sys

import pytest

import trim_telemetry
from trim_telemetry import cli
from trim_telemetry.runs.collect import Ending
from trim_telemetry.runs.watch import Watched

from .support import ROOT, environment, read_file
from .support import run as run_door

SUITE = """
import unittest

class T(unittest.TestCase):
    def test_a(self): pass
    def test_b(self): pass
    def test_c(self): pass
"""
fcntl = pytest.importorskip("fcntl")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A file as a run has left it."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_suite.py").write_text(SUITE, "utf-8")
    run_door("-m", "trim_telemetry.unittest_instrumentation", cwd=folder, file=folder / "run.ndjson")
    return (folder / "run.ndjson").read_bytes()


@pytest.fixture
def file(tmp_path, whole):
    path = tmp_path / "run.ndjson"
    path.write_bytes(whole)
    return path


def lines_of(whole, *kinds):
    """The lines of the file, as far as their types are these, each once or more."""
    lines = whole.splitlines(True)
    assert [json.loads(line)["record_type"] for line in lines[: len(kinds)]] == list(kinds)
    return b"".join(lines[: len(kinds)])


def outcomes(path):
    return [(record["name"], record["outcome"]) for record in read_file(path) if record["record_type"] == "test_result"]


# -- recover ---


HEAD = ("run_start", "collected")
TEST = ("test_start", "test_result")
LEFT = {
    "before the first test": (HEAD, b"", [], 3),
    "before it was known what to run": (HEAD[:1], b"", [], None),
    "in a test": ((*HEAD, *TEST, "test_start"), b"", [("test_a", "passed"), ("test_b", "crashed")], 1),
    "between tests": ((*HEAD, *TEST), b"", [("test_a", "passed")], 2),
    "in the middle of a line": (
        (*HEAD, *TEST, "test_start"),
        b'{"record_type": "test_resu',
        [("test_a", "passed"), ("test_b", "crashed")],
        1,
    ),
    "with a line that can't be read": ((*HEAD, *TEST), b"\0\0\0\0\n", [("test_a", "passed")], 2),
    "before the summary": ((*HEAD, *TEST, *TEST, *TEST), b"", [(f"test_{x}", "passed") for x in "abc"], 0),
}


@pytest.mark.parametrize("left", LEFT)
def test_recover_completes_the_file_of_a_killed_machine(left, file, whole, capsys):
    kinds, torn, results, not_run = LEFT[left]
    file.write_bytes(lines_of(whole, *kinds) + torn)
    assert cli.main(["recover", str(file)]) == 0
    assert "; completed" in capsys.readouterr().err
    if torn.endswith(b"\n"):  # a reader passes it over, and it is not ours to take away
        file.write_bytes(file.read_bytes().replace(torn, b""))
    assert outcomes(file) == results
    summary = read_file(file)[-1]
    assert (summary["complete"], summary["exit_code"], summary["exit_reason"]) == (False, 1, "unknown")
    assert (summary["not_run_tests"], summary["interrupted_by"]) == (not_run, "unknown")
    assert summary["end_time"] == max(
        record.get("end_time", record.get("start_time", "")) for record in read_file(file)
    )
    assert (cli.main(["validate", str(file)]), capsys.readouterr().out) == (0, "")


def test_recover_changes_nothing_twice_nor_what_is_complete(file, whole, capsys):
    assert cli.main(["recover", str(file)]) == 0
    assert "nothing was changed" in capsys.readouterr().err
    assert file.read_bytes() == whole
    file.write_bytes(lines_of(whole, *HEAD, "test_start"))
    cli.main(["recover", str(file)])
    once = file.read_bytes()
    assert cli.main(["recover", str(file)]) == 0
    assert file.read_bytes() == once


def test_crashed_test_is_known_as_it_would_be_by_its_result(file, whole):
    file.write_bytes(lines_of(whole, *HEAD, "test_start"))
    cli.main(["recover", str(file)])
    crashed = read_file(file)[-2]
    result = json.loads(whole.splitlines()[3])
    identity = (
        "id",
        "name",
        "class",
        "module",
        "file",
        "line",
        "rerun",
        "test_key",
        "seq",
        "metadata",
        "run_id",
        "worker",
    )
    assert {key: crashed[key] for key in identity} == {key: result[key] for key in identity}
    assert (crashed["duration"], crashed["performance"]["total_tests_run"]) == (None, 0)


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense", b'{"record_type": "run_sta', b"{}\n"])
def test_recover_refuses_what_is_no_run(content, file, capsys):
    file.write_bytes(content)
    assert cli.main(["recover", str(file)]) == 1
    assert "no record of a run" in capsys.readouterr().err
    assert file.read_bytes() == content


def test_recover_leaves_a_run_alone_that_is_still_on(file, whole, capsys):
    content = lines_of(whole, *HEAD, "test_start")
    file.write_bytes(content)
    with open(file, "ab") as writer:
        fcntl.flock(writer, fcntl.LOCK_SH)
        assert cli.main(["recover", str(file)]) == 1
    assert "still on" in capsys.readouterr().err
    assert file.read_bytes() == content


@pytest.mark.parametrize("verb", ["recover", "validate"])
def test_file_that_is_not_there_is_said(verb, tmp_path, capsys):
    assert cli.main([verb, str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, said",
    [
        ({"interrupted_by": "SIGINT", "exit_code": 2}, "ended early: SIGINT"),
        ({"exit_code": 4, "exit_reason": "usage", "failed_tests": 0}, "exit code 4 (usage)"),
        ({"exit_code": 1, "exit_reason": None, "failed_tests": 0}, "exit code 1"),
        ({"exit_code": 1, "failed_tests": 1}, "1 failed, 0 skipped"),
    ],
)
def test_line_of_a_run_says_what_no_count_shows(change, said, file, whole):
    watched = Watched(str(file))
    watched.read()
    watched.run.summary = {**watched.run.summary, "interrupted_by": None, **change}
    line = cli._line_of(Ending(watched, None))
    watched.close()
    assert re.split("; |passed, ", line)[-1] == said


# -- validate ---


def test_validate_says_nothing_of_a_file_that_is_right(file, capsys):
    assert cli.main(["validate", str(file)]) == 0
    assert capsys.readouterr() == ("", "")


WRONG = {
    b'{"record_type": "test_re': "a torn line: ",
    b"{}": "a torn line: its end is missing",
    b"{]\n": "no JSON: ",
    b"\xff\n": "no JSON: ",
    b"\n": "no JSON: ",
    b"[" * 100_000 + b"\n": "no JSON: ",
    b'{"record_type": "collected", "count": NaN}\n': "no JSON: NaN is no JSON",
    b'{"record_type": "collected", "record_type": "covered"}\n': "no JSON: a key came twice",
    b"{}\n": "no record: record_type is missing",
    b"[]\n": "no record: record_type is missing",
    b'{"record_type": "text"}\n': "'text' is no record_type of schema version 1.0",
    b'{"record_type": "collected"}\n': "schema_version is missing",
}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: repr(line[:20]))
def test_validate_names_line_and_reason(line, file, whole, capsys):
    file.write_bytes(whole + line)
    assert cli.main(["validate", str(file)]) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"{file}:{len(whole.splitlines()) + 1}: {WRONG[line]}")
    assert said.count("\n") == 1


def test_validate_takes_as_many_files_as_a_shell_makes_of_a_star(file, whole, capsys):
    other = file.with_name("other.ndjson")
    other.write_bytes(whole + b"{}\n")
    assert cli.main(["validate", str(file), str(other)]) == 1
    assert capsys.readouterr().out.startswith(f"{other}:")


def test_validate_stops_where_everything_is_wrong(file, capsys):
    file.write_bytes(b"{}\n" * 1000)
    assert cli.main(["validate", str(file)]) == 1
    assert capsys.readouterr().out.count("\n") == 21


def test_validate_refuses_an_empty_file(file, capsys):
    file.write_bytes(b"")
    assert cli.main(["validate", str(file)]) == 1
    assert capsys.readouterr().out == f"{file}:1: there is no record\n"


# -- the ways in ---


def test_module_and_script_are_the_same_command_line():
    declared = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.search(r'^\[project.scripts\]\ntrim-telemetry = "trim_telemetry\.cli:main"$', declared, re.MULTILINE)
    done = subprocess.run([sys.executable, "-m", "trim_telemetry", "--version"], cwd=ROOT, env=environment(), stdout=-1)
    assert (done.returncode, done.stdout.decode().split()) == (0, ["trim-telemetry", trim_telemetry.__version__])


@pytest.mark.parametrize(
    "words, code, said",
    [
        ([], 2, "VERB"),
        (["--help"], 0, "recover"),
        (["nonsense"], 2, "nonsense"),
        (["collect", "--timeout", "soon", "--", "pytest"], 2, "argument --timeout: 'soon' is no number of seconds"),
        (["collect", "--timeout", "-1", "--", "pytest"], 2, "argument --timeout: '-1' is no number of seconds"),
    ],
)
def test_usage(words, code, said, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == code
    assert said in "".join(capsys.readouterr())


def test_no_runner_is_imported():
    code = "import sys, trim_telemetry.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment(), stdout=-1, check=True)
    assert not {"unittest", "pytest", "django", "coverage"} & set(done.stdout.decode().split())


def test_schema_is_found_in_a_zip_file(tmp_path, file):
    archive = shutil.make_archive(str(tmp_path / "telemetry"), "zip", ROOT, "trim_telemetry")
    env = {**environment(), "PYTHONPATH": archive}
    done = subprocess.run(
        [sys.executable, "-m", "trim_telemetry", "validate", str(file)], cwd=tmp_path, env=env, stdout=-1, stderr=-1
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
