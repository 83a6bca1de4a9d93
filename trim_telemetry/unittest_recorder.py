"""What a unittest result is told, turned into records: the one adapter behind the unittest and the Django doors.

A result's methods are the only place where unittest says what happened, and each patch release has its own habits in
calling them (research: pitfalls.md, unittest): a skip without startTest, class-level failures without either end,
Django's tear-down errors behind stopTest. So nothing here relies on an order but that a test is one object.
"""

from __future__ import annotations

import sys
import unittest
from types import FrameType
from typing import Any, Dict, Iterator, List, Optional, Tuple

from . import outcome
from .collectors.source import Sources, safe_str
from .collectors.timing import Clock
from .errors import TelemetryWarning
from .guarding import guarded
from .outcome import Event, Failure
from .permission import decorated_with
from .record import Case
from .session import Session
from .texts import bounded_id
from .unittest_case import CaseFactory
from .unittest_frames import fixture_of, phase_of
from .unittest_result import RecordingResult, mixed

__unittest = True  # unittest leaves frames of such modules out of the tracebacks that it prints

_NAME_LIMIT = 1_000
_SubTest: Any = unittest.case._SubTest  # type: ignore[attr-defined]  # private; a test may have all its attributes


class ResultRecorder:
    """Hears what a result hears, and tells the session."""

    def __init__(self, session: Session, describe: CaseFactory, sources: Sources) -> None:
        self.session = session
        session.observation.allowances = _allowances
        self.enforces = session.config.network == "enforce"  # is a test to end in an error that has tried to reach out?
        self._describe = describe
        self._sources = sources
        self._test: Any = None  # in flight, or over but not yet published
        self._over = False
        self.pending = False  # something waits to be published, until the runner has nothing more to say of it
        self._ended = 0  # ns: when the test's own code ended, where the runner has said that it passed
        self._excluded = 0  # ns of the window that were the runner's: formatting a failure, writing to the screen
        self._excluded_cpu = 0
        self._ended_cpu = 0
        self._pauses = 0  # one within the other
        self._paused = 0
        self._paused_cpu = 0
        self._subtest_passed = False
        self._fixture: Optional[Tuple[str, Any, int]] = None
        self._held: Dict[str, List[Event]] = {}  # of a fixture, by the name that the runner gives its failure
        self._tests_of: Dict[type, int] = {}  # how many are still to start
        self._collected = 0

    @guarded
    def collected(self, suite: Any) -> None:
        """The suite is about to run. (A script may run several, one behind the other.)"""
        self._expect(suite)
        self._collected += suite.countTestCases()
        spent = (Clock.now() - self.session.started) / 1e6
        self.session.collected(self._collected, duration=spent)

    @guarded
    def expect(self, suite: Any) -> None:
        """A part of a suite is about to run, and the parent knows how many tests the whole has."""
        self._expect(suite)

    def _expect(self, suite: Any) -> None:
        for test in leaves(suite):
            self._tests_of[type(test)] = self._tests_of.get(type(test), 0) + 1
        files = {getattr(sys.modules.get(kind.__module__), "__file__", None) for kind in self._tests_of}
        self.session.observation.hold_tests(file for file in files if isinstance(file, str))

    @guarded
    def observe(self, result: Any) -> None:
        """Hear a result that its runner has already made, of whatever class: it turns into a recording one."""
        kind = type(result)
        if not issubclass(kind, unittest.TestResult):
            text = f"no test has a record: {kind.__module__}.{kind.__qualname__} is no unittest.TestResult"
            self.session.warn(TelemetryWarning("result-not-observed", text))
            return
        if not issubclass(kind, RecordingResult):
            result.__class__ = mixed(RecordingResult, kind)
            result.shouldStop = vars(result).pop("shouldStop", False)  # the mixin's property stands before it now
        result.recorder = self

    # -- a test ---

    @guarded
    def start(self, test: Any) -> None:
        """A test starts."""
        if self.pending or self._test is not None:
            self.publish()
        self._test, self._over = test, False
        self._excluded = self._excluded_cpu = self._ended = self._pauses = 0
        self._subtest_passed = False
        if type(test) in self._tests_of:
            self._tests_of[type(test)] -= 1
        session = self.session
        session.begin(self._describe, test)
        session.observation.resume(None)
        if session.trial is not None and session.trial.case.above:  # a module that can't be imported
            session.covered(1)

    def passed(self) -> None:
        """The runner is about to say that the test passed: nothing of the test's own runs any more."""
        self._ended, self._ended_cpu = Clock.now(), Clock.cpu()

    def pause(self) -> None:
        """What comes is the runner's own time."""
        self._pauses += 1
        if self._pauses == 1:
            self._paused, self._paused_cpu = Clock.now(), Clock.cpu()

    def resume(self) -> None:
        """The test's time goes on."""
        self._pauses -= 1
        if self._pauses == 0:
            self._excluded += Clock.now() - self._paused
            self._excluded_cpu += Clock.cpu() - self._paused_cpu

    @guarded
    def breach(self, test: Any) -> Optional[Tuple[Any, Any, Any]]:
        """Return the error that a test is to end with, because it has tried to reach another machine; or None."""
        error = self.session.breach() if test is self._test and not self._over else None
        return None if error is None else (type(error), error, None)

    @guarded
    def stop(self, test: Any, stdout: Optional[Any], stderr: Optional[Any]) -> None:
        """A test's own code is over. stdout, stderr: the buffers that captured it, if any."""
        trial = self.session.trial
        if test is not self._test or self._over or trial is None:
            return  # CPython 3.12.1 stops decorated skips that it never started; they have their record
        self._over = self.pending = True
        interrupted = not self._ended and isinstance(sys.exc_info()[1], KeyboardInterrupt)
        self._measure()
        if interrupted:
            self.session.interrupted("SIGINT")
            self.session.report(Event, outcome.INTERRUPTED, None, "KeyboardInterrupt")
        if trial.events:
            trial.stdout = stdout.getvalue() if stdout is not None else None
            trial.stderr = stderr.getvalue() if stderr is not None else None

    def _measure(self) -> None:
        if not self._ended:
            self._ended, self._ended_cpu = Clock.now(), Clock.cpu()
        self.session.measure(self._ended, self._ended_cpu, self._excluded, self._excluded_cpu)

    @guarded
    def stopped(self, caller: FrameType) -> None:
        """Somebody told the runner to stop after this test. caller: the frame of whoever it was."""
        if caller.f_globals.get("__name__") == "unittest.signals":  # Ctrl-C, else it was --failfast or a test
            self.session.interrupted("SIGINT")

    @guarded
    def interrupted(self) -> None:
        """The process is about to end: a test that is over, and only not published yet, is not in flight any more."""
        if self._test is None or self._over:
            self.publish()
        else:
            self._measure()

    @guarded
    def publish(self) -> None:
        """The runner has nothing more to say of the test or the fixture before."""
        self.pending = False
        if self._test is not None:
            self._test = None
            self.session.finish()
        if self._held:
            self._publish_held()

    # -- what is said of it ---

    @guarded
    def report(self, test: Any, kind: str, error: Any = None, text: str = "", reason: Optional[str] = None) -> None:
        """The result was told something of a test, a subtest, or a class or module fixture.

        kind: an outcome; error: the (type, value, traceback) that came with it; text: it as the runner prints it.
        """
        parent = test.test_case if isinstance(test, _SubTest) else test
        if parent is not self._test:
            self._report_elsewhere(test, kind, error, text, reason)
            return
        self._ended = 0
        subtest = None
        if parent is not test:
            self._count_subtest()
            subtest = _subtest_name(test)
        self.session.report(self._event, kind, error, text, reason, subtest)

    def _report_elsewhere(self, test: Any, kind: str, error: Any, text: str, reason: Optional[str]) -> None:
        """No test is on, or another one: a fixture above the tests, or a test that was never started."""
        if isinstance(test, unittest.TestCase):
            self.start(test)
            self.session.report(self._event, kind, error, text, reason, None)
            if (
                kind == outcome.SKIPPED
            ):  # nothing of it ran; but Django's tests may break before their start, unknown when
                self._measure()
            self._over = self.pending = True
            return
        if self._test is not None:
            self.publish()
        name = safe_str(test.id() if hasattr(test, "id") else test)
        # Held, as CPython 3.8 runs the clean-ups of a class or module, which go by the same name, behind the fixture.
        self.pending = True
        self._held.setdefault(name, []).append(self._event(kind, error, text, reason, None))

    def _event(self, kind: str, error: Any, text: str, reason: Optional[str], subtest: Optional[str]) -> Event:
        return Event(kind, None if error is None else self._failure(error, text), reason, subtest)

    def _failure(self, error: Any, text: str) -> Optional[Failure]:
        raised = error[1] if error[1] is not None else error[0]
        try:
            return self._sources.failure(raised, error[2], phase_of(error[2]), text)
        except Exception as problem:  # noqa: BLE001  # an exception that can't be looked at must not cost the verdict
            self.session.failed("failure", problem)
            return None

    @guarded
    def subtest_passed(self) -> None:
        """A subtest of the test in flight is over, and passed."""
        self._count_subtest()
        if not self._subtest_passed:  # one stands for all: a test may have thousands
            self._subtest_passed = True
            self.session.report(Event, outcome.PASSED, None, None, "")

    def _count_subtest(self) -> None:
        if self.session.trial is not None:
            self.session.trial.subtests += 1

    # -- fixtures of classes and modules ---

    @guarded
    def fixture_begins(self, frame: FrameType) -> None:
        """The suite is about to run something; frame: of its function, which tells what."""
        self.publish()
        if self._fixture is not None:
            self.session.observation.shared_ends()
        self._fixture = (*fixture_of(frame), Clock.now())
        owner = self._fixture[1]
        self.session.observation.shared_begins(owner if isinstance(owner, type) else None)

    @guarded
    def fixture_ends(self) -> None:
        """It is over."""
        if self._fixture is None:
            return
        kind, owner, began = self._fixture
        self._fixture = None
        queries = self.session.observation.shared_ends()
        if _is_users(kind, owner) or queries:
            self.session.shared_setup(_owner_name(owner), (Clock.now() - began) / 1e6, queries)
        if self._held and kind.startswith("setUp"):
            self.session.covered(self._never_started(owner))

    def _never_started(self, owner: Any) -> int:
        """How many tests does the suite pass over, because this class or module could not be set up?"""
        kinds = [kind for kind in self._tests_of if owner in (kind, kind.__module__)]
        return sum(self._tests_of.pop(kind) for kind in kinds)

    def _publish_held(self) -> None:
        held, self._held = self._held, {}
        for name, events in held.items():
            case_id = bounded_id(name)
            self.session.above(Case(case_id, case_id[:_NAME_LIMIT], above=True), events)


def _allowances(subject: Any) -> Iterator[Any]:
    """Yield what a test, or a class, may reach for itself."""
    if isinstance(subject, type):
        return decorated_with(subject)
    method = getattr(subject, getattr(subject, "_testMethodName", ""), None)  # private; a doctest has none
    return decorated_with(method, subject)


def leaves(suite: Any) -> Iterator[Any]:
    """Yield the tests of a suite. Raises TypeError where that would use it up."""
    tests = iter(suite)
    if tests is iter(suite):
        raise TypeError("a suite of tests that can be gone through only once")
    for test in tests:
        if isinstance(test, unittest.BaseTestSuite):
            yield from leaves(test)
        else:
            yield test


def _is_users(kind: str, owner: Any) -> bool:
    """Is there a fixture at all? Every class has a setUpClass; most have unittest's own, which does nothing."""
    if isinstance(owner, str):
        return hasattr(sys.modules.get(owner), kind)
    return getattr(getattr(owner, kind, None), "__func__", None) is not getattr(unittest.TestCase, kind).__func__


def _subtest_name(subtest: Any) -> str:
    """Return its message and parameters, as unittest shows them; unittest's own name has them behind the test's."""
    name, test = safe_str(subtest), safe_str(subtest.test_case)
    return (name[len(test) + 1 :] if name.startswith(f"{test} ") else name)[:_NAME_LIMIT]


def _owner_name(owner: Any) -> str:
    return owner if isinstance(owner, str) else f"{owner.__module__}.{owner.__qualname__}"
