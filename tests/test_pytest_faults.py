"""Runs of pytest-xdist that die under `collect`: what the workers had told only to their spills is in the file, too."""

import sys

import pytest

from .collecting import PYTEST, collect

pytest.importorskip("xdist")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

SUITE = """
import os, signal, sys, time

import pytest

@pytest.mark.parametrize("number", range(12))
def test_a(number):
    with open("started", "a") as file:
        file.write("%d\\n" % number)
    if number == 7:
        exec(os.environ.get("DEATH", ""))
"""


@pytest.fixture
def die(tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")

    def die(death, *options):
        found = collect(*options, "--", *PYTEST, "-n", "2", cwd=tmp_path, env={"DEATH": death})
        assert sorted(path.suffix for path in (tmp_path / ".telemetry").iterdir()) == ["", ".ndjson"]  # and no spill
        started = {f"test_a[{line}]" for line in (tmp_path / "started").read_text("ascii").split()}
        verdicts = found.verdicts()
        assert started <= set(verdicts)
        assert {verdicts[name] for name in set(verdicts) - started} <= {"crashed", "interrupted"}  # had just begun
        assert [result["seq"] for result in found.results] == [*range(1, len(found.results) + 1)]
        assert found.summary["not_run_tests"] == 12 - len(verdicts)
        return found

    return die


def test_controller_that_is_killed_loses_no_test_of_its_workers(die):
    found = die("os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)")
    assert (found.code, found.summary["exit_reason"], found.summary["complete"]) == (137, "killed", False)
    assert found.verdicts()["test_a[7]"] in ("crashed", "interrupted")  # a worker may hear that its controller is gone


def test_worker_whose_test_takes_too_long_shows_its_stacks(die):
    found = die("time.sleep(100)", "--timeout", "2")
    assert (found.code, found.summary["exit_reason"]) == (124, "timeout")
    (late,) = [result for result in found.results if result["name"] == "test_a[7]"]
    assert (late["outcome"], late["failure"]["type"], late["worker"][:2]) == ("crashed", "timeout", "gw")
    assert "in test_a" in late["failure"]["traceback"]


def test_worker_that_is_killed_is_no_death_of_the_run(die):
    found = die("os.kill(os.getpid(), signal.SIGKILL)", "--timeout", "30")
    assert (found.code, found.summary["complete"], found.summary["exit_code"]) == (1, True, 1)
    assert found.verdicts()["test_a[7]"] == "crashed"


def test_run_that_nothing_happens_to_is_complete(die):
    found = die("")
    assert (found.code, found.summary["complete"]) == (0, True)
    assert set(found.verdicts().values()) == {"passed"}
