"""The command's process: what is passed on to it, and what a terminal has told it already."""

import os
import re
import signal
import subprocess
import sys

import pytest

from trim_telemetry.runs.command import Command
from trim_telemetry.runs.process import Process, Signals, name_of, signal_process

from .collecting import UNITTEST, command
from .support import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


def started(code, is_shell=False):
    process = Process(Command([sys.executable, "-c", code], {"MARK": "set"}, is_shell), os.environ, subprocess.PIPE)
    with process.output:
        output = process.output.read()
    process._process.wait()
    return process, output


def test_variables_before_the_command_are_set_for_it():
    process, output = started("import os; print(os.environ['MARK'])")
    assert (process.code, process.ended_by, output) == (0, None, b"set\n")


@pytest.mark.parametrize(
    "code, is_shell, status, by",
    [
        ("import os; os.kill(os.getpid(), 9)", False, 137, signal.SIGKILL),
        ("raise SystemExit(137)", False, 137, None),
        ("raise SystemExit(137)", True, 137, signal.SIGKILL),  # as a shell says it of its child
        ("raise SystemExit(128)", True, 128, None),
        ("raise SystemExit(3)", True, 3, None),
    ],
)
def test_end_is_told_as_a_shell_tells_it(code, is_shell, status, by):
    process, _ = started(code, is_shell)
    assert (process.code, process.ended_by) == (status, by)


def test_signals_are_kept_and_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.waiting == [signal.SIGTERM]
    assert signal.getsignal(signal.SIGTERM) is before


def test_signal_that_is_ignored_stays_so():
    """As of a background job or under nohup: the command ignores it, too."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_have_names_where_there_are_such():
    assert (name_of(9), name_of(0), name_of(4000)) == ("SIGKILL", None, None)


def test_process_that_is_gone_and_signal_that_is_none_are_no_error():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    signal_process(process.pid, "SIGKILL")
    signal_process(os.getpid(), "SIGNONE")


COUNTS = """
import os, signal, time, unittest

class T(unittest.TestCase):
    def test_a(self):
        came = []
        signal.signal(signal.SIGINT, lambda *_: came.append(1))
        os.write(1, b"ready\\n")
        while not came:
            time.sleep(0.01)
        time.sleep(0.3)  # for another one, which must not come
        os.write(1, b"came %d\\n" % len(came))
"""


@pytest.mark.parametrize("by_keyboard", [True, False])
def test_ctrl_c_reaches_the_command_once(by_keyboard, tmp_path):
    """At a terminal it comes to both; without one it comes to collect, which passes it on."""
    pty = pytest.importorskip("pty")
    (tmp_path / "test_suite.py").write_text(COUNTS, "utf-8")
    terminal, ours = pty.openpty()

    def take_terminal():
        import fcntl
        import termios

        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        if by_keyboard:
            fcntl.ioctl(ours, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command("--", *UNITTEST),
        cwd=tmp_path,
        env=environment(),
        stdin=ours,
        stdout=ours,
        stderr=ours,
        preexec_fn=take_terminal,
    )
    os.close(ours)
    shown, data = b"", b"-"
    try:
        while data:
            data = os.read(terminal, 65536)
            if b"ready" in data and by_keyboard:
                os.write(terminal, b"\x03")
            elif b"ready" in data:
                os.kill(process.pid, signal.SIGINT)
            shown += data
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(terminal)
    assert process.wait() == 0
    assert re.findall(rb"came (\d)", shown) == [b"1"]
