"""A session's part in coverage: which lines ran becomes a record's `coverage`, and the whole run's in the summary."""

from __future__ import annotations

import json
import os
import time
from typing import Any, Callable, Iterable, List, Mapping, Optional, Set, Tuple, TypeVar, cast

from .analysis.coverage_stats import Caps, coverage_section
from .collectors.line_coverage import LineCollector, UnavailableError
from .collectors.pieces import Piece, Pieces
from .config import Config
from .covered_run import CHANGED, CoveredRun
from .covered_sources import ProjectSources
from .errors import ConfigError
from .sections import ELSEWHERE_COVERAGE, NO_LINES, Section, uncollected_coverage
from .texts import clean
from .unwanted import NoLines

_early: Optional[LineCollector] = None
_Method = TypeVar("_Method", bound=Callable[..., Any])
_loads = json.JSONDecoder().decode


def follow_early(root: str) -> None:
    """Follow lines from now on, for a run that is about to begin: what is imported until then is the run's, too."""
    global _early
    try:
        _early = _early or LineCollector(root)
    except Exception:  # noqa: BLE001  # the run itself will find out the same, and say it
        pass


def forget_early() -> None:
    """No run has begun, and none will."""
    global _early
    collector, _early = _early, None
    if collector is not None:
        collector.stop()


def follow(config: Config, failed: Callable[[Exception], None]) -> NoLines:
    """Begin to follow the lines of a run, where that is possible.

    failed: is told of an error of ours. Raises ConfigError where it is not possible, and required.
    """
    try:
        return FollowedLines(config, _collector(config.root), failed)
    except UnavailableError as error:
        status, reason = error.status, error.reason
    except Exception as error:  # noqa: BLE001  # whatever coverage.py, or the settings for it, have to say
        status, reason = "error", clean(f"{type(error).__name__}: {error}")
        failed(error)
    if config.coverage == "require":
        raise ConfigError("coverage = require", f"coverage can't be collected: {reason}")
    return NoLines(Section(uncollected_coverage(status, reason), f"coverage {status}: {reason}"))


def _collector(root: str) -> LineCollector:
    global _early
    early, _early = _early, None
    if early is not None and early.files.root == os.path.realpath(root):
        return early
    if early is not None:
        early.stop()
    return LineCollector(root)


def _guarded(method: _Method) -> _Method:
    """Make a method that never raises: an error of ours ends the collecting, and is said."""

    def guard(self: FollowedLines, *arguments: Any) -> Any:
        if self.broken is None:
            try:
                return method(self, *arguments)
            except Exception as error:  # noqa: BLE001  # it must not cost a test its record
                self.fail(error)
        return None

    guard.__name__ = method.__name__
    guard.__doc__ = method.__doc__
    return cast(_Method, guard)


class FollowedLines(NoLines):
    """Follows the lines that tests run, from the start of a run to its end. failed: is told of an error of ours."""

    def __init__(self, config: Config, collector: LineCollector, failed: Callable[[Exception], None]) -> None:
        super().__init__()
        self._collector = collector
        self.untraced = collector.untraced  # type: ignore[method-assign]  # a step less
        self._sources = ProjectSources(collector)
        self._failed = failed
        self.broken: Optional[str] = None
        self._caps = Caps(
            config.max_missing_stdout if config.stdout or not config.file else None,
            config.max_missing_file if config.file else None,
        )
        self._run = CoveredRun(self._sources, collector.imported_before)
        self._mine: Pieces = {}  # of the test in flight
        self._troubles: List[str] = []  # why lines of it may be missing
        self._is_on = False
        self._shared = 0  # set-ups that are on, one within the other
        self._told: Set[str] = set()  # files with tests in them that the run was told of
        self._is_stopped = False
        self._was_own_tracer = collector.is_own_tracer
        self._spent = 0.0  # s of CPU, in reading what a tracer of our own has
        self._cpu = time.process_time if collector.is_own_tracer else float  # which costs next to nothing, and is 0.0

    # -- a test ---

    @_guarded
    def hold_tests(self, files: Iterable[str]) -> None:
        """See NoLines."""
        self._collector.files.hold_tests(files)
        self._sources.forget()

    @_guarded
    def begin(self) -> None:
        """See NoLines."""
        if self._is_stopped:
            return
        began = self._cpu()
        if self._collector.refresh():
            self._sources.forget()
        self._take()
        self._mine, self._troubles, self._is_on = {}, [], True
        self._spent += self._cpu() - began

    @_guarded
    def shared_begins(self) -> None:
        """See NoLines."""
        self._shared += 1
        if self._shared == 1:
            self._gather()

    @_guarded
    def shared_ends(self) -> None:
        """See NoLines."""
        self._shared -= 1
        if self._shared == 0:
            self._take()

    @_guarded
    def over(self) -> None:
        """See NoLines."""
        self._gather()
        self._is_on = False

    def end(self) -> Section:
        """See NoLines."""
        began = self._cpu()
        made: Optional[Section] = self.untraced(self._end)
        self._spent += self._cpu() - began
        return made if made is not None else self.section

    @_guarded
    def _end(self) -> Section:
        self._gather()
        self._is_on = False
        mine, self._mine = self._mine, {}
        ran = []
        for path in sorted(mine):
            source = self._sources.of(path)
            if source is None:
                if self._sources.is_unreadable(path):
                    self._trouble(f"{self._collector.files.name(path)} could not be read")
                continue
            stretches = source.ran(mine[path])
            if stretches:
                ran.append((source.lines, stretches))
                if self._sources.has_changed(path, source):
                    self._trouble(CHANGED.format(source.lines.file))
        if not ran and not self._troubles:
            return NO_LINES
        reason = "; ".join(self._troubles) or None
        return coverage_section(ran, self._caps, "partial" if reason else "collected", reason)

    def _gather(self) -> None:
        """What ran until now is that test's which is on."""
        if self._is_stopped:
            return
        found = self._take()
        if self._is_on:
            problem = self._collector.problem()
            if problem is not None:
                self._trouble(problem)
            if self._mine:
                for path, pieces in found.items():
                    self._mine.setdefault(path, []).extend(pieces)
            else:
                self._mine = found

    def _take(self) -> Pieces:
        """Count what ran until now in; return what of it was in functions."""
        if self._is_stopped:
            return {}
        inner, outer = self._collector.take()
        if outer:
            self._sources.imported(outer)
            self._run.add(outer)
        if inner:
            self._run.add(inner)
        return inner

    def _trouble(self, reason: str) -> None:
        if reason not in self._troubles:
            self._troubles.append(reason)
        self._run.trouble(reason)

    def ran_elsewhere(self) -> Section:
        """See NoLines."""
        if self.broken is not None:
            return self.section
        self._run.trouble("tests ran in processes of their own, whose lines are not counted in")
        return ELSEWHERE_COVERAGE

    # -- workers ---

    @_guarded
    def delegate(self) -> None:
        """See NoLines."""
        self._stop()

    @_guarded
    def news(self) -> Optional[Mapping[str, Any]]:
        """See NoLines."""
        if not self._is_on:
            self._take()
        files = self._collector.files
        lines = {files.name(path): sorted(found) for path, found in self._run.news().items() if self._sources.of(path)}
        tests, self._told = files.tests - self._told, set(files.tests)
        troubles = self._run.new_troubles()
        if not lines and not tests and not troubles:
            return None
        spent, self._spent = self._spent, 0.0
        return {
            "lines": lines,
            "troubles": troubles,
            "spent": spent,
            "tests": [files.name(path) for path in tests if files.holds(path)],
        }

    @_guarded
    def merge(self, news: Mapping[str, Any]) -> None:
        """See NoLines."""
        files = self._collector.files
        self.hold_tests([files.path_of(name) for name in news["tests"]])
        found = {files.path_of(name): lines for name, lines in news["lines"].items()}
        self._run.add({path: [Piece(path, lines)] for path, lines in found.items()})
        for reason in news["troubles"]:
            self._run.trouble(reason)
        self._spent += news["spent"]

    # -- the end ---

    def whole_run(self, is_complete: bool) -> Tuple[Mapping[str, Any], Mapping[str, Any]]:
        """See NoLines."""
        made: Optional[Section] = self.untraced(self._whole_run, is_complete)
        if made is None:
            return self.section.value, self.section.value
        whole = _loads(made.text)
        return whole, whole if made.brief is None else _loads(made.brief)

    @_guarded
    def _whole_run(self, is_complete: bool) -> Section:
        self._take()
        return self._run.section(self._caps, is_complete)

    def fail(self, error: Exception) -> None:
        """Collect no more: an error of ours."""
        self.broken = clean(f"{type(error).__name__}: {error}")
        self.section = Section(uncollected_coverage("error", self.broken))
        self._failed(error)
        self._stop()

    def _stop(self) -> None:
        if not self._is_stopped:
            try:
                if self.broken is None:
                    self._take()
                self._is_stopped = True
                self._collector.stop()
            except Exception as error:  # noqa: BLE001  # it is let go of, in whatever state it is
                self._failed(error)

    def close(self) -> Optional[str]:
        """See NoLines."""
        self._stop()
        if not self._was_own_tracer:
            return None
        return (
            "coverage was traced, which on Python before 3.12 may double a run's CPU; "
            f"reading it took {self._spent:.1f} s more. TRIM_COVERAGE=off turns it off."
        )
