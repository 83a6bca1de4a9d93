"""The table of verdicts in record.md, row by row, as the events that a runner reports for it."""

import pytest

from trim_telemetry import outcome
from trim_telemetry.outcome import Event, Failure, Verdict, fold

BODY = Failure("call", "AssertionError", "1 != 2", "", "test_a.py", 3)
PASSED = Event(outcome.PASSED)
FAILED = Event(outcome.FAILED, BODY)
ERROR = Event(outcome.ERROR, BODY._replace(phase="teardown"))
SKIPPED = Event(outcome.SKIPPED, reason="not today")
XFAILED = Event(outcome.XFAILED, BODY, "known")
XPASSED = Event(outcome.XPASSED)
XPASSED_STRICT = Event(outcome.XPASSED_STRICT)
CRASHED = Event(outcome.CRASHED, reason="SIGKILL")
INTERRUPTED = Event(outcome.INTERRUPTED, reason="SIGINT")


def sub(event: Event) -> Event:
    """The same, of a subtest."""
    return event._replace(subtest="(i=1)")


TABLE = {
    "the runner said nothing": ([], "passed", "passed", None),
    "passed": ([PASSED], "passed", "passed", None),
    "three passed phases": ([PASSED, PASSED, PASSED], "passed", "passed", None),
    "an assertion in a subtest": ([sub(FAILED)], "failed", "failed", 0),
    "another exception in a subtest": ([sub(ERROR)], "error", "error", 0),
    "a failing subtest beside passed ones": ([sub(PASSED), sub(FAILED), sub(PASSED)], "failed", "failed", 1),
    "a failing subtest in a body that passes": ([sub(FAILED), PASSED], "failed", "failed", 0),
    "a subtest with an error, another that fails": ([sub(ERROR), sub(FAILED)], "failed", "failed", 1),
    "two failing subtests": ([sub(FAILED), sub(FAILED._replace(reason="second"))], "failed", "failed", 0),
    "setup raised": ([ERROR._replace(failure=BODY._replace(phase="setup"))], "error", "error", 0),
    "teardown raised": ([PASSED, ERROR], "error", "error", 1),
    "body failed and teardown raised": ([FAILED, ERROR], "failed", "failed", 0),
    "teardown's error reported first": ([ERROR, FAILED], "failed", "failed", 1),
    "expected failure": ([XFAILED], "skipped", "xfailed", 0),
    "expected failure, passed phases around it": ([PASSED, XFAILED, PASSED], "skipped", "xfailed", 1),
    "expected failure and its teardown raised": ([XFAILED, ERROR], "error", "error", 1),
    "unexpected success": ([XPASSED], "passed", "xpassed", 0),
    "unexpected success and its teardown raised": ([XPASSED, ERROR], "error", "error", 1),
    "unexpected success, strict": ([XPASSED_STRICT], "failed", "xpassed", 0),
    "unexpected success, strict, and its teardown raised": ([XPASSED_STRICT, ERROR], "error", "error", 1),
    "skipped": ([SKIPPED], "skipped", "skipped", 0),
    "skipped in the body, after subtests that passed": ([sub(PASSED), SKIPPED], "skipped", "skipped", 1),
    "all subtests skipped": ([sub(SKIPPED), sub(SKIPPED)], "skipped", "skipped", 0),
    "all subtests skipped, and a body that passes": ([PASSED, sub(SKIPPED), PASSED], "skipped", "skipped", 1),
    "some subtests skipped, the others passed": ([sub(SKIPPED), sub(PASSED)], "passed", "passed", None),
    "a subtest skipped, another failed": ([sub(SKIPPED), sub(FAILED)], "failed", "failed", 1),
    "skipped, then a cleanup raised": ([SKIPPED, ERROR], "error", "error", 1),
    "the process died in it": ([CRASHED], "error", "crashed", 0),
    "the process died after a failed subtest": ([sub(FAILED), CRASHED], "error", "crashed", 1),
    "Ctrl-C in it": ([INTERRUPTED], "error", "interrupted", 0),
    "Ctrl-C after a failed subtest": ([sub(FAILED), INTERRUPTED], "error", "interrupted", 1),
}


@pytest.mark.parametrize("row", TABLE)
def test_verdict_is_the_tables(row):
    events, status, final, decider = TABLE[row]
    assert fold(events) == Verdict(status, final, None if decider is None else events[decider])


def test_strictness_of_an_unexpected_success_shows_in_the_status_alone():
    assert fold([XPASSED])[1:2] == fold([XPASSED_STRICT])[1:2] == ("xpassed",)


def test_every_outcome_that_an_event_can_have_makes_a_verdict_of_the_contract():
    names = [value for name, value in vars(outcome).items() if name.isupper() and not name.startswith("_")]
    kinds = [name for name in names if name not in (outcome.SETUP, outcome.CALL, outcome.TEARDOWN)]
    assert len(kinds) == 9
    assert {fold([Event(kind)]).status for kind in kinds} == {"passed", "failed", "error", "skipped"}
    assert "xpassed_strict" not in {fold([Event(kind)]).outcome for kind in kinds}
