"""What pytest's hooks say, turned into records. Loaded by the plugin, once a run is asked for."""

from __future__ import annotations

from typing import Any, Dict, Optional

from . import outcome
from .collectors.source import Sources, safe_str
from .collectors.timing import Clock
from .outcome import Event
from .pytest_case import CaseFactory
from .pytest_fixtures import FixtureTimes
from .record import Case, Measures
from .session import Session, guarded
from .signals import on_sigterm
from .texts import bounded_id

_NAME_LIMIT = 1_000
_COLLECTION_SLOWEST = 10
_XPASS_STRICT = "[XPASS(strict)] "  # how pytest's skipping plugin words it
_UNEXPECTED_SUCCESS = "Unexpected success"  # how pytest's unittest plugin words it

_INTERRUPTED = 2
# pytest.ExitCode and what plugins of its own add, where no test failed.
_EXIT_REASONS = {_INTERRUPTED: "interrupted", 3: "internal_error", 4: "usage", 5: "no_tests", 6: "too_many_warnings"}


class PytestRecorder:
    """Hears what pytest's hooks say, and tells the session."""

    def __init__(self, session: Session, config: Any) -> None:
        self.session = session
        self._sources = Sources(session.config.root)
        self._describe = CaseFactory(self._sources, str(config.invocation_params.dir))
        self._fixtures = FixtureTimes(session)
        self._take_signal_back = on_sigterm(session)
        self._calls: Dict[str, Any] = {}  # pytest's CallInfo of the test in flight, by phase
        self._durations: Dict[str, int] = {}  # ns, by phase
        self._cpu = 0  # ns, phases only
        self._cpu_mark = 0
        self._last_report: Any = None
        self._collect_times: Dict[str, int] = {}  # ns, by file
        self._collection_errors = 0
        self._captures = config.getoption("capture", "no") != "no"

    # -- collection ---

    @guarded
    def file_collected(self, nodeid: str, began: int) -> None:
        """A file was imported and looked through. began: the clock's reading before."""
        self._collect_times[nodeid] = self._collect_times.get(nodeid, 0) + Clock.now() - began

    @guarded
    def collect_report(self, report: Any) -> None:
        """A file (or class) that can't be collected, or skips itself, has a record of its own."""
        if report.passed:
            return
        name = bounded_id(report.nodeid or ".")
        case = Case(name, name[:_NAME_LIMIT], file=self._describe.relative(report.nodeid), above=True)
        if report.failed:
            self._collection_errors += 1
            text = _longrepr(report)
            failure = outcome.Failure(None, _last_type(text), _last_line(text), text, case.file or None, None)
            self.session.above(case, [Event(outcome.ERROR, failure)])
        else:
            self.session.above(case, [Event(outcome.SKIPPED, None, _skip_reason(report))])

    @guarded
    def collected(self, count: int) -> None:
        """pytest knows its items."""
        slowest = sorted(self._collect_times.items(), key=lambda item: -item[1])[:_COLLECTION_SLOWEST]
        self._collect_times = {}
        spent = (Clock.now() - self.session.started) / 1e6
        self.session.collected(count, [(file, ns / 1e6) for file, ns in slowest], spent)

    # -- a test ---

    @guarded
    def start(self, item: Any) -> None:
        """An item's protocol begins."""
        self._forget_attempt()
        self._last_report = None
        self.session.begin(self._describe, item, phase=outcome.SETUP)

    def _forget_attempt(self) -> None:
        self._calls = {}
        self._durations = {}
        self._cpu = 0
        self._fixtures.forget()

    @guarded
    def enter(self, phase: str) -> None:
        """The test's own code of a phase is about to run."""
        if self.session.trial is not None:
            self.session.trial.phase = phase
        self._cpu_mark = Clock.cpu()

    @guarded
    def leave(self, call: Any) -> None:
        """A phase (or a subtest) is over; what pytest does from here on is not the test's."""
        now = Clock.cpu()
        self._cpu += now - self._cpu_mark
        self._cpu_mark = now
        self._calls[call.when] = call

    @guarded
    def report(self, report: Any) -> None:
        """pytest reports a phase, a subtest, or an attempt that will be run again."""
        trial = self.session.trial
        if trial is None:
            return
        subtest = _subtest_name(report)
        if subtest is None:
            self._durations[report.when] = round(report.duration * 1e9)  # so that sums are exact
            self._last_report = report
        else:
            trial.subtests += 1
        if report.outcome == "rerun":  # pytest-rerunfailures and its kin: this attempt does not count
            trial.attempts += 1
            trial.events.clear()
            self._forget_attempt()
            return
        kind = _kind_of(report, subtest is not None)
        if kind == outcome.PASSED and not trial.events and subtest is None:
            return  # that nothing was reported says so already, and most tests pass
        if kind is not None:
            self.session.report(self._event, report, kind, subtest)

    def _event(self, report: Any, kind: str, subtest: Optional[str]) -> Event:
        # Asked only now: pytest's unittest plugin puts the real exception there after the call is over.
        excinfo = getattr(self._calls.get(report.when), "excinfo", None)
        failure = None
        if kind == outcome.FAILED and _is_unexpected_success(report, excinfo):
            kind = outcome.XPASSED_STRICT
        if kind in (outcome.FAILED, outcome.ERROR, outcome.XFAILED):
            text = _longrepr(report)
            if excinfo is not None:
                failure = self._sources.failure(excinfo.value, excinfo.tb, report.when, text)
            else:  # a plugin made the report without an exception
                failure = outcome.Failure(report.when, "", _last_line(text), text, None, None)
        return Event(kind, failure, _reason_of(report, kind), subtest)

    @guarded
    def finish(self) -> None:
        """The item's protocol is over."""
        trial = self.session.trial
        if trial is None:
            return
        if self._captures and self._last_report is not None and any(e.outcome != outcome.PASSED for e in trial.events):
            trial.stdout, trial.stderr = self._last_report.capstdout, self._last_report.capstderr
        trial.ended = Clock.now()
        self.session.finish(self._measures())

    def _measures(self) -> Measures:
        spent = self._durations
        shared = self._fixtures.shared
        return Measures(
            duration=(sum(spent.values()) - shared) / 1e6,
            cpu_time=self._cpu / 1e6,
            setup=_milliseconds(spent.get(outcome.SETUP)),
            call=_milliseconds(spent.get(outcome.CALL)),
            teardown=_milliseconds(spent.get(outcome.TEARDOWN)),
            shared_setup=shared / 1e6,
            fixtures=self._fixtures.entries(),
        )

    # -- fixtures ---

    @guarded
    def fixture_setup_begins(self) -> None:
        """A fixture's set-up begins."""
        self._fixtures.setup_begins()

    @guarded
    def fixture_setup_ends(self, fixturedef: Any) -> None:
        """The set-up that began last is over."""
        self._fixtures.setup_ends(fixturedef)

    @guarded
    def fixture_torn_down(self, fixturedef: Any) -> None:
        """A fixture's tear-down is over."""
        self._fixtures.teardown_ends(fixturedef)

    # -- the end of the run ---

    @guarded
    def interrupted(self, excinfo: Any) -> None:
        """Ctrl-C, pytest.exit, or one of pytest's own reasons to stop early."""
        if excinfo.type is KeyboardInterrupt:
            self.session.interrupted("SIGINT")
        elif not self._collection_errors or self.session.trial is not None:
            self.session.interrupted(f"{excinfo.typename}: {safe_str(excinfo.value)}"[:_NAME_LIMIT])

    @guarded
    def internal_error(self, excinfo: Any) -> None:
        """pytest itself, or a plugin, has failed."""
        self.session.interrupted(f"INTERNALERROR: {excinfo.typename}: {safe_str(excinfo.value)}"[:_NAME_LIMIT])

    def close(self, code: int) -> None:
        """End the run. code: what the process ends with."""
        self._take_signal_back()
        self.session.close(code, self._exit_reason(code))

    def _exit_reason(self, code: int) -> Optional[str]:
        if code == 0 or (code == 1 and self.session.tests_failed):
            return None
        if code == _INTERRUPTED and self._collection_errors:
            return "collection_errors"
        return _EXIT_REASONS.get(code, "plugin")


def _kind_of(report: Any, is_subtest: bool) -> Optional[str]:
    """Return the outcome that a report stands for; None: a set-up or tear-down that went well."""
    expected = hasattr(report, "wasxfail")
    if report.failed:
        if report.when == outcome.CALL:
            return outcome.FAILED
        return outcome.ERROR
    if report.skipped:
        if report.when == outcome.TEARDOWN:  # the body has had its say
            return None
        return outcome.XFAILED if expected else outcome.SKIPPED
    if report.passed and report.when == outcome.CALL:
        return outcome.XPASSED if expected and not is_subtest else outcome.PASSED
    return None


def _is_unexpected_success(report: Any, excinfo: Any) -> bool:
    """pytest's own reports of these hold a text only; newer ones fail unittest's with an exception of that text."""
    said = (
        report.longrepr if isinstance(report.longrepr, str) else getattr(getattr(excinfo, "value", None), "msg", None)
    )
    return (
        report.when == outcome.CALL and isinstance(said, str) and said.startswith((_XPASS_STRICT, _UNEXPECTED_SUCCESS))
    )


def _subtest_name(report: Any) -> Optional[str]:
    """Return a subtest's description where the report is one's (pytest 9, pytest-subtests), else None."""
    context = getattr(report, "context", None)
    if context is None or type(report).__name__.lower() != "subtestreport":
        return None
    message = getattr(context, "msg", None)
    values = ", ".join(
        f"{name}={safe_str(value)}" for name, value in dict(getattr(context, "kwargs", None) or {}).items()
    )
    parts = [f"[{safe_str(message)}]" if message else "", f"({values})" if values else ""]
    return " ".join(part for part in parts if part)[:_NAME_LIMIT] or "(<subtest>)"


def _reason_of(report: Any, kind: str) -> Optional[str]:
    if kind in (outcome.XFAILED, outcome.XPASSED):
        reason = safe_str(report.wasxfail)
        return reason[len("reason: ") :] if reason.startswith("reason: ") else reason
    if kind == outcome.XPASSED_STRICT:
        said = _longrepr(report)
        return said[len(_XPASS_STRICT) :] if said.startswith(_XPASS_STRICT) else None
    return _skip_reason(report) if kind == outcome.SKIPPED else None


def _skip_reason(report: Any) -> str:
    """A skip's longrepr is (path, line, "Skipped: why")."""
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) and len(longrepr) == 3 else safe_str(longrepr)
    return reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason


def _longrepr(report: Any) -> str:
    """The failure as pytest prints it, without colours."""
    return str(report.longreprtext) if hasattr(report, "longreprtext") else safe_str(report.longrepr)


def _last_line(text: str) -> str:
    """pytest marks the lines of a message with `E   `: the first of them says it best; else the last line."""
    lines = [line for line in text.splitlines() if line.strip()]
    marked = [line[1:].strip() for line in lines if line.startswith("E   ")]
    return marked[-1] if marked else (lines[-1].strip() if lines else "")


def _last_type(text: str) -> str:
    """The exception's type out of "ModuleNotFoundError: No module named 'x'"."""
    name = _last_line(text).partition(":")[0]
    return name if name.replace(".", "").isidentifier() else ""


def _milliseconds(nanoseconds: Optional[int]) -> Optional[float]:
    return None if nanoseconds is None else nanoseconds / 1e6
