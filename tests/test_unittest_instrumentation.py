"""The unittest door from outside: command line, exit codes, environment, the file, what it costs to import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .support import ROOT, environment, read, run

DOOR = ("-m", "trim_telemetry.unittest_instrumentation")
PLAIN = ("-m", "unittest")
PASSING = "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"
FAILING = PASSING.replace("pass", "self.fail('no')")
NO_TESTS = 5 if sys.version_info >= (3, 12) else 0


def write(folder: Path, **modules: str) -> Path:
    """Write modules into a folder; return it."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def test_passing_tests_end_in_0(tmp_path):
    found = run(*DOOR, cwd=write(tmp_path, test_a=PASSING))
    assert (found.code, found.summary["exit_code"], found.summary["exit_reason"]) == (0, 0, None)


def test_a_failing_test_ends_in_1(tmp_path):
    found = run(*DOOR, cwd=write(tmp_path, test_a=FAILING))
    assert (found.code, found.summary["exit_code"], found.summary["exit_reason"]) == (1, 1, "tests_failed")


def test_no_tests_end_as_that_python_has_it(tmp_path):
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == run(*PLAIN, cwd=tmp_path).code == found.summary["exit_code"] == NO_TESTS
    assert found.summary["exit_reason"] == ("no_tests" if NO_TESTS else None)
    assert found.summary["collected_tests"] == found.summary["total_tests"] == 0
    assert found.summary["complete"] is True


@pytest.mark.parametrize(
    "module",
    [
        "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('')\n    def test_x(self): pass\n",
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): self.skipTest('')\n",
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"
        "    @classmethod\n    def setUpClass(cls): raise unittest.SkipTest('')\n",
        "import unittest\nclass T(unittest.TestCase):\n    @unittest.expectedFailure\n    def test_x(self): pass\n",
        "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n"
        "    @classmethod\n    def tearDownClass(cls): raise ValueError\n",
    ],
    ids=["decorated_skip", "skip", "class_skip", "unexpected_success", "class_error"],
)
def test_the_exit_code_is_that_of_plain_unittest(tmp_path, module):
    write(tmp_path, test_a=module)
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == run(*PLAIN, cwd=tmp_path).code == found.summary["exit_code"]
    assert (found.summary["failed_tests"] > 0) == (found.code == 1)


def test_without_arguments_tests_are_discovered(tmp_path):
    found = run(*DOOR, cwd=write(tmp_path, test_a=PASSING, test_b=PASSING, other=FAILING))
    assert set(found.by_id()) == {"test_a.T.test_x", "test_b.T.test_x"}


def test_modules_classes_methods_and_files_can_be_named(tmp_path):
    write(tmp_path, test_a=PASSING, test_b=PASSING, test_c=PASSING, test_d=FAILING)
    found = run(*DOOR, "test_a", "test_b.T", "test_c.T.test_x", cwd=tmp_path)
    assert set(found.by_id()) == {"test_a.T.test_x", "test_b.T.test_x", "test_c.T.test_x"}
    assert set(run(*DOOR, "test_d.py", cwd=tmp_path).by_id()) == {"test_d.T.test_x"}


@pytest.mark.parametrize(
    "arguments", ["--help", "-h", "-vh", "--hel", "discover --help", "discover -h -v", "-h test_a"]
)
def test_asking_for_help_writes_nothing(tmp_path, arguments):
    write(tmp_path, test_a=PASSING)
    file = tmp_path / "run.ndjson"
    ours, plain = run(*DOOR, *arguments.split(), cwd=tmp_path, file=file), run(*PLAIN, *arguments.split(), cwd=tmp_path)
    assert (ours.code, ours.stdout, ours.stderr) == (plain.code, plain.stdout, plain.stderr)
    assert ours.summary is None
    assert not file.exists()


def test_an_argument_that_unittest_does_not_know_is_a_usage_error(tmp_path):
    write(tmp_path, test_a=PASSING)
    file = tmp_path / "run.ndjson"
    ours, plain = run(*DOOR, "--no-such", cwd=tmp_path, file=file), run(*PLAIN, "--no-such", cwd=tmp_path)
    assert (ours.code, ours.stdout, ours.stderr) == (plain.code, plain.stdout, plain.stderr)
    summary = ours.summary
    assert (summary["exit_code"], summary["exit_reason"], summary["collected_tests"]) == (2, "usage", None)
    assert [record["record_type"] for record in ours.file] == ["run_start", "run_summary"]


def test_a_folder_that_is_not_there_is_unittests_own_error(tmp_path):
    ours, plain = (run(*door, "discover", "-s", "no_such_folder", cwd=tmp_path) for door in (DOOR, PLAIN))
    assert ours.code == plain.code == 1
    assert ours.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]
    assert "trim_telemetry" not in ours.stderr  # our frames are no part of the traceback
    assert (ours.summary["exit_code"], ours.summary["exit_reason"]) == (1, "internal_error")


def test_a_module_that_exits_when_it_is_named_ends_the_run_with_its_code(tmp_path):
    write(tmp_path, test_a="import sys\nsys.exit(7)\n")
    ours, plain = run(*DOOR, "test_a", cwd=tmp_path), run(*PLAIN, "test_a", cwd=tmp_path)
    assert ours.code == plain.code == 7
    assert (ours.summary["exit_code"], ours.summary["exit_reason"]) == (7, "system_exit")
    assert ours.summary["collected_tests"] is None
    assert ours.summary["not_run_tests"] is None


@pytest.mark.parametrize("code, number", [("'a text'", 1), ("None", 0), ("256 + 3", 3), ("True", 1), ("-1", 255)])
def test_whatever_sys_exit_was_called_with_is_told_as_a_number(tmp_path, code, number):
    write(tmp_path, test_a=f"import sys\ndef setUpModule(): sys.exit({code})\n" + PASSING)
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == found.summary["exit_code"] == number
    assert found.summary["not_run_tests"] == 1
    assert found.summary["complete"] is False


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--trim-no-such", "1"], "--trim-no-such"),
        (["--trim-flie=x"], "did you mean --trim-file"),
        (["--trim-stdout=maybe"], "on or off"),
        (["--trim-file"], "--trim-file"),
        (["--trim-file", "test_a.py/run.ndjson"], "test_a.py/run.ndjson can't be made: "),
    ],
)
def test_an_option_of_ours_that_cannot_be_used_ends_in_2_before_any_test(tmp_path, arguments, said):
    found = run(*DOOR, *arguments, cwd=write(tmp_path, test_a=PASSING))
    assert found.code == 2
    assert found.stdout == ""
    assert found.summary is None
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_stdout_can_be_left_to_the_runner(tmp_path):
    write(tmp_path, test_a=PASSING.replace("pass", "print('said')"))
    for options, env in ((["--trim-stdout=off"], {}), (["--trim-stdout", "off"], {}), ([], {"TRIM_STDOUT": "off"})):
        file = tmp_path / f"run{len(options)}{len(env)}.ndjson"
        found = run(*DOOR, *options, cwd=tmp_path, env=environment(**env), file=file)
        assert found.stdout == "said\n"
        assert [record["id"] for record in found.file if record["record_type"] == "test_result"] == ["test_a.T.test_x"]


def test_options_of_ours_may_stand_anywhere_and_unittest_never_sees_them(tmp_path):
    write(tmp_path, test_a="import sys\nprint(sys.argv[1:])\n" + PASSING)
    found = run(*DOOR, "--trim-run-id", "mine", "-v", "--trim-max-logs=5", "test_a", cwd=tmp_path)
    assert found.stdout == "['-v', 'test_a']\n"
    assert found.summary["run_id"] == "mine"


def test_modules_see_the_command_line_of_plain_unittest(tmp_path):
    write(tmp_path, test_a="import sys\nprint(sys.argv, sys.path[0])\n" + PASSING)
    assert run(*DOOR, "-v", cwd=tmp_path).stdout == run(*PLAIN, "-v", cwd=tmp_path).stdout


def test_the_file_tells_the_run_in_order(tmp_path):
    write(tmp_path, test_a=PASSING, test_b=FAILING)
    found = run(*DOOR, cwd=tmp_path, file=tmp_path / "out" / "run.ndjson")
    kinds = [record["record_type"] for record in found.file]
    tests = ["test_start", "test_result"]
    assert kinds == ["run_start", "collected", *tests, *tests, "run_summary"]
    ids = [record["id"] for record in found.file if "id" in record]
    assert ids == ["test_a.T.test_x", "test_a.T.test_x", "test_b.T.test_x", "test_b.T.test_x"]
    assert found.file[1]["count"] == 2
    assert len({record["run_id"] for record in found.file}) == 1
    assert {result["run_id"] for result in found.results} == {found.summary["run_id"]} == {found.file[0]["run_id"]}


def test_the_file_may_be_named_after_the_run(tmp_path):
    write(tmp_path, test_a=PASSING)
    run(*DOOR, "--trim-file", "runs/{run_id}.ndjson", "--trim-run-id", "r-1", cwd=tmp_path)
    run(*DOOR, cwd=tmp_path, env=environment(TRIM_FILE="runs/{run_id}.ndjson", TRIM_RUN_ID="r-2"))
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["r-1.ndjson", "r-2.ndjson"]


def test_the_run_id_of_each_run_is_its_own(tmp_path):
    write(tmp_path, test_a=PASSING)
    ids = {run(*DOOR, cwd=tmp_path).summary["run_id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(name) >= 20 for name in ids)


def test_a_run_of_ours_within_a_test_stays_out_of_this_run(tmp_path):
    """Neither its id nor its file comes down to it by the environment."""
    inner = write(tmp_path, inner_case=FAILING)
    code = (
        "import os, subprocess, sys, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_outer(self):\n"
        "        self.assertNotIn('TRIM_RUN_ID', os.environ)\n"
        "        self.assertNotIn('TRIM_FILE', os.environ)\n"
        "        command = [sys.executable, '-m', 'trim_telemetry.unittest_instrumentation', 'inner_case']\n"
        "        done = subprocess.run(command, stdout=-1, stderr=-1)\n"
        "        self.assertEqual(done.returncode, 1)\n"
        "        self.assertNotIn(b'outer-run', done.stdout)\n"
    )
    write(tmp_path, test_a=code)
    found = run(*DOOR, cwd=inner, env=environment(TRIM_RUN_ID="outer-run"), file=tmp_path / "run.ndjson")
    assert found.verdicts() == {"test_a.T.test_outer": "passed/passed"}
    assert found.summary["run_id"] == "outer-run"
    assert {record["run_id"] for record in found.file} == {"outer-run"}
    assert len(found.file) == 5


def test_a_runner_of_the_projects_own_is_observed(tmp_path):
    """Some packages put theirs in unittest's place when they are imported."""
    write(
        tmp_path,
        test_a="import unittest\n"
        "class Result(unittest.TextTestResult):\n"
        "    def addSuccess(self, test):\n"
        "        super().addSuccess(test)\n"
        "        self.stream.write('<ok>')\n"
        "class Runner(unittest.TextTestRunner):\n"
        "    resultclass = Result\n"
        "    def run(self, test):\n"
        "        self.stream.writeln('my own runner')\n"
        "        return super().run(test)\n"
        "unittest.runner.TextTestRunner = Runner\n" + PASSING.split("\n", 1)[1],
    )
    ours, plain = run(*DOOR, cwd=tmp_path), run(*PLAIN, cwd=tmp_path)
    assert ours.verdicts() == {"test_a.T.test_x": "passed/passed"}
    assert "<ok>" in ours.stderr
    assert ours.stderr.replace("0.00", "").splitlines()[:2] == plain.stderr.replace("0.00", "").splitlines()[:2]


def test_a_result_keeps_its_class_name(tmp_path):
    write(tmp_path, test_a=PASSING.replace("pass", "print(self._outcome.result, type(self._outcome.result))"))
    assert run(*DOOR, cwd=tmp_path).stdout == run(*PLAIN, cwd=tmp_path).stdout


def test_a_suite_that_can_be_gone_through_only_once_still_runs(tmp_path):
    write(
        tmp_path,
        test_a=PASSING + "def load_tests(loader, tests, pattern):\n"
        "    suite = unittest.TestSuite()\n"
        "    suite._tests = (T('test_x') for _ in range(1))\n"
        "    suite._cleanup = False\n"
        "    return suite\n",
    )
    ours = run(*DOOR, "test_a", cwd=tmp_path)
    assert ours.verdicts() == {"test_a.T.test_x": "passed/passed"}
    assert ours.summary["collected_tests"] is None
    assert "only once" in ours.summary["warnings"][0]


def test_an_error_of_something_without_an_id_has_a_record(tmp_path):
    """As plugins report their own failures."""
    write(
        tmp_path,
        test_a="import sys, unittest\n"
        "class Plugin:\n"
        "    def shortDescription(self): return None\n"
        "    def __str__(self): return 'my plugin'\n"
        "    failureException = AssertionError\n"
        "class T(unittest.TestCase):\n"
        "    def run(self, result):\n"
        "        super().run(result)\n"
        "        try: raise ValueError('the plugin is broken')\n"
        "        except ValueError: result.addError(Plugin(), sys.exc_info())\n"
        "    def test_x(self): pass\n",
    )
    found = run(*DOOR, cwd=tmp_path)
    assert found.code == run(*PLAIN, cwd=tmp_path).code == 1
    assert found.verdicts() == {"test_a.T.test_x": "passed/passed", "my plugin": "error/error"}


def test_a_test_whose_id_raises_has_a_record(tmp_path):
    write(
        tmp_path,
        test_a=PASSING + "    def id(self): raise ValueError('no id')\n",
        test_b=FAILING + "    def id(self): raise ValueError('no id')\n",
    )
    found = run(*DOOR, cwd=tmp_path)
    assert [result["status"] for result in found.results] == ["passed", "failed"]
    assert len(found.by_id()) == 2


def test_an_exception_that_cannot_be_looked_at_does_not_cost_the_verdict(tmp_path):
    """The path functions are patched when it is reported."""
    write(
        tmp_path,
        test_a="import os, unittest\nfrom unittest import mock\n"
        "class T(unittest.TestCase):\n"
        "    def setUp(self):\n"
        "        for name in ('lstat', 'getcwd', 'fspath', 'readlink'):\n"
        "            patch = mock.patch('os.' + name, side_effect=RuntimeError(name))\n"
        "            patch.start()\n"
        "            self.addCleanup(patch.stop)\n"
        "    def test_x(self): raise ValueError('the real one')\n",
    )
    found = run(*DOOR, cwd=tmp_path)
    (record,) = found.results
    assert (record["outcome"], record["failure"]["message"]) == ("error", "the real one")
    assert found.code == found.summary["exit_code"] == 1


def test_a_class_that_fails_to_set_up_again_speaks_only_for_tests_that_were_not_run(tmp_path):
    write(
        tmp_path,
        test_a="import unittest\n"
        "class A(unittest.TestCase):\n"
        "    ready = 0\n"
        "    @classmethod\n"
        "    def setUpClass(cls):\n"
        "        cls.ready += 1\n"
        "        if cls.ready == 2: raise ValueError('the second time')\n"
        "    def test_1(self): pass\n"
        "    def test_2(self): pass\n"
        "    def test_3(self): pass\n"
        "class B(unittest.TestCase):\n"
        "    def test_1(self): pass\n"
        "def load_tests(loader, tests, pattern):\n"
        "    return unittest.TestSuite([A('test_1'), B('test_1'), A('test_2'), A('test_3')])\n",
    )
    found = run(*DOOR, cwd=tmp_path)
    assert found.verdicts() == {
        "test_a.A.test_1": "passed/passed",
        "test_a.B.test_1": "passed/passed",
        "setUpClass (test_a.A)": "error/error",
    }
    assert found.summary["not_run_tests"] == 0


def test_annotations_of_a_test_are_in_its_metadata(tmp_path):
    write(
        tmp_path,
        test_a="import trim_telemetry, unittest\ntrim_telemetry.annotate('outside', 1)\n"
        "class T(unittest.TestCase):\n"
        "    def test_x(self): trim_telemetry.annotate('rows', 7)\n"
        "    def test_y(self): pass\n",
    )
    found = run(*DOOR, cwd=tmp_path).by_id()
    assert found["test_a.T.test_x"]["metadata"] == {"framework": "unittest", "rows": "7"}
    assert found["test_a.T.test_y"]["metadata"] == {"framework": "unittest"}
    assert run(*PLAIN, cwd=tmp_path).code == 0


LOGS = """
import logging, unittest

class T(unittest.TestCase):
    def test_a_last_resort(self):
        logging.getLogger("app").warning("without a handler: %s", 1)

    def test_b_configured(self):
        logging.basicConfig(format="%(levelname)s!%(message)s")
        logging.getLogger("app").error("with a handler")

    def test_c_asserted(self):
        with self.assertLogs("app", "INFO") as caught:
            logging.getLogger("app").info("caught")
        self.assertEqual(caught.output, ["INFO:app:caught"])
        self.assertEqual(logging.getLogger("app").handlers, [])
"""


def test_what_the_tests_log_is_kept_and_still_shown_as_before(tmp_path):
    write(tmp_path, test_a=LOGS)
    ours, plain = run(*DOOR, cwd=tmp_path), run(*PLAIN, cwd=tmp_path)
    assert ours.code == 0
    assert ours.stderr.splitlines()[:3] == plain.stderr.splitlines()[:3]
    logs = {name: [(log["level"], log["message"]) for log in record["logs"]] for name, record in ours.by_id().items()}
    assert logs == {
        "test_a.T.test_a_last_resort": [("WARNING", "without a handler: 1")],
        "test_a.T.test_b_configured": [("ERROR", "with a handler")],
        "test_a.T.test_c_asserted": [],
    }


def test_it_runs_on_a_bare_interpreter_without_site_packages(tmp_path):
    write(tmp_path, test_a=PASSING)
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(tmp_path)!r}]\n"
        "from trim_telemetry.unittest_instrumentation import main; main(['-v', 'test_a'])"
    )
    assert run("-S", "-E", "-c", code, cwd=tmp_path).verdicts() == {"test_a.T.test_x": "passed/passed"}


def test_it_runs_with_warnings_as_errors(tmp_path):
    found = run("-W", "error", *DOOR, cwd=write(tmp_path, test_a=PASSING))
    assert found.code == 0
    assert found.stderr.splitlines()[0] == "."


def test_it_runs_in_development_mode(tmp_path):
    """Where Python warns of every descriptor left open, and of bytes taken for text."""
    command = ("-X", "dev", "-bb", "-W", "error")
    write(tmp_path, test_a=PASSING)
    ours, plain = run(*command, *DOOR, cwd=tmp_path), run(*command, *PLAIN, cwd=tmp_path)
    assert (ours.code, ours.stdout) == (plain.code, plain.stdout) == (0, "")
    assert ours.stderr.count("\n") == plain.stderr.count("\n")


def test_it_runs_with_asserts_and_docstrings_stripped(tmp_path):
    found = run("-OO", *DOOR, cwd=write(tmp_path, test_a=FAILING))
    assert found.verdicts() == {"test_a.T.test_x": "failed/failed"}


# What the door may import over `import unittest`: cheap modules of the standard library, and ours.
CHEAP = """
    __future__ _typing typing typing.io typing.re collections.abc enum re errno select array bisect _bisect heapq _heapq
    hashlib _hashlib _blake2 _sha3 json _json json.decoder json.encoder json.scanner
"""


def test_importing_it_imports_nothing_expensive(tmp_path):
    code = (
        "import json, sys, unittest, unittest.main\n"
        "for name in [name for name in sys.modules if name.split('.')[0] == 'json']: del sys.modules[name]\n"
        "before = set(sys.modules)\n"
        "import trim_telemetry.unittest_instrumentation\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    added = json.loads(run("-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}", cwd=tmp_path).stdout)
    assert {name for name in added if name.split(".")[0] != "trim_telemetry"} <= {*CHEAP.split()}


def test_a_run_loads_no_module_of_another_framework(tmp_path):
    code = "import sys\n" + PASSING.replace("pass", "print([name for name in UNWANTED if name in sys.modules])")
    unwanted = "UNWANTED = ('pytest', 'django', 'coverage', 'statistics', 'socket', 'sqlite3', 'http.client')\n"
    plain = run(*PLAIN, cwd=write(tmp_path, test_a=unwanted + code)).stdout
    assert run(*DOOR, cwd=tmp_path).stdout == plain


def test_the_last_line_of_stdout_is_the_summary(tmp_path):
    write(tmp_path, test_a=FAILING.replace("self.fail", "print('end='); self.fail"))
    done = subprocess.run([sys.executable, *DOOR], cwd=tmp_path, env=environment(), stdout=-1, stderr=-1, timeout=60)
    lines = done.stdout.split(b"\n")
    assert lines[-1] == b""
    assert lines[-2].startswith(b"TEST_SUMMARY:{")
    assert read(done.returncode, done.stdout, done.stderr).stdout == "end=\n"
