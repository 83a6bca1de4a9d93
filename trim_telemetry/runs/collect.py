"""A command run with telemetry: `collect` starts it, follows the files of its runs, and writes what they could not."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import datetime, timezone
from shutil import rmtree
from tempfile import mkdtemp
from typing import IO, Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from ..config import COLLECT_VARIABLE
from . import recovery
from .command import prepare
from .process import SHELL_BASE, Process, Signals, name_of
from .recovery import Death, recover
from .redirected import Redirected
from .watch import Announcements, Watched

TIMED_OUT = 124  # timeout(1)'s
_DEFAULT_FOLDER = ".telemetry"
_PAUSE = 0.02  # seconds between two looks at the files
_CHECK_PAUSE = 0.1  # seconds between two looks at how long tests have been on
_STACKS_PATIENCE = 3.0  # seconds
_WORKERS_PATIENCE = 5.0  # seconds; they notice that the run has died, but may be in the middle of a test
_TIMESTAMP = "%Y-%m-%dT%H:%M:%S.%f+00:00"

Show = Callable[[Sequence[Watched]], None]


class Ending(NamedTuple):
    """A run that is over. note: what was out of order, or None."""

    watched: Watched
    note: Optional[str]

    @property
    def exit_code(self) -> int:
        """What its summary says; 1 where it has none."""
        return int(self.watched.run.summary["exit_code"]) if self.watched.run.summary is not None else 1

    @property
    def is_complete(self) -> bool:
        """Did all its tests run?"""
        summary = self.watched.run.summary
        return summary is not None and summary.get("complete") is True


class Collected(NamedTuple):
    """What collect ends with: the exit code, the runs in the order of their beginning, the files that were lost."""

    code: int
    runs: Sequence[Ending]
    lost: Sequence[str]


def make_folder(path: str) -> str:
    """Make the folder that runs are written to; return its absolute path. Raises OSError.

    One that we make ignores itself in git, and so does the default one; nobody else's is touched.
    """
    folder = os.path.abspath(path)
    is_ours = not os.path.isdir(folder) or os.path.basename(folder) == _DEFAULT_FOLDER
    os.makedirs(folder, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if is_ours and not os.path.exists(ignore):
        with open(ignore, "w", encoding="ascii") as file:
            file.write("*\n")
    return folder


def collect(arguments: Sequence[str], folder: str, timeout: Optional[float], show: Show) -> Collected:
    """Run COMMAND; its runs write into `folder`. show: is told of the runs while they are on.

    timeout: seconds that one test may take. Raises OSError where the command can't be started.
    """
    announcements = mkdtemp(prefix="trim-telemetry-")
    environ = {
        **os.environ,
        "TRIM_FILE": os.path.join(folder, "{run_id}.ndjson"),
        "TRIM_STDOUT": "off",
        COLLECT_VARIABLE: announcements,
    }
    try:
        with Signals() as signals:
            process = Process(prepare(arguments), environ, None)
            gathering = _Gathering(Announcements(announcements), process, timeout, show)
            _follow(gathering, process, signals)
            return gathering.conclude()
    finally:
        rmtree(announcements, ignore_errors=True)


def collect_from_stdout(
    arguments: Sequence[str], folder: str, timeout: Optional[float], show: Show, sink: IO[bytes]
) -> Collected:
    """Run COMMAND, take the records out of its stdout and pass the rest on to `sink`. Raises OSError, as collect()."""
    with Signals() as signals:
        process = Process(prepare(arguments), os.environ, subprocess.PIPE)
        assert process.output is not None  # it was asked for
        redirected = Redirected(folder, process.output, sink)
        gathering = _Gathering(redirected, process, timeout, show)
        _follow(gathering, process, signals)
        redirected.finish()
        return gathering.conclude()


def collect_from_stream(source: IO[bytes], folder: str, show: Show, sink: IO[bytes]) -> Collected:
    """Take the records out of a log that is being written, or was."""
    redirected = Redirected(folder, source, sink)
    gathering = _Gathering(redirected, None, None, show)
    while not redirected.is_over:
        gathering.look()
        time.sleep(_PAUSE)
    return gathering.conclude()


def _follow(gathering: _Gathering, process: Process, signals: Signals) -> None:
    while process.code is None:
        while signals.waiting:
            process.forward(signals.waiting.pop(0))
        gathering.look()
        time.sleep(_PAUSE)


class _Gathering:
    """The runs of one command. source: where they come from; process: the command's, None for a log."""

    def __init__(self, source: Any, process: Optional[Process], timeout: Optional[float], show: Show) -> None:
        self._source = source
        self._process = process
        self._timeout = timeout
        self._show = show
        self._next_check = 0.0
        self._runs: List[Watched] = []
        self._hung: Dict[str, Dict[Optional[str], str]] = {}  # by file: the stacks of workers that took too long

    def look(self) -> None:
        """Take in what the runs have told since last time; end the command where a test takes too long."""
        self._read()
        now = time.monotonic()
        if self._timeout is not None and not self._hung and now >= self._next_check:
            self._next_check = now + _CHECK_PAUSE
            self._end_overdue(self._timeout, now)
        self._show(self._runs)

    def _read(self) -> None:
        self._runs += self._source.new()
        for watched in self._runs:
            watched.read()

    def _end_overdue(self, timeout: float, now: float) -> None:
        overdue = [watched for watched in self._runs if watched.is_overdue(timeout, now)]
        for watched in overdue:
            self._hung[watched.path] = watched.kill_overdue(_STACKS_PATIENCE)
        if overdue and self._process is not None:
            self._process.end()

    def conclude(self) -> Collected:
        """The command is over: write what is missing, and judge."""
        self._read()
        endings = [self._end(watched) for watched in self._runs]
        for watched in self._runs:
            watched.close()
        return Collected(self._code(endings), endings, list(self._source.lost))

    def _code(self, endings: Sequence[Ending]) -> int:
        """The command's own exit code; where that is 0 and should not be, 1 or that of the worst run."""
        code = 0 if self._process is None else self._process.code or 0
        code = TIMED_OUT if self._hung else code
        if code:
            return code
        if not endings or self._source.lost or not all(ending.is_complete for ending in endings):
            return max([1, *(ending.exit_code for ending in endings)])
        if len(endings) > 1 or self._process is None:
            return max(ending.exit_code for ending in endings)
        return 0

    def _end(self, watched: Watched) -> Ending:
        try:
            watched.restore()
            if watched.run.summary is not None:
                return Ending(watched, self._correct(watched))
            if watched.run.is_empty:  # a test has printed what looks like a record
                return Ending(watched, "there is no record of a run in it")
            if watched.is_written():
                return Ending(watched, "is still running; its file is left alone")
            watched.wait_for_workers(_WORKERS_PATIENCE)
            death = self._death_of(watched)
            recover(watched.tail, watched.run, death, datetime.now(timezone.utc).strftime(_TIMESTAMP))
            return Ending(watched, death.note)
        except OSError as error:
            return Ending(watched, f"its file could not be completed: {error}")

    def _correct(self, watched: Watched) -> Optional[str]:
        """Have the summary of the command's own process say the exit code that it really ended with."""
        process, summary = self._process, watched.run.summary
        if process is None or summary is None or watched.pid != process.pid or summary["exit_code"] == process.code:
            return None
        death = self._death_of_process(process)
        note = f"ended with {death.by} after its summary"
        reason = summary["exit_reason"] if death.reason == recovery.EXITED and process.code else None
        watched.correct_summary(
            {
                "exit_code": process.code,
                "exit_reason": recovery.KILLED if death.reason == recovery.KILLED else reason,
                "warnings": [*summary["warnings"], f"exit-code: the process {note}"],
            }
        )
        return note

    def _death_of(self, watched: Watched) -> Death:
        process = self._process
        if watched.path in self._hung:
            return Death(f"{self._timeout:g} s", recovery.TIMEOUT, TIMED_OUT, self._hung[watched.path])
        if watched.has_closed():
            return Death(None, recovery.FILE_LOST, (process.code if process else None) or 1)
        others = [other for other in self._runs if other.run.summary is None and other is not watched]
        if process is None or (watched.pid != process.pid and (others or not process.code)):
            return recovery.UNSEEN
        return self._death_of_process(process)

    @staticmethod
    def _death_of_process(process: Process) -> Death:
        number = process.ended_by
        if number is not None:
            return Death(name_of(number) or f"signal {number}", recovery.KILLED, SHELL_BASE + number)
        return Death(f"exit code {process.code}", recovery.EXITED, process.code or 1)
