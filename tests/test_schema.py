"""The schema itself: complete, described, and as strict as it says."""

import copy
import json

import jsonschema
import pytest

from trim_telemetry import record, sections

from . import strict
from .examples import CASE, NOON, written
from .support import ROOT

SCHEMA = strict.SCHEMA
DEFINITIONS = SCHEMA["$defs"]
FILE = jsonschema.Draft202012Validator(SCHEMA)
OPEN = {
    name: jsonschema.Draft202012Validator({"$defs": DEFINITIONS, "$ref": f"#/$defs/{name}"}) for name in DEFINITIONS
}
# What `validate` will have to know, with nothing but the standard library.
KEYWORDS = {
    *("$ref", "type", "const", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength"),
    *("required", "properties", "additionalProperties", "propertyNames", "maxProperties"),
    *("items", "minItems", "maxItems", "uniqueItems", "anyOf", "oneOf", "if", "then", "else"),
    *("description", "examples"),
}


def schemas(schema, place=""):
    """Every schema within a schema, with its place."""
    yield place, schema
    for key in ("items", "additionalProperties", "propertyNames", "if", "then", "else"):
        if isinstance(schema.get(key), dict):
            yield from schemas(schema[key], f"{place}/{key}")
    for key in ("properties", "$defs"):
        for name, inner in schema.get(key, {}).items():
            yield from schemas(inner, f"{place}/{name}")
    for key in ("oneOf", "anyOf"):
        for number, inner in enumerate(schema.get(key, ())):
            yield from schemas(inner, f"{place}/{key}{number}")


ALL = dict(schemas(SCHEMA))


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_version_is_the_writers():
    assert SCHEMA["$id"].endswith(record.SCHEMA_VERSION)
    assert OPEN["schema_version"].is_valid(record.SCHEMA_VERSION)
    assert not OPEN["schema_version"].is_valid("2.0")


def test_top_level_takes_each_record_type_of_a_file():
    assert [branch["$ref"].rpartition("/")[2] for branch in SCHEMA["oneOf"]] == list(strict.RECORD_TYPES)
    for name in strict.RECORD_TYPES:
        assert DEFINITIONS[name]["properties"]["record_type"]["const"] == name


def test_every_key_is_described():
    for place, schema in ALL.items():
        if "properties" in schema and schema.get("type") == "object":
            for name, inner in schema["properties"].items():
                target = DEFINITIONS[inner["$ref"].rpartition("/")[2]] if "$ref" in inner else {}
                assert inner.get("description") or target.get("description"), f"{place}/{name}"


def test_every_key_is_required_but_the_record_type_which_stdout_lacks():
    for place, schema in ALL.items():
        if schema.get("type") == "object" and "properties" in schema:
            optional = set(schema["properties"]) - set(schema["required"])
            assert optional <= {"record_type"}, place
            assert not optional or place in ("/test_result", "/run_summary")


def test_every_definition_is_used():
    used = {schema["$ref"].rpartition("/")[2] for schema in ALL.values() if "$ref" in schema}
    assert used == set(DEFINITIONS)


def test_no_keyword_is_beyond_a_small_validator():
    for place, schema in ALL.items():
        if place:
            assert set(schema) <= KEYWORDS, place


# -- what it takes and refuses ---

RESULT = written()


def changed(content, path, value):
    made = copy.deepcopy(content)
    part = made
    *outer, last = path.split(".")
    for key in outer:
        part = part[key]
    part[last] = value
    return made


@pytest.mark.parametrize(
    "path, value",
    [
        ("id", ""),
        ("id", "x" * 1001),
        ("id", "a\0"),
        ("name", None),
        ("line", 0),
        ("line", "7"),
        ("status", "xfailed"),
        ("status", None),
        ("outcome", "flaky"),
        ("duration", -0.1),
        ("duration", "1.0"),
        ("start_time", "2025-09-08T12:00:00.123+00:00"),
        ("start_time", "2025-09-08T12:00:00.123456Z"),
        ("end_time", "2025-09-08T12:00:00.123456+02:00"),
        ("end_time", None),
        ("tags", None),
        ("tags", [1]),
        ("reason", "\x1b[31m"),
        ("metadata", {}),
        ("metadata.key", 1),
        ("schema_version", "1"),
        ("run_id", "a b"),
        ("test_key", "ABCDEF0123456789"),
        ("test_key", "abc"),
        ("seq", 0),
        ("rerun", []),
        ("phases.setup", -1.0),
        ("failure", {}),
        ("attempts", 0),
        ("flaky", None),
        ("subtests.count", None),
        ("truncated", ["a", "a"]),
        ("defined_at", "base.py"),
        ("performance.flags", ["Very Slow"]),
        ("performance.total_tests_run", 1.5),
        ("database_queries.status", "unavailable"),
        ("database_queries.count", 0),  # a made-up 0: nothing was collected
        ("database_queries.slow_queries", [{}]),
        ("database_queries.by_phase", {"call": 1}),
        ("database_queries.status", "collected"),  # and then nothing may be null
        ("http_calls.count", 0),
        ("http_calls.reason", None),
        ("coverage.status", "collected"),
        ("coverage.coverage_percent", 0.0),
        ("coverage.status", "unknown"),
    ],
)
def test_wrong_value_is_refused(path, value):
    assert OPEN["test_result"].is_valid(RESULT)
    assert not OPEN["test_result"].is_valid(changed(RESULT, path, value))


@pytest.mark.parametrize("key", RESULT)
def test_key_that_is_missing_is_refused(key):
    assert not OPEN["test_result"].is_valid({name: value for name, value in RESULT.items() if name != key})


def test_reader_skips_keys_that_it_does_not_know_and_our_writer_makes_none():
    for path in ("of_the_future", "performance.of_the_future", "database_queries.of_the_future"):
        newer = changed(RESULT, path, 1)
        assert OPEN["test_result"].is_valid(newer)
        with pytest.raises(jsonschema.ValidationError, match="of_the_future"):
            strict.check(newer, "test_result")


@pytest.mark.parametrize("path, value", [("duration", 1), ("phases.call", 0), ("attempts", 1.0), ("seq", 1.0)])
def test_strict_writer_writes_measures_as_floats_and_counts_as_ints(path, value):
    other = changed(RESULT, path, value)
    assert OPEN["test_result"].is_valid(other)
    with pytest.raises(jsonschema.ValidationError):
        strict.check(other, "test_result")


def test_file_has_record_types_and_stdout_has_none():
    assert not FILE.is_valid(RESULT)
    assert FILE.is_valid({"record_type": "test_result", **RESULT})
    assert not FILE.is_valid({"record_type": "run_summary", **RESULT})
    assert not FILE.is_valid({"record_type": "of_the_future"})


# -- what other parts will collect ---

QUERIES = {
    **sections.uncollected_queries("collected", None),
    "count": 12,
    "total_duration": 245.67,
    "slow_queries": [
        {
            "sql": "SELECT 1",
            "time": 0.156,
            "duration": 156.0,
            "connection": "default",
            "location": "app/models.py:3",
            "parameters": None,
        }
    ],
    "duplicate_queries": [{"sql": "SELECT %s", "count": 3, "identical": 0, "location": None, "parameters": None}],
    "query_types": {"SELECT": 9, "INSERT": 0, "UPDATE": 0, "DELETE": 0, "OTHER": 3},
    "avg_duration": 20.4725,
    "max_duration": 156.0,
    "transaction_statements": 3,
    "failed": 0,
    "by_connection": {"default": 11, "sqlite3:a.db": 1},
    "by_phase": {"setup": 2, "call": 10, "teardown": 0},
    "n_plus_one": [
        {"fingerprint": "SELECT ?", "count": 3, "distinct_parameters": 3, "location": "a.py:3", "source": "SELECT 1"}
    ],
    "leaked": 0,
    "uninstrumented_connections": 0,
}
ATTEMPT = {
    "operation": "connect",
    "host": "api.example.com",
    "port": 443,
    "address": "192.0.2.1",
    "method": "GET",
    "url": "https://api.example.com/",
    "file": "app/client.py",
    "line": 7,
    "function": "fetch",
    "thread": "MainThread",
    "phase": "call",
    "time": NOON,
    "count": 2,
}
CALLS = {
    **sections.uncollected_network("collected", None),
    "count": 2,
    "total_duration": 0.0,
    "blocked_calls": [ATTEMPT],
}
COVERAGE = {
    "lines_covered": 45,
    "lines_total": 50,
    "coverage_percent": 90.0,
    "files": [
        {
            "file": "app/models.py",
            "lines_covered": 47,
            "lines_total": 50,
            "coverage_percent": 94.0,
            "missing_lines": [23, 45, 67],
            "missing_ranges": None,
            "missing_omitted": False,
        },
        {
            "file": "app/views.py",
            "lines_covered": 0,
            "lines_total": 9,
            "coverage_percent": 0.0,
            "missing_lines": [],
            "missing_ranges": "12-18,25,30",
            "missing_omitted": True,
        },
    ],
    "status": "collected",
    "reason": None,
}


@pytest.mark.parametrize("name, value", [("database_queries", QUERIES), ("http_calls", CALLS), ("coverage", COVERAGE)])
def test_collected_part_is_taken(name, value):
    strict.check({**RESULT, name: value}, "test_result")


@pytest.mark.parametrize(
    "name, value",
    [
        ("database_queries", changed(QUERIES, "count", None)),
        ("database_queries", changed(QUERIES, "by_connection.default", None)),
        ("database_queries", changed(QUERIES, "duplicate_queries", [{"sql": "x", "count": 1}])),
        ("http_calls", changed(CALLS, "blocked_calls", [{**ATTEMPT, "port": 70_000}])),
        ("http_calls", changed(CALLS, "blocked_calls", [{**ATTEMPT, "phase": "import"}])),
        ("coverage", changed(COVERAGE, "files", [{**COVERAGE["files"][0], "missing_lines": [0]}])),
        ("coverage", changed(COVERAGE, "files", [{**COVERAGE["files"][1], "missing_ranges": "12-"}])),
    ],
)
def test_collected_part_that_is_wrong_is_refused(name, value):
    assert not OPEN["test_result"].is_valid({**RESULT, name: value})


def test_coverage_may_be_partial_and_say_why():
    partial = {**COVERAGE, "status": "partial", "reason": "another tracer was on"}
    strict.check({**RESULT, "coverage": partial}, "test_result")


def test_late_call_is_taken():
    head = {"record_type": "late_call", "schema_version": "1.0", "run_id": "run-1", "time": NOON}
    strict.check({**head, "call": ATTEMPT}, "late_call")
    assert FILE.is_valid({**head, "call": ATTEMPT})


def test_workers_spill_leaves_the_place_in_the_run_to_the_reader():
    spill = written(CASE, seq=None)
    assert (spill["seq"], spill["performance"]["median_duration"]) == (None, None)


def test_schema_is_ascii_and_ends_its_last_line():
    text = (ROOT / "trim_telemetry" / "schema.json").read_bytes()
    assert text.isascii()
    assert text.endswith(b"}\n")
    assert json.loads(text) == SCHEMA
