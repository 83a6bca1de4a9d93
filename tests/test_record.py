"""The wire format: what is written, what is cut, what is cleaned. tests/property throws hostile input at the same."""

import json

import pytest

from trim_telemetry import outcome, record
from trim_telemetry.outcome import Event, Failure
from trim_telemetry.record import Case, Detail, Judgement, Measures, Record, RunIdentity, Running

from . import strict

RUN = RunIdentity("run-1", "unittest")
NOWHERE = Running(None, None, None, None, None)
UNREMARKABLE = Judgement(False, None, None, None, ())
NOON = "2025-09-08T12:00:00.000000+00:00"
CASE = Case("mod.K.test_a", "test_a", "K", "mod", "mod.py", 7)

# The user's keys in the user's order, then ours (record.md).
RESULT_KEYS = """
    id name class module file line status duration start_time end_time tags fixtures database_queries http_calls
    performance coverage logs metadata schema_version run_id test_key seq outcome reason rerun phases shared_setup
    fixture_durations failure attempts flaky subtests stdout stderr worker cpu_time truncated defined_at
"""


def written(case=CASE, status="passed", final="passed", measures=None, detail=None, run=RUN, **place):
    """A record, written, held against the schema, and taken back."""
    made = Record(case, status, final, (NOON, NOON), measures or Measures(), detail)
    seq, running, judgement = place.get("seq", 1), place.get("running", NOWHERE), place.get("judgement", UNREMARKABLE)
    return strict.check(json.loads(made.to_json(run, seq, running, judgement)), "test_result")


def detailed(**values):
    detail = Detail()
    for name, value in values.items():
        setattr(detail, name, value)
    return detail


# -- one record --------------------------------------------------------------------------------------------------------


def test_keys_come_in_the_contracts_order():
    assert list(written()) == RESULT_KEYS.split()
    assert list(written(detail=detailed(reason="x"))) == RESULT_KEYS.split()


def test_plain_record_says_what_is_known_and_null_for_what_is_not():
    found = written(measures=Measures(1.5, 1.25, None, 1.5, None))
    assert (found["duration"], found["cpu_time"]) == (1.5, 1.25)
    assert found["performance"]["current_duration"] == 1.5
    assert found["phases"] == {"setup": None, "call": 1.5, "teardown": None}
    assert (found["class"], found["line"], found["defined_at"], found["rerun"]) == ("K", 7, None, None)
    assert (found["reason"], found["failure"], found["stdout"], found["worker"]) == (None, None, None, None)
    assert (found["attempts"], found["flaky"], found["subtests"]) == (1, False, {"count": 0, "failed": []})
    assert found["metadata"] == {"framework": "unittest"}
    assert (found["schema_version"], found["run_id"], found["seq"]) == ("1.0", "run-1", 1)
    assert found["test_key"] == record.stable_hash("mod.K.test_a")
    for part in ("database_queries", "http_calls", "coverage"):
        assert found[part]["status"] == "disabled"


def test_full_record_says_everything():
    failure = {"phase": "call", "type": "E", "message": "m", "traceback": "t", "file": "f", "line": 1, "others": 0}
    log = {"time": NOON, "level": "ERROR", "logger": "root", "message": "100%s", "phase": "call"}
    detail = detailed(
        logs=[log],
        metadata={"ticket": "5 % 3 %s %(x)s"},
        reason="50%",
        failure=failure,
        attempts=2,
        subtests_count=2,
        subtests_failed=[{"name": "(i=1)", "status": "failed", "message": None}],
        stdout="%d",
        stderr="%%",
        truncated=["stdout"],
    )
    case = Case("a::b", "b", tags=["slow"], fixtures=["db"], rerun=["a::b"], defined_at="base.py:3")
    fixture = {"name": "db", "scope": "module", "setup": 1.0, "teardown": None}
    measures = Measures(6.0, 1.0, 1.0, 2.0, 3.0, 0.5, [fixture])
    found = written(case, "failed", "failed", measures, detail, RunIdentity("run-1", "pytest", "gw0"))
    assert (found["logs"], found["reason"], found["failure"]) == ([log], "50%", failure)
    assert found["metadata"] == {"framework": "pytest", "ticket": "5 % 3 %s %(x)s"}
    assert (found["stdout"], found["stderr"], found["truncated"]) == ("%d", "%%", ["stdout"])
    assert found["subtests"]["count"] == 2
    assert (found["tags"], found["fixtures"], found["rerun"]) == (["slow"], ["db"], ["a::b"])
    assert (found["worker"], found["defined_at"], found["attempts"]) == ("gw0", "base.py:3", 2)
    assert found["phases"] == {"setup": 1.0, "call": 2.0, "teardown": 3.0}
    assert (found["shared_setup"], found["fixture_durations"]) == (0.5, [fixture])


def test_place_in_the_run_may_be_left_to_the_reader():
    found = written(seq=None)
    assert found["seq"] is None
    assert found["performance"]["total_tests_run"] is None
    assert found["performance"]["p95_duration"] is None


def test_running_figures_and_judgement_are_written_as_given():
    running, judgement = Running(1.0, 2.0, 3.0, 4.00000001, 5), Judgement(True, True, False, False, ("slow", "flaky"))
    assert written(measures=Measures(7.0), running=running, judgement=judgement)["performance"] == {
        "is_slow": True,
        "is_db_heavy": True,
        "is_network_heavy": False,
        "has_blocked_network_calls": False,
        "current_duration": 7.0,
        "avg_duration": 1.0,
        "median_duration": 2.0,
        "p95_duration": 3.0,
        "p99_duration": 4.00000001,
        "total_tests_run": 5,
        "flags": ["slow", "flaky"],
    }


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0.000000"),
        (0.0, "0.000000"),
        (1e-6, "0.000001"),
        (123456.789012, "123456.789012"),
        (86_400_000_000.000001, "86400000000.000000"),
        (None, "null"),
        (float("nan"), "null"),
        (float("inf"), "null"),
        (float("-inf"), "null"),
    ],
)
def test_measure_is_a_float_with_nanoseconds_and_null_where_it_is_no_number(value, text):
    line = Record(CASE, "passed", "passed", (NOON, NOON), Measures(value)).to_json(RUN, 1, NOWHERE, UNREMARKABLE)
    assert f'"duration": {text}, ' in line


@pytest.mark.parametrize(
    "attempts, final, flaky",
    [(1, "passed", False), (2, "passed", True), (2, "failed", False), (3, "xpassed", False), (2, "skipped", False)],
)
def test_flaky_is_passed_after_a_failed_attempt(attempts, final, flaky):
    detail = detailed(attempts=attempts)
    assert Record(CASE, "passed", final, (NOON, NOON), Measures(), detail).flaky is flaky


@pytest.mark.parametrize("part", ["database_queries", "http_calls", "coverage"])
@pytest.mark.parametrize("status", ["disabled", "error"])
def test_what_was_not_collected_is_null_and_empty(part, status):
    made = {
        "database_queries": record.uncollected_queries,
        "http_calls": record.uncollected_network,
        "coverage": record.uncollected_coverage,
    }[part](status, "why")
    assert (made.pop("status"), made.pop("reason")) == (status, "why")
    assert set(made.pop("query_types", {"": None}).values()) == {None}
    assert all(value in (None, [], {}) for value in made.values())


# -- other records, and back -------------------------------------------------------------------------------------------


def test_record_type_is_the_first_key_in_a_file_and_not_there_on_stdout():
    assert record.encode("collected", {"count": 1}) == '{"record_type": "collected", "count": 1}'
    assert record.encode(None, {"count": 1}) == '{"count": 1}'
    assert record.with_type("test_result", '{"id": "a"}') == '{"record_type": "test_result", "id": "a"}'


def test_nan_is_refused_before_it_is_written():
    with pytest.raises(ValueError, match="JSON compliant"):
        record.encode(None, {"duration": float("nan")})


def test_decode_takes_back_what_was_encoded():
    content = {"a": [1, 2.5, None, True, "é\u2028\U0001f600"], "b": {}}
    assert record.decode(record.encode(None, content)) == content
    assert record.encode(None, content).isascii()


@pytest.mark.parametrize("line", ["", "[]", "5", '"x"', "null", '{"a": 1', "{'a': 1}", '{"a": 1} x'])
def test_what_is_no_object_is_refused(line):
    with pytest.raises(ValueError):  # which one says where the JSON breaks
        record.decode(line)


# -- texts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ""),
        ("plain", "plain"),
        ("tab\tand\r\nlines", "tab\tand\r\nlines"),
        ("é 日本 \U0001f600", "é 日本 \U0001f600"),
        ("a\0b", "ab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;196mred\x1b[m", "red"),
        ("\x1b[?25lhidden\x1b[?25h", "hidden"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\after", "after"),
        ("\x1b(Bcharset", "charset"),
        ("\x1bMup", "up"),
        ("a\x1b", "a"),
        ("\x1b\x1b[31mb", "b"),
        ("\x1b[31", ""),
        ("\x1b]never ended, and a page of text", "never ended, and a page of text"),
        ("\x1b]never ended\nnext line\x07", "never ended\nnext line\x07"),
        ("\x9b31mred\x9b0m", "red"),
        ("\x9b\x1b[0m31mred", "31mred"),
        ("\x9d0;title\x9ctext", "text"),
        ("\x90\x98\x9e\x9f\x9c lone", " lone"),
        ("next\x85line", "next\x85line"),
        ("\x80\x84\x86\x8f", ""),
        ("\ud800 lone", "\ufffd lone"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
        ("bytes\udcff", "bytes\ufffd"),
        ("\x1b[3\udcff1m", "\ufffd1m"),
        ("\x07bell\x08", "\x07bell\x08"),
        ("\\x1b[31m", "\\x1b[31m"),
    ],
)
def test_clean_takes_out_nul_escapes_and_surrogates_and_nothing_else(text, expected):
    assert record.clean(text) == expected
    assert record.clean(expected) == expected


def test_id_up_to_a_thousand_characters_stays():
    assert record.bounded_id("a" * 1000) == "a" * 1000


def test_longer_id_is_cut_and_still_unique():
    first, second = record.bounded_id("a" * 1001), record.bounded_id("a" * 1002)
    assert len(first) == len(second) == 1000
    assert first != second
    assert first[:983] == "a" * 983
    assert first[983] == "~"


def test_id_is_never_empty():
    assert record.bounded_id("\0") == "unknown"


def test_stable_hash_is_the_same_in_every_run():
    assert record.stable_hash("mod.K.test_a") == "29dbbe8608f18ecb"
    assert record.stable_hash("é\ud800") == record.stable_hash("é?")


@pytest.mark.parametrize(
    "text, limit, keep_end, expected, cut",
    [
        ("abcdef", 6, False, "abcdef", []),
        ("abcdef", 5, False, "abcde", ["x"]),
        ("abcdef", 5, True, "bcdef", ["x"]),
        ("abcdef", 0, False, "", ["x"]),
        ("abcdef", 0, True, "", ["x"]),
        ("", 0, True, "", []),
        ("\x1b[31mab\x1b[0m", 2, False, "ab", []),
        ("a" * 5000, 2, False, "aa", ["x"]),
        ("b" + "a" * 5000 + "c", 2, True, "ac", ["x"]),
    ],
)
def test_cut_keeps_the_beginning_or_the_end_and_says_so(text, limit, keep_end, expected, cut):
    truncated = []
    assert record.cut(text, limit, "x", truncated, keep_end) == expected
    assert truncated == cut


def test_cutting_twice_is_said_once():
    truncated = []
    assert record.cut_items(["a" * 9999, "b" * 9999, "c"], "tags", truncated) == ["a" * 300, "b" * 300, "c"]
    assert truncated == ["tags"]


# -- the failure -------------------------------------------------------------------------------------------------------

RAISED = Failure("call", "ValueError", "a message", "Traceback:\n  x\nthe end", "test_a.py", 5)


def test_failure_is_that_of_the_event_that_decided_and_counts_the_others():
    first, second = Event(outcome.ERROR, RAISED._replace(phase="teardown")), Event(outcome.FAILED, RAISED)
    found = record.failure_of([first, Event(outcome.PASSED), second], second, (100, 100), [])
    assert found == {
        "phase": "call",
        "type": "ValueError",
        "message": "a message",
        "traceback": "Traceback:\n  x\nthe end",
        "file": "test_a.py",
        "line": 5,
        "others": 1,
    }


@pytest.mark.parametrize("event", [None, Event(outcome.SKIPPED, reason="x"), Event(outcome.XPASSED_STRICT)])
def test_verdict_without_an_exception_has_no_failure(event):
    assert record.failure_of([event] if event else [], event, (100, 100), []) is None


def test_long_failure_keeps_the_beginning_of_the_message_and_the_end_of_the_traceback():
    event, truncated = Event(outcome.FAILED, RAISED), []
    found = record.failure_of([event], event, (3, 7), truncated)
    assert (found["message"], found["traceback"]) == ("a m", "the end")
    assert truncated == ["failure.message", "failure.traceback"]


def test_failure_outside_any_file_says_so():
    event = Event(outcome.ERROR, RAISED._replace(file=None, line=None, phase=None))
    found = record.failure_of([event], event, (9, 9), [])
    assert (found["file"], found["line"], found["phase"]) == (None, None, None)


# -- lines that are too long -------------------------------------------------------------------------------------------


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
    line = record.shorten(long_line(**values), limit)
    assert len(line) <= limit
    return strict.check(json.loads(line), "test_result")


FAILURE = {"phase": None, "type": "E", "message": "m", "traceback": "t", "file": None, "line": None, "others": 0}
SLOW = {"sql": "SELECT 1", "time": 0.2, "duration": 200.0, "connection": "default", "location": None}


def collected(**values):
    """A `database_queries` in which nothing was counted but the values."""
    made = record.uncollected_queries("collected", None)
    zeros = {name: 0.0 if "duration" in name else 0 for name, value in made.items() if value is None}
    return {**made, **zeros, "reason": None, "query_types": dict.fromkeys(made["query_types"], 0), **values}


def test_line_that_fits_stays_as_it_is():
    line = long_line(reason="r" * 100)
    assert record.shorten(line, len(line)) == line


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
    found = strict.check(json.loads(record.shorten(line, 100)), "test_result")
    assert (found["id"], found["run_id"], found["seq"]) == ("i" * 1000, "r" * 100, 1)
    assert (found["start_time"], found["status"], found["test_key"]) == (NOON, "passed", record.stable_hash(CASE.id))
