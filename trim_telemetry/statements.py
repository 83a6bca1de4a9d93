"""A session's part in queries: what drivers have told of a test becomes its record's `database_queries`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Sequence, Tuple

from .collectors.call_site import CallSites
from .collectors.queries import Query, Settings, Window, recorder
from .collectors.threads import Threads
from .config import Config
from .drivers.registry import Drivers
from .sections import NO_STATEMENTS, Section, uncollected_queries
from .unwanted import NoStatements

if TYPE_CHECKING:
    from .analysis.query_stats import Sent


class Statements(NoStatements):
    """Follows what reaches the drivers, from the start of a run to its end.

    sites: finds the user's code; threads: by whom each was started; redact: takes secrets out of a text; failed: is
    told of an error of ours.
    """

    def __init__(
        self,
        config: Config,
        sites: CallSites,
        threads: Threads,
        redact: Callable[[str], str],
        failed: Callable[[Exception], None],
    ) -> None:
        self._redact = redact
        self._sites = sites
        slow = round(config.thresholds.slow_query_ms * 1e6)
        recorder.start(Settings(slow, config.sql_parameters), sites, threads, failed)
        self._stats: Any = None  # what makes a section of what was sent; no driver, nothing is sent
        self._drivers = Drivers(self._prepare)
        # A test's comings and goings are the recorder's own: this is a hot path.
        self.begin = recorder.begin  # type: ignore[method-assign]  # a step less
        self.resume = recorder.resume  # type: ignore[method-assign]  # a step less
        self.suspend = recorder.suspend  # type: ignore[method-assign]  # a step less
        self.shared_begins = recorder.enter_shared  # type: ignore[method-assign]  # a step less
        self.shared_ends = recorder.leave_shared  # type: ignore[method-assign]  # a step less

    def _prepare(self) -> None:
        """There is a driver. What is needed of ours is imported now: a test may have broken importing later."""
        from .analysis import query_stats

        self._stats = query_stats

    def end(self) -> Tuple[Section, Sequence[str]]:
        """See NoStatements."""
        windows, problem = recorder.end()
        if problem is not None:
            return Section(uncollected_queries("error", problem)), ()
        if not windows:
            return NO_STATEMENTS, ()
        leaked = sum(window.leaks() for window in windows)
        uninstrumented = sum(window.uninstrumented for window in windows)
        sent = [self._sent(query, window) for window in windows for query in window.queries()]
        if not sent and not leaked and not uninstrumented:
            return NO_STATEMENTS, ()
        made, cut = self._stats.database_queries(sent, leaked, uninstrumented, self._redact)
        return Section(made), cut

    def _sent(self, query: Query, window: Window) -> Sent:
        code = query.code
        location = None if code is None else self._sites.location(code.co_filename, query.line)
        made: Sent = self._stats.Sent(query, window.phase, location)
        return made

    def close(self) -> None:
        """See NoStatements."""
        recorder.stop()
        self._drivers.close()
