"""The Django door for scripts: which runners it observes, what it takes out of the command line, how it ends."""

import os
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support import Run, environment, run

django = pytest.importorskip("django")

PROJECT = Path(__file__).parent / "conformance" / "probes" / "django_project"
DOOR = ("-m", "trim_telemetry.django_instrumentation")


def through(*arguments: str, **changes: str) -> Run:
    """Run a script of the probe project through the door."""
    return run(*DOOR, *arguments, cwd=PROJECT, env=environment(**changes))


def same_as_plain(*arguments: str, cwd: Path = PROJECT, env=None) -> Run:
    """Run a script plain and through the door: both must look and end alike."""
    plain = run(*arguments, cwd=cwd, env=env)
    done = run(*DOOR, *arguments, cwd=cwd, env=env)
    assert (done.code, done.stdout, done.stderr) == (plain.code, plain.stdout, plain.stderr)
    return done


def write(path: Path, body: str) -> str:
    """Write a script; return its path."""
    path.write_text(textwrap.dedent(body), encoding="utf-8")
    return str(path)


def test_settings_name_the_settings_module():
    for settings in (["--settings=probe.custom"], ["--settings", "probe.custom"]):
        done = through(*settings, "manage.py", "test", "shelf.test_database")
        assert "hello from LoudResult" in done.stdout
        assert done.summary["passed_tests"] == 3


def test_our_options_may_stand_before_and_behind_the_script_and_are_taken_out(tmp_path):
    path = tmp_path / "run.ndjson"
    done = through(f"--trim-file={path}", "manage.py", "test", "--trim-stdout", "off", "shelf.test_database")
    assert done.code == 0
    assert done.results == [] and done.summary is None
    assert '"record_type": "run_summary"' in path.read_text().splitlines()[-1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_sigterm_before_a_runner_is_there_writes_the_summary_and_kills(tmp_path):
    script = write(tmp_path / "script.py", "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nsignal.pause()\n")
    done = through(script)
    assert (done.code, done.stdout, done.stderr) == (-signal.SIGTERM, "", "")
    assert (done.summary["exit_code"], done.summary["interrupted_by"]) == (128 + signal.SIGTERM, "SIGTERM")


def test_private_variables_are_gone_when_the_script_starts(tmp_path):
    script = write(
        tmp_path / "script.py",
        "import os\nprint([name for name in os.environ if name.startswith('TRIM') and name != 'TRIM_COVERAGE'])",
    )
    done = through(script, TRIM_RUN_ID="mine", TRIM_FILE=str(tmp_path / "run.ndjson"))
    assert done.stdout == "[]\n"
    assert done.summary["run_id"] == "mine"


@pytest.mark.parametrize("runner", ["probe.custom.LoudRunner", "probe.custom.MixedRunner"])
def test_a_projects_own_runner_is_mixed_into_and_keeps_its_name_options_and_result(runner):
    done = through(
        "--settings=probe.custom", "manage.py", "test", f"--testrunner={runner}", "--loud", "shelf.test_database"
    )
    assert done.summary["passed_tests"] == 3
    assert "loud: probe.custom " in done.stdout
    assert "hello from LoudResult" in done.stdout


def test_a_result_class_that_descends_from_nothing_is_left_alone_and_the_summary_says_so():
    done = through("manage.py", "test", "--testrunner=probe.custom.ForeignRunner", "shelf.test_database")
    assert done.code == 0 and "passed: 3" in done.stdout
    assert done.results == []
    assert [text.partition(":")[0] for text in done.summary["warnings"]] == ["result-not-observed"]
    assert done.summary["complete"] is False


def test_a_runner_that_a_script_makes_by_hand_is_observed_and_all_its_runs_are_one():
    plain = run("runtests.py", cwd=PROJECT)
    done = through("runtests.py")
    assert done.code == plain.code == 0
    assert done.summary["total_tests"] == done.summary["collected_tests"] == 7
    assert done.summary["skipped_tests"] == 4
    assert done.by_id()["shelf.test_verdicts.Skips.test_decorated"]["status"] == "skipped"


def test_exit_code_is_the_scripts_and_not_the_runners(tmp_path):
    script = """
        import os, sys
        sys.path.insert(0, os.getcwd())
        import django
        django.setup()
        from django.test.runner import DiscoverRunner
        failures = DiscoverRunner().run_tests([sys.argv[1]])
        sys.exit({})
    """
    env = environment(DJANGO_SETTINGS_MODULE="probe.settings")
    ignored = write(tmp_path / "ignored.py", script.format(0))
    done = run(*DOOR, ignored, "shelf.test_verdicts.Verdicts.test_fails", cwd=PROJECT, env=env)
    assert (done.code, done.summary["exit_code"], done.summary["exit_reason"]) == (0, 0, None)
    other = write(tmp_path / "other.py", script.format(3))
    done = run(*DOOR, other, "shelf.test_verdicts.Verdicts.test_passes", cwd=PROJECT, env=env)
    assert (done.code, done.summary["exit_code"], done.summary["exit_reason"]) == (3, 3, "system_exit")
    counted = write(tmp_path / "counted.py", script.format("failures"))
    done = run(*DOOR, counted, "shelf.test_verdicts.Cleanups", cwd=PROJECT, env=env)
    assert (done.code, done.summary["exit_code"], done.summary["exit_reason"]) == (4, 4, "tests_failed")


@pytest.mark.parametrize(
    "arguments", [["test", "--help"], ["help", "test"], ["--version"], ["version"], []], ids=" ".join
)
def test_help_and_versions_are_plain_and_write_nothing(arguments):
    done = same_as_plain("manage.py", *(arguments or ["help"]))
    assert done.summary is None


def test_a_script_without_a_test_run_has_a_summary_that_says_so():
    done = through("manage.py", "check")
    assert (done.code, done.summary["exit_code"], done.summary["exit_reason"]) == (0, 0, "no_tests")
    assert (done.summary["total_tests"], done.summary["collected_tests"]) == (0, None)


@pytest.mark.parametrize(
    "arguments, code, reason",
    [
        (["manage.py", "test", "--no-such-option"], 2, "usage"),
        (["--settings=no.such.settings", "manage.py", "test"], 1, "internal_error: ModuleNotFoundError: "),
    ],
)
def test_a_script_that_fails_before_its_first_test_has_a_summary(arguments, code, reason):
    done = through(*arguments)
    assert done.code == done.summary["exit_code"] == code
    assert done.summary["exit_reason"].startswith(reason)


@pytest.mark.parametrize(
    "arguments, told",
    [
        ([], "SCRIPT"),
        (["--settings"], "--settings"),
        (["--no-such-option", "manage.py"], "--no-such-option"),
        (["no_such_script.py", "test"], "no_such_script.py"),
        (["--trim-nonsense", "1", "manage.py"], "--trim-nonsense"),
        (["--trim-max-logs=many", "manage.py", "test"], "--trim-max-logs"),
        (["--trim-file=/dev/null/no/such/folder", "manage.py", "test"], "/dev/null/no/such/folder can't be made: "),
        (
            ["--settings=probe.custom", "manage.py", "test", "--testrunner=probe.custom.OtherRunner"],
            "pytest_instrumentation",
        ),
    ],
)
def test_what_can_not_be_run_is_one_line_and_code_2(arguments, told):
    done = through(*arguments)
    assert done.code == 2
    assert done.stderr.count("\n") == 1 and told in done.stderr
    assert done.results == []


def test_own_help_names_the_arguments():
    done = through("--help")
    assert done.code == 0
    assert "[--settings=MODULE] SCRIPT [ARGS]" in done.stdout


def test_without_django_one_line_says_what_to_install(tmp_path):
    for body in ("import django", "print('no tests of Django')"):
        done = run("-S", *DOOR, write(tmp_path / "script.py", body), cwd=tmp_path)
        assert done.code == 2
        assert done.stderr.count("\n") == 1 and "pip install trim-telemetry[django]" in done.stderr


def test_what_stops_a_run_is_shown_as_plain_django_shows_it(tmp_path):
    write(
        tmp_path / "own.py",
        "from probe.settings import *\nDATABASES['default']['TEST'] = {'NAME': '/no/such/folder/x'}\n",
    )
    path = os.pathsep.join([str(tmp_path), environment()["PYTHONPATH"]])
    env = environment(DJANGO_SETTINGS_MODULE="own", PYTHONPATH=path)
    plain = run("manage.py", "test", "shelf.test_database", cwd=PROJECT, env=env)
    done = run(*DOOR, "manage.py", "test", "shelf.test_database", cwd=PROJECT, env=env)
    assert (done.code, done.stdout, done.stderr) == (plain.code, plain.stdout, plain.stderr)
    assert done.summary["exit_reason"].startswith("internal_error: OperationalError: ")


def test_import_system_is_left_as_it_was(tmp_path):
    script = """
        import os, sys
        sys.path.insert(0, os.getcwd())
        before = list(sys.meta_path)
        import django
        django.setup()
        import django.test.runner, django.test.utils
        for module in (django.test.runner, django.test.utils):
            print(type(module.__spec__.loader).__name__, sorted(vars(module.__spec__.loader)))
        print(sum("trim_telemetry" in type(finder).__module__ for finder in sys.meta_path))
        print(django.test.utils.get_runner.__qualname__)
    """
    # Else a watch for what reaches out stays there, until the end of the process.
    env = environment(DJANGO_SETTINGS_MODULE="probe.settings", TRIM_NETWORK="off")
    same_as_plain(write(tmp_path / "script.py", script), cwd=PROJECT, env=env)


def test_django_is_the_one_that_the_script_means(tmp_path):
    """A Django beside the script is found first, as plain Python does it; ours is not imported before."""
    (tmp_path / "django").mkdir()
    write(tmp_path / "django" / "__init__.py", "def get_version():\n    return '0.1'\nprint('here')\n")
    script = write(tmp_path / "script.py", "import sys\nprint('django' in sys.modules)\nimport django\n")
    done = run(*DOOR, script, cwd=tmp_path.parent)
    assert done.stdout == "False\nhere\n"
    assert done.summary["environment"]["framework_version"] == "0.1"
