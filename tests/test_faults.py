"""Runs that die, and channels that break: what is in the file afterwards.

Never a lost finished test, never a file that a reader refuses, never a green verdict for a run that died.
"""

import os
import signal
import subprocess
import sys

import pytest

from .collecting import PYTEST, UNITTEST, collect, command, read
from .support import ROOT, environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

SUITE = """
import ctypes, os, signal, sys, time, unittest

def die():
    exec(os.environ.get("DEATH", ""))

if os.environ.get("PLACE") == "import":
    die()

class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("PLACE") == "setUpClass":
            die()

    def test_a(self):
        pass

    def test_b(self):
        if os.environ.get("PLACE", "test") == "test":
            die()

    def test_c(self):
        pass

    def test_d(self):
        pass
"""
DOORS = pytest.mark.parametrize("door", [UNITTEST, PYTEST], ids=["unittest", "pytest"])


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE, "utf-8")
    return tmp_path


def die(door, cwd, death, place="test", options=(), env=None):
    variables = {"DEATH": death, "PLACE": place, **(env or {})}
    return collect(*options, "--", *door, "test_suite.py", cwd=cwd, env=variables)


def kill(name):
    return f"os.kill(os.getpid(), signal.{name})"


DEATHS = {
    "SIGKILL": (kill("SIGKILL"), "SIGKILL", 137, "killed"),
    "segfault": ("ctypes.string_at(0)", "SIGSEGV", 139, "killed"),
    "abort": ("os.abort()", "SIGABRT", 134, "killed"),
    "exit 0": ("os._exit(0)", "exit code 0", 1, "exited"),
    "exit 3": ("os._exit(3)", "exit code 3", 3, "exited"),
    "SIGHUP": (kill("SIGHUP"), "SIGHUP", 129, "killed"),
}


@DOORS
@pytest.mark.parametrize("death", DEATHS)
def test_test_that_the_process_dies_in_has_crashed(death, door, suite):
    code, by, status, reason = DEATHS[death]
    found = die(door, suite, code)
    assert found.code == status
    assert found.verdicts() == {"test_a": "passed", "test_b": "crashed"}
    crashed = found.results[-1]
    assert (crashed["status"], crashed["duration"], crashed["seq"]) == ("error", None, 2)
    assert crashed["failure"]["type"] == by
    assert (crashed["class"], crashed["file"] in ("test_suite.py", "")) == ("T", True)
    summary = found.summary
    assert (summary["complete"], summary["exit_code"], summary["exit_reason"]) == (False, status, reason)
    assert summary["interrupted_by"] == by
    assert (summary["collected_tests"], summary["not_run_tests"]) == (4, 2)
    assert (summary["total_tests"], summary["passed_tests"], summary["error_tests"]) == (2, 1, 1)
    assert summary["performance"]["total_tests_run"] == 1
    assert summary["git"] == found.file[0]["git"]
    told, named = found.stderr.splitlines()[-2:]
    assert told.startswith("trim-telemetry: ") and by in told  # not behind the dots of unittest
    assert named == f"  crashed: {crashed['id']}"


@DOORS
@pytest.mark.parametrize("place", ["import", "setUpClass"])
def test_no_result_is_made_up_where_no_test_was_in_flight(place, door, suite):
    found = die(door, suite, kill("SIGKILL"), place)
    assert found.code == 137
    if door is PYTEST and place == "setUpClass":
        assert found.verdicts() == {"test_a": "crashed"}  # pytest sets a class up as a part of its first test
        return
    assert found.results == []
    summary = found.summary
    assert (summary["interrupted_by"], summary["exit_reason"], summary["complete"]) == ("SIGKILL", "killed", False)
    assert summary["collected_tests"] == (None if place == "import" else 4)
    assert summary["not_run_tests"] == summary["collected_tests"]


def test_what_is_above_the_tests_is_not_counted_for_one_of_them(suite):
    (suite / "test_broken.py").write_text("import no_such_module", "utf-8")
    found = collect("--", *UNITTEST, "test_broken", "test_suite", cwd=suite, env={"DEATH": kill("SIGKILL")})
    assert found.verdicts() == {
        "unittest.loader._FailedTest.test_broken": "error",
        "test_a": "passed",
        "test_b": "crashed",
    }
    assert (found.summary["collected_tests"], found.summary["not_run_tests"]) == (5, 2)


@DOORS
def test_out_of_memory(door, suite):
    """The interpreter may say MemoryError or die: either way every finished test is there, and nothing is green."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))"
    found = die(door, suite, f"{limit}; x = []\nwhile 1: x.append(b'x' * 10_000_000)")
    assert found.code
    assert found.summary["exit_code"] == found.code
    assert found.verdicts()["test_a"] == "passed"
    assert found.verdicts()["test_b"] in ("error", "failed", "crashed")


@DOORS
def test_test_that_takes_too_long_is_ended_with_the_stacks_of_all_threads(door, suite):
    code = "import threading; threading.Thread(target=time.sleep, args=(100,)).start(); time.sleep(100)"
    found = die(door, suite, code, options=("--timeout", "1"))
    assert found.code == 124
    assert found.verdicts() == {"test_a": "passed", "test_b": "crashed"}
    failure = found.results[-1]["failure"]
    assert failure["type"] == "timeout"
    assert failure["traceback"].count("(most recent call first)") >= 2
    assert "in test_b" in failure["traceback"]
    summary = found.summary
    assert (summary["exit_code"], summary["exit_reason"], summary["interrupted_by"]) == (124, "timeout", "timeout")


def test_timeout_ends_a_process_that_shows_no_stacks(suite):
    found = die(
        UNITTEST,
        suite,
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGURG, signal.SIGTERM]); time.sleep(100)",
        options=("--timeout", "1"),
    )
    assert (found.code, found.verdicts()) == (124, {"test_a": "passed", "test_b": "crashed"})


def test_timeout_is_for_one_test_and_not_for_the_run(suite):
    found = die(UNITTEST, suite, "time.sleep(0)", options=("--timeout", "100"))
    assert (found.code, found.summary["complete"]) == (0, True)


def test_death_after_the_summary_is_in_the_summary(suite):
    found = die(UNITTEST, suite, "import atexit; atexit.register(ctypes.string_at, 0)")
    assert found.code == 139
    assert (found.summary["exit_code"], found.summary["exit_reason"]) == (139, "killed")
    assert len(found.results) == 4


# -- signals that come to collect ---


WAITS = """
import os, sys, time, unittest

class T(unittest.TestCase):
    def test_a(self):
        pass

    def test_b(self):
        os.write(1, b"\\nready\\n")
        time.sleep(60)

    def test_c(self):
        os.write(1, b"\\nready\\n")
        time.sleep(60)
"""


def signalled(tmp_path, door, numbers, sent_to_group=False):
    """Start collect in a session of its own, where no terminal is; signal it whenever a test waits."""
    (tmp_path / "test_suite.py").write_text(WAITS, "utf-8")
    words = command("--", *door, "test_suite.py", *(["-s"] if door is PYTEST else []))
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=-1,
        stderr=-1,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        while process.stdout.readline() not in (b"ready\n", b""):
            pass
        for number in numbers:
            (os.killpg if sent_to_group else os.kill)(process.pid, number)
        stdout, stderr = process.communicate(timeout=60)
    return read(process.returncode, stdout, stderr, tmp_path / ".telemetry")


@DOORS
@pytest.mark.parametrize("sent_to_group", [False, True], ids=["to collect", "to the group"])
def test_sigterm_is_forwarded(sent_to_group, door, tmp_path):
    found = signalled(tmp_path, door, [signal.SIGTERM], sent_to_group)
    assert found.code == 143
    assert found.verdicts() == {"test_a": "passed", "test_b": "interrupted"}
    assert (found.summary["interrupted_by"], found.summary["exit_code"]) == ("SIGTERM", 143)


@DOORS
def test_sigint_is_forwarded(door, tmp_path):
    found = signalled(tmp_path, door, [signal.SIGINT])
    assert found.code == (130 if door is UNITTEST else 2)
    assert (found.summary["interrupted_by"], found.summary["complete"]) == ("SIGINT", False)
    assert found.verdicts()["test_a"] == "passed"
    assert found.summary["exit_code"] == found.code


@DOORS
def test_sigint_twice_leaves_a_file_that_says_so(door, tmp_path):
    found = signalled(tmp_path, door, [signal.SIGINT, signal.SIGINT], sent_to_group=True)
    assert found.code not in (0, 1)
    assert found.verdicts()["test_a"] == "passed"
    assert (found.summary["complete"], found.summary["exit_code"]) == (False, found.code)


def test_sighup_is_forwarded_and_the_file_completed(tmp_path):
    found = signalled(tmp_path, UNITTEST, [signal.SIGHUP])
    assert (found.code, found.summary["interrupted_by"]) == (129, "SIGHUP")
    assert found.verdicts() == {"test_a": "passed", "test_b": "crashed"}


# -- channels that break ---


@DOORS
def test_file_that_takes_no_more_is_completed_and_no_test_made_a_crash(door, suite):
    """As on a full disk: the file's process writes no further, and its own end is no death."""
    found = die(door, suite, "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))")
    assert found.code == 1
    assert "crashed" not in found.verdicts().values()
    assert found.verdicts()["test_a"] == "passed"
    assert (found.summary["exit_reason"], found.summary["complete"]) == ("file_lost", False)


def test_full_device_ends_the_file_and_leaves_stdout(suite):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    done = subprocess.run(
        [sys.executable, "-m", "trim_telemetry.unittest_instrumentation", "test_suite.py"],
        cwd=suite,
        env=environment(TRIM_FILE="/dev/full"),
        stdin=subprocess.DEVNULL,
        stdout=-1,
        stderr=-1,
        timeout=60,
    )
    assert (done.returncode, done.stdout.count(b"\nTEST_RESULT:"), done.stdout.count(b"file-lost: ")) == (0, 4, 1)


@DOORS
@pytest.mark.parametrize("closed", ["sys.stdout.close()", "os.close(1)", "os.closerange(3, 400); os.close(1)"])
def test_stdout_that_a_test_closes_is_not_ours(closed, door, suite):
    plain = subprocess.run(
        [*door, "test_suite.py"], cwd=suite, env=environment(DEATH=closed), stdin=-3, stdout=-1, stderr=-1
    )
    found = die(door, suite, closed)
    assert found.code == plain.returncode
    if "closerange" in closed and door is PYTEST:  # pytest itself can't go on, with or without us
        return
    assert len(found.results) == 4
    assert found.summary["complete"] is True


def test_stdout_that_is_closed_from_the_start(suite):
    line = f"{sys.executable} -m trim_telemetry collect -- {sys.executable} -m unittest test_suite.py >&-"
    done = subprocess.run(line, shell=True, cwd=suite, env=environment(), stdin=-3, stdout=-1, stderr=-1, timeout=60)
    found = read(done.returncode, done.stdout, done.stderr, suite / ".telemetry")
    assert (found.code, len(found.results)) == (0, 4)


def test_reader_that_is_slow_or_gone_loses_no_record(suite):
    """The tests print more than a pipe holds, and nobody reads until they are over, or ever."""
    code = "sys.stdout.write('x' * 300_000); sys.stdout.flush()"
    for is_gone in (False, True):
        with subprocess.Popen(
            command("--out", f"out{is_gone}", "--", *UNITTEST, "test_suite.py"),
            cwd=suite,
            env=environment(DEATH=code),
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=-1,
            bufsize=0,
        ) as process:
            if is_gone:
                process.stdout.close()
                stderr = process.stderr.read()
            else:
                stderr = process.stderr.read(1)  # the first test's dot: the next one fills the pipe
                stderr += process.communicate(timeout=60)[1]
        found = read(process.wait(), b"", stderr, suite / f"out{is_gone}")
        assert len(found.results) == 4
        assert found.summary["complete"] is True
        assert found.code == found.summary["exit_code"] == int(is_gone)


def test_child_that_outlives_the_run_is_not_waited_for(suite):
    daemon = "os.setsid(); os.close(1); os.close(2); time.sleep(60); os._exit(0)"
    found = die(UNITTEST, suite, f"child = os.fork()\nif not child: {daemon}\nprint(child, flush=True)")
    os.kill(int(found.stdout), signal.SIGKILL)  # it still lives
    assert (found.code, len(found.results), found.summary["complete"]) == (0, 4, True)


# Waits until collect, whose child the run is, has opened the file; what is removed before that is lost.
REMOVE = """
import glob, shutil
while ".ndjson" not in " ".join(map(os.path.realpath, glob.glob("/proc/%d/fd/*" % os.getppid()))):
    time.sleep(0.01)
shutil.rmtree(".telemetry")
"""
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="needs Linux's /proc")


@needs_proc
@DOORS
def test_test_that_removes_the_output_folder_loses_nothing(door, suite):
    found = die(door, suite, REMOVE)
    assert found.code == 0
    assert len(found.results) == 4
    assert [warning.partition(":")[0] for warning in found.summary["warnings"]] == ["file-lost"]


@needs_proc
def test_run_that_dies_after_its_folder_is_gone_is_completed(suite):
    found = die(UNITTEST, suite, f"{REMOVE}\nos._exit(0)")
    assert (found.code, found.verdicts()) == (1, {"test_a": "passed", "test_b": "crashed"})


# -- kills at random moments ---


def test_kills_at_random_moments_lose_no_finished_test():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "kills.py"), "--kills", "25", "--seed", "1"],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=-1,
        stderr=-1,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    first, last = done.stdout.decode("ascii").splitlines()
    assert first.startswith("25 kills: ")
    assert last == "no finished test lost, no file refused, no green verdict"
