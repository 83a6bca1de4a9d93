"""What a record's own figures say of it, by the thresholds in force (record.md, performance)."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from ..config import Thresholds
from ..record import Judgement, Record
from ..sections import NO_ATTEMPTS, NO_NETWORK, NO_QUERIES, NO_STATEMENTS

# Of the sections that most tests share.
_UNREMARKABLE = {
    (NO_QUERIES, NO_NETWORK): Judgement(False, None, None, None, ()),
    (NO_STATEMENTS, NO_NETWORK): Judgement(False, False, None, None, ()),
    (NO_QUERIES, NO_ATTEMPTS): Judgement(False, None, False, False, ()),
    (NO_STATEMENTS, NO_ATTEMPTS): Judgement(False, False, False, False, ()),
}


def judge(made: Record, thresholds: Thresholds) -> Judgement:
    """Return the booleans of `performance` and its flags, in the contract's order.

    What was not collected is null in the record: it makes no flag, and its boolean is null.
    """
    duration, queries, network, flaky = made.measures.duration, made.queries, made.network, made.flaky
    is_slow = None if duration is None else duration > thresholds.slow_test_ms
    if is_slow is False and not flaky:  # the hot path
        known = _UNREMARKABLE.get((queries, network))
        if known is not None:
            return known
    count, attempts = queries.value["count"], network.value["count"]
    return Judgement(
        is_slow,
        None if count is None else count > thresholds.moderate_queries,
        None if attempts is None else attempts > 0,
        None if attempts is None else bool(network.value["blocked_calls"]),
        _flags(duration, queries.value, network.value, flaky, thresholds),
    )


def _flags(duration: Optional[float], queries: Any, network: Any, flaky: bool, thresholds: Thresholds) -> List[str]:
    selects = queries["query_types"]["SELECT"]
    rules = (
        ("potential_n_plus_1_queries", selects is not None and selects > thresholds.n_plus_one_selects),
        ("network_calls_blocked", network["blocked_calls"]),
        ("n_plus_1_queries", queries["n_plus_one"]),
        ("slow_queries", queries["slow_queries"]),
        ("leaked_thread", queries["leaked"]),
        ("flaky", flaky),
    )
    return [
        *_first_over(duration, (("very_slow", thresholds.very_slow_test_ms), ("slow", thresholds.slow_test_ms))),
        *_first_over(
            queries["count"],
            (("high_db_queries", thresholds.high_queries), ("moderate_db_queries", thresholds.moderate_queries)),
        ),
        *(name for name, raised in rules if raised),
    ]


def _first_over(value: Optional[float], steps: Sequence[Tuple[str, float]]) -> List[str]:
    return [name for name, limit in steps if value is not None and value > limit][:1]
