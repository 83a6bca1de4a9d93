"""A run of Django's runner that dies under `collect`."""

import sys

import pytest

from .collecting import collect
from .test_collect import MANAGE

pytest.importorskip("django")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

SUITE = """
import os, signal, time
from django.test import SimpleTestCase

class T(SimpleTestCase):
    def test_a(self):
        pass

    def test_b(self):
        exec(os.environ["DEATH"])

    def test_c(self):
        pass
"""
DEATHS = {
    "SIGKILL": ("os.kill(os.getpid(), signal.SIGKILL)", 137, "killed", "SIGKILL"),
    "exit 0": ("os._exit(0)", 1, "exited", "exit code 0"),
    "hang": ("time.sleep(100)", 124, "timeout", "timeout"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_test_that_the_process_dies_in_has_crashed(death, tmp_path):
    (tmp_path / "manage.py").write_text(MANAGE, "utf-8")
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    code, status, reason, by = DEATHS[death]
    found = collect("--timeout", "2", "--", sys.executable, "manage.py", "test", cwd=tmp_path, env={"DEATH": code})
    assert (found.code, found.verdicts()) == (status, {"test_a": "passed", "test_b": "crashed"})
    assert found.results[-1]["failure"]["type"] == by
    summary = found.summary
    assert (summary["exit_code"], summary["exit_reason"], summary["not_run_tests"]) == (status, reason, 1)
    assert (summary["complete"], summary["environment"]["framework"]) == (False, "django")


# -- in parallel ---


PARALLEL = """
import os, signal, time
from django.test import SimpleTestCase

class Tests:
    def test_a(self):
        pass

    def test_b(self):
        pass

for number in range(6):
    kind = type("T%d" % number, (Tests, SimpleTestCase), {"__module__": __name__})
    if number == 3:
        kind.test_b = lambda self: exec(os.environ["DEATH"])
    globals()[kind.__name__] = kind
del kind
"""


@pytest.fixture
def die_in_parallel(tmp_path):
    (tmp_path / "manage.py").write_text(MANAGE, "utf-8")
    (tmp_path / "test_suite.py").write_text(PARALLEL, "utf-8")

    def die(death):
        words = ("--timeout", "2", "--", sys.executable, "manage.py", "test", "--parallel", "2")
        found = collect(*words, cwd=tmp_path, env={"DEATH": death})
        assert sorted(path.suffix for path in (tmp_path / ".telemetry").iterdir()) == ["", ".ndjson"]  # and no spill
        assert [result["seq"] for result in found.results] == [*range(1, len(found.results) + 1)]
        assert found.summary["not_run_tests"] == 12 - len(found.results)
        return found

    return die


def test_parent_that_is_killed_loses_no_test_of_its_workers(die_in_parallel):
    found = die_in_parallel("os.kill(os.getppid(), signal.SIGKILL)")
    assert (found.code, found.summary["exit_reason"], found.summary["complete"]) == (137, "killed", False)
    ids = [result["id"] for result in found.results]
    assert {"test_suite.T3.test_a", "test_suite.T3.test_b"} <= set(ids)


def test_worker_whose_test_takes_too_long_shows_its_stacks(die_in_parallel):
    found = die_in_parallel("time.sleep(100)")
    assert (found.code, found.summary["exit_reason"]) == (124, "timeout")
    (late,) = [result for result in found.results if result["outcome"] == "crashed"]
    assert (late["id"], late["failure"]["type"]) == ("test_suite.T3.test_b", "timeout")
    assert "(most recent call first)" in late["failure"]["traceback"]
