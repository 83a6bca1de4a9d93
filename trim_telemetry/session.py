"""One run, from the first test to the summary: the only place where a record is put together.

A door opens a Session, tells it what its runner says, and closes it. Nothing that goes wrong in here reaches the
runner: the adapters, which stand between a runner and a session, have every method `guarded`: an error of ours is said
once in the summary's `warnings`, and the run goes on.
"""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple

from . import outcome, record
from .analysis.flags import judge
from .announcement import Announcement
from .channels import Channels
from .collectors.logs import LogCollector
from .collectors.timing import Clock
from .config import Config
from .errors import ConfigError, NetworkBlockedError, TelemetryWarning
from .guarding import guarded, mishap
from .observation import Asked, Observation
from .outcome import Event
from .record import UNMEASURED, Case, Measures, Record
from .sinks.stderr_line import say
from .summary import Ending, summary_of
from .surroundings import Framework, surroundings_of
from .tally import Tally
from .texts import clean, cut
from .trial import Describer, Trial

_SENTENCE_LIMIT = 1_000  # characters of a warning, or of a reason in the summary

_current: Optional[Session] = None


def annotate(key: str, value: object) -> None:
    """Add `key: str(value)` to the metadata of the test that is on; does nothing without a run or between tests.

    A key may be up to 100 characters, a value up to 1,000 (longer ones are cut), 50 keys a test.
    """
    if _current is not None:
        _current.annotate(key, value)


def current() -> Optional[Session]:
    """Return the run that is on in this process, or None."""
    return _current


class Session:
    """A run of a test suite.

    config: the settings in force; framework: who runs the tests; stdout: the descriptor that the markers go to, or
    None; stream: the text stream on it; worker: the name of this process among those that the runner has started, None
    in the one that writes the stream.
    Raises ConfigError when the file that was asked for can't be made, or coverage is required and can't be had: before
    the first test, a bad setting stops a run.
    """

    def __init__(
        self,
        config: Config,
        framework: Framework,
        stdout: Optional[int] = 1,
        stream: Optional[Any] = None,
        worker: Optional[str] = None,
    ) -> None:
        self.session = self  # guarded() asks for it
        self.config = config
        self.framework = framework
        self.closed = False
        self.clock = Clock()
        self.started = self.clock.now()
        self._writing = False
        self._deferred: Optional[Callable[[], None]] = None
        self.worker = worker
        self._surroundings = surroundings_of(framework, os.environ, config.root) if worker is None else {}
        self._identity = record.RunIdentity(config.run_id, framework.name)
        self._warnings: Dict[str, str] = {}
        self.trial: Optional[Trial] = None  # the test in flight
        self._seq = 0
        self._tally = Tally()
        self._collection: Optional[Dict[str, Any]] = None
        self._interrupted_by: Optional[str] = None
        self._cut_short = False
        for notice in config.notices:
            slug, _, message = notice.partition(": ")
            self.warn(TelemetryWarning(slug, message))
        self._redact = _redactor() if config.redact else str
        self._describer = Describer(config, self._redact)
        asked = Asked(self._redact, self._phase, self.clock.timestamp, self.failed, self.warn)
        self.observation = Observation(config, asked)
        self._channels = self._open_channels(stdout, stream)
        self._logs: Optional[LogCollector] = LogCollector(
            config.log_level, config.max_logs, self._timestamp, self._phase, self._logs_failed
        )
        if self._channels.file_open and worker is None:
            self._channels.other("run_start", self._run_start())
        self._announcement = self._announce() if config.collector and self._channels.file_open else None
        global _current
        _current = self

    # -- what a door tells ---

    def collected(
        self, count: int, slowest: Sequence[Tuple[str, float]] = (), duration: Optional[float] = None
    ) -> None:
        """Say how many tests there are. slowest: files and the ms to collect them; duration: ms of the whole."""
        self._tally.collected = count
        self._collection = {
            "duration": duration,
            "slowest": [{"file": clean(file), "duration": spent} for file, spent in slowest],
        }
        if self._channels.file_open:
            self._channels.other(
                "collected", {"time": self._timestamp(), "count": count, "collection": self._collection}
            )

    def begin(self, describe: Callable[[Any], Case], test: Any, phase: Optional[str] = outcome.CALL) -> None:
        """A test starts; `describe(test)` gives its case. The clocks start last."""
        if self.trial is not None:  # the runner never ended it: still, no test is lost
            self._undisturbed(self._finish, self.trial)
        try:
            case = describe(test)
        except Exception as error:  # noqa: BLE001  # a test whose own attributes raise still has a record
            self.failed("describe", error)
            case = Case(f"unknown test {self._seq + 1} ({type(test).__name__})", "unknown test")
        trial = self.trial = Trial(case, phase)
        if self._channels.file_open and not case.above:  # it is no test, and nothing of the user's runs in it
            self._channels.started(record.test_start(self._identity, case, self._timestamp(), self.worker))
        if self._logs is not None:
            self._logs.begin()
        self.observation.begin(case.id, test)
        if phase == outcome.CALL:  # measured as a whole; by phases, the door has clocks of its own
            trial.cpu_started = self.clock.cpu()
        trial.started = self.clock.now()

    def breach(self) -> Optional[NetworkBlockedError]:
        """Return what the test in flight is to fail with, because it tried to reach another machine; or None."""
        return None if self.trial is None or _has_failed(self.trial) else self.observation.attempts.breach()

    def report(self, describe: Callable[..., Event], *arguments: Any) -> None:
        """The runner said something of the test in flight; `describe(*arguments)` gives the event."""
        if self.trial is not None:
            self.trial.events.append(describe(*arguments))

    def measure(self, ended: int, ended_cpu: int, excluded: int = 0, excluded_cpu: int = 0) -> None:
        """The code of the test in flight is over, measured as a whole: the time since begin() is its call.

        ended, ended_cpu: when it was, by the clocks; excluded, excluded_cpu: ns of that time that were the runner's.
        """
        trial = self.trial
        self.observation.over()
        if trial is not None:
            trial.ended = ended
            spent = (ended - trial.started - excluded) / 1e6
            cpu = (ended_cpu - trial.cpu_started - excluded_cpu) / 1e6
            trial.measures = Measures(spent, cpu, None, spent)

    def finish(self, measures: Optional[Measures] = None) -> None:
        """The test in flight is over. measures: what the runner measured; None: what measure() found, else unknown."""
        if self.trial is not None:
            self.trial.measures = measures or self.trial.measures
            self._undisturbed(self._finish, self.trial)

    def above(self, case: Case, events: Sequence[Event]) -> None:
        """Something above the tests failed or was skipped: a class, a module, a file."""
        self._undisturbed(self._write_unmeasured, case, events, self.worker)

    def lost(self, case: Case, event: Event, worker: Optional[str]) -> None:
        """A test was in flight in a worker that can't tell any more how it went."""
        self._undisturbed(self._write_unmeasured, case, [event], worker)

    def adopt(self, made: Record) -> None:
        """Take over a record that a worker has made: it is numbered, counted in and written here."""
        self._undisturbed(self._publish, made)

    def shared_setup(self, name: str, duration: float, queries: Optional[int]) -> None:
        """Shared set-up took `duration` ms and so many statements more."""
        self._tally.add_shared_setup(name, duration, queries)

    def covered(self, tests: int) -> None:
        """`tests` collected tests will have no record of their own: a record above them speaks for them."""
        self._tally.covered += tests
        if tests and self._channels.file_open:
            self._channels.other("covered", {"time": self._timestamp(), "count": tests})

    def repeated(self) -> None:
        """The next record is of a test that has one already: it is one test still."""
        self._tally.covered -= 1

    def interrupted(self, by: str) -> None:
        """The run was told to stop: "SIGINT", "SIGTERM", or what the runner says."""
        self._interrupted_by = self._interrupted_by or by

    def cut_short(self) -> None:
        """The runner gave up before it knew all its tests: those that it knows are not all there are."""
        self._cut_short = True

    @guarded
    def annotate(self, key: str, value: object) -> None:
        """See the function of this name."""
        if self.trial is not None:
            self.trial.annotate(str(key), str(value))

    def close(self, exit_code: int, exit_reason: Optional[str] = None) -> None:
        """Write the summary and let go of everything. exit_reason: why the code is not 0, where no test failed."""
        self._undisturbed(self._end, exit_code, exit_reason)

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do `action`, for a signal handler, as soon as the session is not in the middle of a record."""
        if self._writing:
            self._deferred = action
        else:
            action()

    # -- what a door asks ---

    @property
    def tests_failed(self) -> bool:
        """Has any test failed so far?"""
        return self._tally.failed > 0

    @property
    def has_collected(self) -> bool:
        """Did the runner get as far as knowing its tests?"""
        return self._tally.collected is not None

    def warn(self, warning: TelemetryWarning) -> None:
        """Keep what the telemetry itself could not do for the summary, once for each slug."""
        self._warnings.setdefault(warning.slug, str(warning))

    def failed(self, part: str, error: Exception) -> None:
        """Say that `part` of the telemetry failed."""
        self.warn(mishap(part, error))

    # -- one record ---

    def _finish(self, trial: Trial) -> None:
        self.trial = None
        status, final, decided_by = outcome.fold(trial.events)
        timestamp = self.clock.timestamp
        times = timestamp(trial.started), timestamp(trial.ended or self.clock.now())
        logs = self._logs.end() if self._logs is not None else ()
        detail = None
        if trial.events or logs or trial.annotations or trial.attempts > 1:
            dropped = self._logs.dropped if self._logs is not None else 0
            detail = self._describer.of_trial(trial, decided_by, logs, dropped)
        measures = UNMEASURED if trial.case.above else trial.measures
        made = Record(trial.case, status, final, times, measures, detail, self.worker)
        (self.observation.fill_elsewhere if trial.elsewhere else self.observation.fill)(made)
        self._publish(made)

    def _write_unmeasured(self, case: Case, events: Sequence[Event], worker: Optional[str]) -> None:
        status, final, decided_by = outcome.fold(events)
        now = self._timestamp()
        detail = self._describer.of_events(events, decided_by)
        made = Record(case, status, final, (now, now), UNMEASURED, detail, worker)
        self.observation.fill_unmeasured(made)
        self._publish(made)

    def _publish(self, made: Record) -> None:
        """Number a record, count it in, compute the running figures and write it."""
        line = self.observation.lines.untraced(self._counted, made)
        if self._channels.any_open:
            self._channels.result(line, made.coverage)

    def _counted(self, made: Record) -> str:
        """Count a record in; return its line, empty where nobody gets it."""
        self._seq += 1
        judgement = judge(made, self.config.thresholds)
        self._tally.add(made, judgement.flags)
        if not self._channels.any_open:
            return ""
        return made.to_json(self._identity, self._seq, self._tally.running(), judgement)

    # -- the other records ---

    def _open_channels(self, stdout: Optional[int], stream: Optional[Any]) -> Channels:
        try:
            return Channels(self.config, stdout, stream, self.warn)
        except ConfigError:  # there will be no run
            for part in self.observation.parts:
                part.close()
            raise

    def _announce(self) -> Optional[Announcement]:
        try:
            return Announcement(self.config, self.worker)
        except OSError as error:
            if self.worker is None:  # else it may be on another machine, where collect is not
                self.warn(TelemetryWarning("collect-lost", f"collect could not be told of this run: {error}"))
            return None

    def _run_start(self) -> Dict[str, Any]:
        shown = self.config.shown()
        return {
            "start_time": self.clock.timestamp(self.started),
            "pid": os.getpid(),
            "root": clean(self.config.root),
            **self._surroundings,
            "thresholds": self.config.thresholds._asdict(),
            "allowed_services": self.observation.attempts.allowed_services(),
            "settings": {name: clean(value) if isinstance(value, str) else value for name, value in shown.items()},
        }

    def _end(self, exit_code: int, exit_reason: Optional[str]) -> None:
        self._close(exit_code, exit_reason)
        self._release()

    @guarded
    def _close(self, exit_code: int, exit_reason: Optional[str]) -> None:
        if self.trial is not None:
            self.trial.events.append(Event(outcome.INTERRUPTED, None, self._interrupted_by or "the run ended"))
            self._finish(self.trial)
        self._conclude(exit_code, exit_reason)

    def _conclude(self, exit_code: int, exit_reason: Optional[str]) -> None:
        self._channels.look_for_file()
        self.take_of_no_test(*self.observation.of_no_test())
        coverage, brief = self.observation.lines.whole_run(self._interrupted_by is None)
        self._channels.summary(self._summary(exit_code, exit_reason, coverage), {"coverage": brief})
        self._say_what_was_blocked()

    def take_of_no_test(self, outside: Sequence[Mapping[str, Any]], children: Sequence[Mapping[str, Any]]) -> None:
        """Count in what no test is to answer for: entries of `outside_tests` and of `unguarded_children`."""
        if outside:
            self._tally.network.add_outside(outside)
        if children:
            self._tally.network.add_children(children)

    def _say_what_was_blocked(self) -> None:
        """After a run with refusals, say on stderr what would allow them."""
        told = self._tally.network.advice()
        self._say(told and self._said(told))

    def _summary(self, exit_code: int, exit_reason: Optional[str], coverage: Mapping[str, Any]) -> Dict[str, Any]:
        now, tally = self.clock.now(), self._tally
        reason = exit_reason or ("tests_failed" if exit_code and tally.failed else None)
        ending = Ending(
            exit_code,
            self._said(reason),
            self._said(self._interrupted_by),
            tally.not_run() == 0 and self._interrupted_by is None and not self._cut_short,
            self.clock.timestamp(self.started),
            self.clock.timestamp(now),
            (now - self.started) / 1e6,
        )
        warnings = [self._said(text) for text in self._warnings.values()]
        surroundings = {**self._surroundings, "thresholds": self.config.thresholds._asdict()}
        return summary_of(self.config.run_id, tally, ending, self._collection, coverage, warnings, surroundings)

    def _release(self) -> None:
        global _current
        self.closed = True
        _current = None
        for part in (*self.observation.parts, self._logs, self._channels, self._announcement):
            if part is not None:
                try:
                    self._say(part.close())
                except Exception:  # noqa: BLE001  # at the end of the run there is nobody left to tell
                    pass

    def _say(self, notice: Optional[str]) -> None:
        """Show something on the screen, once for all processes of the run."""
        if notice is not None and self.worker is None:
            say(notice)

    # -- small things ---

    def _timestamp(self) -> str:
        return self.clock.timestamp(self.clock.now())

    def _said(self, text: Optional[str]) -> Optional[str]:
        """A sentence of the summary, fit for the wire."""
        return None if text is None else cut(text, _SENTENCE_LIMIT, "", [], redact=self._redact)

    def _phase(self) -> Optional[str]:
        return self.trial.phase if self.trial is not None else None

    def _logs_failed(self, error: Exception) -> None:
        self._logs = None
        self.failed("logs", error)

    def _undisturbed(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do it while signals wait: no record is lost, none torn, and there is one summary."""
        outermost, self._writing = not self._writing, True
        try:
            action(*arguments)
        finally:
            self._writing = not outermost
        if outermost and self._deferred is not None:
            deferred, self._deferred = self._deferred, None
            deferred()


def _has_failed(trial: Trial) -> bool:
    return any(event.outcome in (outcome.FAILED, outcome.ERROR, outcome.XPASSED_STRICT) for event in trial.events)


def _redactor() -> Callable[[str], str]:
    """Return what takes secrets out of texts. Imported before the first test, which may break importing."""
    from .redaction import Redactor

    return Redactor(os.environ)
