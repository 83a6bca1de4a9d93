"""Which lines run: one interface, and behind it whatever can tell it best in this process.

From CPython 3.12 on a tool of our own in sys.monitoring. Before that coverage.py's tracer: a Coverage that runs already
is borrowed; else one of our own, and nothing where a debugger traces.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Callable, Iterator, List, Mapping, Optional, Sequence

from . import coverage_py
from .line_monitoring import Monitor, NoToolError, Taken
from .line_tracing import TracerActiveError, Tracing
from .pieces import KnownPieces, Pieces
from .source_files import SourceFiles

NOT_INSTALLED = "coverage.py is not installed"
_REASONS = {
    "no-monitoring-tool": "no-monitoring-tool: each id of sys.monitoring that is free for such a tool is taken",
    "tracer-active": "tracer-active: a debugger, or something else that sys.settrace was called for, would be cut off",
}


class UnavailableError(Exception):
    """Lines can't be followed here. status: as a record's `coverage` has it."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class LineCollector:
    """Follows lines from its making until stop(). root: see SourceFiles. Raises UnavailableError.

    imported_before: source files that were imported already, where nobody knows which lines of them ran.
    """

    def __init__(self, root: str) -> None:
        if not coverage_py.is_installed():
            raise UnavailableError("not_installed", NOT_INSTALLED)
        self.files = SourceFiles(root)
        self.exclude: Optional[str] = None  # which lines are no statements; None: as coverage.py has it by itself
        self.templates: Optional[Mapping[str, Any]] = None
        self._folders: Sequence[str] = ()
        self._owner = coverage_py.running()
        if self._owner is not None or coverage_py.may_be_configured(os.getcwd()):
            self._read_rules()
        self._monitor: Optional[Monitor] = None
        self._tracing: Optional[Tracing] = None
        self._pieces = KnownPieces()  # of a tracer's
        try:
            if sys.version_info >= (3, 12):
                self._monitor = Monitor(self.files.path, self.templates)
            else:
                self._tracing = Tracing(self._wants, self.templates)
        except (NoToolError, TracerActiveError) as error:
            raise UnavailableError("unavailable", _REASONS[str(error)]) from None
        self.imported_before = self._imported()

    def _wants(self, filename: str, is_template: bool) -> bool:
        if is_template:
            return self.files.holds(os.path.realpath(filename))
        return self.files.path(filename) is not None

    def _imported(self) -> Sequence[str]:
        if self._tracing is not None and not self._tracing.is_own:
            return ()  # the Coverage that is borrowed has been there before us
        names = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
        paths = {self.files.path(name) for name in names if isinstance(name, str)}
        return sorted(path for path in paths if path is not None)

    def _read_rules(self) -> None:
        rules = coverage_py.rules()
        self.exclude, self.templates, self._folders = rules.exclude, rules.templates, rules.folders
        self.files.obey(rules)

    @property
    def is_own_tracer(self) -> bool:
        """Is it the slow way, and for us alone?"""
        return self._tracing is not None and self._tracing.is_own

    def template_statements(self, path: str) -> List[int]:
        """Return the lines of a template that can run. Raises UnparsableError."""
        return coverage_py.template_statements(path, self.templates or {})

    def template_files(self) -> Iterator[str]:
        """Yield the paths of all templates in the folders of `source`: elsewhere a text may be anything."""
        if self.templates is not None:
            yield from coverage_py.template_files(self._folders, self.templates)

    def refresh(self) -> bool:
        """A test is about to begin: an owner may have come, or gone. Return whether the rules are other ones now."""
        if self._tracing is not None:
            self._tracing.refresh()
        owner = coverage_py.running()
        if owner is not None and self._owner is None:
            self._owner = owner
            self._read_rules()
            return True
        return False

    def take(self) -> Taken:
        """Return the lines that ran since this was last asked, by path. Of a tracer's all are `inner`."""
        if self._monitor is not None:
            return self._monitor.take()
        assert self._tracing is not None
        found: Pieces = {}
        for name, lines in self._tracing.take().items():
            path = self.files.path(name)
            if path is None and self._tracing.is_template(name):
                path = os.path.realpath(name)
            if path is not None:
                found.setdefault(path, []).append(self._pieces.of(path, lines))
        return Taken(found, {})

    @property
    def parts_bodies(self) -> bool:
        """Does take() part the lines of functions from those of module and class bodies?"""
        return self._monitor is not None

    def untraced(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Return what an action of ours, that calls nothing of the user's, returns: untraced, where we trace."""
        if self._tracing is not None:
            return self._tracing.untraced(action, *arguments)
        return action(*arguments)

    def problem(self) -> Optional[str]:
        """Return why lines may be missing of what was taken since the last refresh(), if any may be."""
        if self._tracing is not None:
            return self._tracing.problem()
        return self._monitor.problem if self._monitor is not None else None

    def stop(self) -> None:
        """Follow nothing any more."""
        for part in (self._monitor, self._tracing):
            if part is not None:
                part.stop()
