"""A record too long for a line on stdout keeps its identity and its totals."""

import json

import pytest

from trim_telemetry.analysis.coverage_stats import Caps, coverage_section
from trim_telemetry.analysis.file_lines import FileLines
from trim_telemetry.sections import uncollected_queries
from trim_telemetry.sinks.line_limit import shorten
from trim_telemetry.texts import stable_hash

from . import strict
from .examples import CASE, NOON, detailed, written


def long_line(**values):
    """A result's line with the given values in place of its own."""
    content = written(detail=detailed(reason="short"))
    for name, value in values.items():
        part = content
        *outer, last = name.split("__")
        for key in outer:
            part = part[key]
        part[last] = value
    return json.dumps(content)


def shortened(limit=10_000, **values):
    line = shorten(long_line(**values), limit)
    assert len(line) <= limit
    return strict.check(json.loads(line), "test_result")


FAILURE = {"phase": None, "type": "E", "message": "m", "traceback": "t", "file": None, "line": None, "others": 0}
SLOW = {
    "sql": "SELECT 1",
    "time": 0.2,
    "duration": 200.0,
    "connection": "default",
    "location": None,
    "parameters": None,
}


def collected(**values):
    """A `database_queries` in which nothing was counted but the values."""
    made = uncollected_queries("collected", None)
    zeros = {name: 0.0 if "duration" in name else 0 for name, value in made.items() if value is None}
    return {**made, **zeros, "reason": None, "query_types": dict.fromkeys(made["query_types"], 0), **values}


def test_line_that_fits_stays_as_it_is():
    line = long_line(reason="r" * 100)
    assert shorten(line, len(line)) == line


def test_largest_detail_is_halved_first_and_named():
    found = shortened(reason="r" * 4000, stdout="o" * 9000)
    assert found["reason"] == "r" * 4000
    assert found["stdout"] == "o" * 2250
    assert found["truncated"] == ["stdout"]


@pytest.mark.parametrize("name", ["stdout", "stderr", "failure__traceback"])
def test_of_output_and_tracebacks_the_end_stays(name):
    found = shortened(**{"failure": dict(FAILURE), name: "a" * 9000 + "end"})
    kept = found["failure"]["traceback"] if "__" in name else found[name]
    assert kept.endswith("end")
    assert found["truncated"] == [name.replace("__", ".")]


@pytest.mark.parametrize("name", ["failure__message", "reason"])
def test_of_other_texts_the_beginning_stays(name):
    found = shortened(**{"failure": dict(FAILURE), name: "begin" + "a" * 9000})
    kept = found["failure"]["message"] if "__" in name else found[name]
    assert kept.startswith("begin")
    assert found["truncated"] == [name.replace("__", ".")]


@pytest.mark.parametrize("name", ["name", "file", "class", "module"])
def test_names_of_bounded_length_are_cut_where_all_else_is_short(name):
    found = shortened(5000, **{name: "begin" + "é" * 900})
    assert found[name].startswith("begin")
    assert found["truncated"] == [name]


def test_of_a_list_the_first_entries_stay():
    logs = [{"time": NOON, "level": "E", "logger": "l", "message": str(n), "phase": None} for n in range(1000)]
    found = shortened(logs=logs)
    assert found["logs"] == logs[: len(found["logs"])] != []
    assert found["truncated"] == ["logs"]


def test_one_long_statement_is_cut_and_the_other_entries_stay():
    slow = [SLOW, {**SLOW, "sql": "INSERT " + "x" * 50_000}, SLOW]
    found = shortened(database_queries=collected(slow_queries=slow))
    kept = found["database_queries"]["slow_queries"]
    assert [entry["sql"][:7] for entry in kept] == ["SELECT ", "INSERT ", "SELECT "]
    assert found["truncated"] == ["database_queries.slow_queries"]


def test_one_long_tag_is_cut_and_the_others_stay():
    found = shortened(tags=["a", "b" * 20_000, "c"])
    assert [tag[0] for tag in found["tags"]] == ["a", "b", "c"]


@pytest.mark.parametrize("name, value", [("rerun", ["-k", "x" * 20_000]), ("defined_at", "x" * 20_000 + ".py:3")])
def test_what_means_something_else_in_half_is_left_out(name, value):
    found = shortened(**{name: value})
    assert found[name] is None
    assert found["truncated"] == [name]


def test_metadata_keeps_its_first_key():
    found = shortened(metadata={"framework": "pytest", **{f"key {number}": "v" * 1000 for number in range(50)}})
    assert found["metadata"]["framework"] == "pytest"
    assert found["truncated"] == ["metadata"]


def test_connections_with_long_names_are_cut():
    found = shortened(database_queries=collected(by_connection={"c" * 20_000: 1}))
    assert found["database_queries"]["by_connection"] == {}


def test_what_was_cut_before_stays_named():
    found = shortened(truncated=["logs"], stdout="o" * 20_000)
    assert found["truncated"] == ["logs", "stdout"]


def test_identity_and_totals_are_left_even_where_the_line_stays_too_long():
    line = long_line(id="i" * 1000, run_id="r" * 100, stdout="o" * 1000)
    found = strict.check(json.loads(shorten(line, 100)), "test_result")
    assert (found["id"], found["run_id"], found["seq"]) == ("i" * 1000, "r" * 100, 1)
    assert (found["start_time"], found["status"], found["test_key"]) == (NOON, "passed", stable_hash(CASE.id))


def test_files_say_how_many_lines_are_missing_before_any_file_goes():
    lines = FileLines("app.py", range(1, 20_000), {})
    files = [(file, [file.stretch([0])]) for file in (lines, FileLines("b.py", [1], {}))]
    section = coverage_section(files, Caps(10**6, None))
    line = json.dumps({**written(), "coverage": json.loads(section.text)})
    found = strict.check(json.loads(shorten(line, 60_000)), "test_result")
    assert [entry["lines_covered"] for entry in found["coverage"]["files"]] == [1, 1]
    assert [entry["missing_omitted"] for entry in found["coverage"]["files"]] == [True, True]
    assert [entry["missing_ranges"] for entry in found["coverage"]["files"]] == [None, None]
    assert (found["coverage"]["lines_total"], found["truncated"]) == (20_000, ["coverage.files"])
