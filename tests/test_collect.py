"""`collect` from outside: what it runs, where the files go, what it ends with, and what the tests see of it."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from .collecting import PYTEST, UNITTEST, collect, command, read
from .support import ROOT, environment

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has another shell")

SUITE = """
import os, unittest

class T(unittest.TestCase):
    def test_good(self):
        print("printed")

    def test_named(self):
        self.assertEqual(os.environ.get("VERDICT", "good"), "good")
"""
MANAGE = """
import os, sys
import django
from django.conf import settings
settings.configure(DATABASES={}, INSTALLED_APPS=[])
django.setup()
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
PYTHON = sys.executable
BAD = {"VERDICT": "bad"}


@pytest.fixture
def project(tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    return tmp_path


def verdicts(found):
    """The outcomes of each run, in no order of the runs."""
    return sorted(
        [record["outcome"] for record in file if record["record_type"] == "test_result"] for file in found.files
    )


COMMANDS = {
    "words": [*UNITTEST, "-v"],
    "a line": [f"{PYTHON} -m unittest -v"],
    "prefixes": [f"A='b c' {PYTHON} -m unittest"],
    "pytest": [*PYTEST, "-q"],
    "a shell": [f"true && {PYTHON} -m pytest -q -p no:cacheprovider"],
    "a door": [PYTHON, "-m", "trim_telemetry.unittest_instrumentation"],
    "a program that runs it": [PYTHON, "-c", "import os, sys; sys.exit(os.system(sys.argv[1]) >> 8)"],
}


@pytest.mark.parametrize("kind", COMMANDS)
def test_command_ends_as_it_does_without_collect(kind, project):
    words = [*COMMANDS[kind], *([f"{PYTHON} -m trim_telemetry.unittest_instrumentation"] * (kind[2:9] == "program"))]
    good, bad = collect("--", *words, cwd=project), None
    assert (good.code, verdicts(good)) == (0, [["passed", "passed"]])
    assert good.summary["complete"] is True
    shutil.rmtree(project / ".telemetry")
    bad = collect("--", *words, cwd=project, env=BAD)
    assert (bad.code, verdicts(bad)) == (1, [["passed", "failed"]])
    assert re.search(r"trim-telemetry: \.telemetry.\w+\.ndjson: 2 tests: 1 passed, 1 failed, 0 skipped\n$", bad.stderr)


def test_script_of_pytest_is_run_with_the_plugin(project):
    script = shutil.which("pytest", path=os.path.dirname(PYTHON))
    if script is None:
        pytest.skip("pytest has no script beside this interpreter")
    found = collect("--", script, "-q", "-p", "no:cacheprovider", cwd=project)
    assert (found.code, verdicts(found), found.file[0]["environment"]["framework"]) == (0, [["passed"] * 2], "pytest")


def test_django_is_run_through_its_door(project):
    pytest.importorskip("django")
    (project / "manage.py").write_text(MANAGE, "utf-8")
    found = collect("--", f"VERDICT=bad {PYTHON} manage.py test", cwd=project)
    assert (found.code, verdicts(found), found.file[0]["environment"]["framework"]) == (
        1,
        [["passed", "failed"]],
        "django",
    )


def test_output_is_the_commands_own(project):
    plain = subprocess.run([*UNITTEST, "-v"], cwd=project, env=environment(), stdin=-3, stdout=-1, stderr=-1)
    found = collect("--", *UNITTEST, "-v", cwd=project)
    assert found.stdout == plain.stdout.decode("utf-8")
    *stderr, last = found.stderr.splitlines()
    assert without_times(stderr) == without_times(plain.stderr.decode("utf-8").splitlines())
    assert last.startswith("trim-telemetry: ")


def without_times(lines):
    return [re.sub(r"[0-9.]+s$", "", line) for line in lines]


def test_tests_see_nothing_of_it(project):
    (project / "test_suite.py").write_text(
        "import os, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_a(self): print([x for x in os.environ if x.startswith('TRIM_') and x != 'TRIM_COVERAGE'])\n",
        "utf-8",
    )
    assert collect("--", *UNITTEST, cwd=project).stdout == "[]\n"


def test_what_the_tests_start_is_no_run_of_ours(project):
    (project / "test_suite.py").write_text(
        "import os, subprocess, sys, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_a(self):\n"
        "        door = [sys.executable, '-m', 'trim_telemetry.unittest_instrumentation', 'test_inner']\n"
        "        print(subprocess.run(door, stdout=-1).stdout.count(b'TEST_RESULT:'))\n",
        "utf-8",
    )
    (project / "test_inner.py").write_text(SUITE, "utf-8")
    found = collect("--", *UNITTEST, "test_suite", cwd=project)
    assert (found.code, found.stdout, verdicts(found)) == (0, "2\n", [["passed"]])


@posix
@pytest.mark.parametrize(
    "line, code, runs",
    [
        ("{good} && {good}", 0, [["passed"] * 2] * 2),
        ("{bad} ; {good}", 1, [["passed", "failed"], ["passed"] * 2]),  # the worst verdict counts
        ("{good} ; {bad}", 1, [["passed", "failed"], ["passed"] * 2]),
        ("{bad} && {good}", 1, [["passed", "failed"]]),
        ("{bad} || true", 0, [["passed", "failed"]]),  # one run: the command has the last word
        ("{good} ; exit 7", 7, [["passed"] * 2]),
        ("{good} & {bad} & wait", 1, [["passed", "failed"], ["passed"] * 2]),
        ("{good} ; {dead} ; {good}", 1, [[], ["passed"] * 2, ["passed"] * 2]),
        ("{dead}", 137, [[]]),
    ],
)
def test_each_run_of_a_command_has_its_file(line, code, runs, project):
    (project / "test_dead.py").write_text("import os; os.kill(os.getpid(), 9)", "utf-8")
    good = f"{PYTHON} -m unittest test_suite"
    found = collect(
        "--", line.format(good=good, bad=f"VERDICT=bad {good}", dead=f"{PYTHON} -m unittest test_dead"), cwd=project
    )
    assert (found.code, verdicts(found)) == (code, sorted(runs))
    assert len(re.findall(r"^trim-telemetry: .*ndjson", found.stderr, re.MULTILINE)) == len(runs)


@pytest.mark.parametrize("code", [0, 3])
def test_no_run_at_all_is_an_error_with_a_hint(code, project):
    found = collect("--", PYTHON, "-c", f"raise SystemExit({code})", cwd=project)
    assert (found.code, found.files) == (code or 1, [])
    assert "no run was seen" in found.stderr
    assert "--from-stdout" in found.stderr


@pytest.mark.parametrize(
    "words, code, said",
    [
        (["--", "no-such-command"], 127, "no-such-command"),
        (["--", "./test_suite.py"], 126, "test_suite.py"),
        (["--", "A=1"], 127, "there is no command"),
        ([], 2, "COMMAND is missing"),
        (["--", " "], 2, "COMMAND is missing"),
        (["--timeout", "0", "--", "pytest"], 2, "SECONDS"),
        (["--timeout", "soon", "--", "pytest"], 2, "SECONDS"),
        (["--no-such", "--", "pytest"], 2, "--no-such"),
        (["--out", "test_suite.py", "--", "pytest"], 2, "test_suite.py"),
    ],
)
def test_what_can_not_be_run_is_said(words, code, said, project):
    found = collect(*words, cwd=project)
    assert (found.code, found.files) == (code, [])
    assert said.replace("SECONDS", "--timeout") in found.stderr
    assert "Traceback" not in found.stderr


def test_run_that_ends_in_mid_suite_with_0_is_not_green(project):
    (project / "conftest.py").write_text(
        "import pytest\ndef pytest_runtest_logfinish(): pytest.exit('enough', returncode=0)\n", "utf-8"
    )
    found = collect("--", *PYTEST, cwd=project)
    assert (found.code, found.summary["exit_code"], found.summary["not_run_tests"]) == (1, 0, 1)


def test_input_is_the_commands(project):
    (project / "test_suite.py").write_text(
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): print(input())\n", "utf-8"
    )
    assert collect("--", *UNITTEST, cwd=project, stdin=b"typed\n").stdout == "typed\n"


# -- the folder ---


def test_file_that_the_command_itself_names_is_followed_there(project):
    door = [PYTHON, "-m", "trim_telemetry.unittest_instrumentation", "--trim-file", "elsewhere.ndjson"]
    found = collect("--", *door, cwd=project)
    assert (found.code, found.files) == (0, [])
    assert "trim-telemetry: elsewhere.ndjson: 2 tests: 2 passed" in found.stderr


def test_default_folder_ignores_itself_in_git(project):
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    subprocess.run([git, "init", "-q", "."], cwd=project, check=True)
    collect("--", *UNITTEST, cwd=project)
    status = subprocess.run([git, "status", "--porcelain", "-uall"], cwd=project, stdout=-1, check=True).stdout.decode()
    assert "test_suite.py" in status
    assert ".telemetry" not in status


def test_folder_of_ones_own_is_made_ignored_and_left_alone_where_it_was_there(project):
    (project / "there").mkdir()
    for name, ignores in (("there", False), ("made/deep", True)):
        done = subprocess.run(
            command("--out", name, "--", *UNITTEST), cwd=project, env=environment(), stdin=-3, stdout=-1, stderr=-1
        )
        assert done.returncode == 0
        assert len(list((project / name).glob("*.ndjson"))) == 1
        assert (project / name / ".gitignore").exists() is ignores


def test_collects_at_the_same_time_in_one_folder_keep_to_their_own_runs(project):
    (project / "test_slow.py").write_text(
        "import time, unittest\nclass T(unittest.TestCase):\n    def test_a(self): time.sleep(0.5)\n", "utf-8"
    )
    words = command("--", *UNITTEST, "test_slow")
    both = [subprocess.Popen(words, cwd=project, env=environment(), stdin=-3, stdout=-1, stderr=-1) for _ in range(2)]
    said = [process.communicate(timeout=60)[1].decode() for process in both]
    named = [re.findall(r"(\w+)\.ndjson", text) for text in said]
    assert [process.returncode for process in both] == [0, 0]
    assert [len(names) for names in named] == [1, 1]
    assert named[0] != named[1]


def test_file_of_an_earlier_run_is_not_touched(project):
    left = project / ".telemetry" / "left.ndjson"
    left.parent.mkdir()
    left.write_text('{"record_type": "run_sta', "utf-8")
    subprocess.run(command("--", *UNITTEST), cwd=project, env=environment(), stdin=-3, stdout=-1, stderr=-1, check=True)
    assert left.read_text("utf-8") == '{"record_type": "run_sta'


# -- stdout as the only channel ---


DOOR = f"{PYTHON} -m trim_telemetry.unittest_instrumentation"


def from_stdout(line, project, stdin=b"", **variables):
    words = ["--from-stdout", *(["--", line] if line else [])]
    return collect(*words, cwd=project, stdin=stdin, env=variables)


def kinds(found):
    return [record["record_type"] for record in found.file]


@posix
@pytest.mark.parametrize("line", [DOOR, f"{DOOR} | sed 's/^/web-1  | /'"])
def test_records_are_taken_out_of_stdout(line, project):
    found = from_stdout(line, project, **BAD)
    assert kinds(found) == ["test_result", "test_result", "run_summary"]
    assert "TEST_" not in found.stdout
    assert "printed" in found.stdout
    assert found.code == (1 if line == DOOR else 0)  # of the pipe's end
    if line == DOOR:
        plain = subprocess.run([*UNITTEST], cwd=project, env=environment(**BAD), stdin=-3, stdout=-1, stderr=-1)
        assert found.stdout == plain.stdout.decode()


@posix
def test_run_that_dies_without_a_file_of_its_own_is_completed(project):
    (project / "test_suite.py").write_text(
        SUITE.replace('print("printed")', "os.getpid()") + "        os.abort()\n", "utf-8"
    )
    found = from_stdout(DOOR, project)
    assert (found.code, kinds(found)) == (134, ["test_result", "run_summary"])
    summary = found.summary
    assert (summary["complete"], summary["exit_code"], summary["interrupted_by"]) == (False, 134, "SIGABRT")
    assert summary["environment"] == {**dict.fromkeys(summary["environment"]), "framework": "unittest"}


def test_log_on_stdin_is_read_and_read_again(project):
    log = subprocess.run(
        [PYTHON, "-m", "trim_telemetry.unittest_instrumentation"],
        cwd=project,
        env=environment(**BAD),
        stdin=-3,
        stdout=-1,
        stderr=-1,
    ).stdout
    first = from_stdout(None, project, stdin=log)
    assert (first.code, first.summary["exit_code"], kinds(first)) == (
        1,
        1,
        ["test_result", "test_result", "run_summary"],
    )
    again = from_stdout(None, project, stdin=log[: len(log) // 2])
    assert (again.code, len(again.files)) == (1, 2)
    assert from_stdout(None, project, stdin=b"nothing of ours\n").code == 1


def test_what_a_test_makes_up_is_said_to_be_no_run(project):
    forged = b'TEST_RESULT:{"run_id": "x", "id": "x"}\nTEST_SUMMARY:{"run_id": "x", "total_tests": 1, "exit_code": 0}\n'
    found = subprocess.run(command("--from-stdout"), cwd=project, env=environment(), input=forged, stdout=-1, stderr=-1)
    assert (found.returncode, found.stdout) == (1, b"")
    assert found.stderr.endswith(b"0 skipped; there is no record of a run in it\n")
    assert b"Traceback" not in found.stderr


@posix
def test_disk_that_is_full_does_not_stop_the_commands_output(project):
    import resource

    lines = "\n".join([f'TEST_RESULT:{{"run_id": "{"r" * 90}"}}'] * 500 + ["the end"])
    (project / "log").write_text(lines, "ascii")
    found = subprocess.run(
        command("--from-stdout", "--", "cat log"),
        cwd=project,
        env=environment(),
        stdin=-3,
        stdout=-1,
        stderr=-1,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
    )
    assert (found.returncode, found.stdout) == (1, b"the end")
    assert b"ndjson: lost: " in found.stderr
    assert b"Traceback" not in found.stderr


# -- progress ---


@posix
def test_progress_is_shown_where_the_tests_write_elsewhere(project):
    pty = pytest.importorskip("pty")
    (project / "test_suite.py").write_text(
        "import time\n" + "\n".join(f"def test_{number}(): time.sleep(0.3)" for number in range(5)), "utf-8"
    )
    for stdout_is_terminal in (False, True):
        shown = b""
        terminal, ours = pty.openpty()
        process = subprocess.Popen(
            command("--", *PYTEST),
            cwd=project,
            env=environment(),
            stdin=-3,
            stdout=ours if stdout_is_terminal else subprocess.DEVNULL,
            stderr=ours,
        )
        os.close(ours)
        try:
            data = b"-"
            while data:
                data = os.read(terminal, 65536)
                shown += data
        except OSError:  # Linux says so when the other side is closed
            pass
        os.close(terminal)
        assert process.wait() == 0
        assert (b" of 5 tests, 0 failed" in shown) is not stdout_is_terminal
        assert shown.replace(b"\r\n", b"\n").splitlines()[-1].endswith(b"5 tests: 5 passed, 0 failed, 0 skipped")


# -- make ---


def make(project, makefile, line, **variables):
    tool = shutil.which("make")
    if tool is None:
        pytest.skip("make is not installed")
    (project / "Makefile").write_text(makefile, "utf-8")
    env = environment(**variables)
    env["PATH"] = os.pathsep.join([os.path.dirname(PYTHON), env["PATH"]])
    done = subprocess.run(
        [tool, "collect", f"TEST_COMMAND={line}"], cwd=project, env=env, stdin=-3, stdout=-1, stderr=-1, timeout=60
    )
    return read(done.returncode, done.stdout, done.stderr, project / ".telemetry")


def targets():
    """The two lines in this project's Makefile, and in the README."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    two_lines = "".join(line for line in makefile.splitlines(True) if not line.startswith("#"))
    (in_readme,) = re.findall(r"```make\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    return {"Makefile": two_lines, "README": in_readme}


def test_readme_has_the_targets_two_lines():
    assert targets()["README"] == targets()["Makefile"]
    assert targets()["README"].count("\n") == 2


@posix
@pytest.mark.parametrize(
    "line, outcomes",
    [
        ("python -m trim_telemetry.unittest_instrumentation", [["passed", "passed"]]),
        ("VERDICT='it is \"bad\"' python -m unittest -k 'test_*'", [["passed", "failed"]]),
        ("VERDICT=bad python -m unittest; python -m unittest", [["passed", "failed"], ["passed", "passed"]]),
    ],
)
def test_make_target_copied_into_any_project_runs_the_command(line, outcomes, project):
    found = make(project, targets()["Makefile"], line)
    assert verdicts(found) == sorted(outcomes)
    assert (found.code == 0) is (outcomes == [["passed", "passed"]])


@posix
def test_make_target_runs_every_command_of_the_users_readme(project):
    """The doors by name, as they are given there, for what is installed here."""
    pytest.importorskip("django")
    (project / "manage.py").write_text(MANAGE, "utf-8")
    lines = [
        "python manage.py test --testrunner=trim_telemetry.django_runner.TrimTelemetryRunner",
        "ENVIRONMENT=testing python manage.py test --testrunner=trim_telemetry.django_runner.TrimTelemetryRunner",
        "python -m trim_telemetry.django_instrumentation manage.py test",
        "ENVIRONMENT=testing python -m trim_telemetry.django_instrumentation manage.py test",
        "python -m trim_telemetry.pytest_instrumentation -p no:cacheprovider .",
    ]
    for number, line in enumerate(lines, 1):
        found = make(project, targets()["README"], line)
        assert (found.code, len(found.files), verdicts(found)[0]) == (0, number, ["passed", "passed"]), line


# -- what it costs ---


@posix
def test_tool_that_measures_it_follows_a_whole_stream():
    tool = [PYTHON, str(ROOT / "tools" / "stream.py"), "--tests", "200"]
    done = subprocess.run(tool, env=environment(), stdin=-3, stdout=-1, stderr=-1, timeout=120)
    first, second = done.stdout.decode("ascii").splitlines()
    assert first.startswith("200 tests, 403 records, ")
    assert re.search(r"us of CPU a record, \d+ MB at its peak$", second)  # how many, it says of 100,000
