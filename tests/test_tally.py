"""The counts of a run, record by record."""

import pytest

from trim_telemetry.record import Case, Detail, Measures, Record, Running
from trim_telemetry.tally import Tally


def made(status="passed", final=None, duration=1.0, name="a", above=False, attempts=1):
    detail = Detail()
    detail.attempts = attempts
    measures = Measures(None if above else duration)
    return Record(Case(name, name, above=above), status, final or status, ("", ""), measures, detail)


def tally_of(*records, collected=None, covered=0):
    tally = Tally()
    tally.collected, tally.covered = collected, covered
    for one in records:
        tally.add(one, ())
    return tally


def test_empty_run_counts_zeros_and_does_not_know_what_was_collected():
    tally = Tally()
    assert set(tally.users_counts().values()) == {0}
    unknown = {"collected_tests", "not_run_tests"}
    assert {name for name, count in tally.counts().items() if count is None} == unknown
    assert tally.failed == 0
    assert tally.figures() == {
        "performance": {
            "avg_duration": 0.0,
            "median_duration": 0.0,
            "p95_duration": 0.0,
            "p99_duration": 0.0,
            "max_duration": 0.0,
            "total_tests_run": 0,
        },
        "slowest": [],
        "flags": {},
        "shared_setup": [],
    }


def test_users_counts_add_up_with_errors_among_the_failed():
    statuses = ["passed"] * 5 + ["failed"] * 3 + ["error"] * 2 + ["skipped"]
    tally = tally_of(*[made(status) for status in statuses])
    assert tally.users_counts() == {"total_tests": 11, "passed_tests": 5, "failed_tests": 5, "skipped_tests": 1}
    assert tally.counts()["error_tests"] == 2
    assert tally.failed == 5


@pytest.mark.parametrize(
    "status, final, counted",
    [
        ("skipped", "xfailed", "xfailed_tests"),
        ("passed", "xpassed", "xpassed_tests"),
        ("failed", "xpassed", "xpassed_tests"),
        ("error", "crashed", "error_tests"),
        ("error", "interrupted", "error_tests"),
    ],
)
def test_finer_counts_are_by_outcome(status, final, counted):
    counts = tally_of(made(status, final)).counts()
    assert [name for name, count in counts.items() if count] == [counted]


def test_flaky_tests_are_counted():
    tally = tally_of(made(attempts=2), made(attempts=1), made("failed", attempts=3))
    assert tally.counts()["flaky_tests"] == 1


def test_flags_are_counted_by_name():
    tally = Tally()
    tally.add(made(), ["slow", "flaky"])
    tally.add(made(), ["slow"])
    tally.add(made(), [])
    assert tally.figures()["flags"] == {"slow": 2, "flaky": 1}


@pytest.mark.parametrize(
    "collected, own, above, covered, expected",
    [
        (None, 2, 0, 0, None),
        (0, 0, 0, 0, 0),
        (3, 3, 0, 0, 0),
        (3, 1, 0, 0, 2),
        (3, 0, 1, 3, 0),  # setUpClass raised: its record speaks for three
        (5, 2, 1, 0, 3),  # a record above the tests speaks for nobody by itself
        (1, 2, 0, 0, 0),  # CPython's own suites run one id twice
    ],
)
def test_tests_not_run_are_those_that_no_record_speaks_for(collected, own, above, covered, expected):
    records = [made() for _ in range(own)] + [made("error", above=True) for _ in range(above)]
    assert tally_of(*records, collected=collected, covered=covered).not_run() == expected


@pytest.mark.parametrize(
    "final, counted",
    [
        ("passed", True),
        ("failed", True),
        ("error", True),
        ("xfailed", True),
        ("xpassed", True),
        ("skipped", False),
        ("crashed", False),
        ("interrupted", False),
    ],
)
def test_durations_are_those_of_tests_that_ran_to_their_end(final, counted):
    tally = tally_of(made("passed", final, 8.0))
    assert tally.running() == (Running(8.0, 8.0, 8.0, 8.0, 1) if counted else Running(0.0, 0.0, 0.0, 0.0, 0))


def test_running_figures_count_the_present_test_in():
    tally = tally_of(made(duration=1.0), made(duration=3.0))
    assert tally.running() == Running(2.0, 2.0, 2.9, 2.98, 2)
    assert tally.figures()["performance"]["max_duration"] == 3.0


def test_duration_that_nobody_knows_is_not_counted():
    assert tally_of(made(duration=None)).running().tests == 0


def test_shared_setup_is_summed_by_name_longest_first_and_clean():
    tally = Tally()
    for name, spent, queries in (("m.A", 1.0, 4), ("m.B", 2.5, None), ("m.A", 2.0, 3), ("\x1b[1m", 0.5, 0)):
        tally.add_shared_setup(name, spent, queries)
    assert tally.figures()["shared_setup"] == [
        {"name": "m.A", "duration": 3.0, "queries": 7},
        {"name": "m.B", "duration": 2.5, "queries": None},
        {"name": "", "duration": 0.5, "queries": 0},
    ]


def test_slowest_are_the_ten_longest_longest_first():
    durations = [5.0, 3.0, 12.0, 1.0, 7.0, 2.0, 11.0, 4.0, 6.0, 9.0, 10.0, 8.0]
    tally = tally_of(*[made(duration=duration, name=str(duration)) for duration in durations])
    expected = sorted(durations, reverse=True)[:10]
    assert tally.figures()["slowest"] == [{"id": str(duration), "duration": duration} for duration in expected]


def test_of_tests_alike_the_earlier_are_the_slowest():
    tally = tally_of(*[made(duration=1.0, name=f"t{number:02}") for number in range(20)])
    assert [entry["id"] for entry in tally.figures()["slowest"]] == [f"t{number:02}" for number in range(10)]


def test_records_above_a_test_are_never_the_slowest():
    assert tally_of(made("error", above=True)).figures()["slowest"] == []
