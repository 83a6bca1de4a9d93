"""multiprocessing's pool, whose end nothing that happens to a worker may prevent."""

import os
import subprocess
import sys
from textwrap import dedent
from typing import Optional

import pytest

from trim_telemetry.django_pool import exit_code

from .support import environment

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the scripts fork their pools")

WATCHED = """
    import multiprocessing, os, signal, sys, time
    from multiprocessing.connection import Connection
    from trim_telemetry.django_pool import exit_code, watch

    class Workers:
        def gives_up(self, pool):
            killed = pool.killed()
            if killed:
                pool.abandon()
            return killed
        hang = gives_up

    def die(*arguments):
        os.kill(os.getpid(), signal.SIGKILL)

    def dies_of_no_more_work(connection, *arguments):
        given = receive(connection, *arguments)
        if len(given) < 20:  # a pickled None
            die()
        return given

    receive = Connection.recv_bytes

    def patch(kind):
        Connection.recv_bytes = {"now": die, "at the end": dies_of_no_more_work}[kind]

    def ignore(number):
        signal.signal(number, signal.SIG_IGN)

    def main():
        pool = multiprocessing.get_context("fork").Pool(1)
        processes = list(pool._pool)
        assert watch(sys._getframe(), Workers()) is pool
        pool.killed = lambda: any(map(exit_code, processes))
"""


def run_watched(body: str) -> str:
    """Run a script that uses a watched pool of one process; return what it printed."""
    script = dedent(WATCHED) + "".join(f"    {line}\n" for line in dedent(body).strip().split("\n")) + "main()\n"
    done = subprocess.run([sys.executable, "-c", script], env=environment(), stdout=-1, stderr=-1, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode().strip()


def test_pool_of_which_nobody_dies_does_as_it_always_does() -> None:
    assert run_watched("""
        print(pool.map(abs, [-1, 2]), type(pool).__name__)
        pool.close()
        pool.join()
        pool.terminate()
        """) == "[1, 2] Pool"


def test_terminate_returns_when_a_worker_was_killed_with_the_lock() -> None:
    assert run_watched("""
        pool.apply(patch, ["now"])
        processes[0].join()
        pool.terminate()
        pool.join()
        print("over", multiprocessing.active_children())
        """) == "over []"


def test_finalizer_does_not_wait_for_the_lock_that_the_last_worker_had() -> None:
    assert run_watched("""
        pool.apply(patch, ["at the end"])
        pool.close()
        pool.join()
        print("over")
        """) == "over"


def test_worker_that_does_not_hear_of_an_end_is_killed() -> None:
    assert run_watched("""
        pool.apply(ignore, [signal.SIGTERM])
        pool.apply_async(time.sleep, [60])
        pool.abandon()
        print([process.exitcode == -signal.SIGKILL for process in processes])
        """) == "[True]"


def test_a_function_without_a_pool_has_none_to_be_watched() -> None:
    assert run_watched("""
        def elsewhere():
            return watch(sys._getframe(), Workers())
        print(elsewhere())
        pool.terminate()
        """) == "None"


class Ended:
    """A process that is over; another thread has asked for its exit code first, and notes it after the second look."""

    def __init__(self) -> None:
        self.sentinel, writing = os.pipe()
        os.close(writing)
        self._codes = [None, None, -9]

    @property
    def exitcode(self) -> Optional[int]:
        return self._codes.pop(0)


def test_exit_code_that_another_thread_was_told_is_waited_for() -> None:
    process = Ended()
    try:
        assert exit_code(process) == -9
    finally:
        os.close(process.sentinel)


def test_process_that_lives_has_no_exit_code() -> None:
    process = Ended()
    os.close(process.sentinel)
    process.sentinel, writing = os.pipe()
    try:
        assert exit_code(process) is None
    finally:
        os.close(process.sentinel)
        os.close(writing)
