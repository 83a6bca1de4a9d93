"""What a record says of a test beyond its verdict: its failure, within the caps and without secrets."""

import pytest

from trim_telemetry import outcome
from trim_telemetry.collectors.logs import LogRecord
from trim_telemetry.config import Config
from trim_telemetry.outcome import Event, Failure
from trim_telemetry.record import Case
from trim_telemetry.trial import Describer, Trial


def describer(redact=str, **limits):
    return Describer(Config("/", "run-1")._replace(**limits), redact)


def failure_of(events, decided_by, limits, truncated):
    found = describer(max_message=limits[0], max_traceback=limits[1]).of_events(events, decided_by)
    truncated += found.truncated
    return found.failure


RAISED = Failure("call", "ValueError", "a message", "Traceback:\n  x\nthe end", "test_a.py", 5)


def test_failure_is_that_of_the_event_that_decided_and_counts_the_others():
    first, second = Event(outcome.ERROR, RAISED._replace(phase="teardown")), Event(outcome.FAILED, RAISED)
    found = failure_of([first, Event(outcome.PASSED), second], second, (100, 100), [])
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
    assert failure_of([event] if event else [], event, (100, 100), []) is None


def test_long_failure_keeps_the_beginning_of_the_message_and_the_end_of_the_traceback():
    event, truncated = Event(outcome.FAILED, RAISED), []
    found = failure_of([event], event, (3, 7), truncated)
    assert (found["message"], found["traceback"]) == ("a m", "the end")
    assert truncated == ["failure.message", "failure.traceback"]


def test_failure_outside_any_file_says_so():
    event = Event(outcome.ERROR, RAISED._replace(file=None, line=None, phase=None))
    found = failure_of([event], event, (9, 9), [])
    assert (found["file"], found["line"], found["phase"]) == (None, None, None)


def test_every_text_is_without_secrets():
    trial = Trial(Case("a", "a"), "call")
    failed = Event(outcome.FAILED, RAISED._replace(message="secret", traceback="a secret"), "no secret", "(i='secret')")
    trial.events.append(failed)
    trial.subtests = 1
    trial.stdout, trial.stderr = "out secret", "err secret"
    trial.annotate("key", "secret")
    log = LogRecord("2025-09-08T12:00:00.000000+00:00", "ERROR", "root", "log secret", "call")
    found = describer(lambda text: text.replace("secret", "***")).of_trial(trial, failed, [log], 0)
    assert "secret" not in str({name: getattr(found, name) for name in found.__slots__})
    assert found.metadata == {"key": "***"}
    assert found.logs[0]["message"] == "log ***"
    assert (found.stdout, found.stderr, found.reason) == ("out ***", "err ***", "no ***")


def test_an_annotation_has_its_limits():
    trial = Trial(Case("a", "a"), "call")
    trial.annotate("framework", "another")
    for number in range(60):
        trial.annotate(f"{number}" + "k" * 200, "v" * 3000)
    found = describer().of_trial(trial, None, [], 0)
    assert "framework" not in found.metadata  # the record has it, and says it right
    assert len(found.metadata) == 50
    assert {len(key) for key in found.metadata} == {100}
    assert {len(value) for value in found.metadata.values()} == {1000}
    assert found.truncated == ["metadata"]
