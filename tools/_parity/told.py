"""What the telemetry told of a run: the records of its file, as far as they can be held against the screen."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, NamedTuple, Optional

_OVER_LONG = 1_000  # characters of an id: from here on a record has a part of it, and a hash
_KEPT = _OVER_LONG - 17


class Result(NamedTuple):
    """One test's record. is_test: it has a class or a duration, as records above the tests have not."""

    id: str
    status: str
    outcome: str
    is_test: bool
    subtests: int


class Told(NamedTuple):
    """The records of one run. broken: lines of the file that are no records."""

    root: Optional[str]
    results: List[Result]
    summary: Optional[Dict[str, Any]]
    broken: List[str]


def read(lines: Iterable[bytes]) -> Told:
    """Take the records of a file back."""
    root, summary = None, None
    results: List[Result] = []
    broken: List[str] = []
    for line in lines:
        try:
            record = json.loads(line.decode("ascii"))
            kind = record["record_type"]
        except (ValueError, KeyError, TypeError):
            broken.append(line[:200].decode("ascii", "backslashreplace"))
            continue
        if kind == "run_start":
            root = record["root"]
        elif kind == "run_summary":
            summary = record
        elif kind == "test_result":
            results.append(result(record))
    return Told(root, results, summary, broken)


def result(record: Dict[str, Any]) -> Result:
    """Return what is compared of one record."""
    is_test = bool(record["class"]) or record["duration"] is not None  # doctests and functions have no class
    return Result(record["id"], record["status"], record["outcome"], is_test, record["subtests"]["count"])


def marked_id(line: bytes) -> str:
    """Return the id of a record on stdout, behind its marker. Raises ValueError where it is none."""
    return str(json.loads(line.partition(b":")[2])["id"])


def key(test_id: str) -> str:
    """Return an id in a form in which printed and recorded ones are equal: records cut those over 1,000 characters."""
    return test_id if len(test_id) < _OVER_LONG else test_id[:_KEPT]
