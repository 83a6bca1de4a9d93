"""Pieces of files: lines that ran together, as those of one code object in one test do.

Most tests run what others have run. What is asked of a piece again and again, so many times that a comparison of its
lines would show in what a test costs, is asked of one object by its identity.
"""

from __future__ import annotations

from array import array
from typing import Dict, Iterable, List, Tuple

_MOST_KNOWN = 1_000  # of one file


class Piece:
    """Lines of one file, ascending; the same object whenever just these ran. path: that file's."""

    __slots__ = ("lines", "path")

    def __init__(self, path: str, lines: Iterable[int]) -> None:
        self.path = path
        self.lines = array("L", lines)


Pieces = Dict[str, List[Piece]]  # by path


class KnownPieces:
    """Those of a run whose lines come file by file."""

    def __init__(self) -> None:
        self._known: Dict[str, Dict[Tuple[int, ...], Piece]] = {}

    def of(self, path: str, lines: Iterable[int]) -> Piece:
        """Return the piece with these lines of a file."""
        key = tuple(sorted(lines))
        try:
            return self._known[path][key]
        except KeyError:
            known = self._known.setdefault(path, {})
            if len(known) >= _MOST_KNOWN:
                known.clear()
            piece = known[key] = Piece(path, key)
            return piece
