"""pytest in a worker of pytest-xdist: its records travel with the reports that xdist sends to the controller."""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import pytest

from . import outcome
from .guarding import guarded
from .pytest_case import CaseFactory
from .pytest_hooks import Hooks, Wrapping, wrapper
from .pytest_recorder import PytestRecorder
from .pytest_report import CRASH
from .record import Case
from .surroundings import Framework
from .worker import WorkerSession, unpack

KEY = "trim_telemetry"  # of what is ours in xdist's workerinput, workeroutput and in a report on its way


def start(config: Any) -> WorkerRecorder:
    """Begin the part of a run that is in this process. config: pytest's."""
    given = config.workerinput
    root = str(getattr(config, "rootpath", None) or config.rootdir)
    settings = unpack(given[KEY]["settings"], given["workerid"], root)
    session = WorkerSession(settings, Framework("pytest", pytest.__version__), given["workerid"])
    return WorkerRecorder(session, config)


class WorkerRecorder(PytestRecorder):
    """Hears what pytest's hooks say in a worker."""

    session: WorkerSession

    def __init__(self, session: WorkerSession, config: Any) -> None:
        super().__init__(session, config)
        # The plugin `flaky` reports on each set-up and tear-down of a test that it runs again.
        self._runs_again = False  # did pytest-rerunfailures say so of this attempt?
        self._next: Any = None  # item that this worker will run next
        self._announced: Any = None  # the last one that the controller was told of
        self._last_words_known = not config.pluginmanager.has_plugin("flaky")

    def _case_factory(self, config: Any) -> CaseFactory:
        kind = _GroupedCaseFactory if config.getoption("loadgroup", False) else CaseFactory
        return kind(self._sources, *json.loads(config.workerinput[KEY]["called"]))  # xdist itself hands on less

    def _on_sigterm(self) -> Callable[[], None]:
        return _nothing  # it is the controller's to say that the run is over

    @guarded
    def sends(self, report: Any) -> Optional[str]:
        """A report leaves for the controller: return the parcel that is to go with it, if any."""
        if report.when in (outcome.SETUP, CRASH) or report.outcome == "rerun":
            self._runs_again = report.outcome == "rerun"
        self._announce(self._next if report.when == outcome.TEARDOWN else self._item)
        if report.when in (outcome.TEARDOWN, CRASH) and self._last_words_known and not self._runs_again:
            self.finish()  # pytest has nothing more to say of the test
        return self.session.take_parcel() if self.session.has_news else None

    def next_is(self, item: Any) -> None:
        """Behind the test that is about to start comes this one."""
        self._next = item

    @guarded
    def _announce(self, item: Any) -> None:
        if item is not None and item is not self._announced:
            self._announced = item
            self.session.announce(self._describe, item)


class WorkerHooks(Hooks):
    """A pytest plugin for a worker, in which the run ends with pytest's session."""

    _recorder: WorkerRecorder

    def __init__(self, recorder: WorkerRecorder) -> None:
        super().__init__(recorder, closes=True)

    @wrapper
    def pytest_runtest_protocol(  # type: ignore[override]  # a hook takes those arguments that it names
        self, item: Any, nextitem: Any
    ) -> Wrapping:
        self._recorder.next_is(nextitem)
        return (yield from super().pytest_runtest_protocol(item))

    @wrapper
    def pytest_report_to_serializable(self, report: Any) -> Wrapping:
        given = yield
        made = given.get_result() if hasattr(given, "get_result") else given
        parcel = self._recorder.sends(report)
        if parcel is not None:
            made[KEY] = parcel
        return given

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(  # type: ignore[override]  # a hook takes those arguments that it names
        self, session: Any, exitstatus: int
    ) -> None:
        self._recorder.close(exitstatus)
        session.config.workeroutput[KEY] = self._recorder.session.take_parcel()


class _GroupedCaseFactory(CaseFactory):
    """Under `--dist loadgroup` xdist puts "@" and the name of its group behind an item's node id."""

    def __call__(self, item: Any, nodeid: Optional[str] = None) -> Case:
        plain = f"{item.parent.nodeid}::{item.name}"
        return super().__call__(item, plain if item.nodeid.startswith(f"{plain}@") else None)


def _nothing() -> None:
    """There is nothing to take back."""
