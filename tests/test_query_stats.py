"""What a record says of statements that were counted: each list by a table, with figures by hand."""

from typing import Any, Dict, Optional, Tuple

import pytest

from trim_telemetry.analysis.query_stats import Sent, database_queries
from trim_telemetry.collectors.queries import Query

MS = 1_000_000  # ns


def query(
    sql: str,
    count: int = 1,
    parameters: Tuple[int, ...] = (),
    untold: int = 0,
    spent: int = MS,
    connection: str = "default",
    previous: Optional[Query] = None,
    **others: Any,
) -> Query:
    """Statements as a recorder keeps them. parameters: a hash for each execution that had any."""
    made = Query(sql, connection, None, previous)
    made.count, made.untold, made.spent, made.longest = count, untold, spent, spent
    for value in parameters:
        made.parameters[value] = made.parameters.get(value, 0) + 1
    for name, value in others.items():
        setattr(made, name, value)
    return made


def stats(*queries: Query, phase: Optional[str] = "call", location: str = "a.py:3", **others: int) -> Dict[str, Any]:
    sent = [Sent(entry, phase, location) for entry in queries]
    made, cut = database_queries(sent, others.get("leaked", 0), others.get("uninstrumented", 0), str)
    assert cut == []
    return made


def test_counts_add_up() -> None:
    made = stats(
        query("SELECT 1", 3, spent=6 * MS, longest=4 * MS),
        query("insert into t values (1)", 2, spent=2 * MS, failed=1, connection="other"),
        query("BEGIN", spent=0),
        query("PRAGMA x", spent=0),
        leaked=2,
        uninstrumented=1,
    )
    assert (made["count"], made["failed"], made["transaction_statements"]) == (7, 1, 1)
    assert made["query_types"] == {"SELECT": 3, "INSERT": 2, "UPDATE": 0, "DELETE": 0, "OTHER": 2}
    assert (made["total_duration"], made["max_duration"], made["avg_duration"]) == (8.0, 4.0, pytest.approx(8 / 7))
    assert made["by_connection"] == {"default": 5, "other": 2}
    assert made["by_phase"] == {"call": 7}
    assert (made["leaked"], made["uninstrumented_connections"], made["status"]) == (2, 1, "collected")


def test_runner_without_phases_has_none() -> None:
    assert stats(query("SELECT 1"), phase=None)["by_phase"] == {}


def test_slow_executions_come_slowest_first() -> None:
    made = stats(query("SELECT 1", 3, slow=[200 * MS, 300 * MS], shown="(1,)"), query("SELECT 2", slow=[250 * MS]))
    assert [(entry["sql"], entry["time"], entry["duration"]) for entry in made["slow_queries"]] == [
        ("SELECT 1", 0.3, 300.0),
        ("SELECT 2", 0.25, 250.0),
        ("SELECT 1", 0.2, 200.0),
    ]
    assert made["slow_queries"][0]["parameters"] == "(1,)"


@pytest.mark.parametrize(
    "queries, expected",
    [
        ([query("SELECT 1")], []),
        ([query("SELECT 1", 2)], [("SELECT 1", 2, 2)]),
        ([query("SELECT  1"), query("SELECT\n1")], [("SELECT 1", 2, 2)]),
        ([query("SELECT ?", 3, (7, 7, 8))], [("SELECT ?", 3, 2)]),
        ([query("SELECT ?", 3, (7, 8, 9))], [("SELECT ?", 3, 0)]),
        ([query("SELECT ?", 3, (7,), untold=2)], [("SELECT ?", 3, 0)]),
        ([query("SELECT ?", 1, (7,)), query("SELECT ?", 1, (7,))], [("SELECT ?", 2, 2)]),
        ([query("A", 2), query("B", 3)], [("B", 3, 3), ("A", 2, 2)]),
        ([query("SAVEPOINT x", 5), query("COMMIT", 5)], []),
    ],
)
def test_duplicates(queries: Any, expected: Any) -> None:
    found = stats(*queries)["duplicate_queries"]
    assert [(entry["sql"], entry["count"], entry["identical"]) for entry in found] == expected


BOOKS = query("SELECT * FROM books WHERE shelf = 'x'")


@pytest.mark.parametrize(
    "queries, expected",
    [
        ([query("SELECT ?", 3, (1, 2, 3), previous=BOOKS)], ("SELECT ?", 3, 3, "SELECT * FROM books WHERE shelf = ?")),
        ([query("SELECT ?", 5, (1, 2, 3, 3, 3))], ("SELECT ?", 5, 3, None)),
        ([query("SELECT ?", 9, (1, 2) * 4, untold=1)], None),
        ([query("SELECT ?", 9, (), untold=9)], None),
        ([query("SELECT 1"), query("SELECT 2"), query("SELECT 3")], ("SELECT ?", 3, 3, None)),
        ([query("INSERT INTO t VALUES (?)", 3, (1, 2, 3))], None),
        ([query("SELECT ?", 2, (1, 2)), query("SELECT ?", 2, (3, 4), connection="other")], None),
    ],
)
def test_n_plus_one(queries: Any, expected: Any) -> None:
    found = stats(*queries)["n_plus_one"]
    names = ("fingerprint", "count", "distinct_parameters", "source")
    assert [tuple(entry[name] for name in names) for entry in found] == ([] if expected is None else [expected])


@pytest.mark.parametrize("phase, is_finding", [("setup", False), ("teardown", False), ("call", True), (None, True)])
def test_what_only_a_set_up_repeats_is_no_finding(phase: Optional[str], is_finding: bool) -> None:
    assert bool(stats(query("SELECT ?", 3, (1, 2, 3)), phase=phase)["n_plus_one"]) is is_finding


def test_transactions_are_no_source() -> None:
    begin = query("SAVEPOINT a", previous=BOOKS)
    found = stats(query("SELECT ?", 3, (1, 2, 3), previous=begin))["n_plus_one"]
    assert found[0]["source"] == "SELECT * FROM books WHERE shelf = ?"


def test_lists_are_bounded_and_said_to_be_cut() -> None:
    sent = [Sent(query(f"SELECT {'x' * number}", 2), "call", None) for number in range(1, 150)]
    made, cut = database_queries(sent, 0, 0, str)
    assert (len(made["duplicate_queries"]), cut) == (100, ["database_queries.duplicate_queries"])


def test_texts_are_clean_and_without_secrets() -> None:
    made, _ = database_queries(
        [Sent(query("ALTER ROLE x PASSWORD 'hunter22'\x1b[1m\ud800", 2, shown="\ud800"), None, None)],
        0,
        0,
        lambda text: text.replace("x", "-"),
    )
    (entry,) = made["duplicate_queries"]
    assert "hunter22" not in entry["sql"] and "\ud800" not in entry["sql"] and "\x1b" not in entry["sql"]
    assert "ROLE -" in entry["sql"]
    assert entry["parameters"] == "\ufffd"
