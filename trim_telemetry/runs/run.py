"""One run, read back record by record: what it was, how far it came, its figures. It keeps one float a test."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Set, Tuple

from ..outcome import CRASHED
from ..record import Case, Detail, Measures, Record
from ..tally import Tally

_Content = Mapping[str, Any]
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00\Z", re.ASCII)  # as schema.json has it


class Run:
    """The fold of a run's records, in the order of the stream.

    start, summary: those records, None where they did not come; in_flight: the test_start of each test without a
    result, by worker; tally: the figures; unreadable: how many records were not as they should be, and not counted.
    """

    def __init__(self) -> None:
        self.run_id: Optional[str] = None
        self.framework: Optional[str] = None
        self.start: Optional[_Content] = None
        self.collection: Optional[_Content] = None
        self.summary: Optional[_Content] = None
        self.in_flight: Dict[Optional[str], _Content] = {}
        self.tally = Tally()
        self.seq = 0
        self.first_time: Optional[str] = None
        self.last_time: Optional[str] = None
        self.crashed: Set[Tuple[Optional[str], str]] = set()  # worker and test
        self.unreadable = 0
        self._takers: Dict[str, Callable[[_Content], None]] = {
            "run_start": self._take_start,
            "collected": self._take_collected,
            "covered": self._take_covered,
            "test_start": self._take_test_start,
            "test_result": self._take_result,
            "run_summary": self._take_summary,
        }

    def take(self, content: _Content) -> None:
        """Count one record in. Types that it does not know are passed over, as readers must (record.md)."""
        try:
            taker = self._takers.get(content["record_type"])
            if taker is not None:
                taker(content)
                self.run_id = self.run_id or str(content["run_id"])
        except (
            KeyError,
            TypeError,
            ValueError,
            OverflowError,
        ):  # not as our schema has it; AttributeError comes from no JSON value
            self.unreadable += 1

    def take_all(self, contents: Iterable[_Content]) -> Run:
        """Count records in; return itself."""
        for content in contents:
            self.take(content)
        return self

    @property
    def is_empty(self) -> bool:
        """Is there nothing in it that tells of a run?"""
        return self.run_id is None

    def _take_start(self, content: _Content) -> None:
        self.start = content
        self.framework = content["environment"]["framework"]
        self._at(content["start_time"])

    def _take_collected(self, content: _Content) -> None:
        self.tally.collected = int(content["count"])
        self.collection = content["collection"]
        self._at(content["time"])

    def _take_covered(self, content: _Content) -> None:
        self.tally.covered += int(content["count"])

    def _take_test_start(self, content: _Content) -> None:
        worker = content["worker"]
        if worker is not None and not isinstance(worker, str):
            raise TypeError(worker)
        self._at(content["start_time"])
        self.in_flight[worker] = {**content, "id": str(content["id"])}

    def _take_result(self, content: _Content) -> None:
        began = self.in_flight.get(content["worker"])
        is_its_own = began is not None and began["id"] == content["id"]
        made = _counted(content, is_its_own)
        self.tally.add(made, content["performance"]["flags"])
        if is_its_own:
            del self.in_flight[content["worker"]]
        if made.outcome == CRASHED:
            self.crashed.add((content["worker"], made.case.id))
        self.framework = self.framework or content["metadata"]["framework"]
        self.seq += 1
        self._at(made.start_time)
        self._at(made.end_time)

    def _take_summary(self, content: _Content) -> None:
        """Anybody can print something that looks like one: what we read of it must be there."""
        if any(not isinstance(content[name], int) for name in (*self.tally.users_counts(), "exit_code")):
            raise TypeError(content)
        if not isinstance(content["not_run_tests"], (int, type(None))) or not isinstance(content["warnings"], list):
            raise TypeError(content)
        self._at(content["end_time"])
        self.summary = content

    def _at(self, time: str) -> None:
        """Times of one length in one zone are in order as texts. Raises ValueError for any other text."""
        if not _TIMESTAMP.match(time):
            raise ValueError(time)
        self.first_time = min(self.first_time or time, time)
        self.last_time = max(self.last_time or time, time)


def _counted(content: _Content, was_started: bool) -> Record:
    """Return as much of a result as the figures need. Raises KeyError, TypeError or ValueError where that is not there.

    What is above a test was never started, and nobody timed it; only tests crash.
    """
    duration = content["duration"]
    if duration is not None and not 0 <= float(duration) < float("inf"):
        raise ValueError(duration)
    if content["status"] not in ("passed", "failed", "error", "skipped"):
        raise ValueError(content["status"])
    detail = None
    if content["flaky"]:
        detail = Detail()
        detail.attempts = content["attempts"]
    is_above = not was_started and duration is None and content["outcome"] != CRASHED
    case = Case(str(content["id"]), "", above=is_above)
    times = str(content["start_time"]), str(content["end_time"])
    return Record(case, content["status"], str(content["outcome"]), times, Measures(duration), detail)
