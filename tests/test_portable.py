"""The core runs where a platform lacks what POSIX has: it is hidden before our first import."""

import sys
from pathlib import Path
from typing import Dict, Sequence, Union

import pytest

from .support import ROOT, environment, run

MODULES = ("fcntl", "grp", "pwd", "resource", "select", "syslog", "termios", "readline", "msvcrt", "winreg", "mmap")
ATTRIBUTES: Dict[str, Sequence[str]] = {
    "os": (
        *("fork", "forkpty", "register_at_fork", "wait", "waitpid", "kill", "killpg", "pipe2", "mkfifo", "sysconf"),
        *("getuid", "geteuid", "getgid", "getegid", "getpgid", "getpgrp", "getsid", "getppid", "getloadavg", "uname"),
        *("get_blocking", "set_blocking", "fchmod", "fchown", "sched_getaffinity", "O_CLOEXEC", "O_NONBLOCK"),
    ),
    "signal": (
        *("SIGTERM", "SIGKILL", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGPIPE", "SIGCHLD", "SIG_BLOCK", "SIG_SETMASK"),
        *("pthread_kill", "pthread_sigmask", "raise_signal", "alarm", "setitimer", "sigwait", "set_wakeup_fd"),
    ),
    "time": ("clock_gettime", "clock_gettime_ns", "tzset", "thread_time", "thread_time_ns"),
    "sys": ("getrefcount", "setswitchinterval", "is_finalizing"),
}
# What others need of a platform is their own business: they come first.
HIDE = """
import importlib, os, runpy, sys
others, door, modules, attributes = {arguments!r}
for name in others:
    importlib.import_module(name)
for name in modules:
    sys.modules[name] = None
for owner, names in attributes.items():
    for name in names:
        if hasattr(importlib.import_module(owner), name):
            delattr(importlib.import_module(owner), name)
sys.path.insert(0, "")
runpy.run_module(door, run_name="__main__", alter_sys=True)
"""
STANDARD_LIBRARY = ("unittest", "unittest.main", "subprocess")
UNITTEST = (STANDARD_LIBRARY, "trim_telemetry.unittest_instrumentation")
PYTEST = (("pytest", "_pytest.tmpdir", "_pytest.faulthandler"), "trim_telemetry.pytest_instrumentation")
SUITE = """
import logging, os, unittest

class T(unittest.TestCase):
    def test_passes(self):
        if hasattr(os, "fork"):
            child = os.fork()
            if not child:
                os._exit(0)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_fails(self):
        logging.getLogger("suite").warning("said")
        self.fail("no")
"""
ALL = (MODULES, ATTRIBUTES)
PARTS = {
    "everything": ALL,
    "forks that can't be heard": ((), {"os": ("register_at_fork",)}),
    "masks": ((), {"signal": ("pthread_sigmask", "pthread_kill", "SIG_BLOCK", "SIG_SETMASK")}),
    "SIGTERM": ((), {"signal": ("SIGTERM",)}),
    "signals": (("signal", "_signal"), {}),
    "files": (("fcntl", "select"), {}),
    "threads and processes": (("subprocess", "_posixsubprocess", "multiprocessing", "resource"), {"os": ("kill",)}),
}


def hidden(runner_and_door: Sequence[Union[str, Sequence[str]]], part: str, folder: Path, *arguments: str):
    """Run a door on the suite in a process that lacks a part of the platform."""
    (folder / "test_it.py").write_text(SUITE, encoding="utf-8")
    code = HIDE.format(arguments=(*runner_and_door, *PARTS[part]))
    env = environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    return run("-c", code, *arguments, cwd=folder, env=env, file=folder / "out.ndjson")


@pytest.mark.parametrize("part", PARTS)
def test_the_core_runs_on_a_platform_without(part: str, tmp_path: Path) -> None:
    done = hidden(UNITTEST, part, tmp_path)
    assert done.verdicts() == {"test_it.T.test_passes": "passed/passed", "test_it.T.test_fails": "failed/failed"}
    assert [log["message"] for result in done.results for log in result["logs"]] == ["said"]
    assert (done.code, done.summary["exit_code"], done.summary["warnings"]) == (1, 1, [])
    assert [record["record_type"] for record in done.file].count("test_result") == 2
    assert "Exception ignored" not in done.stderr


def test_pytests_door_runs_on_such_a_platform(tmp_path: Path) -> None:
    done = hidden(PYTEST, "everything", tmp_path, "-q", "-p", "no:cacheprovider")
    assert done.verdicts() == {
        "test_it.py::T::test_passes": "passed/passed",
        "test_it.py::T::test_fails": "failed/failed",
    }
    assert (done.code, done.summary["exit_code"], done.summary["warnings"]) == (1, 1, [])
    assert done.stderr == ""


def test_each_module_of_ours_is_imported_without_them(tmp_path: Path) -> None:
    """All that need no framework: what reads a run back, too."""
    package = ROOT / "trim_telemetry"
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted(package.rglob("*.py"))
        if not path.name.startswith(("django_", "pytest_", "__main__"))
    ]
    code = HIDE.format(arguments=(STANDARD_LIBRARY, "this", *ALL))
    (tmp_path / "this.py").write_text("".join(f"import {name}\n" for name in names) + "print('imported')\n")
    done = run("-c", code, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("imported\n", "")


def test_what_is_hidden_is_there_to_begin_with() -> None:
    """A name that is misspelt would hide nothing."""
    import importlib

    if sys.platform != "linux":
        pytest.skip("the names are Linux's")
    missing = [
        f"{owner}.{name}"
        for owner, names in ATTRIBUTES.items()
        for name in names
        if not hasattr(importlib.import_module(owner), name)
    ]
    assert missing == []
