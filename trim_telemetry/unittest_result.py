"""What a unittest result is told, turned into records: the one adapter behind the unittest and the Django doors.

A result's methods are the only place where unittest says what happened, and each patch release has its own habits in
calling them (research: pitfalls.md, unittest): a skip without startTest, class-level failures without either end,
Django's tear-down errors behind stopTest. So nothing here relies on an order but that a test is one object.
"""

from __future__ import annotations

import sys
import unittest
from contextlib import contextmanager
from types import FrameType, TracebackType, new_class
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from . import outcome
from .collectors.source import Sources, safe_str
from .collectors.timing import Clock
from .errors import TelemetryWarning
from .outcome import Event, Failure
from .record import Case
from .session import Session, guarded
from .texts import bounded_id, clean, cut_items

__unittest = True  # unittest leaves frames of such modules out of the tracebacks that it prints

_NAME_LIMIT = 1_000
_PATH_LIMIT = 500
_LOADER_STAND_INS = ("unittest.loader", "_FailedTest", "ModuleSkipped")
_PHASES = {
    "_callSetUp": outcome.SETUP,
    "_pre_setup": outcome.SETUP,
    "_callTestMethod": outcome.CALL,
    "_callTearDown": outcome.TEARDOWN,
    "_callCleanup": outcome.TEARDOWN,
    "doCleanups": outcome.TEARDOWN,
    "_post_teardown": outcome.TEARDOWN,
    "_handleModuleFixture": outcome.SETUP,
    "_handleClassSetUp": outcome.SETUP,
    "_tearDownPreviousClass": outcome.TEARDOWN,
    "doClassCleanups": outcome.TEARDOWN,
    "_handleModuleTearDown": outcome.TEARDOWN,
}
_USERS_PHASES = {
    "setUp": outcome.SETUP,
    "asyncSetUp": outcome.SETUP,
    "tearDown": outcome.TEARDOWN,
    "asyncTearDown": outcome.TEARDOWN,
}
_SubTest: Any = unittest.case._SubTest  # type: ignore[attr-defined]  # private; a test may have all its attributes
# The suite's own functions around shared fixtures, with the local variable that names what they belong to.
_FIXTURES = {
    "_handleClassSetUp": ("setUpClass", "currentClass"),
    "_tearDownPreviousClass": ("tearDownClass", "previousClass"),
    "_handleModuleFixture": ("setUpModule", "currentModule"),
    "_handleModuleTearDown": ("tearDownModule", "previousModule"),
}
_Rerun = Callable[[str], Optional[Sequence[str]]]


class _ClassFacts(NamedTuple):
    """What is the same for all tests of a class.

    stands_in: it is no test but has a record above the tests; wraps: it makes tests of functions or of doctests.
    """

    kind: type
    dotted: str
    stands_in: bool
    wraps: bool
    name: str
    module: str
    path: str
    file: str
    tags: Sequence[str]
    fixtures: Sequence[str]
    importable: bool


class CaseFactory:
    """Makes the Case of a unittest test; what is the same for all tests of a class is looked up once.

    rerun: gives the arguments that run a test again, from its id.
    """

    def __init__(self, sources: Sources, rerun: _Rerun) -> None:
        self._sources = sources
        self._rerun = rerun
        self._class: Optional[_ClassFacts] = None

    def __call__(self, test: Any) -> Case:
        """Return the identity of a test, or of whatever stands in for one in a result."""
        facts = self._class
        if facts is None or facts.kind is not type(test):
            facts = self._class = self._describe_class(type(test))
        test_id = bounded_id(safe_str(test.id()))
        if facts.stands_in:
            return Case(test_id, test_id[:_NAME_LIMIT], above=True)
        if facts.wraps:
            return self._describe_wrapped(test, test_id)
        method_name = getattr(test, "_testMethodName", "")
        method = getattr(facts.kind, method_name, None)
        line, defined_at = self._place(method, facts.path)
        named = method is not None and test_id == f"{facts.dotted}.{method_name}"  # not so where id() is the user's own
        return Case(
            test_id,
            clean(method_name)[:_NAME_LIMIT] if test_id.endswith(method_name) else test_id[:_NAME_LIMIT],
            facts.name,
            facts.module,
            facts.file,
            line,
            defined_at,
            sorted({*facts.tags, *_names(method, "tags")}) if facts.tags or hasattr(method, "tags") else (),
            facts.fixtures,
            self._rerun(test_id) if named and facts.importable else None,
        )

    def _describe_wrapped(self, test: Any, test_id: str) -> Case:
        """A function or a doctest as a test: no command line names it, and unittest's class around it says nothing."""
        example = getattr(test, "_dt_test", None)
        if example is None:
            module = test._testFunc.__module__
            path, line = self._sources.definition(test._testFunc) or ("", None)
        else:
            path, line = example.filename or "", example.lineno + 1 if example.lineno is not None else None
            module = example.globs.get("__name__", "") if path.endswith(".py") else ""
        file = self._sources.relative(path) if path else ""
        return Case(test_id, test_id[:_NAME_LIMIT], "", clean(str(module))[:_PATH_LIMIT], file, line)

    def _describe_class(self, kind: type) -> _ClassFacts:
        module = str(kind.__module__)
        path = str(getattr(sys.modules.get(module), "__file__", None) or "")
        return _ClassFacts(
            kind,
            f"{module}.{kind.__qualname__}",
            _is_stand_in(kind),
            issubclass(kind, unittest.FunctionTestCase) or any(base.__module__ == "doctest" for base in kind.__mro__),
            clean(kind.__qualname__)[:_PATH_LIMIT],
            clean(module)[:_PATH_LIMIT],
            path,
            self._sources.relative(path) if path else "",
            _names(kind, "tags"),
            _names(kind, "fixtures"),
            _is_importable(kind),
        )

    def _place(self, method: Any, filename: str) -> Tuple[Optional[int], Optional[str]]:
        """Return the line of the `def` where it is in the class's own file, else where it is defined."""
        definition = self._sources.definition(method)
        if definition is None:
            return None, None
        if definition[0] == filename:
            return definition[1], None
        return None, f"{self._sources.relative(definition[0])}:{definition[1]}"


def _names(holder: Any, attribute: str) -> List[str]:
    """Django keeps tags and fixture files as plain attributes of classes and methods; anything else is not those."""
    found = getattr(holder, attribute, None)
    if not isinstance(found, (set, frozenset, list, tuple)):
        return []
    names = [name for name in found if isinstance(name, str)]
    return cut_items(sorted(names) if isinstance(found, (set, frozenset)) else names, attribute, [])


def _is_stand_in(kind: type) -> bool:
    """Does the loader run it in place of a module that can't be imported, or skips itself?"""
    return kind.__module__ == _LOADER_STAND_INS[0] and kind.__name__ in _LOADER_STAND_INS[1:]


def _is_importable(kind: type) -> bool:
    """Can the runner find the class by its dotted name? Not so for classes made in functions."""
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind


class ResultRecorder:
    """Hears what a result hears, and tells the session."""

    def __init__(self, session: Session, describe: CaseFactory, sources: Sources) -> None:
        self.session = session
        self._describe = describe
        self._sources = sources
        self._test: Any = None  # in flight, or over but not yet published
        self._over = False
        self._ended = 0  # ns: when the test's own code ended, where the runner has said that it passed
        self._excluded = 0  # ns of the window that were the runner's: formatting a failure, writing to the screen
        self._excluded_cpu = 0
        self._pauses = 0  # one within the other
        self._paused = 0
        self._paused_cpu = 0
        self._subtest_passed = False
        self._fixture: Optional[Tuple[str, Any, int]] = None
        self._held: Dict[str, List[Event]] = (
            {}
        )  # of a fixture above the tests, by the name the runner gives its failure
        self._tests_of: Dict[type, int] = {}  # how many are still to start
        self._collected = 0

    @guarded
    def collected(self, suite: Any) -> None:
        """The suite is about to run. (A script may run several, one behind the other.)"""
        for test in _leaves(suite):
            self._tests_of[type(test)] = self._tests_of.get(type(test), 0) + 1
        self._collected += suite.countTestCases()
        spent = (Clock.now() - self.session.started) / 1e6
        self.session.collected(self._collected, duration=spent)

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
        self.publish()
        self._test, self._over = test, False
        self._excluded = self._excluded_cpu = self._ended = self._pauses = 0
        self._subtest_passed = False
        if type(test) in self._tests_of:
            self._tests_of[type(test)] -= 1
        self.session.begin(self._describe, test)
        if self.session.trial is not None and self.session.trial.case.above:  # a module that can't be imported
            self.session.covered(1)

    def passed(self) -> None:
        """The runner is about to say that the test passed: nothing of the test's own runs any more."""
        self._ended, self._paused_cpu = Clock.now(), Clock.cpu()

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
    def stop(self, test: Any, stdout: Optional[Any], stderr: Optional[Any]) -> None:
        """A test's own code is over. stdout, stderr: the buffers that captured it, if any."""
        trial = self.session.trial
        if test is not self._test or self._over or trial is None:
            return  # CPython 3.12.1 stops decorated skips that it never started; they have their record
        self._over = True
        self._measure()
        if not self._ended and isinstance(sys.exc_info()[1], KeyboardInterrupt):
            self.session.interrupted("SIGINT")
            self.session.report(Event, outcome.INTERRUPTED, None, "KeyboardInterrupt")
        if trial.events:
            trial.stdout = stdout.getvalue() if stdout is not None else None
            trial.stderr = stderr.getvalue() if stderr is not None else None

    def _measure(self) -> None:
        if self._ended:
            self._excluded_cpu += Clock.cpu() - self._paused_cpu
        self.session.measure(self._ended, self._excluded, self._excluded_cpu)

    @guarded
    def stopped(self, caller: FrameType) -> None:
        """Somebody told the runner to stop after this test. caller: the frame of whoever it was."""
        if caller.f_globals.get("__name__") == "unittest.signals":  # Ctrl-C, else it was --failfast or a test
            self.session.interrupted("SIGINT")

    def between_tests(self) -> None:
        """The suite goes on to the next test. (A test that asks its own result whether to stop is not over.)"""
        if self._over or self._test is None:
            self.publish()

    @guarded
    def publish(self) -> None:
        """The runner has nothing more to say of the test or the fixture before."""
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
            ):  # nothing of it ran; but Django's tests may break before their start, who knows when
                self._measure()
            self._over = True
            return
        if self._test is not None:
            self.publish()
        name = safe_str(test.id())
        # Held, as CPython 3.8 runs the clean-ups of a class or module, which go by the same name, behind the fixture.
        self._held.setdefault(name, []).append(self._event(kind, error, text, reason, None))

    def _event(self, kind: str, error: Any, text: str, reason: Optional[str], subtest: Optional[str]) -> Event:
        return Event(kind, None if error is None else self._failure(error, text), reason, subtest)

    def _failure(self, error: Any, text: str) -> Optional[Failure]:
        raised = error[1] if error[1] is not None else error[0]
        try:
            return self._sources.failure(raised, error[2], _phase_of(error[2]), text)
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
        """The suite is about to run something; frame: of its function, one of _FIXTURES, which tells what."""
        self.publish()
        name, owner = _FIXTURES[frame.f_code.co_name]
        self._fixture = (name, frame.f_locals.get(owner), Clock.now())

    @guarded
    def fixture_ends(self) -> None:
        """It is over."""
        if self._fixture is None:
            return
        kind, owner, began = self._fixture
        self._fixture = None
        if _is_users(kind, owner):
            self.session.shared_setup(_owner_name(owner), (Clock.now() - began) / 1e6)
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


class RecordingResult(unittest.TestResult):
    """A mixin for any unittest result class: it stays what it is, and a recorder hears what it is told."""

    recorder: Optional[ResultRecorder] = None
    _should_stop = False
    _stdout_buffer: Optional[Any]  # unittest's own, private: what -b has captured
    _stderr_buffer: Optional[Any]

    @property
    def shouldStop(self) -> bool:
        """Suites ask this after each test: the moment when nothing more can be said of it.

        (Not so stopTest: Django runs a test's tear-down behind it, and may add an error then.)
        """
        if self.recorder is not None:
            self.recorder.between_tests()
        return self._should_stop

    @shouldStop.setter
    def shouldStop(self, value: bool) -> None:
        self._should_stop = value

    def stop(self) -> None:
        if self.recorder is not None:
            self.recorder.stopped(sys._getframe(1))
        super().stop()

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        if self.recorder is not None:
            self.recorder.start(test)

    def stopTest(self, test: Any) -> None:
        if self.recorder is not None:
            self.recorder.stop(test, self._stdout_buffer, self._stderr_buffer)
        super().stopTest(test)

    def stopTestRun(self) -> None:
        if self.recorder is not None:
            self.recorder.publish()
        super().stopTestRun()

    def addSuccess(self, test: Any) -> None:
        if self.recorder is not None:
            self.recorder.passed()
        super().addSuccess(test)

    def addFailure(self, test: Any, err: Any) -> None:
        with self._told(self.failures, test, outcome.FAILED, err):
            super().addFailure(test, err)

    def addError(self, test: Any, err: Any) -> None:
        with self._told(self.errors, test, outcome.ERROR, err):
            super().addError(test, err)

    def addSkip(self, test: Any, reason: str) -> None:
        with self._told([], test, outcome.SKIPPED, reason=reason):
            super().addSkip(test, reason)

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        with self._told(self.expectedFailures, test, outcome.XFAILED, err):
            super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test: Any) -> None:
        with self._told([], test, outcome.XPASSED_STRICT):
            super().addUnexpectedSuccess(test)

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is None:
            super().addSubTest(test, subtest, err)
            if self.recorder is not None:
                self.recorder.subtest_passed()
            return
        failed = issubclass(err[0], test.failureException)
        kind = outcome.FAILED if failed else outcome.ERROR
        with self._told(self.failures if failed else self.errors, subtest, kind, err):
            super().addSubTest(test, subtest, err)

    @contextmanager
    def _told(
        self, shown: List[Any], test: Any, kind: str, err: Any = None, reason: Optional[str] = None
    ) -> Iterator[None]:
        """Pass a verdict on, with the traceback as the result keeps it for the screen. shown: where it keeps it."""
        if self.recorder is None:
            yield
            return
        count = len(shown)
        self.recorder.pause()
        try:
            yield
        finally:
            text = str(shown[-1][1]) if len(shown) > count else ""
            self.recorder.report(test, kind, err, text, None if reason is None else safe_str(reason))
            self.recorder.resume()

    def _setupStdout(self) -> None:
        super()._setupStdout()  # type: ignore[misc]  # private, and the only call that a suite makes before a fixture
        if self.recorder is not None:
            caller = sys._getframe(2)  # past the suite's helper that calls what exists
            if caller.f_code.co_name in _FIXTURES:  # else startTest's own
                self.recorder.fixture_begins(caller)

    def _restoreStdout(self) -> None:
        if self.recorder is not None and sys._getframe(2).f_code.co_name in _FIXTURES:  # else stopTest's, a debugger's
            self.recorder.fixture_ends()
        super()._restoreStdout()  # type: ignore[misc]  # as above


def mixed(mixin: type, kind: type) -> type:
    """Return `kind` with `mixin` before it, which still looks like `kind` wherever it is shown."""
    names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return new_class(kind.__name__, (mixin, kind), {}, lambda namespace: namespace.update(names))


def _leaves(suite: Any) -> Iterator[Any]:
    tests = iter(suite)
    if tests is iter(suite):
        raise TypeError("a suite of tests that can be gone through only once")
    for test in tests:
        if isinstance(test, unittest.BaseTestSuite):
            yield from _leaves(test)
        else:
            yield test


def _is_users(kind: str, owner: Any) -> bool:
    """Is there a fixture at all? Every class has a setUpClass; most have unittest's own, which does nothing."""
    if isinstance(owner, str):
        return hasattr(sys.modules.get(owner), kind)
    return getattr(getattr(owner, kind, None), "__func__", None) is not getattr(unittest.TestCase, kind).__func__


def fixture_in(traceback: Optional[TracebackType]) -> Optional[str]:
    """Return which fixture of a class or module ("setUpClass", ...) a traceback is from; None: a test's own."""
    found = _FIXTURES.get(traceback.tb_frame.f_code.co_name) if traceback is not None else None
    return found[0] if found is not None else None


def _subtest_name(subtest: Any) -> str:
    """Return its message and parameters, as unittest shows them; unittest's own name has them behind the test's."""
    name, test = safe_str(subtest), safe_str(subtest.test_case)
    return (name[len(test) + 1 :] if name.startswith(f"{test} ") else name)[:_NAME_LIMIT]


def _owner_name(owner: Any) -> str:
    return owner if isinstance(owner, str) else f"{owner.__module__}.{owner.__qualname__}"


def _phase_of(traceback: Optional[TracebackType]) -> Optional[str]:
    """unittest runs each part of a test in a function of its own, whose frame is near the traceback's outer end.

    A subtest's traceback begins further in, right before the user's own function.
    """
    for _ in range(6):
        if traceback is None:
            break
        code = traceback.tb_frame.f_code
        if code.co_name in _PHASES:
            return _PHASES[code.co_name]
        if "__unittest" not in traceback.tb_frame.f_globals:
            return _USERS_PHASES.get(code.co_name, outcome.CALL)
        traceback = traceback.tb_next
    return None
