"""The counts of a run: what the summary says of all tests together."""

from __future__ import annotations

from heapq import heappush, heapreplace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import outcome
from .record import Record

_SLOWEST = 10


class Tally:
    """Counts records by verdict and flag, and keeps the slowest. Its size does not grow with the run."""

    def __init__(self) -> None:
        self.collected: Optional[int] = None
        self.covered = 0  # collected tests that a record above them speaks for
        self.flags: Dict[str, int] = {}
        self._statuses = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
        self._outcomes = {outcome.XFAILED: 0, outcome.XPASSED: 0}
        self._flaky = 0
        self._own_records = 0
        self._slowest: List[Tuple[float, int, str]] = []

    def add(self, made: Record, flags: Sequence[str]) -> None:
        """Count one record in."""
        self._statuses[made.status] += 1
        if made.outcome in self._outcomes:
            self._outcomes[made.outcome] += 1
        for flag in flags:
            self.flags[flag] = self.flags.get(flag, 0) + 1
        if made.flaky:
            self._flaky += 1
        if not made.case.above:
            self._own_records += 1
        duration = made.measures.duration
        if duration is not None:
            self._rank(duration, made.case.id)

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

    def counts(self) -> Dict[str, int]:
        """Return our finer counts."""
        return {
            "error_tests": self._statuses["error"],
            "xfailed_tests": self._outcomes[outcome.XFAILED],
            "xpassed_tests": self._outcomes[outcome.XPASSED],
            "flaky_tests": self._flaky,
        }

    def slowest(self) -> List[Dict[str, Any]]:
        """Return the ten longest tests, longest first."""
        return [{"id": name, "duration": spent} for spent, _, name in sorted(self._slowest, reverse=True)]

    def _rank(self, duration: float, name: str) -> None:
        entry = (duration, -self._own_records, name)  # of two alike, the earlier stays
        if len(self._slowest) < _SLOWEST:
            heappush(self._slowest, entry)
        elif duration > self._slowest[0][0]:
            heapreplace(self._slowest, entry)
