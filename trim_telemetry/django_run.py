"""One run of Django's test runner: when its session begins and ends, and what hears the results.

Django itself is imported by whoever calls in here; this module only asks it what it must know.
"""

from __future__ import annotations

import os
import sys
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from . import config, session
from .collectors.source import Sources, safe_str
from .django_parallel import Workers
from .django_rerun import Rerun
from .errors import ConfigError
from .exit_status import exit_status
from .session import Session
from .signals import on_sigterm
from .surroundings import Framework
from .texts import clean
from .unittest_case import CaseFactory
from .unittest_recorder import ResultRecorder

USAGE = 2  # argparse's exit code, and Django's
RUNNER = "runner"  # exit reasons: run_tests said so,
SYSTEM_EXIT = "system_exit"  # sys.exit() was called,
INTERRUPTED = "interrupted"  # Ctrl-C, or SIGTERM
_INTERRUPTED_CODE = 130  # a shell's view of a death by SIGINT
_REASON_LIMIT = 500


class Run:
    """A run of this process. Raises ConfigError when the file that was asked for can't be made."""

    def __init__(self, settings: config.Config) -> None:
        import django

        self.session = Session(settings, Framework("django", django.get_version()), stream=sys.stdout)
        sources = Sources(settings.root)
        self._rerun = Rerun(sys.path)
        describe = CaseFactory(sources, self._rerun)
        self._recorder = ResultRecorder(self.session, describe, sources)
        self._workers = Workers(self.session, describe, self._rerun)
        self._take_back = on_sigterm(self.session, self._workers.killed)

    def starts(self, labels: Sequence[str], top_level: Optional[str], pattern: Optional[str]) -> None:
        """A runner was asked to run these labels."""
        self._rerun.discovery = [*labels, *_option("-t", top_level, None), *_option("-p", pattern, "test*.py")]

    def observe(self, suite: Any) -> None:
        """Hear the result that this suite will be run with, whichever class the project gives it."""
        self._recorder.collected(suite)
        if _is_parallel(suite):
            self._workers.observe(suite)
            return
        run = suite.run

        def observed(result: Any, *arguments: Any, **named: Any) -> Any:
            self._recorder.observe(result)
            return run(result, *arguments, **named)

        suite.run = observed

    def close(self, code: int, reason: Optional[str]) -> None:
        """Write the summary. reason: why the code is not 0, as far as anybody said so."""
        if reason == INTERRUPTED:
            self.session.interrupted("SIGINT")
        self._workers.end()
        is_for_tests = reason in (RUNNER, SYSTEM_EXIT) and self.session.tests_failed
        self.session.close(code, None if is_for_tests else reason)
        self._take_back()


def _option(name: str, value: Optional[str], default: Optional[str]) -> List[str]:
    return [] if value in (None, default) else [name, str(value)]


def _is_parallel(suite: Any) -> bool:
    from django.test.runner import ParallelTestSuite

    return isinstance(suite, ParallelTestSuite)


class Door:
    """Opens the run when a runner's run_tests begins, and closes it when that ends.

    A runner that is used within a test is part of that test: it gets no run.
    """

    def __init__(self) -> None:
        self.run: Optional[Run] = None
        self.is_running = False  # is a runner's run_tests on?
        self.refused = False  # could the settings not be used?
        self._settings: Optional[config.Config] = None
        self._reason: Optional[str] = None

    def hold(self, settings: config.Config) -> None:
        """From now on the run stays open when a runner is done, until close(): a script may have several."""
        self._settings = settings

    def enter(self, options: Mapping[str, Any]) -> Optional[Run]:
        """A runner's run_tests begins; None: within a test.

        Ends in SystemExit when the settings can't be used, before any database is made.
        """
        if self.is_running or (self.run is None and session.current() is not None):
            return None
        if self.run is None:
            self.run = self._open(options)
        self.is_running = True
        return self.run

    def leave(self, code: int, reason: Optional[str]) -> None:
        """It is over, and the process will end with `code` if nobody thinks otherwise."""
        self.is_running = False
        self._reason = reason
        if self._settings is None:
            self.close(code, reason)

    def close(self, code: int, reason: Optional[str]) -> None:
        """The run is over, if there was one. reason: why the code is not 0, where no runner said so."""
        run, self.run = self.run, None
        if run is not None:
            run.close(code, (self._reason or reason) if code else None)

    def _open(self, options: Mapping[str, Any]) -> Run:
        try:
            root = config.find_root(os.getcwd())
            return Run(self._settings or config.load(options, os.environ, root))
        except (ConfigError, OSError) as error:
            self.refused = True
            sys.stderr.write(f"{error}\n")
            sys.exit(USAGE)


door = Door()


def end_of(error: BaseException) -> Tuple[int, str]:
    """Return the code that a process ends with for an exception that nobody catches, and why."""
    if isinstance(error, SystemExit):
        return exit_status(error.code), SYSTEM_EXIT
    if isinstance(error, KeyboardInterrupt):
        return _INTERRUPTED_CODE, INTERRUPTED
    return 1, clean(f"internal_error: {type(error).__name__}: {safe_str(error)}")[:_REASON_LIMIT]
