"""The figures of a run: what its summary says of all tests together, and each record of those before it."""

from __future__ import annotations

from heapq import heappush, heapreplace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import outcome
from .analysis.network_stats import NetworkTotals
from .analysis.percentiles import RunningPercentiles
from .analysis.query_totals import QueryTotals
from .record import Record, Running
from .texts import clean

_SLOWEST = 10
_TIMED = frozenset((outcome.PASSED, outcome.FAILED, outcome.ERROR, outcome.XFAILED, outcome.XPASSED))


class Tally:
    """Counts records by verdict and flag, and keeps their durations and the slowest. One float a test, and no more."""

    def __init__(self) -> None:
        self.collected: Optional[int] = None
        self.covered = 0  # collected tests that a record above them speaks for
        self._flags: Dict[str, int] = {}
        self._statuses = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
        self._outcomes = {outcome.XFAILED: 0, outcome.XPASSED: 0}
        self._flaky = 0
        self._own_records = 0
        self._slowest: List[Tuple[float, int, str]] = []
        self._least_slow = -1.0  # of as many as are kept
        self._durations = RunningPercentiles((50, 95, 99))
        self._shared_setup: Dict[str, Tuple[float, Optional[int]]] = {}  # ms and statements
        self.queries = QueryTotals()
        self.network = NetworkTotals()

    def add(self, made: Record, flags: Sequence[str]) -> None:
        """Count one record in."""
        duration = made.measures.duration
        self._statuses[made.status] += 1
        if made.outcome in self._outcomes:
            self._outcomes[made.outcome] += 1
        for flag in flags:
            self._flags[flag] = self._flags.get(flag, 0) + 1
        if made.flaky:
            self._flaky += 1
        self.queries.add(made.queries)
        self.network.add(made.network)
        if not made.case.above:
            self._own_records += 1
        if duration is not None:
            if made.outcome in _TIMED:
                self._durations.add(duration)
            if duration > self._least_slow:
                self._rank(duration, made.case.id)

    def add_shared_setup(self, name: str, duration: float, queries: Optional[int]) -> None:
        """Shared set-up (a class's, a module's, a wider fixture's) took `duration` ms and so many statements more."""
        spent, sent = self._shared_setup.get(name, (0.0, None))
        self._shared_setup[name] = (spent + duration, sent if queries is None else (sent or 0) + queries)

    def running(self) -> Running:
        """Return the figures over all durations so far."""
        durations = self._durations
        median, p95, p99 = durations.values()
        return Running(durations.mean(), median, p95, p99, durations.count)

    @property
    def failed(self) -> int:
        """Records with status failed or error, as the user's `failed_tests` counts them."""
        return self._statuses["failed"] + self._statuses["error"]

    def not_run(self) -> Optional[int]:
        """How many collected tests have no record of their own nor one that speaks for them; None when unknown."""
        if self.collected is None:
            return None
        return max(0, self.collected - self._own_records - self.covered)

    def users_counts(self) -> Dict[str, int]:
        """Return the user's own count keys, which add up: total = passed + failed + skipped."""
        return {
            "total_tests": sum(self._statuses.values()),
            "passed_tests": self._statuses["passed"],
            "failed_tests": self.failed,
            "skipped_tests": self._statuses["skipped"],
        }

    def counts(self) -> Dict[str, Optional[int]]:
        """Return our finer counts."""
        return {
            "error_tests": self._statuses["error"],
            "xfailed_tests": self._outcomes[outcome.XFAILED],
            "xpassed_tests": self._outcomes[outcome.XPASSED],
            "flaky_tests": self._flaky,
            "collected_tests": self.collected,
            "not_run_tests": self.not_run(),
        }

    def figures(self) -> Dict[str, Any]:
        """Return the summary's performance, slowest, flags and shared set-up."""
        average, median, p95, p99, tests = self.running()
        longest_first = sorted(self._shared_setup.items(), key=lambda item: -item[1][0])
        return {
            "performance": {
                "avg_duration": average,
                "median_duration": median,
                "p95_duration": p95,
                "p99_duration": p99,
                "max_duration": self._durations.maximum,
                "total_tests_run": tests,
            },
            "slowest": [{"id": name, "duration": spent} for spent, _, name in sorted(self._slowest, reverse=True)],
            "flags": self._flags,
            "shared_setup": [
                {"name": clean(name), "duration": spent, "queries": sent} for name, (spent, sent) in longest_first
            ],
        }

    def _rank(self, duration: float, name: str) -> None:
        entry = (duration, -self._own_records, name)  # of two alike, the earlier stays
        if len(self._slowest) < _SLOWEST:
            heappush(self._slowest, entry)
        else:
            heapreplace(self._slowest, entry)
        if len(self._slowest) == _SLOWEST:
            self._least_slow = self._slowest[0][0]
