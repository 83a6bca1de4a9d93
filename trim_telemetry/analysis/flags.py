"""The flags of a record, from its own figures and the thresholds in force (record.md, performance)."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ..config import Thresholds


def flags_of(
    duration: Optional[float],
    queries: Mapping[str, Any],
    network: Mapping[str, Any],
    flaky: bool,
    thresholds: Thresholds,
) -> List[str]:
    """Return the names of the flags in the contract's order.

    duration in ms; queries and network: the record's `database_queries` and `http_calls`. What was not collected is
    null there and makes no flag.
    """
    found: List[str] = []
    if duration is not None:
        found += _first_over(
            duration, (("very_slow", thresholds.very_slow_test_ms), ("slow", thresholds.slow_test_ms))
        )
    count = queries["count"]
    if count is not None:
        found += _first_over(
            count,
            (("high_db_queries", thresholds.high_queries), ("moderate_db_queries", thresholds.moderate_queries)),
        )
        if queries["query_types"]["SELECT"] > thresholds.n_plus_one_selects:
            found.append("potential_n_plus_1_queries")
    if network["blocked_calls"]:
        found.append("network_calls_blocked")
    if queries["n_plus_one"]:
        found.append("n_plus_1_queries")
    if queries["slow_queries"]:
        found.append("slow_queries")
    if queries["leaked"]:
        found.append("leaked_thread")
    if flaky:
        found.append("flaky")
    return found


def _first_over(value: float, steps: Any) -> List[str]:
    for name, limit in steps:
        if value > limit:
            return [name]
    return []
