"""The hooks that a run listens to. Each only wraps, or returns None: none is ever owned."""

from __future__ import annotations

from typing import Any, Generator

import pytest

from . import outcome
from .collectors.timing import Clock
from .pytest_plugin import DOOR
from .pytest_recorder import PytestRecorder

_USAGE = 4  # pytest.ExitCode.USAGE_ERROR: what ends a run before pytest has a session


class Hooks:
    """A pytest plugin that passes on what it hears; the recorder never raises."""

    def __init__(self, recorder: PytestRecorder) -> None:
        self._recorder = recorder
        self._session: Any = None  # pytest's own

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: Any) -> None:
        self._session = session

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, None]:
        began = Clock.now()
        yield
        if isinstance(collector, pytest.File):
            self._recorder.file_collected(collector.nodeid, began)

    def pytest_collectreport(self, report: Any) -> None:
        self._recorder.collect_report(report)

    def pytest_collection_finish(self, session: Any) -> None:
        self._recorder.collected(len(session.items))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Generator[None, Any, None]:
        self._recorder.start(item)
        done = yield
        if done.excinfo is None:  # else the run ends in this test: Ctrl-C, pytest.exit, an internal error
            self._recorder.finish()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._recorder.enter(outcome.SETUP)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        self._recorder.enter(outcome.CALL)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        self._recorder.enter(outcome.TEARDOWN)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: Any) -> None:
        self._recorder.leave(call)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self._recorder.report(report)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, None]:
        self._recorder.fixture_setup_begins()
        yield
        self._recorder.fixture_setup_ends(fixturedef)

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_post_finalizer(self, fixturedef: Any) -> None:
        self._recorder.fixture_torn_down(fixturedef)

    def pytest_keyboard_interrupt(self, excinfo: Any) -> None:
        self._recorder.interrupted(excinfo)

    def pytest_internalerror(self, excinfo: Any) -> None:
        self._recorder.internal_error(excinfo)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: Any) -> None:
        if not config.pluginmanager.has_plugin(DOOR):
            self._recorder.close(int(getattr(self._session, "exitstatus", _USAGE)))
