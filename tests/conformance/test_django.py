"""One probe project through both Django doors: the table of verdicts, and nothing changed for whoever watches."""

import re
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Tuple

import pytest

from tests.support import Run, environment, run

django = pytest.importorskip("django")

PROJECT = Path(__file__).parent / "probes" / "django_project"
PLAIN = ("manage.py", "test")
RUNNER = (*PLAIN, "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner")
SCRIPT = ("-m", "trim_telemetry.django_instrumentation", *PLAIN)
both_doors = pytest.mark.parametrize("door", [RUNNER, SCRIPT], ids=["runner", "script"])

TABLE = {
    "unittest.loader._FailedTest.shelf.test_broken": "error/error",
    "shelf.test_database.Books.test_reads": "passed/passed",
    "shelf.test_database.Books.test_writes_elsewhere": "passed/passed",
    "shelf.test_database.Books.test_needs_a_feature": "skipped/skipped",
    "shelf.test_database.NoTransactions.test_never": "skipped/skipped",
    "shelf.test_database.Committed.test_commits": "passed/passed",
    "shelf.test_framework.Before.test_never": "error/error",
    "shelf.test_framework.Behind.test_fails": "failed/failed",
    "shelf.test_framework.Behind.test_passes": "error/error",
    "shelf.test_framework.Constraints.test_last": "error/error",
    "setUpClass (shelf.test_levels.SetUpClassRaises)": "error/error",
    "setUpClass (shelf.test_levels.SetUpTestDataRaises)": "error/error",
    "setUpClass (shelf.test_levels.SetUpClassSkips)": "skipped/skipped",
    "shelf.test_levels.TearDownClassRaises.test_passes": "passed/passed",
    "tearDownClass (shelf.test_levels.TearDownClassRaises)": "error/error",
    "setUpModule (shelf.test_module)": "error/error",
    "shelf.test_module_end.Fine.test_passes": "passed/passed",
    "tearDownModule (shelf.test_module_end)": "error/error",
    "shelf.test_nested.Nested.test_class_is_as_it_was": "passed/passed",
    "shelf.test_nested.Nested.test_runs_a_runner": "passed/passed",
    "shelf.test_nested.Nested.test_runs_the_command": "passed/passed",
    "shelf.test_verdicts.Cleanups.test_cleanup_raises": "error/error",
    "shelf.test_verdicts.Cleanups.test_fails_and_cleanup_raises": "failed/failed",
    "shelf.test_verdicts.Cleanups.test_skips_and_cleanup_raises": "error/error",
    "shelf.test_verdicts.SkipInSetUp.test_never": "skipped/skipped",
    "shelf.test_verdicts.SkippedClass.test_never": "skipped/skipped",
    "shelf.test_verdicts.Skips.test_decorated": "skipped/skipped",
    "shelf.test_verdicts.Skips.test_in_the_body": "skipped/skipped",
    "shelf.test_verdicts.Verdicts.test_async_fails": "failed/failed",
    "shelf.test_verdicts.Verdicts.test_async_passes": "passed/passed",
    "shelf.test_verdicts.Verdicts.test_database_is_forbidden": "failed/failed",
    "shelf.test_verdicts.Verdicts.test_errors": "error/error",
    "shelf.test_verdicts.Verdicts.test_fails": "failed/failed",
    "shelf.test_verdicts.Verdicts.test_fails_as_expected": "skipped/xfailed",
    "shelf.test_verdicts.Verdicts.test_passes": "passed/passed",
    "shelf.test_verdicts.Verdicts.test_passes_unexpectedly": "failed/xpassed",
    "shelf.test_verdicts.Verdicts.test_some_subtests_skip": "passed/passed",
    "shelf.test_verdicts.Verdicts.test_subtest_errors": "error/error",
    "shelf.test_verdicts.Verdicts.test_subtest_fails": "failed/failed",
    "shelf.test_verdicts.Verdicts.test_subtests_pass": "passed/passed",
}

FLAGS = [
    ("--reverse", "--timing", "--no-input"),
    ("--failfast", "-v", "2"),
    ("--debug-sql", "-v", "2", "shelf.test_database", "shelf.test_framework", "shelf.test_verdicts"),
    ("--debug-sql", "--buffer", "-v", "0", "shelf.test_verdicts"),
    ("--buffer", "--keepdb", "-v", "3", "shelf.test_verdicts"),
    ("--pdb", "shelf.test_verdicts.Verdicts", "shelf.test_levels"),
    ("--tag", "slow", "--parallel", "1"),
    ("--exclude-tag", "plain", "-k", "passes", "-k", "Skips"),
    ("--debug-mode", "extra"),
    ("no_such_app",),
    ("--tag", "no_such_tag"),
]
if django.VERSION >= (4, 0):
    FLAGS.append(("--shuffle", "5"))


@both_doors
def test_every_verdict_is_as_the_table_says(door, tmp_path):
    done = run(*door, cwd=PROJECT, file=tmp_path / "run.ndjson")
    assert done.verdicts() == TABLE
    assert done.summary["total_tests"] == len(TABLE)
    assert done.summary["collected_tests"] == 40
    assert done.summary["not_run_tests"] == 0
    assert done.summary["complete"] is True
    assert done.summary["exit_code"] == done.code == 1
    assert done.summary["warnings"] == []
    assert [record["id"] for record in done.file if record["record_type"] == "test_result"] == list(done.by_id())


START_METHODS = ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", START_METHODS)
@both_doors
def test_every_verdict_is_as_the_table_says_in_parallel(door, method, tmp_path):
    need_start_method(method)
    env = environment(START_METHOD=method)
    (tmp_path / "out").mkdir()
    done = run(*door, "--parallel", "2", cwd=own_project(tmp_path), env=env, file=tmp_path / "out" / "run.ndjson")
    assert done.verdicts() == TABLE
    assert (done.summary["collected_tests"], done.summary["not_run_tests"]) == (40, 0)
    assert done.summary["complete"] is True
    assert done.summary["exit_code"] == done.code == 1
    assert done.summary["warnings"] == []
    assert {result["worker"] for result in done.results} in ({"1"}, {"2"}, {"1", "2"})  # the first may have done all
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.ndjson"]


@both_doors
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_output_and_exit_code_are_those_of_plain_django(door, flags):
    plain = plain_run(flags)
    done = run(*door, *flags, cwd=PROJECT)
    assert done.code == plain.code
    assert shown(done.stderr) == shown(plain.stderr)
    assert shown(done.stdout) == shown(plain.stdout)
    assert done.summary["exit_code"] == plain.code
    assert done.summary["warnings"] == []
    if sys.version_info[:3] != (3, 12, 1):  # it counts decorated skips as not run
        assert f"Ran {started(done)} test" in plain.stderr or "-v 0" in " ".join(flags)


@lru_cache(maxsize=None)
def plain_run(flags: Tuple[str, ...]) -> Run:
    """What Django does without us."""
    return run(*PLAIN, *flags, cwd=PROJECT)


def own_project(folder: Path) -> Path:
    """Return a copy of the project: there, spawned workers have files for databases, named alike in every run."""
    return Path(shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__")))


def need_start_method(method: str) -> None:
    """Skip where Python or Django can't start workers so: spawn since 4.1, forkserver since 6.0."""
    import multiprocessing

    since = {"fork": (3, 2), "spawn": (4, 1), "forkserver": (6, 0)}
    if method not in multiprocessing.get_all_start_methods() or since[method] > django.VERSION:
        pytest.skip("there are no such workers here")


def started(done: Run) -> int:
    """How many tests unittest counts as run: not what is above them, nor those that Django could not set up."""
    return sum(
        "(" not in result["id"] and (result["failure"] or {}).get("message") != "before the test"
        for result in done.results
    )


def shown(text: str) -> str:
    """What is on the screen, but for times and addresses."""
    return re.sub(r"0x[0-9a-f]+", "0x", re.sub(r"\d+\.\d+", "0.0", text))
