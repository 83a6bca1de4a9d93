"""pytest-xdist beside the other plugins that parallel suites have. None is needed: what is not installed is skipped."""

import sys
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence

import pytest

from .pytest_doors import VERSION, observed, plain, write
from .support import Run
from .test_pytest_xdist import FINE, WORKERS, outcomes, summed_up

pytest.importorskip("xdist")


# -- each: the same tests and verdicts as without workers, the same exit code as without us ---


class Plugin(NamedTuple):
    """A plugin: what it is imported as, the arguments that load and use it, and a suite that needs it."""

    module: str
    arguments: Sequence[str]
    suite: str
    verdicts: Dict[str, str]


PLUGINS = {
    "pytest-asyncio": Plugin(
        "pytest_asyncio",
        ("-p", "pytest_asyncio.plugin"),
        """
        import asyncio
        import pytest

        @pytest.mark.asyncio
        async def test_waits(): await asyncio.sleep(0)

        @pytest.mark.asyncio
        @pytest.mark.parametrize("number", range(3))
        async def test_fails(number): assert number != 1

        @pytest.mark.asyncio
        async def test_skips(): pytest.skip("a reason")
        """,
        {
            "test_waits": "passed",
            "test_fails[0]": "passed",
            "test_fails[1]": "failed",
            "test_fails[2]": "passed",
            "test_skips": "skipped",
        },
    ),
    "pytest-cov": Plugin(
        "pytest_cov",
        ("-p", "pytest_cov.plugin", "--cov=."),
        "def test_one(): pass\ndef test_two(): assert False\n",
        {"test_one": "passed", "test_two": "failed"},
    ),
    "pytest-django": Plugin(
        "pytest_django",
        ("-p", "pytest_django.plugin", "--ds=settings"),
        """
        import pytest
        from django.contrib.contenttypes.models import ContentType
        from django.test import TestCase

        @pytest.mark.django_db
        @pytest.mark.parametrize("number", range(3))
        def test_writes(number):
            ContentType.objects.create(app_label="app", model="model")
            assert ContentType.objects.filter(model="model").count() == 1

        def test_has_no_database():
            ContentType.objects.count()

        class TestOfDjango(TestCase):
            def test_reads(self): assert not ContentType.objects.filter(model="model").exists()
            def test_subtests(self):
                for number in range(2):
                    with self.subTest(number=number):
                        assert number == 1
        """,
        {
            **{f"test_writes[{number}]": "passed" for number in range(3)},
            "test_has_no_database": "failed",
            "test_reads": "passed",
            "test_subtests": "failed",
        },
    ),
    "pytest-forked": Plugin(
        "pytest_forked",
        ("-p", "pytest_forked", "--forked"),
        """
        import os
        import signal
        import pytest

        def test_one(): pass
        def test_fails(): assert False
        def test_skips(): pytest.skip("a reason")
        def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
        """,
        {"test_one": "passed", "test_fails": "failed", "test_skips": "skipped", "test_is_killed": "crashed"},
    ),
    "pytest-randomly": Plugin(
        "pytest_randomly",
        ("-p", "pytest_randomly", "-p", "no:cacheprovider", "--randomly-seed=7"),
        """
        import random
        import pytest

        @pytest.mark.parametrize("number", range(6))
        def test_has_the_seed(number): assert 0 <= random.random() < 1

        class TestClass:
            def test_one(self): pass
            def test_two(self): assert False
        """,
        {
            **{f"test_has_the_seed[{number}]": "passed" for number in range(6)},
            "test_one": "passed",
            "test_two": "failed",
        },
    ),
    "pytest-rerunfailures": Plugin(
        "pytest_rerunfailures",
        ("-p", "pytest_rerunfailures", "--reruns=1"),
        "runs = []\ndef test_at_last(): runs.append(1); assert len(runs) == 2\ndef test_never(): assert False\n",
        {"test_at_last": "passed", "test_never": "failed"},
    ),
    "pytest-subtests": Plugin(
        "pytest_subtests",
        ("-p", "subtests"),
        """
        import unittest

        def test_one_fails(subtests):
            for number in range(3):
                with subtests.test(number=number):
                    assert number != 1

        def test_all_pass(subtests):
            with subtests.test("said"): pass

        class TestClass(unittest.TestCase):
            def test_of_unittest(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertNotEqual(number, 1)
        """,
        {"test_one_fails": "failed", "test_all_pass": "passed", "test_of_unittest": "failed"},
    ),
    "pytest-timeout": Plugin(
        "pytest_timeout",
        ("-p", "pytest_timeout", "--timeout=1"),
        "import time\ndef test_slow(): time.sleep(60)\ndef test_next(): pass\n",
        {"test_slow": "failed", "test_next": "passed"},
    ),
}
SETTINGS = """
    SECRET_KEY = "x"
    INSTALLED_APPS = ["django.contrib.contenttypes"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x.db", "TEST": {"NAME": "test.db"}}}
    USE_TZ = True
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals, nor forks")
@pytest.mark.parametrize("name", PLUGINS)
def test_tests_and_verdicts_are_those_of_a_run_without_workers(name: str, tmp_path: Path) -> None:
    plugin = PLUGINS[name]
    pytest.importorskip(plugin.module)
    if name == "pytest-subtests" and VERSION >= (9, 0):
        pytest.skip("pytest has subtests of its own")
    write(tmp_path, test_it=plugin.suite, settings=SETTINGS)
    without = plain(*WORKERS, *plugin.arguments, cwd=tmp_path)
    if "running the test EXITED with status 3" in without.stdout:
        pytest.skip("this release of pytest-forked reports each test as crashed, in a worker of pytest 9")
    serial = observed("-q", *plugin.arguments, cwd=tmp_path)
    parallel = observed(*WORKERS, *plugin.arguments, cwd=tmp_path)
    assert outcomes(parallel) == outcomes(serial) == plugin.verdicts
    assert parallel.verdicts() == serial.verdicts()
    assert {test: result["subtests"] for test, result in parallel.by_id().items()} == {
        test: result["subtests"] for test, result in serial.by_id().items()
    }
    assert parallel.code == without.code
    assert {result["worker"] for result in parallel.results} <= {"gw0", "gw1"}
    assert (summed_up(parallel)["complete"], summed_up(parallel)["warnings"]) == (True, [])


# -- what they do in workers only ---


def test_reruns(tmp_path: Path) -> None:
    pytest.importorskip("pytest_rerunfailures")
    test_it = """
        runs = []
        def test_passes_at_last():
            runs.append(1)
            assert len(runs) == 3

        def test_fails_each_time():
            assert False
    """
    done = observed(*WORKERS, "-p", "pytest_rerunfailures", "--reruns=2", cwd=write(tmp_path, test_it=test_it))
    found = {result["name"]: result for result in done.results}
    assert outcomes(done) == {"test_passes_at_last": "passed", "test_fails_each_time": "failed"}
    assert {name: (result["attempts"], result["flaky"]) for name, result in found.items()} == {
        "test_passes_at_last": (3, True),
        "test_fails_each_time": (3, False),
    }


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_attempt_that_crashed_its_worker_counts(tmp_path: Path) -> None:
    reruns = pytest.importorskip("pytest_rerunfailures")
    if not hasattr(reruns, "works_with_current_xdist") or VERSION < (7, 0):
        pytest.skip("this release does not run it again")
    test_it = """
        import os
        def test_kills_its_worker_once(request):
            if not os.path.exists("killed"):
                open("killed", "w").close()
                # What the worker has told the plugin of its reruns is read there once it has answered a question.
                request.config.failures_db.get_test_reruns(request.node.nodeid)
                os._exit(1)
        def test_passes(): pass
    """
    arguments = (*WORKERS, "-p", "pytest_rerunfailures", "--reruns=2")
    done = observed(*arguments, cwd=write(tmp_path, test_it=test_it))
    found = {result["name"]: result for result in done.results}
    assert outcomes(done) == {"test_kills_its_worker_once": "passed", "test_passes": "passed"}
    assert (found["test_kills_its_worker_once"]["attempts"], found["test_passes"]["attempts"]) == (2, 1)
    assert summed_up(done)["complete"] is True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("method, outcome", [("signal", "failed"), ("thread", "crashed")])
def test_timeouts(method: str, outcome: str, tmp_path: Path) -> None:
    pytest.importorskip("pytest_timeout")
    write(tmp_path, test_it="import time\ndef test_slow(): time.sleep(60)\ndef test_next(): pass\n")
    arguments = (*WORKERS, "-p", "pytest_timeout", "--timeout=0.2", f"--timeout-method={method}")
    assert outcomes(observed(*arguments, cwd=tmp_path)) == {"test_slow": outcome, "test_next": "passed"}


def test_coverage_is_as_without_us(tmp_path: Path) -> None:
    pytest.importorskip("pytest_cov")
    write(tmp_path, test_it=FINE, calc="def never():\n    return 1\n")
    arguments = (*WORKERS, "-p", "pytest_cov", "--cov=.", "--cov-report=term")
    done, without = observed(*arguments, cwd=tmp_path), plain(*arguments, cwd=tmp_path)

    def total(done: Run) -> List[str]:
        return [line for line in done.stdout.splitlines() if line.startswith("TOTAL")]

    assert total(done) == total(without) != []
    assert len(done.results) == 6
    assert summed_up(done)["warnings"] == []


def test_asynchronous_tests_in_random_order(tmp_path: Path) -> None:
    pytest.importorskip("pytest_asyncio")
    pytest.importorskip("pytest_randomly")
    test_it = FINE + "\n    @pytest.mark.asyncio\n    async def test_waits():\n        assert False\n"
    arguments = (*WORKERS, "-p", "pytest_asyncio.plugin", "-p", "pytest_randomly")
    done = observed(*arguments, cwd=write(tmp_path, test_it=test_it))
    assert len(done.by_id()) == 7
    assert outcomes(done)["test_waits"] == "failed"


def test_each_worker_has_its_own_database(tmp_path: Path) -> None:
    pytest.importorskip("pytest_django")
    settings = """
        SECRET_KEY = "x"
        INSTALLED_APPS = ["django.contrib.contenttypes"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "x.db", "TEST": {"NAME": "test.db"}}}
        USE_TZ = True
    """
    test_it = """
        import pytest
        import trim_telemetry
        from django.contrib.contenttypes.models import ContentType
        from django.db import connection

        @pytest.mark.django_db
        @pytest.mark.parametrize("number", range(6))
        def test_writes(number):
            ContentType.objects.create(app_label="app", model="model")
            trim_telemetry.annotate("database", connection.settings_dict["NAME"])
    """
    arguments = (*WORKERS, "-p", "pytest_django.plugin", "--ds=settings")
    done = observed(*arguments, cwd=write(tmp_path, test_it=test_it, settings=settings))
    assert [result["outcome"] for result in done.results] == ["passed"] * 6
    databases = {(result["worker"], result["metadata"]["database"][-3:]) for result in done.results}
    assert databases == {("gw0", "gw0"), ("gw1", "gw1")}
    assert summed_up(done)["warnings"] == []


@pytest.mark.skipif(VERSION < (9, 0), reason="pytest has no subtests of its own")
def test_subtests(tmp_path: Path) -> None:
    test_it = """
        def test_one_fails(subtests):
            for number in range(3):
                with subtests.test(number=number):
                    assert number != 1
    """
    done = observed(*WORKERS, cwd=write(tmp_path, test_it=test_it))
    assert outcomes(done) == {"test_one_fails": "failed"}
    assert done.results[0]["subtests"]["count"] == 3
    assert [entry["name"] for entry in done.results[0]["subtests"]["failed"]] == ["(number=1)"]
