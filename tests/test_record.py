"""The wire format: what is written, and taken back. tests/property throws hostile input at the same."""

import pytest

from trim_telemetry import record, sections
from trim_telemetry.record import Case, Judgement, Measures, Record, RunIdentity, Running
from trim_telemetry.texts import stable_hash

from .examples import CASE, NOON, NOWHERE, RUN, UNREMARKABLE, detailed, written

# The user's keys in the user's order, then ours (record.md).
RESULT_KEYS = """
    id name class module file line status duration start_time end_time tags fixtures database_queries http_calls
    performance coverage logs metadata schema_version run_id test_key seq outcome reason rerun phases shared_setup
    fixture_durations failure attempts flaky subtests stdout stderr worker cpu_time truncated defined_at
"""


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
    assert found["test_key"] == stable_hash("mod.K.test_a")
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
    found = written(case, "failed", "failed", measures, detail, RunIdentity("run-1", "pytest"), worker="gw0")
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
        "database_queries": sections.uncollected_queries,
        "http_calls": sections.uncollected_network,
        "coverage": sections.uncollected_coverage,
    }[part](status, "why")
    assert (made.pop("status"), made.pop("reason")) == (status, "why")
    assert set(made.pop("query_types", {"": None}).values()) == {None}
    assert all(value in (None, [], {}) for value in made.values())


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


def test_identity_is_the_same_after_the_way_through_a_test_start():
    whole = Case("f.py::K::t[a]", "t[a]", "K", "m", "f.py", None, "base.py:3", ["slow"], ["one"], ["-x", "f.py"])
    for case in (whole, Case("t", "t", tags=[], fixtures=[])):
        line = record.test_start(RunIdentity("run-1", "pytest"), case, NOON, "gw0")
        assert record.case_of(record.decode(line)) == case
    assert record.case_of({"id": "t", "line": "7", "tags": "slow", "rerun": [], "name": None}) == Case("t", "")
