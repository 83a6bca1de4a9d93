"""A test's statements as its record says them (record.md, database_queries)."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .. import outcome
from ..sections import no_statements
from ..texts import clean
from .sql import fingerprint, fold, is_transaction, mask_credentials, verb

_LISTED = 100  # entries of a list
_LEAST_DISTINCT = 3  # parameter sets that make an N+1
_OF_THE_TEST = (None, outcome.CALL)  # phases: what only set-ups and factories repeat is no finding


class Sent(NamedTuple):
    """Statements that were alike. query: a collectors.queries.Query; location: "file:line" of the user's code."""

    query: Any
    phase: Optional[str]
    location: Optional[str]


def database_queries(
    sent: Sequence[Sent], leaked: int, uninstrumented: int, redact: Callable[[str], str]
) -> Tuple[Dict[str, Any], List[str]]:
    """Return a record's `database_queries`, and the names of those of its lists that were cut.

    leaked: statements of threads that an earlier test left running; uninstrumented: connections that nobody saw;
    redact: takes secrets out of a text.
    """
    made = no_statements()
    made.update(leaked=leaked, uninstrumented_connections=uninstrumented)
    for entry in sent:
        _count_in(made, entry)
    if made["count"]:
        made["avg_duration"] = made["total_duration"] / made["count"]

    def said(text: str) -> str:
        return clean(redact(mask_credentials(text)))

    lists = {
        "slow_queries": _slow(sent, said),
        "duplicate_queries": _duplicates(sent, said),
        "n_plus_one": _n_plus_one(sent, said),
    }
    made.update((name, entries[:_LISTED]) for name, entries in lists.items())
    return made, [f"database_queries.{name}" for name, entries in lists.items() if len(entries) > _LISTED]


def _count_in(made: Dict[str, Any], entry: Sent) -> None:
    query = entry.query
    made["count"] += query.count
    made["failed"] += query.failed
    made["total_duration"] += query.spent / 1e6
    made["max_duration"] = max(made["max_duration"], query.longest / 1e6)
    made["query_types"][verb(query.sql)] += query.count
    if is_transaction(query.sql):
        made["transaction_statements"] += query.count
    _add(made["by_connection"], clean(query.connection), query.count)
    if entry.phase is not None:
        _add(made["by_phase"], entry.phase, query.count)


def _add(counts: Dict[str, int], name: str, count: int) -> None:
    counts[name] = counts.get(name, 0) + count


def _slow(sent: Sequence[Sent], said: Callable[[str], str]) -> List[Dict[str, Any]]:
    """Executions over the threshold, the slowest first."""
    executions = [(spent, entry) for entry in sent for spent in entry.query.slow]
    executions.sort(key=lambda execution: -execution[0])
    return [
        {
            "sql": said(entry.query.sql),
            "time": spent / 1e9,
            "duration": spent / 1e6,
            "connection": clean(entry.query.connection),
            "location": entry.location,
            "parameters": _shown(entry.query),
        }
        for spent, entry in executions[: _LISTED + 1]
    ]


def _shown(query: Any) -> Optional[str]:
    return None if query.shown is None else clean(query.shown)


def _duplicates(sent: Sequence[Sent], said: Callable[[str], str]) -> List[Dict[str, Any]]:
    """Texts that were sent more than once, the most repeated first."""
    found = [
        {
            "sql": text,
            "count": sum(entry.query.count for entry in entries),
            "identical": _identical(entries),
            "location": max(entries, key=lambda entry: entry.query.count).location,
            "parameters": _shown(entries[0].query),
        }
        for text, entries in _grouped(sent, lambda entry: fold(entry.query.sql)).items()
        if not is_transaction(text)
    ]
    repeated = [entry for entry in found if entry["count"] > 1]
    repeated.sort(key=lambda entry: -entry["count"])
    return [{**entry, "sql": said(entry["sql"])} for entry in repeated[: _LISTED + 1]]


def _identical(entries: Iterable[Sent]) -> int:
    """How many executions had the same parameters as another one? Those that can't be told apart don't count."""
    times: Dict[Optional[int], int] = {}
    for entry in entries:
        query = entry.query
        for value, count in query.parameters.items():
            times[value] = times.get(value, 0) + count
        times[None] = times.get(None, 0) + _bare(query)
    return sum(count for count in times.values() if count > 1)


def _bare(query: Any) -> int:
    """How many executions had no parameters?"""
    return int(query.count - query.untold - sum(query.parameters.values()))


def _n_plus_one(sent: Sequence[Sent], said: Callable[[str], str]) -> List[Dict[str, Any]]:
    """SELECTs with one fingerprint and one call site, and three or more distinct parameter sets."""
    selects = [entry for entry in sent if verb(entry.query.sql) == "SELECT"]
    found = []
    for (print_, location, _), entries in _grouped(selects, _place).items():
        distinct = _distinct(entries)
        if distinct >= _LEAST_DISTINCT and any(entry.phase in _OF_THE_TEST for entry in entries):
            source = _source(entries[0].query, print_)
            found.append(
                {
                    "fingerprint": said(print_),
                    "count": sum(entry.query.count for entry in entries),
                    "distinct_parameters": distinct,
                    "location": location,
                    "source": None if source is None else said(source),
                }
            )
    return sorted(found, key=lambda entry: -entry["count"])


def _place(entry: Sent) -> Tuple[str, Optional[str], str]:
    return _print(entry.query.sql), entry.location, entry.query.connection


def _print(sql: str) -> str:
    return fingerprint(sql, ansi_quotes="`" not in sql)  # MySQL's own quotes: there "..." is a literal


def _distinct(entries: Iterable[Sent]) -> int:
    """How many sets of values were sent, be they parameters or part of the text?"""
    return len(
        {
            (fold(entry.query.sql), value)
            for entry in entries
            for value in (*entry.query.parameters, *([None] if _bare(entry.query) else []))
        }
    )


def _source(first: Any, print_: str) -> Optional[str]:
    """The statement before the first of them, whose rows are probably looped over."""
    before = first.previous
    while before is not None:
        text = _print(before.sql)
        if text != print_ and not is_transaction(before.sql):
            return text
        before = before.previous
    return None


def _grouped(sent: Iterable[Sent], key: Callable[[Sent], Any]) -> Dict[Any, List[Sent]]:
    groups: Dict[Any, List[Sent]] = {}
    for entry in sent:
        groups.setdefault(key(entry), []).append(entry)
    return groups
