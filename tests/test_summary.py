"""The summary, whoever puts it together."""

from trim_telemetry.record import Case, Measures, Record
from trim_telemetry.sections import LOST_COVERAGE
from trim_telemetry.summary import Ending, summary_of
from trim_telemetry.tally import Tally

from .examples import NOON
from .strict import check

# The user's keys in the user's order, then ours (record.md, TEST_SUMMARY).
KEYS = """
    total_tests passed_tests failed_tests skipped_tests exit_code schema_version run_id error_tests xfailed_tests
    xpassed_tests flaky_tests collected_tests not_run_tests complete interrupted_by exit_reason start_time end_time
    duration performance slowest flags shared_setup database_queries http_calls coverage collection warnings environment
    ci git thresholds truncated
"""
UNKNOWN = {
    "environment": dict.fromkeys(("python", "platform", "framework", "framework_version", "trim_telemetry")),
    "ci": dict.fromkeys(("provider", "run_url", "job")),
    "git": dict.fromkeys(("commit", "branch", "dirty")),
    "thresholds": {
        "slow_test_ms": 1000.0,
        "very_slow_test_ms": 5000.0,
        "moderate_queries": 50,
        "high_queries": 100,
        "n_plus_one_selects": 10,
        "slow_query_ms": 100.0,
    },
}


def summed_up(ending, *records, collection=None, warnings=()):
    tally = Tally()
    for made in records:
        tally.add(made, ())
    return check(summary_of("run-1", tally, ending, collection, LOST_COVERAGE.value, warnings, UNKNOWN), "run_summary")


def test_keys_come_in_the_contracts_order():
    assert list(summed_up(Ending(0, None, None, True, NOON, NOON, 0.0))) == KEYS.split()


def test_what_is_not_known_of_the_collection_is_null():
    found = summed_up(Ending(1, "killed", "SIGKILL", False, NOON, NOON, 0.0), warnings=["late"])
    assert found["collection"] == {"duration": None, "slowest": []}
    assert (found["exit_code"], found["exit_reason"], found["interrupted_by"]) == (1, "killed", "SIGKILL")
    assert (found["complete"], found["warnings"]) == (False, ["late"])


def test_coverage_is_as_it_was_given():
    found = summed_up(Ending(1, "killed", "SIGKILL", False, NOON, NOON, 0.0))
    assert found["coverage"] == LOST_COVERAGE.value


def test_figures_are_the_tallys():
    made = Record(Case("a", "a"), "failed", "failed", (NOON, NOON), Measures(2.0))
    found = summed_up(Ending(1, "tests_failed", None, True, NOON, NOON, 9.0), made)
    assert (found["total_tests"], found["failed_tests"], found["duration"]) == (1, 1, 9.0)
    assert found["slowest"] == [{"id": "a", "duration": 2.0}]
