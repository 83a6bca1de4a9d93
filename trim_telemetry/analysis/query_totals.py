"""The statements of a run as its summary says them. Apart from query_stats, which a run without any need not load."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..sections import NO_QUERIES, NO_STATEMENTS, VERBS, Section, no_statements, uncollected_queries

_LISTED_OF_A_RUN = 10


class QueryTotals:
    """The statements of all tests together. None of them collected: everything is unknown."""

    def __init__(self) -> None:
        self._made: Optional[Dict[str, Any]] = None
        self._uncollected: Mapping[str, Any] = uncollected_queries("disabled", "no test was measured")

    def add(self, section: Section) -> None:
        """Count in what one record says, as far as it was collected."""
        if section is NO_STATEMENTS:  # most tests
            self._made = self._made or no_statements()
        elif section.value["status"] == "collected":
            self._made = self._made or no_statements()
            self._add(self._made, section.value)
        elif section is NO_QUERIES or not section.name:
            self._uncollected = section.value

    def _add(self, made: Dict[str, Any], value: Mapping[str, Any]) -> None:
        for name in ("count", "total_duration", "transaction_statements", "failed", "leaked"):
            made[name] += value[name]
        made["uninstrumented_connections"] += value["uninstrumented_connections"]
        made["max_duration"] = max(made["max_duration"], value["max_duration"])
        for kind in VERBS:
            made["query_types"][kind] += value["query_types"][kind]
        for name in ("by_connection", "by_phase"):
            for key, count in value[name].items():
                made[name][key] = made[name].get(key, 0) + count
        for name, order in (("slow_queries", "duration"), ("duplicate_queries", "count"), ("n_plus_one", "count")):
            if value[name]:
                both = sorted([*made[name], *value[name]], key=lambda entry: -entry[order])
                made[name] = _one_of_a_kind(both)[:_LISTED_OF_A_RUN]

    def value(self) -> Mapping[str, Any]:
        """Return the summary's `database_queries`."""
        made = self._made
        if made is not None and made["count"]:
            made["avg_duration"] = made["total_duration"] / made["count"]
        return made or self._uncollected


def _one_of_a_kind(entries: Iterable[Mapping[str, Any]]) -> List[Mapping[str, Any]]:
    """Keep the first of each statement and place: many tests run the same line, and would fill the list with it."""
    found: Dict[Any, Mapping[str, Any]] = {}
    for entry in entries:
        text = entry["sql"] if "sql" in entry else entry["fingerprint"]
        found.setdefault((text, entry["location"]), entry)
    return list(found.values())
