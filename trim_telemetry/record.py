"""The wire format: what a test run writes and a reader takes back (record.md is the contract, schema.json its schema).

The writer is on the hot path of every test. A record is spliced from texts that are encoded one by one, because most of
a passing test's record is the same as the last one's: that takes a third of the time of `json.dumps` on the whole.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as _quote
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .sections import NO_COVERAGE, NO_NETWORK, NO_QUERIES, Section, dumps
from .texts import stable_hash

SCHEMA_VERSION = "1.0"
RESULT_MARKER = "TEST_RESULT:"
SUMMARY_MARKER = "TEST_SUMMARY:"
LINE_LIMIT = 64_000  # bytes of a line on stdout, marker and line end included: many readers buffer 64 KiB

_LEAST, _MOST = float("-inf"), float("inf")
_BOOLEANS = {True: "true", False: "false", None: "null"}

_RUNNING = (  # percentiles fall on hundredths between two durations of six digits
    '"avg_duration": %.8f, "median_duration": %.8f, "p95_duration": %.8f, "p99_duration": %.8f, "total_tests_run": %d'
)
_UNKNOWN = _RUNNING.replace("%.8f", "null").replace("%d", "null")

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


UNMEASURED = Measures()


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


class _DetailTexts:
    """A Detail as JSON: one text for each stretch of the line that it fills."""

    __slots__ = ("logs_to_run", "reason", "rest", "truncated")

    def __init__(self, detail: Detail, framework: str, run: str, flaky: bool) -> None:
        metadata = {"framework": framework, **detail.metadata}
        failure = "null" if detail.failure is None else dumps(detail.failure)
        subtests = {"count": detail.subtests_count, "failed": list(detail.subtests_failed)}
        self.logs_to_run = f'"logs": {_list(detail.logs)}, "metadata": {dumps(metadata)}, {run}'
        self.reason = _string(detail.reason)
        self.rest = (
            f'"failure": {failure}, "attempts": {detail.attempts}, "flaky": {_BOOLEANS[flaky]}, '
            f'"subtests": {dumps(subtests)}, "stdout": {_string(detail.stdout)}, "stderr": {_string(detail.stderr)}'
        )
        self.truncated = _list(detail.truncated)


class RunIdentity:
    """What every record of a run says alike, as JSON text made once."""

    __slots__ = ("_framework", "_plain", "run_id", "text")

    def __init__(self, run_id: str, framework: str) -> None:
        self.run_id = run_id
        self.text = f'"schema_version": {_quote(SCHEMA_VERSION)}, "run_id": {_quote(run_id)}'
        self._framework = framework
        self._plain = _DetailTexts(Detail(), framework, self.text, False)

    def texts(self, detail: Optional[Detail], flaky: bool) -> _DetailTexts:
        """Return a record's details as JSON texts; those of a plain test were made with the run."""
        return self._plain if detail is None else _DetailTexts(detail, self._framework, self.text, flaky)


class Running(NamedTuple):
    """The figures over the run so far, the present test counted in; ms. None where a reader is to compute them."""

    average: Optional[float]
    median: Optional[float]
    p95: Optional[float]
    p99: Optional[float]
    tests: Optional[int]


class Judgement:
    """What a test's own figures say of it, also as JSON: most tests share one. None where they were not collected."""

    __slots__ = (
        "flags",
        "flags_text",
        "has_blocked_network_calls",
        "is_db_heavy",
        "is_network_heavy",
        "is_slow",
        "text",
    )

    def __init__(
        self,
        is_slow: Optional[bool],
        is_db_heavy: Optional[bool],
        is_network_heavy: Optional[bool],
        has_blocked_network_calls: Optional[bool],
        flags: Sequence[str],
    ) -> None:
        self.is_slow = is_slow
        self.is_db_heavy = is_db_heavy
        self.is_network_heavy = is_network_heavy
        self.has_blocked_network_calls = has_blocked_network_calls
        self.flags = flags
        self.text = (
            f'"is_slow": {_BOOLEANS[is_slow]}, "is_db_heavy": {_BOOLEANS[is_db_heavy]}, '
            f'"is_network_heavy": {_BOOLEANS[is_network_heavy]}, '
            f'"has_blocked_network_calls": {_BOOLEANS[has_blocked_network_calls]}'
        )
        self.flags_text = _strings(flags)


class Record:
    """Everything that is known of one test when it is over, but for its place in the run."""

    __slots__ = (
        "case",
        "coverage",
        "detail",
        "end_time",
        "flaky",
        "measures",
        "network",
        "outcome",
        "queries",
        "start_time",
        "status",
        "worker",
    )

    def __init__(
        self,
        case: Case,
        status: str,
        outcome: str,
        times: Tuple[str, str],
        measures: Measures,
        detail: Optional[Detail] = None,
        worker: Optional[str] = None,
    ) -> None:
        self.case = case
        self.status = status
        self.outcome = outcome
        self.start_time, self.end_time = times
        self.measures = measures
        self.detail = detail
        self.flaky = detail is not None and detail.attempts > 1 and outcome == "passed"  # after a failed attempt
        self.worker = worker
        self.queries = NO_QUERIES
        self.network = NO_NETWORK
        self.coverage = NO_COVERAGE

    def to_plain(self) -> Dict[str, Any]:
        """Return the record as JSON has it, for another process of this run, whose from_plain() takes it back."""
        detail = self.detail
        return {
            "case": list(self.case),
            "verdict": [self.status, self.outcome],
            "times": [self.start_time, self.end_time],
            "measures": list(self.measures),
            "detail": detail and {name: getattr(detail, name) for name in Detail.__slots__},
            "worker": self.worker,
            "sections": {name: getattr(self, name).to_plain() for name in _SECTIONS},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Record:
        """Take a record over from another process of this run."""
        detail = None if plain["detail"] is None else Detail()
        for name, value in (plain["detail"] or {}).items():
            setattr(detail, name, value)
        case, measures = Case(*plain["case"]), Measures(*plain["measures"])
        status, final = plain["verdict"]
        start_time, end_time = plain["times"]
        made = cls(case, status, final, (start_time, end_time), measures, detail, plain["worker"])
        for name, value in plain["sections"].items():
            setattr(made, name, Section.from_plain(value))
        return made

    @classmethod
    def from_content(cls, content: Mapping[str, Any], above: bool) -> Record:
        """Take a record back from a worker's spill, where it is as to_json() has written and decode() has read it.

        above: is it of no test? Those are not started.
        """
        case = [content[key] for key in ("id", "name", "class", "module", "file", "line", "defined_at", "tags")]
        phases, subtests = content["phases"], content["subtests"]
        measures = [content["duration"], content["cpu_time"], *(phases[key] for key in ("setup", "call", "teardown"))]
        detail = {key: content[key] for key in Detail.__slots__ if key in content}
        detail.update(subtests_count=subtests["count"], subtests_failed=subtests["failed"])
        plain = {
            "case": [*case, content["fixtures"], content["rerun"], above],
            "verdict": [content["status"], content["outcome"]],
            "times": [content["start_time"], content["end_time"]],
            "measures": [*measures, content["shared_setup"], content["fixture_durations"]],
            "detail": detail,
            "worker": content["worker"],
            "sections": {name: content[key] for name, key in _SECTIONS.items()},
        }
        return cls.from_plain(plain)

    def to_json(self, run: RunIdentity, seq: Optional[int], running: Running, judgement: Judgement) -> str:
        """Return the record as one line of ASCII JSON, keys in the contract's order.

        seq, running, judgement: its place in the run, given by the one process that writes the stream.
        """
        case = self.case
        texts = run.texts(self.detail, self.flaky)
        spent, cpu_time, setup, call, teardown, shared_setup, fixtures = self.measures
        duration = _number(spent)
        quoted_id = _quote(case.id)
        by_id = case.rerun == [case.id]  # as most tests are run again
        # Every key of the contract, in its order. One f-string: it is the fastest way to splice texts, by half; and
        # what is alike in most records is one text already, because each piece costs.
        return (
            f'{{"id": {quoted_id}, "name": {_quote(case.name)}, "class": {_quote(case.class_name)}, '
            f'"module": {_quote(case.module)}, "file": {_quote(case.file)}, '
            f'"line": {"null" if case.line is None else case.line}, "status": "{self.status}", "duration": {duration}, '
            f'"start_time": "{self.start_time}", "end_time": "{self.end_time}", '
            f'"tags": {_strings(case.tags) if case.tags else "[]"}, '
            f'"fixtures": {_strings(case.fixtures) if case.fixtures else "[]"}, '
            f'"database_queries": {self.queries.text}, "http_calls": {self.network.text}, '
            f'"performance": {{{judgement.text}, "current_duration": {duration}, '
            f'{_UNKNOWN if running.tests is None else _RUNNING % running}, "flags": {judgement.flags_text}}}, '
            f'"coverage": {self.coverage.text}, {texts.logs_to_run}, '
            f'"test_key": "{stable_hash(case.id)}", "seq": {"null" if seq is None else seq}, '
            f'"outcome": "{self.outcome}", "reason": {texts.reason}, '
            f'"rerun": {"[" + quoted_id + "]" if by_id else "null" if case.rerun is None else _strings(case.rerun)}, '
            f'"phases": {{"setup": {"null" if setup is None else _number(setup)}, '
            f'"call": {duration if call == spent else _number(call)}, '
            f'"teardown": {"null" if teardown is None else _number(teardown)}}}, '
            f'"shared_setup": {_number(shared_setup) if shared_setup else "null" if shared_setup is None else "0.0"}, '
            f'"fixture_durations": {_list(fixtures) if fixtures else "[]"}, {texts.rest}, '
            f'"worker": {"null" if self.worker is None else _quote(self.worker)}, "cpu_time": {_number(cpu_time)}, '
            f'"truncated": {texts.truncated}, '
            f'"defined_at": {"null" if case.defined_at is None else _quote(case.defined_at)}}}'
        )


_SECTIONS = {"queries": "database_queries", "network": "http_calls", "coverage": "coverage"}  # by attribute
UNPLACED = Running(None, None, None, None, None)  # in a worker's spill


def _number(value: Optional[float]) -> str:
    """Milliseconds that were counted in ns: six digits are all there are, and take half the time of repr().

    Some come from a runner, whose clock a test may have replaced: what is no finite number is unknown.
    """
    return "null" if value is None or not _LEAST < value < _MOST else "%.6f" % value


def _string(value: Optional[str]) -> str:
    return "null" if value is None else _quote(value)


def _strings(value: Sequence[str]) -> str:
    """A list of texts: json's encoder takes four times as long to get going."""
    return f"[{', '.join(map(_quote, value))}]"


def _list(value: Sequence[Any]) -> str:
    return dumps(value) if value else "[]"


def test_start(run: RunIdentity, case: Case, time: str, worker: Optional[str]) -> str:
    """Return a test_start as a line of ASCII JSON: all that is known of a test before it runs."""
    return (
        f'{{"record_type": "test_start", {run.text}, "id": {_quote(case.id)}, "test_key": "{stable_hash(case.id)}", '
        f'"start_time": "{time}", "worker": {_string(worker)}, "name": {_quote(case.name)}, '
        f'"class": {_quote(case.class_name)}, "module": {_quote(case.module)}, "file": {_quote(case.file)}, '
        f'"line": {"null" if case.line is None else case.line}, '
        f'"rerun": {"null" if case.rerun is None else _strings(case.rerun)}, '
        f'"defined_at": {_string(case.defined_at)}, '
        f'"tags": {_strings(case.tags) if case.tags else "[]"}, '
        f'"fixtures": {_strings(case.fixtures) if case.fixtures else "[]"}}}'
    )


def case_of(began: Mapping[str, Any]) -> Case:
    """Return a test's identity as its test_start has it."""
    name, class_name, module, file = (str(began.get(key) or "") for key in ("name", "class", "module", "file"))
    line, defined_at = began.get("line"), began.get("defined_at")
    return Case(
        began["id"],
        name,
        class_name,
        module,
        file,
        line if type(line) is int else None,
        str(defined_at) if defined_at else None,
        _texts(began.get("tags")),
        _texts(began.get("fixtures")),
        _texts(began.get("rerun")) or None,
    )


def _texts(found: Any) -> Sequence[str]:
    return [str(text) for text in found] if isinstance(found, list) else ()


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
