"""The Django door: what is in a record, what settings do, and how a run may end."""

import os
import signal
import textwrap
from pathlib import Path

import pytest

from tests.support import Run, environment, read_file, run

django = pytest.importorskip("django")

PROJECT = Path(__file__).parent / "conformance" / "probes" / "django_project"
RUNNER = "--testrunner=trim_telemetry.django_runner.TrimTelemetryRunner"
needs_signals = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


def manage(*arguments: str, runner: str = RUNNER, **changes: str) -> Run:
    """Run `manage.py test` in the probe project."""
    return run("manage.py", "test", runner, *arguments, cwd=PROJECT, env=environment(**changes))


def test_in(folder: Path, body: str, name: str = "test_made") -> str:
    """Write a test module into a folder of its own; return its label."""
    text = f"import os, signal\nfrom django.test import SimpleTestCase\n{textwrap.dedent(body)}"
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return str(folder)


test_in.__test__ = False  # pytest would collect it


def test_a_record_tells_tags_fixture_files_and_where_the_test_is():
    by_id = manage("shelf.test_verdicts", "shelf.test_database").by_id()
    record = by_id["shelf.test_verdicts.Verdicts.test_async_passes"]
    assert record["tags"] == ["core", "plain", "slow"]
    assert (record["name"], record["class"], record["module"]) == (
        "test_async_passes",
        "Verdicts",
        "shelf.test_verdicts",
    )
    assert (record["file"], record["line"]) == ("shelf/test_verdicts.py", 29)
    assert record["metadata"] == {"framework": "django"}
    assert [(log["logger"], log["message"]) for log in record["logs"]] == [("shelf", "careful")]
    assert by_id["shelf.test_database.Books.test_reads"]["fixtures"] == ["books.json"]
    assert by_id["shelf.test_verdicts.Verdicts.test_passes"]["tags"] == ["plain"]


def test_shared_setup_of_a_class_is_in_the_summary_and_in_no_test():
    done = manage("shelf.test_database")
    assert "shelf.test_database.Books" in [entry["name"] for entry in done.summary["shared_setup"]]
    assert {record["shared_setup"] for record in done.results} == {None}


def test_summary_names_django_and_its_version():
    shown = manage("shelf.test_database").summary["environment"]
    assert (shown["framework"], shown["framework_version"]) == ("django", django.get_version())


def test_a_failure_in_djangos_own_set_up_has_no_time_and_its_phase():
    by_id = manage("shelf.test_framework").by_id()
    before = by_id["shelf.test_framework.Before.test_never"]
    assert (before["duration"], before["failure"]["phase"]) == (None, "setup")
    behind = by_id["shelf.test_framework.Behind.test_passes"]
    assert behind["duration"] > 0.0
    assert behind["failure"]["phase"] == "teardown"
    assert by_id["shelf.test_framework.Behind.test_fails"]["failure"]["others"] == 1


def test_rerun_runs_exactly_that_test():
    record = manage("shelf.test_verdicts", "-k", "test_errors").results[0]
    assert record["rerun"] == ["shelf.test_verdicts.Verdicts.test_errors"]
    assert [again["id"] for again in manage(*record["rerun"]).results] == [record["id"]]


def test_rerun_of_a_test_that_only_discovery_finds_is_discovery_narrowed_down():
    record = manage("extra", "--pattern", "test_un*.py").results[0]
    assert record["rerun"] == ["extra", "-p", "test_un*.py", "-k", "*test_unimportable.Outside.test_one"]
    assert [again["id"] for again in manage(*record["rerun"]).results] == [record["id"]]


def test_annotations_of_a_test_are_in_its_record(tmp_path):
    body = """
        import trim_telemetry
        class T(SimpleTestCase):
            def test_annotated(self):
                trim_telemetry.annotate("ticket", 7)
    """
    assert manage(test_in(tmp_path, body)).results[0]["metadata"] == {"framework": "django", "ticket": "7"}


def test_every_setting_is_an_option_of_the_command(tmp_path):
    path = tmp_path / "{run_id}.ndjson"
    done = manage(f"--trim-file={path}", "--trim-run-id", "seven", "--trim-stdout=off", "shelf.test_database")
    assert done.results == [] and done.summary is None
    assert '"run_id": "seven"' in (tmp_path / "seven.ndjson").read_text()


def test_options_are_told_by_help():
    plain = run("manage.py", "test", "--help", cwd=PROJECT, env=environment(COLUMNS="100"))
    done = run("manage.py", "test", RUNNER, "--help", cwd=PROJECT, env=environment(COLUMNS="100"))
    assert done.code == 0 and done.summary is None
    assert "--trim-slow-test-ms" in done.stdout and "--trim-" not in plain.stdout


@pytest.mark.parametrize(
    "arguments, variables, named",
    [
        (["--trim-max-logs=many"], {}, "--trim-max-logs"),
        ([], {"TRIM_STDOUT": "perhaps"}, "TRIM_STDOUT"),
        (["--trim-file=/dev/null/no/such/folder"], {}, "/dev/null"),
    ],
)
def test_a_bad_setting_is_one_line_and_code_2_before_any_database(arguments, variables, named):
    done = manage("-v", "2", *arguments, "shelf.test_database", **variables)
    assert done.code == 2
    assert done.stderr.count("\n") == 1 and named in done.stderr
    assert "Creating test database" not in done.stdout + done.stderr
    assert done.results == [] and done.summary is None


def test_runner_of_the_settings_is_observed_like_one_of_the_command_line(tmp_path):
    (tmp_path / "own.py").write_text(
        "from probe.settings import *\nTEST_RUNNER = 'trim_telemetry.django_runner.TrimTelemetryRunner'\n"
    )
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    done = manage("shelf.test_database", runner="--settings=own", PYTHONPATH=path)
    assert done.summary["passed_tests"] == 3


def test_mixin_leaves_a_projects_own_runner_its_options_and_its_result():
    done = manage(
        "--settings=probe.custom", "--loud", "shelf.test_database", runner="--testrunner=probe.custom.MixedRunner"
    )
    assert done.summary["passed_tests"] == 3
    assert "loud: probe.custom" in done.stdout
    assert "hello from LoudResult" in done.stdout


def test_exit_code_is_the_runners_own_for_unexpected_successes(tmp_path):
    body = """
        import unittest
        class T(SimpleTestCase):
            @unittest.expectedFailure
            def test_unexpected(self):
                pass
    """
    done = manage(test_in(tmp_path, body))
    assert done.code == done.summary["exit_code"] == (1 if django.VERSION >= (4, 1) else 0)
    assert done.summary["failed_tests"] == 1


def test_an_empty_run_has_a_summary():
    done = manage("--tag", "no_such_tag", "shelf.test_verdicts")
    assert (done.code, done.summary["total_tests"], done.summary["exit_code"]) == (0, 0, 0)


@pytest.mark.parametrize(
    "settings, reason",
    [
        ("DATABASES['default']['TEST'] = {'NAME': '/no/such/folder/database'}", "internal_error: "),
        ("INSTALLED_APPS = [*INSTALLED_APPS, 'checked']", "internal_error: SystemCheckError: "),
    ],
)
def test_what_stops_the_run_is_in_the_summary(settings, reason, tmp_path):
    (tmp_path / "own.py").write_text(f"from probe.settings import *\n{settings}\n")
    (tmp_path / "checked.py").write_text(
        "from django.core import checks\n"
        "@checks.register\n"
        "def fails(app_configs, **kwargs):\n"
        "    return [checks.Error('not so')]\n"
    )
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    done = manage("--settings=own", "shelf.test_database", PYTHONPATH=path)
    plain = manage("--settings=own", "shelf.test_database", runner="--no-input", PYTHONPATH=path)
    assert done.code == plain.code == done.summary["exit_code"] == 1
    assert done.summary["exit_reason"].startswith(reason)
    assert done.summary["complete"] is False or done.summary["collected_tests"] is None
    assert "trim_telemetry" not in done.stderr  # the traceback has no frames of ours


TWO_TESTS = """
    class T(SimpleTestCase):
        def test_1(self):
            {}
        def test_2(self):
            pass
"""


@needs_signals
def test_the_first_ctrl_c_ends_the_run_behind_the_test_as_django_has_it(tmp_path):
    label = test_in(tmp_path, TWO_TESTS.format("os.kill(os.getpid(), signal.SIGINT)"))
    done, plain = manage(label), manage(label, runner="--no-input")
    assert done.code == plain.code == done.summary["exit_code"]
    assert list(done.verdicts().values()) == ["passed/passed"]
    assert done.summary["interrupted_by"] == "SIGINT"
    assert (done.summary["not_run_tests"], done.summary["complete"]) == (1, False)


def test_failfast_is_no_interruption(tmp_path):
    done = manage("--failfast", test_in(tmp_path, TWO_TESTS.format("self.fail()")))
    assert done.summary["interrupted_by"] is None
    assert (done.summary["not_run_tests"], done.summary["exit_reason"]) == (1, "tests_failed")


def test_a_keyboard_interrupt_in_a_test_ends_the_process_as_it_would_without_us(tmp_path):
    label = test_in(tmp_path, TWO_TESTS.format("raise KeyboardInterrupt"))
    done, plain = manage(label), manage(label, runner="--no-input")
    assert done.code == plain.code
    assert list(done.verdicts().values()) == ["error/interrupted"]
    assert (done.summary["interrupted_by"], done.summary["exit_code"]) == ("SIGINT", 130)


@needs_signals
def test_sigterm_in_a_test_leaves_a_summary_and_kills_as_before(tmp_path):
    done = manage(test_in(tmp_path, TWO_TESTS.format("os.kill(os.getpid(), signal.SIGTERM)")))
    assert done.code == -signal.SIGTERM
    assert list(done.verdicts().values()) == ["error/interrupted"]
    assert (done.summary["interrupted_by"], done.summary["not_run_tests"]) == ("SIGTERM", 1)


def test_a_runner_within_another_run_makes_no_records(tmp_path):
    """pytest and unittest have doors of their own: what their tests run is theirs."""
    (tmp_path / "test_outer.py").write_text(
        "import django.conf, unittest\n"
        "class Outer(unittest.TestCase):\n"
        "    def test_runs_a_runner(self):\n"
        "        django.conf.settings.configure(DATABASES={}, INSTALLED_APPS=[])\n"
        "        django.setup()\n"
        "        from trim_telemetry.django_runner import TrimTelemetryRunner\n"
        "        self.assertEqual(TrimTelemetryRunner(verbosity=0).run_tests(['inner']), 1)\n"
    )
    (tmp_path / "inner.py").write_text(
        "import unittest\nclass Inner(unittest.TestCase):\n    def test_fails(self):\n        self.fail()\n"
    )
    done = run("-m", "trim_telemetry.unittest_instrumentation", "test_outer", cwd=tmp_path)
    assert done.verdicts() == {"test_outer.Outer.test_runs_a_runner": "passed/passed"}


def test_two_runs_in_one_process_are_two_runs(tmp_path):
    (tmp_path / "script.py").write_text(
        "import django\n"
        "django.setup()\n"
        "from trim_telemetry.django_runner import TrimTelemetryRunner\n"
        "for label in ('shelf.test_database.Books', 'shelf.test_database.Committed'):\n"
        "    TrimTelemetryRunner(trim_file=label + '.ndjson', trim_run_id=label).run_tests([label])\n"
    )
    path = os.pathsep.join([str(PROJECT), environment()["PYTHONPATH"]])
    env = environment(DJANGO_SETTINGS_MODULE="probe.settings", PYTHONPATH=path, TRIM_STDOUT="off")
    assert run("script.py", cwd=tmp_path, env=env).code == 0
    for label, count in (("shelf.test_database.Books", 3), ("shelf.test_database.Committed", 1)):
        summary = read_file(tmp_path / f"{label}.ndjson")[-1]
        assert (summary["run_id"], summary["total_tests"], summary["complete"]) == (label, count, True)
