"""The plugin in its host: every ending, every mode, beside other plugins, and asleep."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any, Dict, Set, Tuple

import pytest

from .pytest_doors import DOORS, PLUGIN, VERSION, install, observed, plain, screen, through, write
from .support import ROOT, environment, read_file, run

PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: Any) -> Path:
    return install(tmp_path_factory.mktemp("site"))


# -- endings ---

CONFTEST_RAISES = {"test_it": PASSES, "conftest": "raise RuntimeError('broken conftest')"}
HOOK_RAISES = """
    def pytest_runtest_logreport(report):
        if report.when == "call":
            raise RuntimeError("hook")
"""
STOPS = """
    sessions = []

    def pytest_sessionstart(session):
        sessions.append(session)

    def pytest_runtest_logfinish():
        sessions[0].shouldstop = "enough"
"""
# {name: (files, arguments, exit code, exit reason, who interrupted)}
ENDINGS: Dict[str, Tuple[Dict[str, str], Tuple[str, ...], int, Any, Any]] = {
    "all pass": ({"test_it": PASSES}, (), 0, None, None),
    "one fails": ({"test_it": PASSES + FAILS}, (), 1, "tests_failed", None),
    "stops at the first failure": ({"test_it": FAILS + PASSES}, ("-x",), 1, "tests_failed", None),
    "no tests": ({"test_it": ""}, (), 5, "no_tests", None),
    "none left": ({"test_it": PASSES}, ("-k", "nothing"), 5, "no_tests", None),
    "a path that is not there": ({"test_it": PASSES}, ("missing.py",), 4, "usage", None),
    "exit while configuring": (
        {"test_it": PASSES, "conftest": "import pytest\ndef pytest_configure(): pytest.exit('enough')"},
        (),
        2,
        "interrupted",
        "Exit: enough",
    ),
    "usage error while configuring": (
        {"test_it": PASSES, "conftest": "import pytest\ndef pytest_configure(): raise pytest.UsageError('no')"},
        (),
        4,
        "usage",
        None,
    ),
    "exit in a test": (
        {"test_it": "import pytest\ndef test_exits(): pytest.exit('enough')\ndef test_after(): pass"},
        (),
        2,
        "interrupted",
        "Exit: enough",
    ),
    "exit in a test with a code": (
        {"test_it": "import pytest\ndef test_exits(): pytest.exit('enough', returncode=33)"},
        (),
        33,
        "interrupted",
        "Exit: enough",
    ),
    "exit with a code that no process ends with": (
        {"test_it": "import pytest\ndef test_exits(): pytest.exit('enough', returncode=-1)"},
        (),
        255,
        "interrupted",
        "Exit: enough",
    ),
    "exit that means success": (
        {"test_it": PASSES + "import pytest\ndef test_exits(): pytest.exit('enough', returncode=0)"},
        (),
        0,
        None,
        "Exit: enough",
    ),
    "exit at the end": (
        {"test_it": PASSES, "conftest": "import pytest\ndef pytest_sessionfinish(): pytest.exit('late', returncode=9)"},
        (),
        9,
        "plugin",
        None,
    ),
    "a conftest that changes the code": (
        {"test_it": PASSES, "conftest": "def pytest_sessionfinish(session): session.exitstatus = 7"},
        (),
        7,
        "plugin",
        None,
    ),
    "a conftest that makes good": (
        {"test_it": FAILS, "conftest": "def pytest_sessionfinish(session): session.exitstatus = 0"},
        (),
        0,
        None,
        None,
    ),
    "a plugin that raises at the end": (
        {"test_it": PASSES, "conftest": "def pytest_sessionfinish(): raise RuntimeError('late')"},
        (),
        1,
        "plugin",
        None,
    ),
    "a plugin that raises after the end": (
        {"test_it": PASSES, "conftest": "def pytest_unconfigure(): raise RuntimeError('later')"},
        (),
        1,
        "plugin",
        None,
    ),
    "a hook that raises in mid-test": (
        {"test_it": PASSES, "conftest": HOOK_RAISES},
        (),
        3,
        "internal_error",
        "INTERNALERROR: RuntimeError: hook",
    ),
    "Ctrl-C while collecting": (
        {"test_it": "raise KeyboardInterrupt"},
        (),
        2,
        *(("interrupted", "SIGINT") if VERSION >= (8, 0) else ("collection_errors", None)),  # once no Ctrl-C to pytest
    ),
    "stopped between tests": (
        {"test_it": PASSES + FAILS, "conftest": STOPS},
        (),
        2,
        "interrupted",
        "Interrupted: enough",
    ),
}


@pytest.mark.parametrize("door", ["module", "plugin"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_summary_ends_as_the_process_does(ending: str, door: str, tmp_path: Path) -> None:
    files, arguments, code, reason, interrupted_by = ENDINGS[ending]
    done = through(door, "-q", *arguments, cwd=write(tmp_path, **files), installed=tmp_path)
    assert done.summary is not None
    assert (done.code, done.summary["exit_code"]) == (code, code)
    assert (done.summary["exit_reason"], done.summary["interrupted_by"]) == (reason, interrupted_by)
    assert done.summary["warnings"] == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_exit_code_is_plain_pytests(ending: str, tmp_path: Path) -> None:
    files, arguments, code, _, _ = ENDINGS[ending]
    assert plain("-q", *arguments, cwd=write(tmp_path, **files)).code == code


# What ends a run before pytest has asked any plugin: only our own command line can write a summary then.
BEFORE_US: Dict[str, Tuple[Dict[str, str], Tuple[str, ...], str]] = {
    "an unknown option": ({"test_it": PASSES}, ("--no-such-option",), "usage"),
    "a broken conftest": (CONFTEST_RAISES, (), "usage"),
    "a conftest that leaves": ({"test_it": PASSES, "conftest": "raise SystemExit(12)"}, (), "plugin"),
}


@pytest.mark.parametrize("ending", BEFORE_US)
def test_own_door_writes_a_summary_even_where_pytest_never_starts(ending: str, tmp_path: Path) -> None:
    files, arguments, reason = BEFORE_US[ending]
    write(tmp_path, **files)
    done, without = observed(*arguments, cwd=tmp_path), plain(*arguments, cwd=tmp_path)
    assert done.summary is not None
    assert done.code == without.code == done.summary["exit_code"]
    assert (done.summary["exit_reason"], done.summary["total_tests"]) == (reason, 0)
    assert (done.summary["collected_tests"], done.summary["complete"]) == (None, False)
    assert through("plugin", *arguments, cwd=tmp_path, installed=tmp_path).code == without.code


@pytest.mark.parametrize("arguments, code", [((), 2), (("-x",), 1)])
def test_run_without_a_test_is_not_complete_where_a_file_could_not_be_collected(
    arguments: Tuple[str, ...], code: int, tmp_path: Path
) -> None:
    done = observed(
        "-q", *arguments, cwd=write(tmp_path, test_it="import no_such_module", test_other=PASSES * bool(arguments))
    )
    assert done.summary is not None
    assert (done.code, done.summary["complete"]) == (code, False)


def test_too_many_warnings_are_named(tmp_path: Path) -> None:
    if VERSION < (9, 1):
        pytest.skip("pytest has no --max-warnings")
    write(tmp_path, test_it="import warnings\ndef test_warns(): warnings.warn('one')\n")
    done = observed("-q", "--max-warnings=0", cwd=tmp_path)
    assert done.summary is not None
    assert (done.code, done.summary["exit_code"], done.summary["exit_reason"]) == (6, 6, "too_many_warnings")


KILLED = """
    import os, signal, time

    def test_before(): pass

    def test_killed():
        os.kill(os.getpid(), signal.{signal})
        time.sleep(30)

    def test_after(): pass
"""


@pytest.mark.parametrize("door", ["module", "plugin"])
@pytest.mark.parametrize("name, code, shown", [("SIGINT", 2, 2), ("SIGTERM", -signal.SIGTERM, 128 + signal.SIGTERM)])
def test_signal_interrupts_the_test_in_flight(name: str, code: int, shown: int, door: str, tmp_path: Path) -> None:
    write(tmp_path, test_it=KILLED.format(signal=name))
    done = through(door, "-q", cwd=tmp_path, installed=tmp_path)
    assert done.summary is not None
    assert done.code == code == plain("-q", cwd=tmp_path).code
    assert done.verdicts() == {
        "test_it.py::test_before": "passed/passed",
        "test_it.py::test_killed": "error/interrupted",
    }
    assert done.results[1]["reason"] == name
    assert [done.summary[key] for key in ("exit_code", "exit_reason", "interrupted_by")] == [shown, "interrupted", name]
    assert (done.summary["not_run_tests"], done.summary["complete"]) == (1, False)


@pytest.mark.parametrize(
    "ending, reason",
    [
        ("import pytest; pytest.exit('enough')", "Exit: enough"),
        ("raise KeyboardInterrupt", "SIGINT"),
    ],
)
def test_test_that_ends_the_run_is_interrupted(ending: str, reason: str, tmp_path: Path) -> None:
    write(tmp_path, test_it=f"def test_ends():\n    {ending}\n")
    done = observed("-q", cwd=tmp_path)
    assert done.verdicts() == {"test_it.py::test_ends": "error/interrupted"}
    assert done.results[0]["reason"] == reason


def test_internal_error_names_the_test_that_it_struck(tmp_path: Path) -> None:
    files, _, _, _, _ = ENDINGS["a hook that raises in mid-test"]
    done = observed("-q", cwd=write(tmp_path, **files))
    assert done.verdicts() == {"test_it.py::test_passes": "error/interrupted"}
    assert done.results[0]["reason"] == "INTERNALERROR: RuntimeError: hook"


# -- modes that run no tests ---


@pytest.mark.parametrize(
    "mode",
    [
        "--help",
        "--version",
        "--collect-only",
        "--fixtures",
        "--fixtures-per-test",
        "--markers",
        "--setup-plan",
        "--setup-only",
        "--cache-show",
    ],
)
def test_mode_that_runs_no_tests_writes_nothing(mode: str, tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    file = tmp_path / "records.ndjson"
    done = observed(mode, cwd=tmp_path, TRIM_FILE=str(file))
    assert (done.code, done.results, done.summary, file.exists()) == (0, [], None, False)


def test_help_is_pytests_with_our_options(tmp_path: Path) -> None:
    done, without = observed("--help", cwd=write(tmp_path)), plain("--help", "-p", PLUGIN, cwd=tmp_path)
    assert "--trim " in done.stdout and "--trim-file=" in done.stdout and "--trim-slow-test-ms=" in done.stdout
    assert done.stdout.splitlines()[1:] == without.stdout.splitlines()[1:]  # but for how pytest thinks it was called


def test_collection_that_fails_without_running_writes_nothing(tmp_path: Path) -> None:
    done = observed("--collect-only", cwd=write(tmp_path, test_it="import no_such_module_anywhere"))
    assert (done.code, done.results, done.summary) == (2, [], None)


# -- options of pytest's ---

TALKATIVE = """
    import logging
    import pytest

    def test_passes():
        print("out of a test")

    def test_fails():
        print("no newline", end="")
        logging.getLogger("suite").warning("logged")
        assert 1 == 2

    @pytest.mark.skip
    def test_skips(): pass

    @pytest.mark.parametrize("n", range(3))
    def test_many(n): pass
"""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-q", "--strict-markers", "--strict-config", "-W", "error"),
        ("-qq", "-x", "--capture=sys"),
        ("-v", "-s", "--tb=short", "-l"),
        ("-vv", "-rA", "--import-mode=importlib"),
        ("--maxfail=1", "-k", "many or fails", "--import-mode=append"),
        ("-p", "no:terminal"),
        ("-p", "no:logging", "--capture=tee-sys"),
        ("-o", "log_cli=true", "--rootdir=.."),
        ("--setup-show",),
        ("--pdb",),
        ("test_it.py::test_fails", "test_it.py::test_many[1]"),
    ],
    ids=" ".join,
)
def test_option_does_what_it_does_without_us(arguments: Tuple[str, ...], tmp_path: Path) -> None:
    write(tmp_path, test_it=TALKATIVE)
    done, without = observed(*arguments, cwd=tmp_path), plain(*arguments, cwd=tmp_path)
    assert done.summary is not None
    assert (done.code, done.summary["exit_code"]) == (without.code, without.code)
    ours, theirs = screen(done), screen(without)
    assert "".join(ours.split()) == "".join(theirs.split())  # our lines break a line of dots
    assert done.stderr == without.stderr
    assert done.summary["warnings"] == []


def test_last_failed_is_pytests_own(tmp_path: Path) -> None:
    write(tmp_path, test_it=TALKATIVE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    first, second = observed("-q", cwd=tmp_path), observed("-q", "--lf", cwd=tmp_path)
    assert len(first.results) == 6
    assert second.verdicts() == {"test_it.py::test_fails": "failed/failed"}
    assert second.summary is not None and second.summary["collected_tests"] == 1


def test_ini_file_and_root_may_be_elsewhere(tmp_path: Path) -> None:
    write(tmp_path / "suite", check_it="def verify_it(): pass\n")
    os.remove(tmp_path / "suite" / "pytest.ini")
    (tmp_path / "other.ini").write_text("[pytest]\npython_files = check_*\npython_functions = verify_*\naddopts = -q\n")
    done = observed("-c", "other.ini", "--rootdir=.", "suite", cwd=tmp_path)
    assert done.verdicts() == {"suite/check_it.py::verify_it": "passed/passed"}
    assert done.results[0]["file"] == "suite/check_it.py"


def test_projects_conftest_and_plugins_stay(tmp_path: Path) -> None:
    write(
        tmp_path,
        test_it="def test_it(from_plugin): assert from_plugin == 1\n",
        a_plugin="import pytest\n@pytest.fixture\ndef from_plugin(): return 1\n",
        conftest="def pytest_report_header(): return 'conftest was here'\n",
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p a_plugin\n")
    done = observed(cwd=tmp_path)
    assert done.verdicts() == {"test_it.py::test_it": "passed/passed"}
    assert "conftest was here" in done.stdout


def test_no_warning_is_raised_on_the_way_in(tmp_path: Path, installed: Path) -> None:
    write(tmp_path, test_it=PASSES)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    arguments, variables = ("-q", "-W", "error"), {"PYTHONWARNINGS": "error::Warning"}
    if run("-m", "pytest", *arguments, cwd=tmp_path, env=environment(**variables)).code:
        pytest.skip("this pytest, or another plugin of it, itself warns on this Python")
    for door in DOORS:
        done = through(door, *arguments, cwd=tmp_path, installed=installed, **variables)
        assert done.code == 0, done.stderr
        assert "warning" not in done.stdout.lower()


REPORTS_LOADERS = """
    import sys

    def pytest_sessionfinish():
        loaders = {n: type(m.__loader__).__name__ for n, m in sys.modules.items() if n.startswith("trim_telemetry")}
        with open("rewritten", "w") as file:
            file.write(" ".join(name for name, loader in loaders.items() if loader == "AssertionRewritingHook"))
"""
WITH_THE_PLUGIN = {"", ".errors", ".config", ".pytest_plugin"}  # loaded before anybody knows whether a run is wanted


@pytest.mark.parametrize(
    "door, rewritten", [(("pytest", "--trim"), WITH_THE_PLUGIN), (("trim_telemetry.pytest_instrumentation",), set())]
)
def test_pytest_does_not_rewrite_modules_of_ours(
    door: Tuple[str, ...], rewritten: Set[str], tmp_path: Path, installed: Path
) -> None:
    write(tmp_path, test_it=PASSES, conftest=REPORTS_LOADERS)
    done = run("-m", *door, cwd=tmp_path, env=environment(PYTHONPATH=str(installed)))
    assert done.code == 0, screen(done)
    assert set((tmp_path / "rewritten").read_text().split()) <= {f"trim_telemetry{name}" for name in rewritten}


TELLS_OF_FINDERS = """
    import sys
    FINDERS = [type(finder).__name__ for finder in sys.meta_path]

    def test_finders():
        print(FINDERS, [type(finder).__name__ for finder in sys.meta_path])
"""


def test_finder_of_our_modules_is_gone_before_a_test_file_is_imported(tmp_path: Path, installed: Path) -> None:
    write(tmp_path, test_it=TELLS_OF_FINDERS)
    done = run("-m", "pytest", "--trim", "-s", cwd=tmp_path, env=environment(PYTHONPATH=str(installed)))
    assert "'AssertionRewritingHook'" in done.stdout
    assert "_OwnModules" not in done.stdout


# -- asleep ---

TELLS_OF_MODULES = """
    import sys

    def pytest_unconfigure():
        print("loaded:", sorted(name for name in sys.modules if name.startswith("trim_telemetry.")))
"""


@pytest.mark.parametrize("door", ["plugin", "entry point"])
def test_plugin_without_trim_is_asleep(door: str, tmp_path: Path, installed: Path) -> None:
    write(tmp_path, test_it=PASSES, conftest=TELLS_OF_MODULES)
    if door == "plugin":
        done = plain("-q", "--strict-markers", "-p", PLUGIN, cwd=tmp_path)
    else:
        done = run("-m", "pytest", "-q", "--strict-markers", cwd=tmp_path, env=environment(PYTHONPATH=str(installed)))
    assert (done.code, done.results, done.summary) == (0, [], None)
    loaded = {"trim_telemetry.config", "trim_telemetry.errors", "trim_telemetry.pytest_plugin"}
    assert f"loaded: {sorted(loaded)}" in done.stdout


@pytest.mark.parametrize("door", DOORS)
def test_bad_setting_is_a_usage_error_that_is_said_once(door: str, tmp_path: Path, installed: Path) -> None:
    write(tmp_path, test_it=PASSES)
    done = through(door, "-q", "--trim-max-logs=many", cwd=tmp_path, installed=installed)
    assert (done.code, done.results, done.summary) == (4, [], None)
    assert (done.stderr + done.stdout).count("--trim-max-logs: 'many' can't be used") == 1


def test_file_that_can_not_be_made_is_a_usage_error(tmp_path: Path) -> None:
    write(tmp_path, test_it=PASSES)
    done = observed("-q", f"--trim-file={tmp_path}/test_it.py/records.ndjson", cwd=tmp_path)
    assert (done.code, done.results, done.summary) == (4, [], None)
    said = f"trim-telemetry: file (--trim-file, TRIM_FILE): {tmp_path}/test_it.py/records.ndjson can't be made: "
    assert said in done.stderr


# -- beside another copy, and within itself ---


@pytest.fixture
def vendored(tmp_path: Path) -> str:
    """The name of a second copy of the package, in tmp_path."""
    shutil.copytree(ROOT / "trim_telemetry", tmp_path / "vendored_telemetry")
    return "vendored_telemetry"


@pytest.mark.parametrize("ours_first", [True, False])
def test_second_copy_stands_back(ours_first: bool, tmp_path: Path, vendored: str) -> None:
    write(tmp_path, test_it=PASSES + FAILS)
    plugins = [PLUGIN, f"{vendored}.pytest_plugin"] if ours_first else [f"{vendored}.pytest_plugin", PLUGIN]
    options = [word for plugin in plugins for word in ("-p", plugin)]
    path = os.pathsep.join([str(ROOT), str(tmp_path)])
    done = plain("-q", *options, "--trim", "--trim-max-logs=3", cwd=tmp_path, PYTHONPATH=path)
    assert done.verdicts() == {"test_it.py::test_passes": "passed/passed", "test_it.py::test_fails": "failed/failed"}
    assert done.summary is not None and done.summary["exit_code"] == done.code == 1


@pytest.mark.parametrize("door_is_vendored", [True, False])
def test_door_of_one_copy_and_plugin_of_another_write_one_stream(
    door_is_vendored: bool, tmp_path: Path, vendored: str
) -> None:
    write(tmp_path, test_it=PASSES + FAILS)
    door, plugin = ("trim_telemetry", vendored)[:: -1 if door_is_vendored else 1]
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = -p no:cacheprovider -p {plugin}.pytest_plugin --trim\n")
    env = environment(PYTHONPATH=os.pathsep.join([str(ROOT), str(tmp_path)]), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    done = run("-m", f"{door}.pytest_instrumentation", "-q", cwd=tmp_path, env=env)
    assert done.verdicts() == {"test_it.py::test_passes": "passed/passed", "test_it.py::test_fails": "failed/failed"}
    assert done.summary is not None and done.summary["exit_code"] == done.code == 1


NESTED = """
    import os
    import sys

    pytest_plugins = "pytester"

    def run_inner(testdir, run, *arguments):
        testdir.makepyfile("def test_inner(): print('inner'); assert False")
        return run("-p", "trim_telemetry.pytest_plugin", "--trim", *arguments)

    def test_in_process(testdir):
        assert run_inner(testdir, testdir.inline_run).ret == 1

    def test_in_process_usage_error(testdir):
        from trim_telemetry import pytest_instrumentation
        assert pytest_instrumentation.main(["--no-such-option"]) == 4

    def test_in_a_subprocess(testdir):
        assert "TRIM_FILE" not in os.environ and "TRIM_RUN_ID" not in os.environ
        done = run_inner(testdir, testdir.runpytest_subprocess)
        assert done.ret == 1
        assert "TEST_SUMMARY" in done.stdout.str()

    def test_after():
        pass
"""


def test_pytest_within_a_test_makes_no_records(tmp_path: Path) -> None:
    write(tmp_path, test_it=NESTED)
    file = tmp_path / "records.ndjson"
    done = observed("-q", cwd=tmp_path, TRIM_FILE=str(file), TRIM_RUN_ID="outer")
    names = ["test_in_process", "test_in_process_usage_error", "test_in_a_subprocess", "test_after"]
    assert done.verdicts() == {f"test_it.py::{name}": "passed/passed" for name in names}
    records = read_file(file)
    assert {record["run_id"] for record in records} == {"outer"}
    assert [record["record_type"] for record in records].count("test_result") == len(names)
    assert [record["record_type"] for record in records].count("run_summary") == 1


# -- plugins that change how tests run ---


RAISES = """
    import pytest

    def pytest_runtest_setup(item):
        if item.name == "test_setup":
            raise RuntimeError("a plugin's")

    def pytest_runtest_call(item):
        if item.name == "test_call":
            raise RuntimeError("a plugin's")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(item):
        if item.name == "test_teardown":
            raise RuntimeError("a plugin's")

    def pytest_fixture_setup(fixturedef):
        if fixturedef.argname == "broken":
            raise RuntimeError("a plugin's")

    @pytest.fixture
    def broken():
        pass
"""
RAISED_AT = """
    def test_setup(): pass
    def test_call(): pass
    def test_teardown(): pass
    def test_fixture(broken): pass
"""


def test_no_frame_of_ours_is_in_the_traceback_of_another_plugins_error(tmp_path: Path) -> None:
    write(tmp_path, conftest=RAISES, test_it=RAISED_AT)
    done, without = observed(cwd=tmp_path), plain(cwd=tmp_path)
    assert {result["outcome"] for result in done.results} == {"error", "failed"}
    assert screen(done) == screen(without)


FLAKY = """
    import logging
    import time
    import pytest

    runs = []

    @pytest.fixture
    def fails_once():
        runs.append("set-up")
        assert len(runs) > 1

    def test_passes_at_last():
        runs.append(1)
        if len(runs) < 3:
            time.sleep(0.3)
            assert False, "not yet"
        runs.clear()

    def test_set_up_passes_at_last(fails_once):
        runs.clear()

    def test_never_passes():
        runs.append(1)
        assert False, f"attempt {len(runs)}"

    def test_passes_at_once():
        pass
"""


def test_reruns_are_attempts_of_one_test(tmp_path: Path) -> None:
    pytest.importorskip("pytest_rerunfailures")
    write(tmp_path, test_it=FLAKY)
    arguments = ("-q", "-p", "pytest_rerunfailures", "--reruns=2")
    done, without = observed(*arguments, cwd=tmp_path), plain(*arguments, cwd=tmp_path)
    assert done.code == without.code == 1
    assert done.verdicts() == {
        "test_it.py::test_passes_at_last": "passed/passed",
        "test_it.py::test_set_up_passes_at_last": "passed/passed",
        "test_it.py::test_never_passes": "failed/failed",
        "test_it.py::test_passes_at_once": "passed/passed",
    }
    assert [result["attempts"] for result in done.results] == [3, 2, 3, 1]
    assert [result["flaky"] for result in done.results] == [True, True, False, False]
    assert ["flaky" in result["performance"]["flags"] for result in done.results] == [True, True, False, False]
    assert done.summary is not None and done.summary["flaky_tests"] == 2
    never = done.results[2]
    assert (never["failure"]["message"].splitlines()[0], never["failure"]["others"]) == ("attempt 3", 0)
    at_last = done.results[0]
    assert at_last["duration"] < 300, "the final attempt's"
    assert at_last["failure"] is None


def test_timeout_by_signal_is_a_failure_of_its_test(tmp_path: Path) -> None:
    pytest.importorskip("pytest_timeout")
    write(tmp_path, test_it="import time\ndef test_slow(): time.sleep(60)\ndef test_next(): pass\n")
    arguments = ("-q", "-p", "pytest_timeout", "--timeout=0.2", "--timeout-method=signal")
    done = observed(*arguments, cwd=tmp_path)
    assert done.verdicts() == {"test_it.py::test_slow": "failed/failed", "test_it.py::test_next": "passed/passed"}
    assert done.results[0]["failure"]["message"].startswith("Timeout")


def test_run_under_xdist_ends_as_without_us(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    write(tmp_path, test_it=PASSES + FAILS)
    arguments = ("-q", "-p", "xdist", "-n", "2")
    done, without = observed(*arguments, cwd=tmp_path), plain(*arguments, cwd=tmp_path)
    assert done.summary is not None
    assert done.code == without.code == done.summary["exit_code"] == 1


SUBTESTS = """
    import sys
    import pytest

    def test_all_pass(subtests):
        for n in range(3):
            with subtests.test(n=n):
                pass

    def test_one_fails(subtests):
        print("before")
        for n in range(3):
            with subtests.test("number", n=n):
                print("in", n)
                print("err", n, file=sys.stderr)
                assert n != 1
        print("after")

    def test_one_and_the_body_fail(subtests):
        with subtests.test():
            raise ValueError("in a subtest")
        assert False, "in the body"

    def test_some_skip(subtests):
        for n in range(2):
            with subtests.test(n=n):
                if n:
                    pytest.skip("odd")

    def test_all_skip(subtests):
        with subtests.test():
            pytest.skip("all of it")

    @pytest.mark.xfail(reason="a known bug")
    def test_expected_to_fail_in_a_subtest(subtests):
        with subtests.test():
            assert False
"""


def subtests_plugin() -> Tuple[str, ...]:
    if VERSION >= (9, 0):
        return ()
    module = pytest.importorskip("pytest_subtests")
    return ("-p", "pytest_subtests.plugin" if hasattr(module, "__path__") else "pytest_subtests")


def test_subtests_fixture_is_folded_into_its_test(tmp_path: Path) -> None:
    plugin = subtests_plugin()
    write(tmp_path, test_it=SUBTESTS)
    done, without = observed("-q", *plugin, cwd=tmp_path), plain("-q", *plugin, cwd=tmp_path)
    assert done.summary is not None
    assert done.code == without.code == done.summary["exit_code"] == 1
    assert done.verdicts() == {
        "test_it.py::test_all_pass": "passed/passed",
        "test_it.py::test_one_fails": "failed/failed",
        "test_it.py::test_one_and_the_body_fail": "failed/failed",
        "test_it.py::test_some_skip": "passed/passed",
        "test_it.py::test_all_skip": "skipped/skipped",
        "test_it.py::test_expected_to_fail_in_a_subtest": "skipped/xfailed",
    }
    results = {name.partition("::")[2]: result for name, result in done.by_id().items()}
    assert results["test_all_pass"]["subtests"] == {"count": 3, "failed": []}
    one = results["test_one_fails"]
    assert one["subtests"]["count"] == 3
    assert [(sub["name"], sub["status"]) for sub in one["subtests"]["failed"]] == [("[number] (n=1)", "failed")]
    assert one["failure"]["others"] == 0
    assert sorted(one["stdout"].splitlines()) == sorted(["before", "in 0", "in 1", "in 2", "after"])
    assert one["stderr"].splitlines() == ["err 0", "err 1", "err 2"]
    both = results["test_one_and_the_body_fail"]
    assert (both["failure"]["type"], both["failure"]["others"]) == ("ValueError", 1)


UNITTEST_SUBTESTS = """
    import unittest

    class Subtests(unittest.TestCase):
        def test_some_skip(self):
            for n in range(3):
                with self.subTest(n=n):
                    if n == 1:
                        self.skipTest("odd")

        def test_one_fails(self):
            for n in range(3):
                with self.subTest(n=n):
                    self.assertNotEqual(n, 1)
"""


def test_subtests_of_unittest_are_folded_into_their_test(tmp_path: Path) -> None:
    plugin = subtests_plugin()
    write(tmp_path, test_it=UNITTEST_SUBTESTS)
    done, without = observed("-q", *plugin, cwd=tmp_path), plain("-q", *plugin, cwd=tmp_path)
    assert done.code == without.code == 1
    assert done.verdicts()["test_it.py::Subtests::test_one_fails"] == "failed/failed"
    some_skip = done.verdicts()["test_it.py::Subtests::test_some_skip"]
    if VERSION >= (9, 0) or "1 skipped" not in without.stdout:  # old plugins let the skip through to the test
        assert some_skip == "passed/passed"
    failed = done.by_id()["test_it.py::Subtests::test_one_fails"]["subtests"]["failed"]
    assert [(sub["name"], sub["status"]) for sub in failed] == [("(n=1)", "failed")]


FROZEN = """
    import datetime
    import pytest
    from {library} import {freeze}

    @pytest.fixture
    def frozen():
        with {freeze}({moment}):
            yield

    @pytest.fixture(scope="module")
    def frozen_for_all():
        with {freeze}({moment}):
            yield

    def test_in_a_fixture(frozen): pass

    @{freeze}({moment})
    def test_by_a_decorator(): pass

    def test_in_a_wide_fixture(frozen_for_all): pass

    def test_last(frozen_for_all): pass
"""


@pytest.mark.parametrize("library, freeze", [("freezegun", "freeze_time"), ("time_machine", "travel")])
def test_frozen_clock_freezes_no_figure(library: str, freeze: str, tmp_path: Path) -> None:
    pytest.importorskip(library)
    moment = "datetime.datetime(2001, 1, 1)"
    write(tmp_path, test_it=FROZEN.format(library=library, freeze=freeze, moment=moment))
    done = observed("-q", cwd=tmp_path)
    assert done.code == 0
    assert len(done.results) == 4
    for result in done.results:
        assert all(0 < phase < 60_000 for phase in result["phases"].values()), result["phases"]
        assert 0 < result["duration"] < 60_000
        assert not result["start_time"].startswith("2001") and result["start_time"] <= result["end_time"]


OWNED = """
    import pytest

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        if item.name == "test_taken":
            return True
"""


def test_test_that_a_plugin_takes_without_a_word_did_not_pass(tmp_path: Path) -> None:
    write(tmp_path, test_it="def test_taken(): assert False\n" + PASSES, conftest=OWNED)
    done = observed("-q", cwd=tmp_path)
    assert done.verdicts() == {"test_it.py::test_taken": "skipped/skipped", "test_it.py::test_passes": "passed/passed"}
    assert done.results[0]["reason"] == "pytest reported nothing"


GIVEN = """
    from hypothesis import given, settings, strategies as st

    @settings(max_examples=3, database=None, deadline=None)
    @given(st.integers())
    def test_given(n):
        assert isinstance(n, int)

    @settings(max_examples=20, database=None, deadline=None)
    @given(st.integers())
    def test_given_fails(n):
        assert n < 5
"""


def test_hypothesis_tests_are_one_test_each(tmp_path: Path) -> None:
    write(tmp_path, test_it=GIVEN)
    done = observed("-q", cwd=tmp_path)
    assert done.verdicts() == {
        "test_it.py::test_given": "passed/passed",
        "test_it.py::test_given_fails": "failed/failed",
    }
    assert [result["line"] for result in done.results] == [6, 11]
    assert [result["file"] for result in done.results] == ["test_it.py", "test_it.py"]


DIES_ELSEWHERE = """
    import pytest
    from _pytest.reports import TestReport

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        if item.name != "test_dies":
            return None
        report = TestReport(item.nodeid, item.location, {}, "failed", "crashed with signal 11", "???")
        item.ihook.pytest_runtest_logreport(report=report)
        return True
"""


def test_test_that_died_in_another_process_has_crashed(tmp_path: Path) -> None:
    """pytest-xdist and pytest-forked report it so."""
    write(tmp_path, test_it="def test_dies(): pass\n" + PASSES, conftest=DIES_ELSEWHERE)
    done = observed("-q", cwd=tmp_path)
    assert done.verdicts() == {"test_it.py::test_dies": "error/crashed", "test_it.py::test_passes": "passed/passed"}
    died = done.results[0]
    assert (died["duration"], died["cpu_time"], set(died["phases"].values())) == (None, None, {None})
    assert (died["failure"]["phase"], died["failure"]["message"]) == (None, "crashed with signal 11")
    assert (died["database_queries"]["status"], died["database_queries"]["count"]) == ("error", None)


RETRIES = """
    import pytest
    from _pytest.runner import CallInfo  # pytest 6.0 has no public name for it

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(item, call):
        report = (yield).get_result()
        while call.when == "call" and report.failed and item.config.getini("retries") == "yes":
            report.outcome = "retried"
            item.ihook.pytest_runtest_logreport(report=report)
            item.ihook.pytest_runtest_setup(item=item)
            again = CallInfo.from_call(lambda: item.ihook.pytest_runtest_call(item=item), when="call")
            report.outcome = "failed" if again.excinfo else "passed"

    def pytest_addoption(parser):
        parser.addini("retries", "try again", default="yes")
"""


def test_attempts_are_counted_by_their_set_ups(tmp_path: Path) -> None:
    """pytest-retry runs them within the report of the first."""
    test_it = "runs = []\ndef test_it():\n    runs.append(1)\n    assert len(runs) > 2\n"
    done = observed("-q", cwd=write(tmp_path, test_it=test_it, conftest=RETRIES))
    assert done.verdicts() == {"test_it.py::test_it": "passed/passed"}
    assert (done.results[0]["attempts"], done.results[0]["flaky"]) == (3, True)


RUNS_ELSEWHERE = """
    import os, sys
    import pytest
    from _pytest.runner import runtestprotocol

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(item, nextitem):
        if item.name == "test_here":
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        hook = item.config.hook
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            reports = runtestprotocol(item, log=False)
            data = [hook.pytest_report_to_serializable(config=item.config, report=report) for report in reports]
            os.write(writer, repr([{**one, "sections": []} for one in data]).encode())
            os._exit(0)
        os.waitpid(child, 0)
        for data in eval(os.read(reader, 60000)):
            report = hook.pytest_report_from_serializable(config=item.config, data=data)
            item.ihook.pytest_runtest_logreport(report=report)
        return True
"""
STATEMENT = """
    import sqlite3
    from app import answer
    def test_here(): sqlite3.connect(":memory:").execute("SELECT 1"); answer()
    def test_elsewhere(): sqlite3.connect(":memory:").execute("SELECT 1"); answer()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("coverage", ["auto", "off"])
def test_nothing_is_made_up_of_a_test_that_ran_in_another_process(coverage: str, tmp_path: Path) -> None:
    """As with pytest-forked: what it did there was seen by nobody here."""
    pytest.importorskip("coverage")
    write(tmp_path, test_it=STATEMENT, conftest=RUNS_ELSEWHERE, app="def answer():\n    return 42\n")
    done = observed("-q", cwd=tmp_path, TRIM_COVERAGE=coverage)
    here, elsewhere = done.results
    assert (here["outcome"], elsewhere["outcome"]) == ("passed", "passed")
    assert here["database_queries"]["count"] == 1
    assert (elsewhere["duration"] > 0.0, elsewhere["cpu_time"], elsewhere["shared_setup"]) == (True, None, None)
    for section, figure in (("database_queries", "count"), ("http_calls", "count"), ("coverage", "lines_total")):
        if section != "coverage" or coverage == "auto":
            assert (elsewhere[section]["status"], elsewhere[section][figure]) == ("error", None)
            assert "process of its own" in elsewhere[section]["reason"]
    assert done.summary is not None
    said = done.summary["coverage"]
    if coverage == "off":
        assert elsewhere["coverage"] == here["coverage"]
    else:
        assert (here["coverage"]["status"], here["coverage"]["lines_covered"]) == ("collected", 1)
        assert (said["status"], "processes of their own" in said["reason"]) == ("partial", True)
