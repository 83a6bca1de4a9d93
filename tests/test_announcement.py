"""What `collect` hears from a run that it has started."""

import json
import os
import signal
import subprocess
import sys

import pytest

from trim_telemetry.announcement import Announcement
from trim_telemetry.config import Config

from .support import environment, read_file

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGURG"), reason="Windows has no such signals")

RUN = """
import os, signal, sys
from trim_telemetry.config import load
from trim_telemetry.session import Session
from trim_telemetry.surroundings import Framework

session = Session(load({}, os.environ, os.getcwd()), Framework("unittest", "3"))
"""


@pytest.fixture
def run(tmp_path):
    """Runs code in a process that has a session; returns its exit code and what collect hears of it."""

    def run(code, folder=tmp_path):
        variables = {"TRIM_COLLECT": str(folder), "TRIM_FILE": str(tmp_path / "run.ndjson"), "TRIM_RUN_ID": "run-1"}
        done = subprocess.run(
            [sys.executable, "-c", RUN + code],
            cwd=tmp_path,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=-1,
            timeout=60,
        )
        assert done.stderr == b""
        heard = folder / "run-1"
        return done.returncode, heard.read_text("utf-8").splitlines() if heard.exists() else None

    return run


def test_file_and_process_are_named_first_and_the_end_last(run, tmp_path):
    code, (first, last) = run("print(os.getpid()); session.close(0)")
    named = json.loads(first)
    assert (code, named["file"], last) == (0, str(tmp_path / "run.ndjson"), "closed")
    assert read_file(tmp_path / "run.ndjson")[0]["pid"] == named["pid"]


def test_run_that_died_has_not_ended_by_itself(run):
    code, lines = run("os._exit(0)")
    assert (code, len(lines)) == (0, 1)


@needs_signals
def test_stacks_of_all_threads_are_shown_when_asked_for(run):
    code = """if True:
        import threading
        held = threading.Event()
        def in_a_thread():
            held.wait()
        thread = threading.Thread(target=in_a_thread)
        thread.start()
        def in_the_test():
            os.kill(os.getpid(), signal.SIGURG)
        in_the_test()
        held.set(); thread.join()
        session.close(0)
        os.kill(os.getpid(), signal.SIGURG)
    """
    code, lines = run(code)
    text = "\n".join(lines)
    assert code == 0
    assert "in in_a_thread" in text
    assert "in in_the_test" in text
    assert text.count("(most recent call first)") == 2  # and none after the end
    assert lines[-1] == "closed"


@needs_signals
def test_tests_do_not_see_it(run):
    code, _ = run("os._exit(signal.getsignal(signal.SIGURG) != signal.SIG_DFL)")
    assert code == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_fork_says_nothing(run):
    code = """if True:
        if not os.fork():
            session.close(0)
            os._exit(0)
        os.wait()
    """
    assert len(run(code)[1]) == 1


def test_collector_that_is_gone_is_said_and_the_run_goes_on(run, tmp_path):
    code, heard = run("session.close(0)", folder=tmp_path / "gone")
    assert (code, heard) == (0, None)
    (warning,) = read_file(tmp_path / "run.ndjson")[-1]["warnings"]
    assert warning.startswith("collect-lost: ")


def test_run_is_announced_once(tmp_path):
    config = Config("/", "run-1", file="/x", collector=str(tmp_path))
    first = Announcement(config)
    with pytest.raises(FileExistsError):
        Announcement(config)
    first.close()


def test_platform_without_faulthandler_still_announces(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "faulthandler", None)
    Announcement(Config("/", "run-1", file="/x", collector=str(tmp_path))).close()
    assert (tmp_path / "run-1").read_text("utf-8").splitlines()[-1] == "closed"
