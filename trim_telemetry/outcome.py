"""Outcomes, and the one rule that folds all that a runner said of a test into one (record.md, Verdicts)."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence

PASSED = "passed"
FAILED = "failed"
ERROR = "error"
SKIPPED = "skipped"
XFAILED = "xfailed"
XPASSED = "xpassed"
XPASSED_STRICT = "xpassed_strict"  # only as an event; the record's outcome is "xpassed" for both
CRASHED = "crashed"
INTERRUPTED = "interrupted"

SETUP = "setup"
CALL = "call"
TEARDOWN = "teardown"


class Failure(NamedTuple):
    """One exception, as text. phase: setup, call, teardown or None; file is relative to the root, line 1-based."""

    phase: Optional[str]
    type: str
    message: str
    traceback: str
    file: Optional[str]
    line: Optional[int]


class Event(NamedTuple):
    """One thing that the runner said of a test: a phase's report, a subtest, an add...() of a unittest result."""

    outcome: str
    failure: Optional[Failure] = None
    reason: Optional[str] = None
    subtest: Optional[str] = None  # its description, where the event is a subtest's


class Verdict(NamedTuple):
    """status and outcome as record.md names them, and the event that decided (None: the runner said nothing)."""

    status: str
    outcome: str
    decided_by: Optional[Event]


# The first of these outcomes that a test has decides: a failed subtest or body, else an error, else the rest.
_RANKS = (
    (CRASHED, "error", CRASHED),
    (INTERRUPTED, "error", INTERRUPTED),
    (FAILED, "failed", FAILED),
    (ERROR, "error", ERROR),
    (XPASSED_STRICT, "failed", XPASSED),
    (XFAILED, "skipped", XFAILED),
    (XPASSED, "passed", XPASSED),
)
_PASSED = Verdict("passed", PASSED, None)


def fold(events: Sequence[Event]) -> Verdict:
    """Return the verdict of a test from everything that was reported on it, in the order it was reported.

    A skip counts when it is the test's own, or when all its subtests were skipped: skipped subtests beside passed ones
    leave the test passed.
    """
    if not events:
        return _PASSED
    if len(events) == 1 and events[0].outcome == PASSED:  # by far the most tests
        return _PASSED
    for outcome, status, final in _RANKS:
        for event in events:
            if event.outcome == outcome:
                return Verdict(status, final, event)
    for event in events:
        if event.outcome == SKIPPED and event.subtest is None:
            return Verdict("skipped", SKIPPED, event)
    subtests = [event for event in events if event.subtest is not None]
    if subtests and all(event.outcome == SKIPPED for event in subtests):
        return Verdict("skipped", SKIPPED, subtests[0])
    return _PASSED
