"""A run's part in its workers: observed there, handed to the one process that writes the stream.

What a worker finds out goes into a parcel, a JSON text: plain data in ASCII, which any runner's messages can carry. The
worker itself writes nothing but its spill, where the run has a file.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .analysis.flags import judge
from .config import Config, Thresholds
from .errors import ConfigError, TelemetryWarning
from .record import UNPLACED, Case, Record, case_of, decode
from .session import Session
from .surroundings import Framework

# Made once: a test may replace the functions of json. They take NaN, which a runner's clock may give.
_dumps = json.JSONEncoder(ensure_ascii=True).encode
_loads = json.JSONDecoder().decode


def spill_of(file: Optional[str], worker: str) -> Optional[str]:
    """Return where a worker keeps what it has found out, beside the run's file; None without one."""
    return f"{file}.{worker}.spill" if file else None


def pack(config: Config) -> str:
    """Return the settings for a worker's unpack()."""
    return _dumps({**config._asdict(), "thresholds": config.thresholds._asdict()})


def unpack(text: str, worker: str, root: Optional[str] = None) -> Config:
    """Return a worker's settings from those of the run. root: the worker's own, where it may have another one."""
    values: Dict[str, Any] = _loads(text)
    values["thresholds"] = Thresholds(**values["thresholds"])
    values.update(root=root or values["root"], file=spill_of(values["file"], worker), notices=())
    values["network_allow"] = tuple(values["network_allow"])
    if values["coverage"] == "require":  # the run has it, or has stopped
        values["coverage"] = "auto"
    return Config(**values)


class WorkerSession(Session):
    """The session of a worker: its records go into the parcel, and into the spill.

    config: from unpack().
    """

    def __init__(self, config: Config, framework: Framework, worker: str) -> None:
        self._parcel: Dict[str, Any] = {}
        self._made = 0
        # Another run may have left a spill of this name: then it is not ours alone.
        self._fresh = not config.file or not os.path.exists(config.file)
        try:
            super().__init__(config, framework, None, None, worker)
        except ConfigError as error:  # it may be on another machine, and the run goes on there without a spill
            super().__init__(config._replace(file=None), framework, None, None, worker)
            self.warn(TelemetryWarning("spill-lost", error.problem))

    def take_parcel(self) -> str:
        """Return what was found out since this was last asked."""
        self.take_of_no_test(*self.observation.of_no_test())
        parcel, self._parcel = self._parcel, {}
        lines = self.observation.lines.news()
        if lines is not None:
            parcel["lines"] = lines
        return _dumps({"worker": self.worker, "made": self._made, "fresh": self._fresh, "over": self.closed, **parcel})

    @property
    def has_news(self) -> bool:
        """Is there a record to be handed on, or a test's identity?"""
        return "records" in self._parcel or "next" in self._parcel

    def announce(self, describe: Callable[[Any], Case], test: Any) -> None:
        """A test is about to start, or has: nobody will be able to ask for its identity where it kills the worker.

        With a spill that has it already.
        """
        if not self._channels.file_open:
            self._parcel["next"] = list(describe(test))

    # -- what the one process would do with it ---

    def collected(
        self, count: int, slowest: Sequence[Tuple[str, float]] = (), duration: Optional[float] = None
    ) -> None:
        """See Session."""
        self._parcel["collected"] = [list(slowest), duration]

    def shared_setup(self, name: str, duration: float, queries: Optional[int]) -> None:
        """See Session."""
        self._parcel.setdefault("shared_setup", []).append([name, duration, queries])

    def take_of_no_test(self, outside: Sequence[Mapping[str, Any]], children: Sequence[Mapping[str, Any]]) -> None:
        """See Session."""
        for name, entries in (("outside", outside), ("children", children)):
            if entries:
                self._parcel.setdefault(name, []).extend(entries)

    def covered(self, tests: int) -> None:
        """See Session."""
        self._parcel["covered"] = self._parcel.get("covered", 0) + tests

    def warn(self, warning: TelemetryWarning) -> None:
        """See Session."""
        self._parcel.setdefault("warnings", []).append([warning.slug, warning.message])

    def _publish(self, made: Record) -> None:
        if self._channels.any_open:
            judgement = judge(made, self.config.thresholds)
            self._channels.result(made.to_json(self._identity, None, UNPLACED, judgement), made.coverage)
        self._made += 1
        self._parcel.setdefault("records", []).append(made.to_plain())

    def _conclude(self, exit_code: int, exit_reason: Optional[str]) -> None:
        """The summary is the one process's."""
        self.take_of_no_test(*self.observation.of_no_test())


class Takeover:
    """The other end: opens the parcels of all workers, and has the session adopt what is in them.

    adopting: is shown each record of a test before that.
    """

    def __init__(self, session: Session, adopting: Callable[[Record], None]) -> None:
        self._session = session
        self._adopting = adopting
        self._above: Set[str] = set()  # ids of records above the tests: each worker may have made its own
        self._taken: Dict[str, int] = {}  # records by worker
        self._even: Set[str] = set()  # workers that had nothing untold when they were last heard of,
        self._over: Set[str] = set()  # and those that are over
        self._count = 0
        self._longest = -1.0  # ms of collection
        self._announced: Dict[str, Sequence[Case]] = {}  # by worker, the last two: one is on, or the other

    def collected(self, tests: int) -> None:
        """The run has so many tests."""
        self._count = tests
        self._session.collected(tests)

    def open(self, text: str) -> None:
        """Take over what is in a parcel."""
        parcel = _loads(text)
        worker = parcel["worker"]
        for slug, message in parcel.get("warnings", ()):
            self._session.warn(TelemetryWarning(slug, message))
        for name, spent, queries in parcel.get("shared_setup", ()):
            self._session.shared_setup(name, spent, queries)
        self._session.covered(parcel.get("covered", 0))
        self._session.take_of_no_test(parcel.get("outside", ()), parcel.get("children", ()))
        if "lines" in parcel:
            self._session.observation.lines.merge(parcel["lines"])
        if "collected" in parcel:
            self._take_collection(*parcel["collected"])
        if "next" in parcel:  # before the records: SIGTERM may end the run behind any of them
            self._announced[worker] = [*self._announced.get(worker, ()), Case(*parcel["next"])][-2:]
        self._taken.setdefault(worker, 0)
        for plain in parcel.get("records", ()):
            self._taken[worker] += 1  # before, too
            self._adopt(Record.from_plain(plain))
        if parcel["fresh"] and parcel["made"] == self._taken[worker]:
            self._even.add(worker)
        if parcel["over"]:
            self._over.add(worker)

    def knows(self, worker: str) -> bool:
        """Was there ever a parcel from it?"""
        return worker in self._taken

    def case_of(self, test_id: str, worker: Optional[str]) -> Optional[Case]:
        """Return the identity of a test that a worker has started, as the worker has told or spilled it."""
        if worker is None:
            return None
        known = [case for case in self._announced.get(worker, ()) if case.id == test_id]
        return known[-1] if known else self._spilled_case(test_id, worker)

    def _spilled_case(self, test_id: str, worker: str) -> Optional[Case]:
        path = spill_of(self._session.config.file, worker)
        try:
            lines = _lines_of(path) if path else []
        except OSError:  # it is on another machine, or there is none
            return None
        began = [line for line in filter(self._is_ours, lines) if line["record_type"] == "test_start"]
        return next((case_of(line) for line in reversed(began) if line["id"] == test_id), None)

    def has_above(self, name: str) -> bool:
        """Is there a record of this id above the tests?"""
        return name in self._above

    def _adopt(self, made: Record) -> None:
        if not made.case.above:
            self._adopting(made)
        elif made.case.id in self._above:
            return
        else:
            self._above.add(made.case.id)
        self._session.adopt(made)

    def _take_collection(self, slowest: Sequence[Sequence[Any]], duration: Optional[float]) -> None:
        """All workers look for the same tests: the one that took longest speaks for them."""
        if duration is not None and duration > self._longest:
            self._longest = duration
            self._session.collected(self._count, [(file, spent) for file, spent in slowest], duration)

    def read_spill(self, path: str, worker: str) -> Optional[str]:
        """Take over what a worker has not handed over any more; return the id of the test that it died in, if any.

        Raises OSError.
        """
        results: List[Tuple[Mapping[str, Any], bool]] = []
        in_flight = None
        for line in filter(self._is_ours, _lines_of(path)):
            if line["record_type"] == "test_start":
                in_flight = str(line["id"])
            elif line["record_type"] == "test_result":
                is_its_own = line["id"] == in_flight
                results.append((line, not is_its_own))
                in_flight = None if is_its_own else in_flight
        taken = self._taken.get(worker, 0)
        self._taken[worker] = max(taken, len(results))
        for line, above in results[taken:]:
            self._adopt(Record.from_content(line, above))
        return in_flight

    def remove_spills(self, file: str, workers: Sequence[str], all_over: bool = False) -> None:
        """Remove the spills of workers that hold nothing which the run's own file has not.

        file: that the spills are beside; all_over: whether all workers ended in good order.
        """
        for worker in workers:
            path = str(spill_of(file, worker))
            whole = worker in self._even and (all_over or worker in self._over)
            try:
                if whole or self._has_all(path, worker):
                    os.remove(path)
            except OSError:  # it was never made, or can't be removed: whoever reads it knows what is in the file
                pass

    def _has_all(self, path: str, worker: str) -> bool:
        """Of a worker that died, is every record here?"""
        lines = _lines_of(path)
        if not all(map(self._is_ours, lines)):
            return False
        results = [line for line in lines if line["record_type"] == "test_result"]
        return len(results) <= self._taken.get(worker, 0)

    def _is_ours(self, line: Mapping[str, Any]) -> bool:
        return bool(line.get("run_id") == self._session.config.run_id)


def _lines_of(path: str) -> List[Mapping[str, Any]]:
    """Read a spill, whoever left it; {} for what can't be read. A last line that is torn was no record yet."""
    with open(path, "rb") as file:
        return [_decoded(line) for line in file if line.endswith(b"\n")]


def _decoded(line: bytes) -> Mapping[str, Any]:
    try:
        return decode(line.decode("ascii"))
    except ValueError:
        return {}
