"""Each flag at its threshold, one above it, and where nothing was collected."""

import pytest

from trim_telemetry.analysis.flags import judge
from trim_telemetry.config import Thresholds
from trim_telemetry.record import Measures, Record
from trim_telemetry.sections import NO_NETWORK, NO_QUERIES, Section, uncollected_network, uncollected_queries

from .examples import CASE, NOON, detailed

DEFAULTS = Thresholds()


def queries(count=0, select=0, **changes):
    types = {"SELECT": select, "INSERT": 0, "UPDATE": 0, "DELETE": 0, "OTHER": 0}
    collected = {**uncollected_queries("collected", None), "count": count, "query_types": types, "leaked": 0}
    return {**collected, **changes}


def network(blocked=()):
    return {**uncollected_network("collected", None), "count": len(blocked), "blocked_calls": list(blocked)}


BOOLEANS = ("is_slow", "is_db_heavy", "is_network_heavy", "has_blocked_network_calls")
QUIET = queries()
CALM = network()


def judged(duration=1.0, queries=QUIET, network=CALM, flaky=False, thresholds=DEFAULTS):
    return judge(made(duration, Section(queries), Section(network), flaky), thresholds)


def made(duration, queries, network, flaky):
    detail = detailed(attempts=2) if flaky else None
    record = Record(CASE, "passed", "passed", (NOON, NOON), Measures(duration), detail)
    record.queries, record.network = queries, network
    return record


def flags(*arguments, **named):
    return judged(*arguments, **named).flags


def booleans(judgement):
    return tuple(getattr(judgement, name) for name in BOOLEANS)


@pytest.mark.parametrize(
    "duration, expected",
    [(0.0, []), (1000.0, []), (1000.1, ["slow"]), (5000.0, ["slow"]), (5000.1, ["very_slow"]), (None, [])],
)
def test_slowness_is_above_the_threshold_and_said_once(duration, expected):
    assert flags(duration) == expected


@pytest.mark.parametrize(
    "count, expected",
    [
        (50, []),
        (51, ["moderate_db_queries"]),
        (100, ["moderate_db_queries"]),
        (101, ["high_db_queries"]),
    ],
)
def test_queries_are_above_the_threshold_and_said_once(count, expected):
    assert flags(queries=queries(count)) == expected


@pytest.mark.parametrize("select, expected", [(10, []), (11, ["potential_n_plus_1_queries"])])
def test_many_selects_may_be_a_loop(select, expected):
    assert flags(queries=queries(select, select)) == expected


@pytest.mark.parametrize(
    "key, value, flag",
    [
        ("n_plus_one", [{"fingerprint": "SELECT ?"}], "n_plus_1_queries"),
        ("slow_queries", [{"sql": "SELECT 1"}], "slow_queries"),
        ("leaked", 1, "leaked_thread"),
    ],
)
def test_findings_among_the_queries_have_flags(key, value, flag):
    assert flags(queries=queries(**{key: value})) == [flag]


def test_blocked_call_and_rerun_have_flags():
    assert flags(network=network([{"host": "example.com"}]), flaky=True) == ["network_calls_blocked", "flaky"]


def test_all_flags_come_in_the_contracts_order():
    everything = queries(200, 200, n_plus_one=[{}], slow_queries=[{}], leaked=3)
    assert flags(9000.0, everything, network([{}]), flaky=True) == [
        "very_slow",
        "high_db_queries",
        "potential_n_plus_1_queries",
        "network_calls_blocked",
        "n_plus_1_queries",
        "slow_queries",
        "leaked_thread",
        "flaky",
    ]


@pytest.mark.parametrize("status", ["disabled", "error"])
def test_what_was_not_collected_makes_no_flag_and_its_booleans_null(status):
    found = judged(None, uncollected_queries(status, "why"), uncollected_network(status, "why"))
    assert (booleans(found), list(found.flags)) == ((None, None, None, None), [])


def test_booleans_follow_the_thresholds():
    assert booleans(judged()) == (False, False, False, False)
    assert booleans(judged(1000.1, queries(51), network([{}]))) == (True, True, True, True)


def test_call_that_was_allowed_is_external_and_not_blocked():
    allowed = {**network(), "count": 1, "external_calls": [{"host": "example.com"}]}
    assert booleans(judged(network=allowed)) == (False, False, True, False)
    assert flags(network=allowed) == []


@pytest.mark.parametrize(
    "duration, flaky, is_slow, expected",
    [
        (1.0, False, False, []),
        (1000.1, False, True, ["slow"]),
        (1.0, True, False, ["flaky"]),
        (None, False, None, []),
        (None, True, None, ["flaky"]),
    ],
)
def test_test_is_judged_by_its_duration_where_nothing_else_is_collected(duration, flaky, is_slow, expected):
    found = judge(made(duration, NO_QUERIES, NO_NETWORK, flaky), DEFAULTS)
    assert (booleans(found), list(found.flags)) == ((is_slow, None, None, None), expected)


def test_thresholds_are_settings():
    mine = Thresholds(1.0, 2.0, 3, 4, 5, 6.0)
    assert flags(1.5, queries(4, 6), thresholds=mine) == ["slow", "moderate_db_queries", "potential_n_plus_1_queries"]
    assert flags(2.5, queries(5), thresholds=mine) == ["very_slow", "high_db_queries"]
