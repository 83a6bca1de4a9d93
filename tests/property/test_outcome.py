"""The fold against the table of record.md, read row by row."""

from hypothesis import given
from hypothesis import strategies as st

from trim_telemetry import outcome
from trim_telemetry.outcome import Event, fold

KINDS = (
    outcome.PASSED,
    outcome.FAILED,
    outcome.ERROR,
    outcome.SKIPPED,
    outcome.XFAILED,
    outcome.XPASSED,
    outcome.XPASSED_STRICT,
    outcome.CRASHED,
    outcome.INTERRUPTED,
)
events = st.lists(st.builds(Event, st.sampled_from(KINDS), st.none(), st.none(), st.sampled_from((None, "", "(i=1)"))))


def table(reported):
    """The verdict, from the table's rows: (what was reported, and what was not) -> status/outcome."""
    said = {event.outcome for event in reported}
    own = {event.outcome for event in reported if event.subtest is None}
    subtests = {event.outcome for event in reported if event.subtest is not None}
    rows = (
        ("crashed" in said, "error/crashed"),  # the process died in it
        ("interrupted" in said, "error/interrupted"),  # Ctrl-C or SIGTERM in it
        ("failed" in said, "failed/failed"),  # a failing subtest or body, whatever teardown did
        ("error" in said, "error/error"),  # setup, fixture, teardown or clean-up raised, after a skip or an xfail too
        ("xpassed_strict" in said, "failed/xpassed"),
        ("xfailed" in said, "skipped/xfailed"),
        ("xpassed" in said, "passed/xpassed"),
        ("skipped" in own, "skipped/skipped"),  # by a mark, a decorator, in setUp, in the body
        (subtests == {"skipped"}, "skipped/skipped"),  # all subtests skipped
        (True, "passed/passed"),  # some subtests skipped, the others passed; or nothing but success
    )
    return next(verdict for holds, verdict in rows if holds)


@given(events)
def test_verdict_is_the_tables(reported):
    status, final, _ = fold(reported)
    assert f"{status}/{final}" == table(reported)


@given(events, st.randoms(use_true_random=False))
def test_order_of_the_reports_does_not_change_the_verdict(reported, random):
    shuffled = random.sample(reported, len(reported))
    assert fold(shuffled)[:2] == fold(reported)[:2]


@given(events)
def test_report_that_comes_twice_does_not_change_the_verdict(reported):
    assert fold([*reported, *reported]) == fold(reported)


@given(events)
def test_passed_phase_does_not_change_the_verdict(reported):
    assert fold([*reported, Event(outcome.PASSED)])[:2] == fold(reported)[:2]


@given(events)
def test_event_that_decided_is_the_first_of_its_kind_and_only_a_pass_has_none(reported):
    status, final, decided_by = fold(reported)
    if decided_by is None:
        assert (status, final) == ("passed", "passed")
    else:
        same = [event for event in reported if event.outcome == decided_by.outcome]
        assert decided_by.outcome.replace("_strict", "") == final
        assert decided_by == (same[0] if final != "skipped" else decided_by)
