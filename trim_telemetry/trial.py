"""A test in flight, and what its record says beyond its verdict and its measures."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence

from . import outcome
from .collectors.logs import LogRecord
from .config import Config
from .outcome import Event
from .record import UNMEASURED, Case, Detail
from .texts import clean, cut

_ANNOTATIONS_LIMIT = 50
_ANNOTATION_KEY_LIMIT = 100
_ANNOTATION_LIMIT = 1_000
_SUBTEST_LIMIT = 1_000


class Trial:
    """A test in flight: its case, what was reported on it so far, and what was measured."""

    __slots__ = (
        "annotations",
        "attempts",
        "case",
        "cpu_started",
        "elsewhere",
        "ended",
        "events",
        "measures",
        "phase",
        "started",
        "stderr",
        "stdout",
        "subtests",
    )

    def __init__(self, case: Case, phase: Optional[str]) -> None:
        self.case = case
        self.phase = phase
        self.events: List[Event] = []
        self.annotations: Dict[str, str] = {}
        self.attempts = 1
        self.subtests = 0
        self.stdout: Optional[str] = None
        self.stderr: Optional[str] = None
        self.started = 0  # ns, as are cpu_started and ended
        self.cpu_started = 0
        self.ended = 0
        self.measures = UNMEASURED
        self.elsewhere = False  # did it run in another process?

    def annotate(self, key: str, value: str) -> None:
        """Keep one more annotation, within the limits that `annotate` documents."""
        if key != "framework" and len(self.annotations) < _ANNOTATIONS_LIMIT:  # that key is the record's own
            self.annotations[clean(key)[:_ANNOTATION_KEY_LIMIT]] = value[: 2 * _ANNOTATION_LIMIT]


class Describer:
    """Makes the details of records, within the caps of the settings and without secrets.

    redact: takes secrets out of a text.
    """

    def __init__(self, config: Config, redact: Callable[[str], str]) -> None:
        self._config = config
        self._redact = redact

    def of_trial(self, trial: Trial, decided_by: Optional[Event], logs: Sequence[LogRecord], dropped: int) -> Detail:
        """Return what is to be said of a test. logs: its log records; dropped: how many more there were."""
        detail = self.of_events(trial.events, decided_by)
        detail.attempts = trial.attempts
        detail.metadata = {
            key: self._cut(value, _ANNOTATION_LIMIT, "metadata", detail) for key, value in trial.annotations.items()
        }
        detail.logs = [self._log(entry) for entry in logs]
        if dropped:
            detail.truncated.append("logs")
        if trial.subtests:
            detail.subtests_count = trial.subtests
            detail.subtests_failed = [
                self._subtest(event, detail) for event in trial.events if event.subtest and event.outcome in _FAILED
            ]
        if decided_by is not None:
            detail.stdout = self._output(trial.stdout, "stdout", detail)
            detail.stderr = self._output(trial.stderr, "stderr", detail)
        return detail

    def of_events(self, events: Sequence[Event], decided_by: Optional[Event]) -> Detail:
        """Return what is to be said of a verdict. decided_by: the event that decided it."""
        detail = Detail()
        if decided_by is not None:
            detail.failure = self._failure(events, decided_by, detail)
            if decided_by.reason is not None:
                detail.reason = self._cut(decided_by.reason, self._config.max_message, "reason", detail)
        return detail

    def _failure(self, events: Sequence[Event], decided_by: Event, detail: Detail) -> Optional[Dict[str, Any]]:
        failure = decided_by.failure
        if failure is None:
            return None
        traceback_limit = self._config.max_traceback
        return {
            "phase": failure.phase,
            "type": clean(failure.type)[:_SUBTEST_LIMIT],
            "message": self._cut(failure.message, self._config.max_message, "failure.message", detail),
            "traceback": self._cut(failure.traceback, traceback_limit, "failure.traceback", detail, keep_end=True),
            "file": failure.file and clean(failure.file),
            "line": failure.line,
            "others": sum(event.failure is not None for event in events) - 1,
        }

    def _subtest(self, event: Event, detail: Detail) -> Dict[str, Any]:
        message = event.failure and self._cut(event.failure.message, _SUBTEST_LIMIT, "subtests.failed", detail)
        name = self._cut(event.subtest or "", _SUBTEST_LIMIT, "subtests.failed", detail)
        return {"name": name, "status": event.outcome, "message": message}

    def _log(self, entry: LogRecord) -> Dict[str, Any]:
        cleaned = {name: text and clean(text) for name, text in entry._asdict().items()}
        return {**cleaned, "message": self._redact(clean(entry.message))}

    def _output(self, text: Optional[str], name: str, detail: Detail) -> Optional[str]:
        return None if text is None else self._cut(text, self._config.max_output, name, detail, keep_end=True)

    def _cut(self, text: str, limit: int, name: str, detail: Detail, keep_end: bool = False) -> str:
        return cut(text, limit, name, detail.truncated, keep_end, self._redact)


_FAILED = (outcome.FAILED, outcome.ERROR)
