"""SIGTERM ends the process as it would have without us, with a summary before; each case in a process of its own."""

import os
import signal
import subprocess
import sys

import pytest

from .support import environment, read

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

START = """
import os, signal, sys, threading
from unittest import mock
from trim_telemetry import signals
from trim_telemetry.config import Config
from trim_telemetry.record import Case
from trim_telemetry.session import Session
from trim_telemetry.signals import on_sigterm
from trim_telemetry.surroundings import Framework

def handler():
    return signal.getsignal(signal.SIGTERM)

def terminate():
    os.kill(os.getpid(), signal.SIGTERM)

config = Config(os.getcwd(), "run-1", coverage="off", network="off", file=os.path.abspath("run.ndjson"))
session = Session(config, Framework("unittest", "3"))
"""


@pytest.fixture
def run(tmp_path):
    """Runs code in a process that has a session and not yet a handler; takes its records back."""

    def run(code):
        done = subprocess.run(
            [sys.executable, "-c", START + code],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=-1,
            stderr=-1,
            timeout=60,
        )
        assert done.stderr == b""
        return read(done.returncode, done.stdout, done.stderr, tmp_path / "run.ndjson")

    return run


def summaries(found):
    return [record for record in found.file if record["record_type"] == "run_summary"]


def assert_terminated(found):
    """It died of SIGTERM, and one summary on each channel says so."""
    assert found.code == -signal.SIGTERM
    (summary,) = summaries(found)
    assert (summary["exit_code"], summary["exit_reason"]) == (128 + signal.SIGTERM, "interrupted")
    assert (summary["interrupted_by"], summary["complete"]) == ("SIGTERM", False)
    assert found.summary is not None


def test_summary_is_written_and_the_process_dies_of_the_signal(run):
    assert_terminated(run("on_sigterm(session); terminate(); signal.pause()"))


def test_test_in_flight_is_interrupted(run):
    found = run("on_sigterm(session); session.begin(lambda name: Case(name, name), 'a'); terminate(); signal.pause()")
    assert_terminated(found)
    assert found.verdicts() == {"a": "error/interrupted"}
    assert found.results[0]["reason"] == "SIGTERM"


def test_handler_of_the_session_takes_the_place_of_the_one_on_the_way_to_it(run):
    assert_terminated(run("on_sigterm(signals.NotYet(print)); on_sigterm(session); terminate(); signal.pause()"))


def test_before_there_is_a_session_the_door_itself_ends_the_run(run):
    end = "lambda code: (session.interrupted('SIGTERM'), session.close(code, 'interrupted'))"
    assert_terminated(run(f"on_sigterm(signals.NotYet({end})); terminate(); signal.pause()"))


def test_error_on_the_way_to_a_summary_does_not_keep_the_process_alive(run):
    found = run("on_sigterm(signals.NotYet(lambda code: 1 / 0)); terminate(); signal.pause()")
    assert (found.code, summaries(found)) == (-signal.SIGTERM, [])


def test_second_signal_makes_no_second_summary(run):
    code = """if True:
        on_sigterm(session)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        terminate(); terminate()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        signal.pause()
    """
    assert_terminated(run(code))


def test_tests_that_mock_signals_and_processes_do_not_reach_the_handler(run):
    code = """if True:
        on_sigterm(session)
        kill, pid = os.kill, os.getpid()
        mock.patch.multiple(os, kill=mock.DEFAULT, getpid=mock.DEFAULT).start()
        mock.patch.multiple(signal, signal=mock.DEFAULT, getsignal=mock.DEFAULT).start()
        kill(pid, signal.SIGTERM)
        signal.pause()
    """
    assert_terminated(run(code))


def test_taking_it_back_leaves_the_default(run):
    found = run("on_sigterm(session)(); print(handler() is signal.SIG_DFL, flush=True); terminate(); signal.pause()")
    assert (found.code, summaries(found), found.stdout.strip()) == (-signal.SIGTERM, [], "True")


@pytest.mark.parametrize("theirs", ["signal.SIG_IGN", "print", "signal.default_int_handler"])
def test_handler_from_before_stays(theirs, run):
    code = f"signal.signal(signal.SIGTERM, {theirs}); back = on_sigterm(session); a = handler(); back(); b = handler()"
    assert run(f"{code}; print(a is b is {theirs})").stdout.strip() == "True"


def test_handler_that_a_test_sets_wins_and_stays(run):
    code = "back = on_sigterm(session); signal.signal(signal.SIGTERM, print); back(); print(handler() is print)"
    assert run(code).stdout.strip() == "True"


def test_other_threads_than_the_main_one_set_no_handler(run):
    code = """if True:
        backs = []
        thread = threading.Thread(target=lambda: backs.append(on_sigterm(session)))
        thread.start(); thread.join()
        backs[0]()
        print(handler() is signal.SIG_DFL)
    """
    assert run(code).stdout.strip() == "True"


@pytest.mark.parametrize("lack", ["del signal.SIGTERM", "sys.modules['signal'] = None", "del signal.getsignal"])
def test_platform_without_it_goes_without(lack, run):
    found = run(f"{lack}; on_sigterm(session)(); session.close(0)")
    assert (found.code, len(summaries(found))) == (0, 1)


def test_platform_whose_threads_can_not_be_signalled_still_has_the_handler(run):
    assert_terminated(run("del signal.pthread_kill; on_sigterm(session); terminate(); signal.pause()"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_forked_child_has_the_default_back_and_writes_nothing(run):
    code = """if True:
        on_sigterm(session)
        session.begin(lambda name: Case(name, name), "a")
        ours = handler()
        child = os.fork()
        if not child:
            if handler() is signal.SIG_DFL:
                terminate()
            os._exit(1)
        _, status = os.waitpid(child, 0)
        print(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM, handler() is ours)
        session.finish()
        session.close(0)
    """
    found = run(code)
    assert (found.code, found.stdout.strip()) == (0, "True True")
    assert (found.verdicts(), len(summaries(found))) == ({"a": "passed/passed"}, 1)


def test_record_that_never_ends_does_not_keep_the_process_alive(run):
    code = """if True:
        signals._PATIENCE = 0.05
        on_sigterm(session)
        session.when_idle = lambda action: None  # as while the write of a record waits for a reader, for ever
        terminate()
        while True:
            signal.pause()
    """
    found = run(code)
    assert (found.code, summaries(found)) == (-signal.SIGTERM, [])
