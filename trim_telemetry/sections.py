"""The objects within a record that collectors fill: statements, network calls, lines. Every record has each of them."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Union

VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "OTHER")

dumps = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


class Section:
    """One such object, with its JSON text made once.

    name: of one that many records share, so that it is not sent from process to process with each; brief: the text that
    a line on stdout has in its place, None for the same.
    """

    __slots__ = ("brief", "name", "text", "value")

    def __init__(self, value: Mapping[str, Any], name: Optional[str] = None) -> None:
        self.value = value
        self.text = dumps(value)
        self.brief: Optional[str] = None
        self.name = name
        if name is not None:
            _SHARED[name] = self

    @classmethod
    def spliced(cls, text: str, brief: Optional[str] = None) -> Section:
        """Make one whose text was put together elsewhere; its value is empty."""
        made = cls.__new__(cls)
        made.value, made.name = {}, None
        made.text, made.brief = text, brief
        return made

    def to_plain(self) -> Union[str, List[Optional[str]], Mapping[str, Any]]:
        """Return it as JSON has it, for another process of this run."""
        return self.name or self.value or [self.text, self.brief]

    @classmethod
    def from_plain(cls, plain: Union[str, List[Any], Mapping[str, Any]]) -> Section:
        """Take it over from another process of this run."""
        if isinstance(plain, str):
            return _SHARED[plain]
        return cls.spliced(*plain) if isinstance(plain, list) else cls(plain)


_SHARED: Dict[str, Section] = {}


def uncollected_queries(status: str, reason: Optional[str]) -> Dict[str, Any]:
    """Return a `database_queries` in which nothing was collected."""
    return {
        "count": None,
        "total_duration": None,
        "slow_queries": [],
        "duplicate_queries": [],
        "query_types": dict.fromkeys(VERBS),
        "avg_duration": None,
        "max_duration": None,
        "transaction_statements": None,
        "failed": None,
        "by_connection": {},
        "by_phase": {},
        "n_plus_one": [],
        "leaked": None,
        "uninstrumented_connections": None,
        "status": status,
        "reason": reason,
    }


def uncollected_network(status: str, reason: Optional[str]) -> Dict[str, Any]:
    """Return an `http_calls` in which nothing was collected."""
    return {
        "count": None,
        "total_duration": None,
        "external_calls": [],
        "blocked_calls": [],
        "status": status,
        "reason": reason,
    }


def no_attempts() -> Dict[str, Any]:
    """Return the `http_calls` of a test that made none."""
    return {**uncollected_network("collected", None), "count": 0, "total_duration": 0.0}


def uncollected_coverage(status: str, reason: Optional[str]) -> Dict[str, Any]:
    """Return a `coverage` in which nothing was collected."""
    return {
        "lines_covered": None,
        "lines_total": None,
        "coverage_percent": None,
        "files": [],
        "status": status,
        "reason": reason,
    }


def no_statements() -> Dict[str, Any]:
    """Return the `database_queries` of a test that sent none."""
    counts = dict.fromkeys(("count", "transaction_statements", "failed", "leaked", "uninstrumented_connections"), 0)
    measures = dict.fromkeys(("total_duration", "avg_duration", "max_duration"), 0.0)
    types = {"query_types": dict.fromkeys(VERBS, 0)}
    return {**uncollected_queries("collected", None), **counts, **measures, **types}


NO_QUERIES = Section(uncollected_queries("disabled", "the setting `queries` is off"), "queries off")
NO_STATEMENTS = Section(no_statements(), "no statements")
NOT_A_TESTS_QUERIES = Section(uncollected_queries("disabled", "of tests only"), "queries above")
LOST_QUERIES = Section(uncollected_queries("error", "the process died, or was lost"), "queries lost")
_ELSEWHERE = "the test ran in a process of its own, where nobody watched for this record"
ELSEWHERE_QUERIES = Section(uncollected_queries("error", _ELSEWHERE), "queries elsewhere")
NO_NETWORK = Section(uncollected_network("disabled", "the setting `network` is off"), "network off")
NO_ATTEMPTS = Section(no_attempts(), "no attempts")
NOT_A_TESTS_NETWORK = Section(uncollected_network("disabled", "of tests only"), "network above")
LOST_NETWORK = Section(uncollected_network("error", "the process died, or was lost"), "network lost")
ELSEWHERE_NETWORK = Section(uncollected_network("error", _ELSEWHERE), "network elsewhere")
NO_COVERAGE = Section(uncollected_coverage("disabled", "the setting `coverage` is off"), "coverage off")
NO_LINES = Section({**uncollected_coverage("collected", None), "lines_covered": 0, "lines_total": 0}, "no lines")
NOT_A_TESTS_COVERAGE = Section(uncollected_coverage("disabled", "of tests only"), "coverage above")
LOST_COVERAGE = Section(uncollected_coverage("error", "the process died, or was lost"), "coverage lost")
ELSEWHERE_COVERAGE = Section(uncollected_coverage("error", _ELSEWHERE), "coverage elsewhere")
