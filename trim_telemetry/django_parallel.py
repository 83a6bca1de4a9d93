"""Django's `--parallel` in the parent: takes over what its workers have found out, and names what died with one.

Django hands results over class by class. What a worker has done since is in its spill, which it writes here in any
case: beside the run's file, or in a temporary folder where there is none.
"""

from __future__ import annotations

import glob
import json
import os
import signal
import sys
import unittest
from types import FrameType
from typing import Any, Callable, Dict, List, Optional, Set

from . import outcome
from .django_pool import WatchedPool, exit_code, watch
from .django_rerun import Rerun
from .django_worker import RemoteRunner
from .guarding import guarded
from .outcome import Event, Failure
from .record import Case, Record
from .session import Session
from .texts import bounded_id
from .unittest_recorder import leaves
from .unittest_result import mixed
from .worker import Takeover, pack, spill_of

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback

_POOL_WORKER = "PoolWorker"  # in the names that multiprocessing gives to the processes of a pool


class WorkerDied(Exception):
    """What Django's own result is told of a test that has killed its worker."""


class Workers:
    """The workers of the parallel suites of one run.

    describe: gives the case of a test.
    """

    def __init__(self, session: Session, describe: Callable[[Any], Case], rerun: Rerun) -> None:
        self.session = session
        self._describe = describe
        self._rerun = rerun
        self._takeover = Takeover(session, _nothing)
        self._file: Optional[str] = None  # that the spills are beside
        self._folder: Optional[str] = None  # temporary
        self._suites: List[Any] = []
        self._seen: Dict[Any, Any] = {}  # processes of the present suite, by number
        self._dead: Optional[Any] = None  # the first of them that was found dead
        self._left: Set[str] = set()  # names of workers that were dead then
        self._running = False
        self._pool: Optional[WatchedPool] = None  # of the present suite, once it was seen
        self._dying = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave)

    # -- a suite ---

    def observe(self, suite: Any) -> None:
        """Have the workers of a suite make records, and watch over them."""
        self._prepare(suite)
        run = suite.run

        def observed(result: Any, *arguments: Any, **named: Any) -> Any:
            self._begins(result)
            done = run(result, *arguments, **named)
            self._ended(result)
            return done

        suite.run = observed

    @guarded
    def _prepare(self, suite: Any) -> None:
        self._suites.append(suite)
        given = {
            "settings": pack(self.session.config._replace(file=self._place())),
            "prefix": f"{len(self._suites)}." if len(self._suites) > 1 else "",
            "path": self._rerun.path,
            "discovery": list(self._rerun.discovery),
        }
        suite.runner_class = RemoteRunner(suite.runner_class, json.dumps(given))

    def _place(self) -> str:
        if self._file is None:
            self._file = self.session.config.file
        if self._file is None:
            from tempfile import mkdtemp

            self._folder = mkdtemp(prefix="trim-telemetry-")
            self._file = os.path.join(self._folder, "run")
        return self._file

    @guarded
    def _begins(self, result: Any) -> None:
        self._seen, self._dead, self._left, self._running = {}, None, set(), True
        self.session.observation.delegate()
        self._pool = None
        result.__class__ = mixed(_ParentsResult, type(result))
        result.shouldStop = vars(result).pop("shouldStop", False)
        result.trim_telemetry_workers = self

    @guarded
    def _ended(self, result: Any) -> None:
        """Django's run of a suite is over, in good order, because it was told to stop, or because a worker has died."""
        self._running, self._pool = False, None
        lost = self._take_spills() if result.shouldStop else []
        if self._dead is None:
            return
        self.session.interrupted(f"a worker died ({_death_of(self._dead)})")
        for test, text in lost:
            result.addError(test, (WorkerDied, WorkerDied(text), None))
        if not lost:  # it died between two tests
            text = f"a worker died ({_death_of(self._dead)}) between two tests"
            result.addError(_Unknown("a worker"), (WorkerDied, WorkerDied(text), None))

    @guarded
    def takes(self, parcel: str) -> None:
        """A worker has handed over a class."""
        self._takeover.open(parcel)

    @guarded
    def stopped(self, caller: FrameType) -> None:
        """Somebody told the runner to stop. caller: the frame of whoever it was."""
        if caller.f_globals.get("__name__") == "unittest.signals":  # Ctrl-C, else it was --failfast
            self.session.interrupted("SIGINT")

    @guarded
    def has_died(self, caller: FrameType) -> bool:
        """Has a worker died? Django itself would wait for its results for ever. caller: the frame of who asks.

        A pool puts another process into its place at once, which has none of the databases.
        """
        if self._running:
            self._pool = self._pool or watch(caller, self)
            alive = _processes()
            for number, process in self._seen.items():
                if number not in alive and self._dead is None:
                    self._dead = process
                    self._left = {worker for worker in self._spills() if _is_left(self._spill(worker))}
            self._seen.update(alive)
        return self._dead is not None

    @guarded
    def gives_up(self, pool: WatchedPool) -> bool:
        """Abandon the pool if one of its workers was killed."""
        if self._killed() is None:
            return False
        pool.abandon()
        return True

    @guarded
    def hang(self, pool: WatchedPool) -> bool:
        """All work is done, but the workers don't end: abandon the pool if that is because one was killed."""
        self._dead = self._dead or self._killed()
        return self.gives_up(pool)

    def _killed(self) -> Optional[Any]:
        """Return a worker that did not end in good order."""
        self._seen.update(_processes())
        return self._dead or next((process for process in self._seen.values() if exit_code(process)), None)

    # -- spills ---

    def _spill(self, worker: str) -> str:
        return str(spill_of(self._file, worker))

    def _spills(self) -> List[str]:
        """Return the names of the workers that have one."""
        start, end = self._spill("\0").split("\0")
        return sorted(path[len(start) : -len(end)] for path in glob.glob(f"{glob.escape(start)}*{end}"))

    def _take_spills(self) -> List[Any]:
        """Take over what the workers have not handed over; return what they were at when they ended."""
        found = []
        for worker in self._spills():
            in_flight = self._takeover.read_spill(self._spill(worker), worker)
            if in_flight is not None:
                crashed = worker in self._left
                test = self._test(in_flight)
                text = f"worker {worker} died ({_death_of(self._dead)}) in this test" if crashed else "the run ended"
                self._lost(test, text, crashed, worker)
                found += [(test, text)] if crashed else []
        return found

    def _lost(self, test: Any, text: str, crashed: bool, worker: str) -> None:
        failure = Failure(None, "", text, text, None, None) if crashed else None
        event = Event(outcome.CRASHED, failure) if crashed else Event(outcome.INTERRUPTED, None, text)
        case = Case(test.id(), test.id()) if isinstance(test, _Unknown) else self._describe(test)
        self.session.lost(case, event, worker)

    def _test(self, test_id: str) -> Any:
        tests = (test for suite in self._suites for subsuite in suite for test in leaves(subsuite))
        return next((test for test in tests if bounded_id(test.id()) == test_id), None) or _Unknown(test_id)

    @guarded
    def killed(self) -> None:
        """This process is about to die of a signal. A pool still puts new workers into the place of dead ones."""
        self._dying = True
        if self._pool is not None:
            self._pool.abandon()  # its thread may be starting another in the place of a worker that died of the same
        for process in _processes().values():
            process.terminate()
        self.end()

    def _leave(self) -> None:
        if self._dying:  # else it waits for work, and for ever where a worker that died had a lock
            os._exit(1)

    @guarded
    def end(self) -> None:
        """The run is over: take what workers that were stopped have left, and remove the spills."""
        if self._file is None:
            return
        if self._running:  # it never came back: Ctrl-C, SIGTERM, or what Django itself could not handle
            self._take_spills()
            if self._pool is not None and not self._dying:
                self.gives_up(self._pool)
        self._takeover.remove_spills(self._file, self._spills(), all_over=not self._running)
        if self._folder is not None:
            from shutil import rmtree

            rmtree(self._folder, ignore_errors=True)
        self._file = self._folder = None


class _ParentsResult(unittest.TestResult):
    """A mixin for the result that Django replays its workers' results on."""

    trim_telemetry_workers: Workers
    _should_stop = False

    @property
    def shouldStop(self) -> bool:
        """Django asks ten times a second."""
        return self._should_stop or self.trim_telemetry_workers.has_died(sys._getframe(1))

    @shouldStop.setter
    def shouldStop(self, value: bool) -> None:
        self._should_stop = value

    def stop(self) -> None:
        self.trim_telemetry_workers.stopped(sys._getframe(1))
        super().stop()

    def trim_telemetry_parcel(self, test: Any, parcel: str) -> None:
        """See django_worker.EVENT."""
        self.trim_telemetry_workers.takes(parcel)


class _Unknown:
    """Stands for a test of which only the id is known."""

    failureException = AssertionError

    def __init__(self, test_id: str) -> None:
        self._id = test_id

    def id(self) -> str:
        return self._id

    def shortDescription(self) -> None:
        return None

    def __str__(self) -> str:
        return self._id


def _processes() -> Dict[Any, Any]:
    """Return the pool's processes that live, by number."""
    import multiprocessing

    return {process.pid: process for process in multiprocessing.active_children() if _POOL_WORKER in process.name}


def _is_left(path: str) -> bool:
    """Is the process gone that writes this file? It holds a lock on it for as long as it lives."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # nobody can tell
        return True
    with open(path, "rb") as file:
        try:
            flock(file.fileno(), LOCK_EX | LOCK_NB)
            return True
        except OSError:
            return False


def _death_of(process: Any) -> str:
    """Return what a process died of, in words."""
    code = getattr(process, "exitcode", None)
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def _nothing(made: Record) -> None:
    """There is nothing to amend."""
