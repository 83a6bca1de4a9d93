"""The hooks that a run listens to. Each only wraps, or returns None: none is ever owned."""

from __future__ import annotations

from typing import Any, Callable, Generator, Optional, TypeVar

import pytest

from . import outcome
from .collectors.timing import Clock
from .pytest_fixtures import is_parameter
from .pytest_recorder import PytestRecorder

_Hook = TypeVar("_Hook", bound=Callable[..., Any])
Wrapping = Generator[None, Any, Any]

_RAISED = 1  # what Python makes of an exception that nobody catches


def wrapper(hook: _Hook) -> _Hook:
    """Make an outermost hook wrapper, of the newer kind where pluggy has it (1.2): it costs a quarter of the older.

    A wrapper is written to be right as either kind: what `yield` gives is the hook's result, or an object that has it;
    where the hook raises, `yield` raises, or gives an object that has the exception.
    """
    try:
        return pytest.hookimpl(wrapper=True, tryfirst=True)(hook)
    except TypeError:
        return pytest.hookimpl(hookwrapper=True, tryfirst=True)(hook)


first = pytest.hookimpl(tryfirst=True)


def _raised(given: Any) -> bool:
    """Is what `yield` gave to a wrapper of the older kind an exception?"""
    return getattr(given, "excinfo", None) is not None and hasattr(given, "get_result")


class EnforcingHooks:
    """A pytest plugin that has a test end in an error when it has tried to reach another machine."""

    def __init__(self, recorder: PytestRecorder) -> None:
        self._recorder = recorder

    @pytest.hookimpl(trylast=True)  # behind the tear-down itself: an error of that is one already
    def pytest_runtest_teardown(self) -> None:
        __tracebackhide__ = True
        error = self._recorder.breach()
        if error is not None:
            raise error


class Hooks:
    """A pytest plugin that passes on what it hears; the recorder never raises.

    closes: whether the run ends with pytest's own end; our command line's ends later.
    """

    def __init__(self, recorder: PytestRecorder, closes: bool) -> None:
        self._recorder = recorder
        self._closes = closes
        self._raised_with: Optional[int] = None  # exit status with which the end of the session raised

    @first
    def pytest_collection(self) -> None:
        self._recorder.collection_begins()

    @wrapper
    def pytest_make_collect_report(self, collector: Any) -> Wrapping:
        began = Clock.now()
        given = yield
        if not _raised(given):
            report = given.get_result() if hasattr(given, "get_result") else given
            self._recorder.looked_through(collector, report, began)
        return given

    @first
    def pytest_collectreport(self, report: Any) -> None:
        self._recorder.collect_report(report)

    def pytest_collection_finish(self, session: Any) -> None:
        self._recorder.collected(session.items, bool(session.shouldfail))

    @wrapper
    def pytest_runtest_protocol(self, item: Any) -> Wrapping:
        self._recorder.start(item)
        given = yield
        if not _raised(given):  # else the run ends in this test: Ctrl-C, pytest.exit, an internal error
            self._recorder.finish()
        return given

    @wrapper
    def pytest_runtest_setup(self) -> Wrapping:
        __tracebackhide__ = True
        self._recorder.enter(outcome.SETUP)
        return (yield)

    @wrapper
    def pytest_runtest_call(self) -> Wrapping:
        __tracebackhide__ = True
        self._recorder.enter(outcome.CALL)
        return (yield)

    @wrapper
    def pytest_runtest_teardown(self) -> Wrapping:
        __tracebackhide__ = True
        self._recorder.enter(outcome.TEARDOWN)
        return (yield)

    @first
    def pytest_runtest_makereport(self, call: Any) -> None:
        self._recorder.leave(call)

    @first  # the terminal, asked for a report's letter, changes the report of a test with failed subtests (pytest 9)
    def pytest_runtest_logreport(self, report: Any) -> None:
        self._recorder.report(report)

    @wrapper
    def pytest_fixture_setup(self, fixturedef: Any) -> Wrapping:
        __tracebackhide__ = True
        if is_parameter(fixturedef):
            return (yield)
        self._recorder.fixture_setup_begins(fixturedef)
        try:
            return (yield)
        finally:
            self._recorder.fixture_setup_ends(fixturedef)

    @first
    def pytest_fixture_post_finalizer(self, fixturedef: Any) -> None:
        self._recorder.fixture_torn_down(fixturedef)

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        self._recorder.interrupted(excinfo)

    def pytest_internalerror(self, excinfo: Any) -> None:
        self._recorder.internal_error(excinfo)

    @wrapper
    def pytest_sessionfinish(self, exitstatus: int) -> Wrapping:
        self._raised_with = exitstatus
        try:
            given = yield
            if not _raised(given) or isinstance(given.excinfo[1], pytest.exit.Exception):
                self._raised_with = None
            return given
        except pytest.exit.Exception:  # the only one that pytest catches
            self._raised_with = None
            raise

    @wrapper
    def pytest_unconfigure(self, config: Any) -> Wrapping:
        code = _RAISED
        try:
            given = yield
            session = config.pluginmanager.get_plugin("session")  # pytest registers its own so
            status = getattr(session, "exitstatus", _RAISED)
            # pluggy before 1.2 does not come back to us where a wrapper within ours raises: a new status says more.
            if not _raised(given) and status != self._raised_with:
                code = status
            return given
        finally:
            if self._closes:
                self._recorder.close(code)
