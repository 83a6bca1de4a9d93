"""A project's source files with their statements, each looked at once in a run, when it is first heard of."""

from __future__ import annotations

import os
from itertools import chain
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from .analysis.file_lines import FileLines, Stretch
from .collectors.coverage_py import UnparsableError
from .collectors.function_bodies import Bodies
from .collectors.line_coverage import LineCollector
from .collectors.pieces import KnownPieces, Piece
from .collectors.source_statements import SourceStatements, default_folder, stamp_of
from .collectors.timing import Clock
from .texts import clean

_LOOK_AGAIN = 500_000_000  # ns, after which a file is looked at again
_NEVER = float("-inf")
_MOST_KNOWN = 1_000  # of one file
_MOST_UNSEEN = 8_000_000  # bytes of source that nobody has imported: to parse more would hold up the end of the run


class Source:
    """One file.

    certain: see Bodies; bodies: where the lines of functions come together with those of module and class bodies, None
    where they come apart; stamp: see stamp_of().
    """

    __slots__ = (
        "_ambiguous",
        "_known",
        "_outer",
        "_parts",
        "_wholes",
        "certain",
        "changed",
        "checked",
        "lines",
        "stamp",
    )

    def __init__(
        self, lines: FileLines, bodies: Optional[Bodies], certain: Sequence[int], stamp: Tuple[int, int]
    ) -> None:
        self.lines = lines
        self.certain = certain
        self.stamp = stamp
        self.changed = False
        self.checked: float = Clock.now()  # when the file was last looked at, by the clock
        self._parts = bodies is None
        self._outer = frozenset(lines.ran(bodies.outer)) if bodies else frozenset()
        self._ambiguous = frozenset(lines.ran(bodies.ambiguous)) if bodies else frozenset()
        self._wholes = KnownPieces()  # what came in several pieces that have to be looked at together
        self._known: Dict[Piece, Optional[Stretch]] = {}  # most tests run what others have run

    def ran(self, pieces: List[Piece]) -> List[Stretch]:
        """Return what ran of it, without what ran only because the module was imported meanwhile."""
        if len(pieces) > 1 and not self._parts:
            pieces = [self._wholes.of(pieces[0].path, set().union(*[piece.lines for piece in pieces]))]
        known, found = self._known, []
        for piece in pieces:
            try:
                stretch = known[piece]
            except KeyError:
                stretch = self._look_up(piece)
            if stretch is not None:
                found.append(stretch)
        return self.lines.joined(found) if len(found) > 1 else found

    def _look_up(self, piece: Piece) -> Optional[Stretch]:
        places = self.lines.ran(piece.lines)
        outside = self._outer.intersection(places)
        if outside:
            self.checked = _NEVER
            # A statement with a lambda in it runs at both times: it counts where nothing else says "imported".
            if not outside <= self._ambiguous:
                return self.lines.stretch([place for place in places if place not in outside])
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        stretch = self._known[piece] = self.lines.stretch(places)
        return stretch


class ProjectSources:
    """The source files of a run's project."""

    def __init__(self, collector: LineCollector) -> None:
        self._collector = collector
        self._files = collector.files
        self._statements: Optional[SourceStatements] = None
        self._sources: Dict[str, Optional[Source]] = {}
        self.unreadable: Set[str] = set()  # names of files whose statements can't be found

    def of(self, path: str) -> Optional[Source]:
        """Return a file that is source, and can be read; None for any other."""
        if path not in self._sources:
            self._sources[path] = self._look_at(path) if self.wants(path) else None
        return self._sources[path]

    def is_unreadable(self, path: str) -> bool:
        """Is it source whose statements can't be found?"""
        return self._name(path) in self.unreadable

    def _name(self, path: str) -> str:
        return clean(self._files.name(path))

    def wants(self, path: str) -> bool:
        """Is a file, by its path, source?"""
        return self._files.holds(path) and self._files.wants(path)

    def _look_at(self, path: str) -> Optional[Source]:
        try:
            return self._parsed(path)
        except (OSError, UnparsableError):
            self.unreadable.add(self._name(path))
            return None

    def _parsed(self, path: str) -> Source:
        name = self._name(path)
        if not path.endswith((".py", ".pyw")):
            lines = FileLines(name, self._collector.template_statements(path), {})
            return Source(lines, None, (), stamp_of(path))
        if self._statements is None:
            self._statements = SourceStatements(self._collector.exclude, default_folder(os.environ))
        parts = self._collector.parts_bodies
        found = self._statements.of(path, not parts or path in self._collector.imported_before)
        lines = FileLines(name, found.statements, found.first)
        certain = found.bodies.certain if found.bodies else ()
        return Source(lines, None if parts else found.bodies, certain, found.stamp)

    def none_reason(self) -> Optional[str]:
        """Return why a run has no source file at all; None where that may well be."""
        if not self._files.are_chosen:
            return None
        return "the settings for coverage.py (source, include, omit) let no file below the root in"

    def forget(self) -> None:
        """What is source, and what is not, has changed."""
        self._sources = {path: source for path, source in self._sources.items() if source is not None}
        self._sources = {path: source for path, source in self._sources.items() if self.wants(path)}

    def imported(self, paths: Iterable[str]) -> None:
        """Lines of these ran that run on an import: their code may be other than what was looked at."""
        for path in paths:
            source = self._sources.get(path)
            if source is not None:
                source.checked = _NEVER

    def has_changed(self, path: str, source: Source, at_once: bool = False) -> bool:
        """Is a file another one than that which was looked at?

        The disk is asked where the code that ran may be another one; else, as nothing but the reader's view of it
        depends on that, only now and then, or at_once.
        """
        now = Clock.now()
        if at_once or not now - source.checked < _LOOK_AGAIN:
            source.checked = now
            try:
                source.changed = stamp_of(path) != source.stamp
            except OSError:  # it has gone
                source.changed = True
        return source.changed

    def changed(self) -> List[str]:
        """Return the names of all files that are other ones now than when they were looked at."""
        found = [(path, source) for path, source in self._sources.items() if source is not None]
        return sorted([source.lines.file for path, source in found if self.has_changed(path, source, True)])

    def unseen(self, seen: Callable[[str], bool]) -> Iterator[str]:
        """Yield the paths of all source files, but for those that were seen already.

        Raises OverflowError where that would take too long; what was yielded until then stands.
        """
        size = 0
        templates = filter(self.wants, self._collector.template_files())
        for path in chain(self._files.all(), templates):
            if not seen(path):
                size += stamp_of(path)[0]
                if size > _MOST_UNSEEN:
                    raise OverflowError(f"more than {_MOST_UNSEEN / 1e6:.0f} MB of source")
                yield path
