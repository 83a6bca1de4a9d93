"""What a run observes of its tests: queries, calls to other machines, lines. Each is on, or has a stand-in."""

from __future__ import annotations

from _thread import _count as _thread_count
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from .collectors.call_site import CallSites
from .collectors.owner import Owner
from .collectors.source import Sources
from .collectors.threads import Threads
from .config import Config
from .errors import TelemetryWarning
from .record import Detail, Record
from .sections import (
    ELSEWHERE_NETWORK,
    ELSEWHERE_QUERIES,
    LOST_COVERAGE,
    LOST_NETWORK,
    LOST_QUERIES,
    NOT_A_TESTS_COVERAGE,
    NOT_A_TESTS_NETWORK,
    NOT_A_TESTS_QUERIES,
)
from .unwanted import NoAttempts, NoLines, NoStatements


class Asked(NamedTuple):
    """What the session is asked: what takes secrets out of a text; the phase that runs; a clock's reading as RFC 3339;
    whom to tell of an error of ours in a part of it, and of a warning."""

    redact: Callable[[str], str]
    phase: Callable[[], Optional[str]]
    timestamp: Callable[[int], str]
    failed: Callable[[str, Exception], None]
    warn: Callable[[TelemetryWarning], None]


class Observation:
    """The collectors of one run, told together what its tests are at.

    Raises ConfigError where one is required and can't be had.
    """

    def __init__(self, config: Config, asked: Asked) -> None:
        self._config = config
        self.allowances: Callable[[Any], Iterable[str]] = _no_allowances  # a door's: hosts that a test may reach
        self.lines = _lines(config, asked)
        sites = CallSites(Sources(config.root))
        self._threads = Threads(sites.find)
        self._owner: Optional[Owner] = None  # the test in flight
        self._shared = 0  # how many shared set-ups are within each other now
        self.statements = _statements(config, sites, self._threads, asked)
        self.attempts = _attempts(config, sites, self._threads, asked, self._allowances)
        self.parts: Tuple[Any, ...] = (self.lines, self.statements, self.attempts)  # to be closed
        # What one collector alone wants to know: without a step between.
        self.resume = self.statements.resume
        self.suspend = self.statements.suspend
        self.hold_tests = self.lines.hold_tests
        self.delegate = self.lines.delegate

    def begin(self, test_id: str, test: Any) -> None:
        """A test begins."""
        if _thread_count():
            self._threads.look()
        owner = self._owner = Owner(test_id, test)
        self._shared = 0
        self.statements.begin(owner)
        self.attempts.begin(owner)
        self.lines.begin()

    def begin_again(self) -> None:
        """The test in flight is run once more: what was seen of it so far does not count."""
        if self._owner is not None:
            self.statements.begin(self._owner)
        self.attempts.begin_again()
        self.lines.begin()

    def over(self) -> None:
        """The test's own code is over; its record is still to come."""
        self.suspend()
        self.lines.over()

    def shared_begins(self, owner: Any = None) -> None:
        """Shared set-up (a class's, a module's, a wider fixture's) or its tear-down begins.

        owner: what may have allowances of its own, beside the test in flight.
        """
        if _thread_count():
            self._threads.look(None if self._shared else self._owner)
        self._shared += 1
        self.statements.shared_begins()
        self.attempts.shared_begins(owner)
        self.lines.shared_begins()

    def shared_ends(self) -> Optional[int]:
        """It is over: return how many statements it sent; None: nobody knows."""
        if _thread_count():
            self._threads.look()
        self._shared = max(0, self._shared - 1)
        self.lines.shared_ends()
        self.attempts.shared_ends()
        return self.statements.shared_ends()

    def fill(self, made: Record) -> None:
        """The test is over: put into its record what was seen of it."""
        made.coverage = self.lines.end()
        if _thread_count():
            self._threads.look(self._owner)
        self._owner = None
        made.queries, cut_queries = self.statements.end()
        made.network, cut_calls = self.attempts.end()
        if cut_queries or cut_calls:
            made.detail = made.detail or Detail()
            made.detail.truncated += [*cut_queries, *cut_calls]

    def fill_elsewhere(self, made: Record) -> None:
        """The test is over, and ran in another process: nothing is known of what it did."""
        self.fill(made)  # each collector has to know that it is over
        if self._config.queries:
            made.queries = ELSEWHERE_QUERIES
        if self._config.network != "off":
            made.network = ELSEWHERE_NETWORK
        made.coverage = self.lines.ran_elsewhere()

    def fill_unmeasured(self, made: Record) -> None:
        """Put into a record that nothing was seen: it is none of a test's, or the process died in it."""
        above = made.case.above
        if self._config.queries:
            made.queries = NOT_A_TESTS_QUERIES if above else LOST_QUERIES
        if self._config.network != "off":
            made.network = NOT_A_TESTS_NETWORK if above else LOST_NETWORK
        if self._config.coverage != "off":
            made.coverage = NOT_A_TESTS_COVERAGE if above else LOST_COVERAGE

    def of_no_test(self) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
        """Return calls outside of tests, and processes out of reach, since this was last asked."""
        return self.attempts.outside(), self.attempts.children()

    def _allowances(self, subject: Any) -> Iterable[str]:
        return self.allowances(subject)


def _no_allowances(subject: Any) -> Iterable[str]:
    return ()


def _statements(config: Config, sites: CallSites, threads: Threads, asked: Asked) -> NoStatements:
    if not config.queries:
        return NoStatements()
    from .statements import Statements

    return Statements(config, sites, threads, asked.redact, lambda error: asked.failed("queries", error))


def _attempts(
    config: Config, sites: CallSites, threads: Threads, asked: Asked, allowances: Callable[[Any], Iterable[str]]
) -> NoAttempts:
    if config.network == "off":
        return NoAttempts()
    from . import attempts

    redact, phase, timestamp, failed, warn = asked
    asks = attempts.Asked(redact, phase, timestamp, lambda error: failed("network", error), warn, allowances)
    return attempts.Attempts(config, sites, threads, asks)


def _lines(config: Config, asked: Asked) -> NoLines:
    if config.coverage == "off":
        return NoLines()
    from .lines import follow

    return follow(config, lambda error: asked.failed("coverage", error))
