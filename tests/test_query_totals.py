"""What a summary says of all statements of a run."""

from typing import Any, Dict

from trim_telemetry.analysis.query_totals import QueryTotals
from trim_telemetry.sections import (
    LOST_QUERIES,
    NO_QUERIES,
    NO_STATEMENTS,
    Section,
    no_statements,
    uncollected_queries,
)


def sent(count: int, **others: Any) -> Dict[str, Any]:
    """A test's section with so many SELECTs in its call."""
    types = {**no_statements()["query_types"], "SELECT": count}
    return {**no_statements(), "count": count, "query_types": types, "by_phase": {"call": count}, **others}


def test_totals_of_a_run() -> None:
    totals = QueryTotals()
    assert totals.value()["reason"] == "no test was measured"  # not that it was turned off
    totals.add(NO_QUERIES)
    assert totals.value() == NO_QUERIES.value
    totals.add(NO_STATEMENTS)
    assert totals.value()["count"] == 0
    one = sent(3, total_duration=6.0, leaked=1)
    for section in (Section(one), Section(one), NO_STATEMENTS, LOST_QUERIES):
        totals.add(section)
    found = totals.value()
    assert (found["count"], found["leaked"], found["avg_duration"], found["by_phase"]) == (6, 2, 2.0, {"call": 6})
    assert one["count"] == 3  # a record's own stays as it is


def test_lists_name_each_statement_and_place_once_by_its_worst() -> None:
    totals = QueryTotals()
    for count in (3, 5, 4):
        for line in ("a.py:1", "a.py:2"):
            repeated = {"sql": "SELECT 1", "count": count, "location": line}
            loop = {"fingerprint": "SELECT ?", "count": count, "location": line}
            slow = {"sql": "SELECT 1", "duration": float(count), "location": line}
            lists = {"duplicate_queries": [repeated], "n_plus_one": [loop], "slow_queries": [slow, slow]}
            totals.add(Section(sent(count, **lists)))
    found = totals.value()
    for name, worst in (("duplicate_queries", "count"), ("n_plus_one", "count"), ("slow_queries", "duration")):
        assert [(entry[worst], entry["location"]) for entry in found[name]] == [(5, "a.py:1"), (5, "a.py:2")]


def test_run_whose_collecting_broke_says_so() -> None:
    totals = QueryTotals()
    totals.add(Section(uncollected_queries("error", "KeyError")))
    assert (totals.value()["status"], totals.value()["reason"]) == ("error", "KeyError")
