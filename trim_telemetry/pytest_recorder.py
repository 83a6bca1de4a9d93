"""What pytest's hooks say, turned into records. Loaded by the plugin, once a run is asked for."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import pytest
from _pytest.reports import TestReport  # public, but not under a public name before pytest 7

from . import outcome
from . import pytest_report as said
from .collectors.source import Sources, safe_str
from .collectors.timing import Clock
from .exit_status import exit_status
from .guarding import guarded
from .outcome import Event, Failure
from .permission import MARKER, decorated_with, entries_in
from .pytest_case import CaseFactory
from .pytest_fixtures import FixtureTimes
from .record import UNMEASURED, Case, Measures
from .session import Session
from .signals import on_sigterm
from .texts import bounded_id
from .trial import Trial

_NAME_LIMIT = 1_000
_COLLECTION_SLOWEST = 10
_PHASES = (outcome.SETUP, outcome.CALL, outcome.TEARDOWN)
_PYTEST_9 = int(pytest.__version__.partition(".")[0]) >= 9
_EXIT_REASONS = {4: "usage", 5: "no_tests", 6: "too_many_warnings"}  # pytest.ExitCode


class _Attempt:
    """What was heard of one run of the test in flight; a rerun begins with a new one.

    The times are our own, because pytest's clock can be frozen by a fixture.
    """

    __slots__ = ("begun", "calls", "cpu", "cpu_mark", "elsewhere", "last_report", "mark", "spent", "subtest_reports")

    def __init__(self) -> None:
        self.begun = False
        self.calls: Dict[str, Any] = {}  # pytest's CallInfo by phase
        self.spent: Dict[str, int] = {}  # ns by phase
        self.elsewhere = False  # does somebody report of it who ran it in another process (pytest-forked)?
        self.cpu = 0  # ns of all phases
        self.last_report: Any = None
        self.subtest_reports: Sequence[Any] = ()
        self.mark = self.cpu_mark = 0  # ns, by the clocks, when what runs now began

    def go(self) -> None:
        """The test's own code runs from here on."""
        self.cpu_mark = Clock.cpu()
        self.mark = Clock.now()


class _Collection:
    """What pytest's collection cost, and what it failed with."""

    def __init__(self) -> None:
        self.began = 0
        self.errors = 0
        self.excinfos: Dict[str, Any] = {}  # by node id, until pytest reports on the node
        self._spent: Dict[str, int] = {}  # ns by file

    def add(self, nodeid: str, spent: int) -> None:
        """A file was imported and looked through, in ns."""
        self._spent[nodeid] = self._spent.get(nodeid, 0) + spent

    def slowest(self) -> List[Tuple[str, float]]:
        """Return the files that took longest, with their ms."""
        longest_first = sorted(self._spent.items(), key=lambda item: -item[1])
        return [(file, spent / 1e6) for file, spent in longest_first[:_COLLECTION_SLOWEST]]

    def duration(self) -> Optional[float]:
        """Return the ms since it began."""
        return (Clock.now() - self.began) / 1e6 if self.began else None


class PytestRecorder:
    """Hears what pytest's hooks say, and tells the session."""

    def __init__(self, session: Session, config: Any) -> None:
        self.session = session
        session.observation.allowances = _allowances
        self._sources = Sources(session.config.root)
        self._describe = self._case_factory(config)
        self._captures = config.getoption("capture", "no") != "no"
        self._take_signal_back = self._on_sigterm()
        self._collection = _Collection()
        self._fixtures = FixtureTimes(session)
        self._item: Any = None  # the test in flight, what the session holds of it, and what was heard of it
        self._trial: Optional[Trial] = None
        self._attempt: _Attempt = _Attempt()
        self._stopped: Optional[str] = None  # why the run ended early, as an exit reason

    def _case_factory(self, config: Any) -> CaseFactory:
        called = config.invocation_params
        return CaseFactory(self._sources, str(called.dir), called.args)

    def _on_sigterm(self) -> Callable[[], None]:
        return on_sigterm(self.session)

    # -- collection ---

    @guarded
    def collection_begins(self) -> None:
        """pytest is about to look for tests."""
        self._collection.began = Clock.now()

    @guarded
    def looked_through(self, collector: Any, report: Any, began: int) -> None:
        """pytest has looked for tests in a folder, file or class. began: the clock's reading before."""
        if isinstance(collector, pytest.File):
            self._collection.add(collector.nodeid, Clock.now() - began)
        if not report.passed:
            self._collection.excinfos[report.nodeid] = report.call.excinfo  # pytest takes it off before it reports

    @guarded
    def collect_report(self, report: Any) -> None:
        """A file (or class) that can't be collected, or skips itself, has a record of its own."""
        if report.passed:
            return
        name = bounded_id(report.nodeid or ".")
        case = Case(name, name[:_NAME_LIMIT], file=self._describe.relative(report.nodeid), above=True)
        excinfo = self._collection.excinfos.pop(report.nodeid, None)
        if report.failed:
            self._collection.errors += 1
            failure = self._failure(said.cause_of(excinfo), None, said.text_of(report))
            self.session.above(case, [Event(outcome.ERROR, failure)])
        else:
            reason = said.skip_reason(report) if excinfo is None else safe_str(excinfo.value)
            self.session.above(case, [Event(outcome.SKIPPED, None, reason)])

    @guarded
    def collected(self, items: Sequence[Any], gave_up: bool) -> None:
        """pytest knows its items. gave_up: those that it had found when the first file could not be collected (-x)."""
        if gave_up:
            self.session.cut_short()
        self.session.collected(len(items), self._collection.slowest(), self._collection.duration())
        # Those of doctests are in the very source that they test.
        paths = {str(getattr(item, "path", None) or item.fspath) for item in items if isinstance(item, pytest.Function)}
        self.session.observation.hold_tests(paths)

    # -- a test ---

    @guarded
    def start(self, item: Any) -> None:
        """An item's protocol begins."""
        self._item = item
        self._attempt = _Attempt()
        self._fixtures.forget()
        self.session.begin(self._describe, item, phase=outcome.SETUP)
        self._trial = self.session.trial

    # The next three are on the hot path, and guarded only where something in them could raise.

    def enter(self, phase: str) -> None:
        """A phase begins."""
        trial = self._trial
        if trial is not None:
            if phase == outcome.SETUP:
                if self._attempt.begun:  # pytest-rerunfailures and its kin run a test again
                    self._begin_again(trial)
                self._attempt.begun = True
            trial.phase = phase
            self.session.observation.resume(phase)
            self._attempt.go()

    def _begin_again(self, trial: Trial) -> None:
        trial.attempts += 1
        self.session.observation.begin_again()
        self._attempt = _Attempt()
        self._fixtures.forget()

    def leave(self, call: Any) -> None:
        """A phase, or a subtest in it, is over; what runs from here on is pytest's. call: its CallInfo."""
        if self._trial is not None:
            now, cpu = Clock.now(), Clock.cpu()
            self.session.observation.suspend()
            attempt, phase = self._attempt, call.when
            attempt.calls[phase] = call
            attempt.spent[phase] = attempt.spent.get(phase, 0) + now - attempt.mark
            attempt.cpu += cpu - attempt.cpu_mark
            attempt.mark, attempt.cpu_mark = now, cpu

    def report(self, report: Any) -> None:
        """pytest reports a phase, a subtest, or an attempt that will be run again."""
        trial, attempt = self._trial, self._attempt
        if trial is None:
            return
        if type(report) is TestReport and report.when in attempt.spent:
            attempt.last_report = report
            if report.outcome == "passed" and not trial.events and not hasattr(report, "wasxfail"):
                return  # that nothing was reported says so already, and most tests pass
        self._report(trial, report)

    @guarded
    def _report(self, trial: Trial, report: Any) -> None:
        attempt = self._attempt
        subtest = said.subtest_name(report)
        if subtest is None:
            attempt.last_report = report
            if report.when not in attempt.spent:
                attempt.elsewhere = True
                if report.when in _PHASES:
                    attempt.spent[report.when] = round(report.duration * 1e9)
        else:
            trial.subtests += 1
            attempt.subtest_reports = [*attempt.subtest_reports, report]
            self.session.observation.resume(trial.phase)
            attempt.go()  # the time until now went into the making of the report
        if report.outcome == "rerun":  # pytest-rerunfailures: this attempt does not count
            trial.events.clear()
            trial.subtests = 0
        else:
            self._note(trial.events, report, subtest)

    def _note(self, events: List[Event], report: Any, subtest: Optional[str]) -> None:
        kind = said.kind_of(report)
        if kind is None:
            return
        if kind == outcome.PASSED and subtest is None:
            self._settle(events)
            return
        events.append(Event(kind, None, None, subtest))  # the verdict stands, whatever becomes of its details
        events[-1:] = self._detailed(report, kind, subtest)

    def _settle(self, events: List[Event]) -> None:
        """The test passed as a whole: that some of its subtests failed as expected, or were skipped, does not count.

        If all were skipped, it does; but before pytest 9 nobody tells of those of unittest's subtests that passed.
        """
        silent = not _PYTEST_9 and hasattr(self._item, "addSubTest")
        moot = (outcome.XFAILED, outcome.SKIPPED) if silent else (outcome.XFAILED,)
        events[:] = [event for event in events if event.subtest is None or event.outcome not in moot]

    def _detailed(self, report: Any, kind: str, subtest: Optional[str]) -> List[Event]:
        # Asked only now: pytest's unittest plugin puts the real exception there after the call is over.
        excinfo = getattr(self._attempt.calls.get(report.when), "excinfo", None)
        if kind == outcome.FAILED and said.is_unexpected_success(report, excinfo):
            kind = outcome.XPASSED_STRICT
        reason = said.reason_of(report, kind)
        if kind not in (outcome.FAILED, outcome.ERROR, outcome.XFAILED, outcome.CRASHED):
            return [Event(kind, None, reason, subtest)]
        text = said.text_of(report)
        phase = None if kind == outcome.CRASHED else report.when
        failures = [self._failure(raised, phase, text) for raised in said.exceptions_of(excinfo)]
        return [Event(kind, failure, reason, subtest) for failure in failures]

    def _failure(self, raised: said.Raised, phase: Optional[str], text: str) -> Failure:
        error, traceback = raised
        if error is None:  # the report comes from another process, or from a plugin that made it up
            return Failure(phase, "", said.last_line(text), text, None, None)
        return self._sources.failure(error, traceback, phase, text)

    @guarded
    def breach(self) -> Optional[BaseException]:
        """Return the error that the test in flight is to end with, because it has tried to reach another machine."""
        return self.session.breach()

    @guarded
    def finish(self) -> None:
        """The item's protocol is over."""
        trial, attempt = self._trial, self._attempt
        if trial is None:
            return
        if attempt.last_report is None:  # a plugin has taken the item, and not said a word
            trial.events.append(Event(outcome.SKIPPED, None, "pytest reported nothing"))
        elif trial.events and self._captures:
            reports = [*attempt.subtest_reports, attempt.last_report]
            trial.stdout, trial.stderr = said.output_of(reports, "stdout"), said.output_of(reports, "stderr")
        trial.ended = Clock.now()
        trial.elsewhere = attempt.elsewhere
        measures = self._measures()
        self._item = self._trial = None
        self._attempt.calls.clear()  # what the test has left behind is not kept alive by us
        self.session.finish(measures)

    def _measures(self) -> Measures:
        attempt, fixtures = self._attempt, self._fixtures
        spent = {phase: nanoseconds / 1e6 for phase, nanoseconds in attempt.spent.items()}
        if not spent:  # whoever ran it did not say how long
            return UNMEASURED
        if attempt.elsewhere:  # nor did he say which part of it went to what
            setup, call, teardown = map(spent.get, _PHASES)
            return Measures(sum(spent.values()), None, setup, call, teardown)
        shared = fixtures.shared / 1e6
        return Measures(
            sum(spent.values()) - shared,
            (attempt.cpu - fixtures.shared_cpu) / 1e6,
            spent.get(outcome.SETUP),
            spent.get(outcome.CALL),
            spent.get(outcome.TEARDOWN),
            shared,
            fixtures.entries(),
        )

    # -- fixtures ---

    @guarded
    def fixture_setup_begins(self, fixturedef: Any) -> None:
        """A fixture's set-up begins."""
        self._fixtures.setup_begins(fixturedef)

    @guarded
    def fixture_setup_ends(self, fixturedef: Any) -> None:
        """A fixture's set-up is over."""
        self._fixtures.setup_ends(fixturedef)

    @guarded
    def fixture_torn_down(self, fixturedef: Any) -> None:
        """A fixture's tear-down is over."""
        self._fixtures.teardown_ends(fixturedef)

    # -- the end of the run ---

    @guarded
    def interrupted(self, excinfo: Any) -> None:
        """Ctrl-C, pytest.exit, or one of pytest's own reasons to stop early."""
        if excinfo.typename == "Interrupted" and self._collection.errors and self.session.trial is None:
            self._stopped = "collection_errors"
            self.session.cut_short()
            return
        self._stopped = "interrupted"
        told = f"{excinfo.typename}: {safe_str(excinfo.value)}"[:_NAME_LIMIT]
        self.session.interrupted("SIGINT" if excinfo.type is KeyboardInterrupt else told)

    @guarded
    def internal_error(self, excinfo: Any) -> None:
        """pytest itself, or a plugin, has failed."""
        self._stopped = "internal_error"
        self.session.interrupted(f"INTERNALERROR: {excinfo.typename}: {safe_str(excinfo.value)}"[:_NAME_LIMIT])

    def close(self, code: Any) -> None:
        """End the run. code: what goes to sys.exit()."""
        self._take_signal_back()
        status = exit_status(code)
        self.session.close(status, self._exit_reason(status))

    def _exit_reason(self, code: int) -> Optional[str]:
        if code == 0:
            return None
        if self._stopped is not None:
            return self._stopped
        if code == 1 and self.session.tests_failed:
            return "tests_failed"
        return _EXIT_REASONS.get(code, "plugin")


def _allowances(item: Any) -> Iterator[Any]:
    """Yield what an item may reach for itself, by its markers or by our decorator."""
    for mark in item.iter_markers(MARKER):
        for value in (*mark.args, *mark.kwargs.values()):
            yield from entries_in(value)
    yield from decorated_with(getattr(item, "obj", None), getattr(item, "cls", None))
