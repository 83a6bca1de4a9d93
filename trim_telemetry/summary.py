"""The last record of a run, put together in one place: by the run itself, or by whoever completes a dead one's file."""

from __future__ import annotations

from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence

from . import record
from .tally import Tally


class Ending(NamedTuple):
    """How a run ended, and when: RFC 3339, and ms for the duration. The other names are the record's own."""

    exit_code: int
    exit_reason: Optional[str]
    interrupted_by: Optional[str]
    complete: bool
    start_time: str
    end_time: str
    duration: float


def summary_of(
    run_id: Optional[str],
    tally: Tally,
    ending: Ending,
    collection: Optional[Mapping[str, Any]],
    coverage: Mapping[str, Any],
    warnings: Sequence[Optional[str]],
    surroundings: Mapping[str, Any],
) -> Dict[str, Any]:
    """Return a run_summary's content, in the contract's order (record.md, TEST_SUMMARY).

    surroundings: its `environment`, `ci`, `git` and `thresholds`.
    """
    return {
        **tally.users_counts(),
        "exit_code": ending.exit_code,
        "schema_version": record.SCHEMA_VERSION,
        "run_id": run_id,
        **tally.counts(),
        "complete": ending.complete,
        "interrupted_by": ending.interrupted_by,
        "exit_reason": ending.exit_reason,
        "start_time": ending.start_time,
        "end_time": ending.end_time,
        "duration": ending.duration,
        **tally.figures(),
        "database_queries": tally.queries.value(),
        "http_calls": tally.network.value(),
        "coverage": coverage,
        "collection": collection or {"duration": None, "slowest": []},
        "warnings": list(warnings),
        **{name: surroundings[name] for name in ("environment", "ci", "git", "thresholds")},
        "truncated": [],
    }
