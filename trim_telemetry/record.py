"""The wire format: what a test run writes and a reader takes back (record.md is the contract, schema.json its schema).

The writer is on the hot path of every test. A record is spliced from texts that are encoded one by one, because most of
a passing test's record is the same as the last one's: that takes a third of the time of `json.dumps` on the whole.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as _quote
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .texts import stable_hash

SCHEMA_VERSION = "1.0"
RESULT_MARKER = "TEST_RESULT:"
SUMMARY_MARKER = "TEST_SUMMARY:"
LINE_LIMIT = 64_000  # bytes of a line on stdout, marker and line end included: many readers buffer 64 KiB

dumps = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode
_loads = json.JSONDecoder().decode


class Case(NamedTuple):
    """A test's identity. `above`: not a test itself but a class, module or file whose failure or skip has a record."""

    id: str
    name: str
    class_name: str = ""
    module: str = ""
    file: str = ""
    line: Optional[int] = None
    defined_at: Optional[str] = None
    tags: Sequence[str] = ()
    fixtures: Sequence[str] = ()
    rerun: Optional[Sequence[str]] = None
    above: bool = False


class Measures(NamedTuple):
    """What a runner measured of one test, in ms; None is unknown. `duration` is without shared set-up."""

    duration: Optional[float] = None
    cpu_time: Optional[float] = None
    setup: Optional[float] = None
    call: Optional[float] = None
    teardown: Optional[float] = None
    shared_setup: Optional[float] = None
    fixtures: Sequence[Mapping[str, Any]] = ()


def uncollected_queries(status: str, reason: Optional[str]) -> Dict[str, Any]:
    """Return a `database_queries` in which nothing was collected."""
    return {
        "count": None,
        "total_duration": None,
        "slow_queries": [],
        "duplicate_queries": [],
        "query_types": dict.fromkeys(("SELECT", "INSERT", "UPDATE", "DELETE", "OTHER")),
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


UNMEASURED = Measures()


class Section:
    """One object of a record that a collector fills, with its JSON text made at most once."""

    __slots__ = ("text", "value")

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self.text = dumps(value)


class RunIdentity:
    """What every record of a run says alike, as JSON text made once."""

    __slots__ = ("_alike", "_framework", "_plain_tail", "run_id", "worker")

    def __init__(self, run_id: str, framework: str, worker: Optional[str] = None) -> None:
        self.run_id = run_id
        self.worker = worker
        self._framework = framework
        self._alike = {"schema_version": _quote(SCHEMA_VERSION), "run_id": _quote(run_id), "worker": _string(worker)}
        self._plain_tail = self._fill(Detail())

    def tail(self, detail: Optional[Detail]) -> str:
        """Return the second half of a record, as a %-format for what even plain tests have each of their own."""
        return self._plain_tail if detail is None else self._fill(detail)

    def _fill(self, detail: Detail) -> str:
        texts = {**self._alike, **detail.texts(self._framework)}
        return _TAIL % {name: text.replace("%", "%%") for name, text in texts.items()}


class Detail:
    """What most tests don't have: a failure, log records, subtests, annotations, output, more than one attempt."""

    __slots__ = (
        "attempts",
        "failure",
        "logs",
        "metadata",
        "reason",
        "stderr",
        "stdout",
        "subtests_count",
        "subtests_failed",
        "truncated",
    )

    def __init__(self) -> None:
        self.logs: Sequence[Mapping[str, Any]] = ()
        self.metadata: Mapping[str, str] = {}  # beside the framework's name
        self.reason: Optional[str] = None
        self.failure: Optional[Mapping[str, Any]] = None
        self.attempts = 1
        self.subtests_count = 0
        self.subtests_failed: Sequence[Mapping[str, Any]] = ()
        self.stdout: Optional[str] = None
        self.stderr: Optional[str] = None
        self.truncated: List[str] = []

    def texts(self, framework: str) -> Dict[str, str]:
        """Return the JSON texts of a record's keys that are kept here."""
        return {
            "logs": _list(self.logs),
            "metadata": dumps({"framework": framework, **self.metadata}),
            "reason": _string(self.reason),
            "failure": "null" if self.failure is None else dumps(self.failure),
            "attempts": str(self.attempts),
            "subtests": dumps({"count": self.subtests_count, "failed": list(self.subtests_failed)}),
            "stdout": _string(self.stdout),
            "stderr": _string(self.stderr),
            "truncated": _list(self.truncated),
        }


class Running(NamedTuple):
    """The figures over the run so far, the present test counted in; ms. None where a reader is to compute them."""

    average: Optional[float]
    median: Optional[float]
    p95: Optional[float]
    p99: Optional[float]
    tests: Optional[int]


class Judgement(NamedTuple):
    """What a test's own figures say of it; None where they were not collected."""

    is_slow: Optional[bool]
    is_db_heavy: Optional[bool]
    is_network_heavy: Optional[bool]
    has_blocked_network_calls: Optional[bool]
    flags: Sequence[str]


class Record:
    """Everything that is known of one test when it is over, but for its place in the run."""

    __slots__ = (
        "case",
        "coverage",
        "detail",
        "end_time",
        "measures",
        "network",
        "outcome",
        "queries",
        "start_time",
        "status",
    )

    def __init__(
        self,
        case: Case,
        status: str,
        outcome: str,
        times: Tuple[str, str],
        measures: Measures,
        detail: Optional[Detail] = None,
    ) -> None:
        self.case = case
        self.status = status
        self.outcome = outcome
        self.start_time, self.end_time = times
        self.measures = measures
        self.detail = detail
        self.queries = NO_QUERIES
        self.network = NO_NETWORK
        self.coverage = NO_COVERAGE

    @property
    def flaky(self) -> bool:
        """Passed after a failed attempt."""
        return self.detail is not None and self.detail.attempts > 1 and self.outcome == "passed"

    def to_json(self, run: RunIdentity, seq: Optional[int], running: Running, judgement: Judgement) -> str:
        """Return the record as one line of ASCII JSON, keys in the contract's order.

        seq, running, judgement: its place in the run, given by the one process that writes the stream.
        """
        case = self.case
        spent, cpu_time, setup, call, teardown, shared_setup, fixtures = self.measures
        average, median, p95, p99, tests = running
        is_slow, is_db_heavy, is_network_heavy, has_blocked, flags = judgement
        duration = _number(spent)
        head = _HEAD % (
            _quote(case.id),
            _quote(case.name),
            _quote(case.class_name),
            _quote(case.module),
            _quote(case.file),
            _integer(case.line),
            self.status,
            duration,
            self.start_time,
            self.end_time,
            _list(case.tags),
            _list(case.fixtures),
            self.queries.text,
            self.network.text,
            _BOOLEANS[is_slow],
            _BOOLEANS[is_db_heavy],
            _BOOLEANS[is_network_heavy],
            _BOOLEANS[has_blocked],
            duration,
            _statistic(average),
            _statistic(median),
            _statistic(p95),
            _statistic(p99),
            _integer(tests),
            _list(flags),
            self.coverage.text,
        )
        tail = run.tail(self.detail) % (
            stable_hash(case.id),
            _integer(seq),
            self.outcome,
            "null" if case.rerun is None else _list(case.rerun),
            _number(setup),
            duration if call == spent else _number(call),
            _number(teardown),
            _number(shared_setup),
            _list(fixtures),
            "true" if self.flaky else "false",
            _number(cpu_time),
            _string(case.defined_at),
        )
        return head + tail


_HEAD = (
    '{"id": %s, "name": %s, "class": %s, "module": %s, "file": %s, "line": %s, "status": "%s", "duration": %s, '
    '"start_time": "%s", "end_time": "%s", "tags": %s, "fixtures": %s, "database_queries": %s, "http_calls": %s, '
    '"performance": {"is_slow": %s, "is_db_heavy": %s, "is_network_heavy": %s, "has_blocked_network_calls": %s, '
    '"current_duration": %s, "avg_duration": %s, "median_duration": %s, "p95_duration": %s, "p99_duration": %s, '
    '"total_tests_run": %s, "flags": %s}, "coverage": %s, '
)
_TAIL = (
    '"logs": %(logs)s, "metadata": %(metadata)s, "schema_version": %(schema_version)s, "run_id": %(run_id)s, '
    '"test_key": "%%s", "seq": %%s, "outcome": "%%s", "reason": %(reason)s, "rerun": %%s, '
    '"phases": {"setup": %%s, "call": %%s, "teardown": %%s}, "shared_setup": %%s, "fixture_durations": %%s, '
    '"failure": %(failure)s, "attempts": %(attempts)s, "flaky": %%s, "subtests": %(subtests)s, '
    '"stdout": %(stdout)s, "stderr": %(stderr)s, "worker": %(worker)s, "cpu_time": %%s, '
    '"truncated": %(truncated)s, "defined_at": %%s}'
)
_ENDLESS = float("inf")
_BOOLEANS = {True: "true", False: "false", None: "null"}
NO_QUERIES = Section(uncollected_queries("disabled", "not collected by this version"))
NO_NETWORK = Section(uncollected_network("disabled", "not collected by this version"))
NO_COVERAGE = Section(uncollected_coverage("disabled", "not collected by this version"))


def _number(value: Optional[float]) -> str:
    """Milliseconds that were counted in ns: six digits are all there are, and take half the time of repr().

    Some come from a runner, whose clock a test may have replaced: what is no finite number is unknown.
    """
    return "null" if value is None or not -_ENDLESS < value < _ENDLESS else "%.6f" % value


def _statistic(value: Optional[float]) -> str:
    """Percentiles fall on hundredths between two such numbers."""
    return "null" if value is None else "%.8f" % value


def _integer(value: Optional[int]) -> str:
    return "null" if value is None else str(value)


def _string(value: Optional[str]) -> str:
    return "null" if value is None else _quote(value)


def _list(value: Sequence[Any]) -> str:
    return dumps(value) if value else "[]"


def encode(record_type: Optional[str], content: Mapping[str, Any]) -> str:
    """Return any other record as a line of ASCII JSON; record_type becomes its first key (None: for stdout)."""
    return dumps({"record_type": record_type, **content} if record_type else content)


def with_type(record_type: str, line: str) -> str:
    """Return an encoded record as the file has it: `record_type` first."""
    return '{"record_type": "%s", %s' % (record_type, line[1:])


def decode(line: str) -> Dict[str, Any]:
    """Take a record back. Raises ValueError where the line is not one JSON object."""
    content = _loads(line)
    if not isinstance(content, dict):
        raise ValueError("a record is a JSON object")
    return content
