"""The pool of processes in which Django's parallel suite runs its classes, where one of them is killed.

A worker of multiprocessing holds a lock of the pool while it waits for work, and another one while it sends a result.
Killed there it has it for ever: neither the pool's terminate() nor its join() ever returns, nor its finalizer.
"""

from __future__ import annotations

import sys
import time
from types import FrameType
from typing import Any, Iterable, Optional

from .unittest_result import mixed

_PATIENCE = 3.0  # s, for a process to end by itself before it is made to
_INSTANT = 0.001  # s, for another thread to go on
_INSTANTS = 3_000  # that it gets; a process that lives on may have closed what says that it does
_PRIVATE = ("_state", "_pool", "_terminate", "_worker_handler", "_task_handler", "_result_handler", "_change_notifier")
_RUN, _TERMINATE = "RUN", "TERMINATE"  # private; what multiprocessing.pool calls the states of a pool


class WatchedPool:
    """A mixin for multiprocessing's Pool that comes to its end whatever its workers died of.

    trim_telemetry_workers: see django_parallel.Workers.
    """

    trim_telemetry_workers: Any

    def terminate(self) -> None:
        """See Pool."""
        if self._state == _RUN and self.trim_telemetry_workers.gives_up(self):
            return
        if not self._is_abandoned:
            super().terminate()  # type: ignore[misc]  # it is before a Pool

    def join(self) -> None:
        """See Pool; it was told that there is no more work, or to terminate."""
        if self._is_abandoned or self._waits_in_vain():
            return
        super().join()  # type: ignore[misc]  # it is before a Pool
        self.trim_telemetry_workers.gives_up(self)  # nobody may have the lock that its finalizer waits for

    # private from here on, the same from Python 3.8 to 3.13; pinned by the tests of workers that die with a lock

    _is_abandoned = False
    _state: str
    _pool: Any
    _terminate: Any
    _worker_handler: Any
    _task_handler: Any
    _result_handler: Any
    _change_notifier: Any

    def _waits_in_vain(self) -> bool:
        """Wait for threads and workers to end; return whether they can't, because one was killed."""
        for threads_or_workers in ([self._worker_handler, self._task_handler, self._result_handler], self._pool):
            for waited in list(threads_or_workers):
                while waited.is_alive():
                    waited.join(_PATIENCE)
                    if waited.is_alive() and self.trim_telemetry_workers.hang(self):
                        return True
        return False

    def abandon(self) -> None:
        """End the workers, and let go of the pool's threads, which may wait for what a dead worker has, for ever."""
        self._is_abandoned = True
        self._state = self._worker_handler._state = _TERMINATE
        self._change_notifier.put(None)
        self._worker_handler.join(_PATIENCE)  # else it puts new workers into the place of those that are ended here
        self._terminate.cancel()
        _end(list(self._pool))


def watch(frame: FrameType, workers: Any) -> Optional[WatchedPool]:
    """Watch the pool among the variables of a function that runs; None if there is none, or none that we know.

    A parallel suite's run() has it there, and hands it to nobody.
    """
    kind: Any = getattr(sys.modules.get("multiprocessing.pool"), "Pool", ())
    pool: Any = next((value for value in frame.f_locals.values() if isinstance(value, kind)), None)
    if pool is None or not all(hasattr(pool, name) for name in _PRIVATE):
        return None
    if not isinstance(pool, WatchedPool):
        pool.__class__ = mixed(WatchedPool, type(pool))
    pool.trim_telemetry_workers = workers
    return pool  # type: ignore[no-any-return]  # a WatchedPool from here on


def exit_code(process: Any) -> Optional[int]:
    """Return what a process of a pool ended with; None while it lives.

    Where two threads ask at once (the pool's own does, all the time), the operating system tells one of them, once: for
    the other one the code is None until the first has noted it.
    """
    from multiprocessing.connection import wait

    code: Optional[int] = process.exitcode
    for _ in range(_INSTANTS):
        if code is not None or not wait([process.sentinel], 0):
            break
        time.sleep(_INSTANT)
        code = process.exitcode
    return code


def _end(processes: Iterable[Any]) -> None:
    """Ask processes to end, and then don't ask."""
    for process in processes:
        process.terminate()
    patience = _PATIENCE
    for process in processes:
        process.join(patience)
        if process.is_alive():
            process.kill()
            process.join()
            patience = 0.0
