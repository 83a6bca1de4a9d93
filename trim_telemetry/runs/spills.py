"""What the workers of a run had written when the process that writes the stream died: merged into the run's file.

A worker keeps its test_start and test_result records in a file of its own, `<run's file>.<worker>.spill`, without the
places in the run (`seq` and the running figures), which are given here.
"""

from __future__ import annotations

import os
from collections import Counter
from glob import escape, glob
from typing import Any, Dict, Iterator, List, Mapping, Set, Tuple
from typing import Counter as Count

from ..sections import dumps
from .run import Run
from .stream import Tail

_Key = Tuple[str, str]  # worker, test_key


def spills_of(path: str) -> List[str]:
    """Return the spills beside a run's file."""
    return sorted(glob(f"{escape(path)}.*.spill"))


class Spills:
    """The spills of the run whose file is at `path`. Raises OSError."""

    def __init__(self, path: str) -> None:
        self._paths = spills_of(path)
        self._written: Count[_Key] = Counter()  # results that the run's file has
        self._above: Set[str] = set()  # ids of what is no test of its own: each worker may have a record of it
        if self._paths:
            self._count(path)

    def _count(self, path: str) -> None:
        for content in _records(path):
            if content.get("record_type") == "test_result":
                self._written[_key_of(content)] += 1
                if content.get("duration") is None:
                    self._above.add(str(content.get("id")))

    def merge(self, run: Run) -> Iterator[str]:
        """Count in what `run` lacks, and yield those records as its file is to have them.

        What was in flight in a worker is in flight in the run afterwards.
        """
        for path in self._paths:
            for content in _records(path):
                if content.get("run_id") != run.run_id:  # left by another run
                    continue
                if content.get("record_type") == "test_start":
                    run.take(content)
                elif content.get("record_type") == "test_result":
                    yield from self._merged(content, run)
        for worker, began in list(run.in_flight.items()):
            if self._written[_key_of(began)] > 0:  # that its worker has crashed was known already
                del run.in_flight[worker]

    def _merged(self, content: Dict[str, Any], run: Run) -> Iterator[str]:
        key, worker = _key_of(content), content.get("worker")
        began = run.in_flight.get(worker)
        is_its_own = began is not None and began["id"] == content.get("id")
        if self._written[key] > 0:
            self._written[key] -= 1
            if is_its_own:
                del run.in_flight[worker]
            return
        if not is_its_own and content.get("duration") is None:
            if str(content.get("id")) in self._above:
                return
            self._above.add(str(content.get("id")))
        before = run.unreadable
        run.take(content)
        if run.unreadable == before:
            yield dumps(_placed(content, run))

    def remove(self) -> None:
        """They are merged."""
        for path in self._paths:
            os.remove(path)


def _records(path: str) -> Iterator[Dict[str, Any]]:
    tail = Tail(path)
    try:
        yield from tail.records()
    finally:
        tail.close()


def _key_of(content: Mapping[str, Any]) -> _Key:
    return str(content.get("worker")), str(content.get("test_key"))


def _placed(content: Mapping[str, Any], run: Run) -> Dict[str, Any]:
    """Return a result with its place in the run, which has just counted it in."""
    average, median, p95, p99, tests = run.tally.running()
    running = {
        "avg_duration": average,
        "median_duration": median,
        "p95_duration": p95,
        "p99_duration": p99,
        "total_tests_run": tests,
    }
    return {**content, "seq": run.seq, "performance": {**content["performance"], **running}}
