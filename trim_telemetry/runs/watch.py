"""A run that is on in another process: what it has told so far, and how it ended."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from .. import record
from ..sections import dumps
from .run import Run
from .spills import spills_of
from .stream import Tail
from .teller import Teller

_LOCK_PAUSE = 0.02  # seconds
_FORK_PATIENCE = 0.1  # seconds: what a killed run has just forked holds its lock until its exec


class Watched:
    """A run whose file grows. path: of the file; teller: its process, where that can be asked; workers: by spill.

    Raises OSError when the file can't be opened.
    """

    def __init__(
        self, path: str, teller: Optional[Teller] = None, workers: Optional[Mapping[str, Teller]] = None
    ) -> None:
        self.path = path
        self._teller = teller
        self._workers = workers if workers is not None else {}
        self.run = Run()
        self.tail = Tail(path)
        self.summary_at: Optional[int] = None  # where the summary's line begins
        self._since: Dict[Optional[str], Any] = {}
        self._overdue: Dict[Optional[str], str] = {}  # worker: the file that tells of its test
        self._spills: Dict[str, Tuple[Tail, Run]] = {}

    @property
    def pid(self) -> Optional[int]:
        """Its process, None where that is not known."""
        return None if self._teller is None else self._teller.pid

    def read(self) -> None:
        """Take in what the file has got."""
        for content in self.tail.records():
            self.run.take(content)
            if self.run.summary is content:
                self.summary_at = self.tail.offset

    def is_overdue(self, seconds: float, now: float) -> bool:
        """Has a test been on for more than so many seconds? now: of a monotonic clock."""
        known, self._since, self._overdue = self._since, {}, {}
        for path, began in self._in_flight():
            worker, before = began["worker"], known.get(began["worker"])
            self._since[worker] = before if before is not None and before[0] is began else (began, now)
            if now - self._since[worker][1] > seconds:
                self._overdue[worker] = path
        return bool(self._overdue)

    def _in_flight(self) -> Iterator[Tuple[str, Mapping[str, Any]]]:
        """Yield each test_start without a result, and the file that has it: workers tell it in their spills."""
        for began in self.run.in_flight.values():
            yield self.path, began
        for path in spills_of(self.path):
            if path not in self._spills:
                try:
                    self._spills[path] = Tail(path), Run()
                except OSError:  # its worker is over
                    continue
            tail, run = self._spills[path]
            for began in run.take_all(tail.records()).in_flight.values():
                if (began["worker"], began["id"]) not in self.run.crashed:
                    yield path, began

    def is_written(self) -> bool:
        """Does its process still live?"""
        return self.tail.is_there() and _is_locked(self.path, _FORK_PATIENCE)

    def wait_for_workers(self, patience: float) -> None:
        """Wait until none of its workers writes any more, for so many seconds at most."""
        for path in spills_of(self.path):
            if _is_locked(path, patience):
                return

    def has_closed(self) -> bool:
        """Did it end by itself, as far as it could say?"""
        return self._teller is not None and self._teller.has_closed()

    def kill_overdue(self, patience: float) -> Dict[Optional[str], str]:
        """End the run and the workers whose tests are overdue; return the stacks of these, by worker.

        patience: seconds that each may take to show them.
        """
        late = {worker: self._workers.get(path, self._teller) for worker, path in self._overdue.items()}
        found = {worker: teller.stacks(patience) if teller is not None else "" for worker, teller in late.items()}
        for teller in {self._teller, *late.values()}:
            if teller is not None:
                teller.kill()
        return found

    def restore(self) -> None:
        """Write the file again where its path no longer leads to it: a test has removed it. Raises OSError."""
        if not self.tail.is_there():
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            with open(self.path, "xb") as file:
                for piece in self.tail.content():
                    file.write(piece)

    def correct_summary(self, changes: Mapping[str, Any]) -> None:
        """Change the summary, for what came after it. Raises OSError."""
        if self.run.summary is None or self.summary_at is None:
            return
        summary = {**self.run.summary, **changes}
        with open(self.path, "r+b", buffering=0) as file:
            file.seek(self.summary_at)
            behind = file.read().split(b"\n", 1)[1]
            file.seek(self.summary_at)
            file.write(dumps(summary).encode("ascii") + b"\n" + behind)
            file.truncate()
        self.run.summary = summary

    def close(self) -> None:
        """Let go of the files."""
        for tail in (self.tail, *(tail for tail, _ in self._spills.values())):
            tail.close()


def _is_locked(path: str, patience: float) -> bool:
    """Does a process that writes the file still live, after so many seconds? It locks its file for as long."""
    give_up = time.monotonic() + patience
    while not _lock_is_free(path):
        if time.monotonic() > give_up:
            return True
        time.sleep(_LOCK_PAUSE)
    return False


def _lock_is_free(path: str) -> bool:
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock

        with open(path, "rb") as file:
            flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # a platform without it; the file is gone, or its file system has no locks
        pass
    return True


class Announcements:
    """The folder in which runs report: yields each once, when its file can be read."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._known: Set[str] = set()
        self._workers: Dict[str, Teller] = {}
        self.lost: List[str] = []  # files that were gone before they could be opened

    def new(self) -> Iterator[Watched]:
        """Yield the runs that have begun since last time."""
        try:
            names = [name for name in os.listdir(self._folder) if name not in self._known]
        except OSError:
            return
        for name in names:
            watched = self._watch(os.path.join(self._folder, name))
            if watched is not None:
                yield watched

    def _watch(self, path: str) -> Optional[Watched]:
        with open(path, "rb") as file:
            line = file.readline()
        if not line.endswith(b"\n"):  # it is being written
            return None
        self._known.add(os.path.basename(path))
        said = record.decode(line.decode("ascii"))
        teller = Teller(int(said["pid"]), path)
        if said["worker"] is not None:
            self._workers[str(said["file"])] = teller
            return None
        try:
            return Watched(str(said["file"]), teller, self._workers)
        except OSError:
            self.lost.append(str(said["file"]))
            return None
