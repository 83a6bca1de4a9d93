"""What all of a run has covered: the union of its tests' lines, and of those that ran beside them."""

from __future__ import annotations

from typing import Dict, List, Sequence, Set

from .analysis.coverage_stats import Caps, coverage_section
from .collectors.coverage_py import Lines
from .collectors.pieces import Piece, Pieces
from .covered_sources import ProjectSources
from .sections import Section

CHANGED = "{} was changed while the run was on"
_MOST_COUNTED = 20_000  # pieces
_NAMED = 3  # files that a reason names


class CoveredRun:
    """Lines by path. imported_before: files whose import nobody could follow."""

    def __init__(self, sources: ProjectSources, imported_before: Sequence[str]) -> None:
        self._sources = sources
        self._imported_before = imported_before
        self._lines: Lines = {}
        self._news: Lines = {}  # of a worker, that the run does not know yet
        self._counted: Set[Piece] = set()  # most tests run what others have run
        self._troubles: Dict[str, None] = {}
        self._new_troubles: List[str] = []  # as _news

    def add(self, lines: Pieces) -> None:
        """Count lines in."""
        counted = self._counted
        for pieces in lines.values():
            for piece in pieces:
                if piece not in counted:
                    self._count(piece)

    def _count(self, piece: Piece) -> None:
        if len(self._counted) >= _MOST_COUNTED:
            self._counted.clear()
        self._counted.add(piece)
        known = self._lines.setdefault(piece.path, set())
        news = set(piece.lines) - known
        if news:
            self._news.setdefault(piece.path, set()).update(news)
            known |= news

    def trouble(self, reason: str) -> None:
        """Say why lines may be missing."""
        if reason not in self._troubles:
            self._troubles[reason] = None
            self._new_troubles.append(reason)

    def news(self) -> Lines:
        """Return what was counted in since this was last asked."""
        news, self._news = self._news, {}
        return news

    def new_troubles(self) -> List[str]:
        """Return why lines may be missing, as far as it was not said when this was last asked."""
        new, self._new_troubles = self._new_troubles, []
        return new

    def section(self, caps: Caps, is_complete: bool) -> Section:
        """Return the summary's part. is_complete: were all tests run?"""
        self._infer_imports()
        ran = []
        for path in self._paths(is_complete):
            source = self._sources.of(path)
            if source is not None and source.lines.total:
                stretch = source.lines.stretch(source.lines.ran(self._lines.get(path, ())))
                ran.append((source.lines, [] if stretch is None else [stretch]))
        ran.sort(key=lambda pair: pair[0].file)
        nothing = self._sources.none_reason() if is_complete and not ran else None  # else they were not looked for
        if nothing is not None:
            self.trouble(nothing)
        for name in self._sources.changed():
            self.trouble(CHANGED.format(name))
        if self._sources.unreadable:
            self.trouble(f"not read: {_some(sorted(self._sources.unreadable))}")
        reason = "; ".join(self._troubles) or None
        return coverage_section(ran, caps, "partial" if reason else "collected", reason)

    def _infer_imports(self) -> None:
        """Files that were imported before anybody followed lines: their import ran at least what can't be passed by."""
        sources = {path: self._sources.of(path) for path in self._imported_before}
        found = {path: source for path, source in sources.items() if source is not None and source.lines.total}
        for path, source in found.items():
            self.add({path: [Piece(path, source.certain)]})
        if found:
            names = sorted(source.lines.file for source in found.values())
            self.trouble(f"imported before the run began, what was seen of it is the least that ran: {_some(names)}")

    def _paths(self, is_complete: bool) -> List[str]:
        paths = list(self._lines)
        if not is_complete:
            self.trouble("not all tests were run: files that none has imported are left out")
            return paths
        try:
            for path in self._sources.unseen(self._lines.__contains__):
                paths.append(path)
        except OverflowError as error:
            self.trouble(f"{error} that no test has imported: not all of it is counted in")
        return paths


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
