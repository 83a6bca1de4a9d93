"""A unittest result of any class that passes on what it is told."""

from __future__ import annotations

import sys
import unittest
from contextlib import contextmanager
from types import new_class
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

from . import outcome
from .collectors.source import safe_str
from .unittest_frames import FIXTURES, hide_drivers

if TYPE_CHECKING:
    from .unittest_recorder import ResultRecorder

_RAISE_SHOWS_ALL = sys.version_info < (3, 11)  # else drivers have taken their frames out themselves

__unittest = True  # unittest leaves frames of such modules out of the tracebacks that it prints


class RecordingResult(unittest.TestResult):
    """A mixin for any unittest result class: it stays what it is, and a recorder hears what it is told."""

    recorder: Optional[ResultRecorder] = None
    _should_stop = False
    _at_an_end = False  # within startTest or stopTest, which see to the streams as a suite does
    _stdout_buffer: Optional[Any]  # unittest's own, private: what -b has captured
    _stderr_buffer: Optional[Any]

    @property
    def shouldStop(self) -> bool:
        """Suites ask this after each test: the moment when nothing more can be said of it.

        (Not so stopTest: Django runs a test's tear-down behind it, and may add an error then.)
        """
        recorder = self.recorder
        if recorder is not None and recorder.pending:  # not so where a test asks its own result whether to stop
            recorder.publish()
        return self._should_stop

    @shouldStop.setter
    def shouldStop(self, value: bool) -> None:
        self._should_stop = value

    def stop(self) -> None:
        if self.recorder is not None:
            self.recorder.stopped(sys._getframe(1))
        super().stop()

    def startTest(self, test: Any) -> None:
        self._at_an_end = True
        try:
            super().startTest(test)
        finally:
            self._at_an_end = False
        if self.recorder is not None:
            self.recorder.start(test)

    def stopTest(self, test: Any) -> None:
        if self.recorder is not None:
            if self.recorder.enforces:
                self._end_of_breach(test)
            self.recorder.stop(test, self._stdout_buffer, self._stderr_buffer)
        self._at_an_end = True
        try:
            super().stopTest(test)
        finally:
            self._at_an_end = False

    def stopTestRun(self) -> None:
        if self.recorder is not None:
            self.recorder.publish()
        super().stopTestRun()

    def _end_of_breach(self, test: Any) -> bool:
        """Have a test that must not reach out, and has tried, end in an error, whatever else it has come to."""
        error = self.recorder and self.recorder.breach(test)
        if error is not None:
            self.addError(test, error)
        return error is not None

    def addSuccess(self, test: Any) -> None:
        if self.recorder is not None:
            if self.recorder.enforces and self._end_of_breach(test):
                return
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
        if err is not None and _RAISE_SHOWS_ALL:
            hide_drivers(err[1], err[2])
        try:
            yield
        finally:
            text = str(shown[-1][1]) if len(shown) > count else ""
            self.recorder.report(test, kind, err, text, None if reason is None else safe_str(reason))
            self.recorder.resume()

    def _setupStdout(self) -> None:
        super()._setupStdout()  # type: ignore[misc]  # private, and the only call that a suite makes before a fixture
        if self.recorder is not None and not self._at_an_end:
            caller = sys._getframe(2)  # past the suite's helper that calls what exists
            if caller.f_code.co_name in FIXTURES:  # else a debugger's
                self.recorder.fixture_begins(caller)

    def _restoreStdout(self) -> None:
        # else a debugger's
        if self.recorder is not None and not self._at_an_end and sys._getframe(2).f_code.co_name in FIXTURES:
            self.recorder.fixture_ends()
        super()._restoreStdout()  # type: ignore[misc]  # as above


def mixed(mixin: type, kind: type) -> type:
    """Return `kind` with `mixin` before it, which still looks like `kind` wherever it is shown."""
    names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
    return new_class(kind.__name__, (mixin, kind), {}, lambda namespace: namespace.update(names))
