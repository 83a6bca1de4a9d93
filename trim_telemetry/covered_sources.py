"""A project's source files with their statements, each looked at once in a run, when it is first heard of."""

from __future__ import annotations

import os
from itertools import chain
from typing import Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .analysis.file_lines import FileLines
from .collectors.coverage_py import UnparsableError
from .collectors.function_bodies import Bodies
from .collectors.line_coverage import LineCollector
from .collectors.source_statements import SourceStatements, default_folder, stamp_of
from .texts import clean

_MOST_UNSEEN = 8_000_000  # bytes of source that nobody has imported: to parse more would hold up the end of the run


class Source(NamedTuple):
    """One file. outer, ambiguous: places of such statements (see Bodies); certain: lines; stamp: see stamp_of()."""

    lines: FileLines
    outer: FrozenSet[int]
    ambiguous: FrozenSet[int]
    certain: Sequence[int]
    stamp: Tuple[int, int]

    def inner(self, ran: List[int]) -> List[int]:
        """Leave out what ran only because the module was imported meanwhile.

        A statement with a lambda in it runs at both times: it counts where no other sign of an import is there.
        """
        outside = self.outer.intersection(ran)
        if not outside:
            return ran
        if outside <= self.ambiguous:
            return ran
        return [place for place in ran if place not in outside]


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
            return Source(lines, frozenset(), frozenset(), (), stamp_of(path))
        if self._statements is None:
            self._statements = SourceStatements(self._collector.exclude, default_folder(os.environ))
        with_bodies = not self._collector.parts_bodies or path in self._collector.imported_before
        found = self._statements.of(path, with_bodies)
        lines = FileLines(name, found.statements, found.first)
        bodies = found.bodies or Bodies((), (), ())
        outer, ambiguous = frozenset(lines.ran(bodies.outer)), frozenset(lines.ran(bodies.ambiguous))
        return Source(lines, outer, ambiguous, bodies.certain, found.stamp)

    def forget(self) -> None:
        """What is source, and what is not, has changed."""
        self._sources = {path: source for path, source in self._sources.items() if source is not None}
        self._sources = {path: source for path, source in self._sources.items() if self.wants(path)}

    def has_changed(self, path: str, source: Source) -> bool:
        """Is a file another one than that which was looked at?"""
        try:
            return stamp_of(path) != source.stamp
        except OSError:  # it has gone
            return True

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
