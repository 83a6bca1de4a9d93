"""The statements of one file: which of them ran, and which did not, as JSON text (record.md, coverage).

The lists of a large file are long, and almost the same in each record: their text is made once, and a record's is
spliced from it.
"""

from __future__ import annotations

from array import array
from json.encoder import encode_basestring_ascii as _quote
from typing import Iterable, List, Mapping, Optional, Sequence

_NONE = -1


class FileLines:
    """One file. Its statements go by their place in the file: 0, 1, 2 ...

    file: as records name it; statements: their first lines, ascending; first: of each further line of a statement,
    that statement's first line.
    """

    __slots__ = ("_ends", "_head", "_order", "_places", "_text", "file")

    def __init__(self, file: str, statements: Sequence[int], first: Mapping[int, int]) -> None:
        self.file = file
        self._head = f'{{"file": {_quote(file)}, "lines_covered": '
        self._order = array("l", statements)
        self._places = array("l", [_NONE]) * (max([0, *statements, *first]) + 1)  # by line
        for place, line in enumerate(statements):
            self._places[line] = place
        for line, start in first.items():
            self._places[line] = self._places[start]
        self._text: Optional[str] = None
        self._ends: Sequence[int] = ()  # of each statement in that text

    @property
    def total(self) -> int:
        """How many statements there are."""
        return len(self._order)

    def ran(self, lines: Iterable[int]) -> List[int]:
        """Return the places of the statements that these lines are of, ascending."""
        places, size = self._places, len(self._places)
        found = {places[line] for line in lines if line < size}
        found.discard(_NONE)
        return sorted(found)

    def entry(self, ran: Sequence[int], as_ranges: bool) -> str:
        """Return the file's entry in a record's `files`, as JSON. ran: places of the statements that ran."""
        covered, total = len(ran), len(self._order)
        lines = "" if as_ranges else self._missing(ran)
        ranges = f'"{self._missing_ranges(ran)}"' if as_ranges else "null"
        return (
            f'{self._head}{covered}, "lines_total": {total}, "coverage_percent": {percent(covered, total)}, '
            f'"missing_lines": [{lines}], "missing_ranges": {ranges}, '
            f'"missing_omitted": {"true" if as_ranges else "false"}}}'
        )

    def _missing(self, ran: Sequence[int]) -> str:
        """The lines of all other statements: "12, 13, 17"."""
        if self._text is None:
            self._write()
        text, ends = str(self._text), self._ends
        parts = []
        begin = next_place = 0
        for place in ran:
            if place > next_place:
                parts.append(text[begin : ends[place - 1]])
            begin, next_place = ends[place], place + 1
        parts.append(text[begin:])
        return "".join(parts)[:-2]

    def _write(self) -> None:
        self._text = "".join([f"{line}, " for line in self._order])
        ends, end = array("l"), 0
        for line in self._order:
            end += len(str(line)) + 2
            ends.append(end)
        self._ends = ends

    def _missing_ranges(self, ran: Sequence[int]) -> str:
        """The same as ranges from statement to statement, as `coverage report` prints them: "12-18,25"."""
        order = self._order
        parts = []
        next_place = 0
        for place in [*ran, len(order)]:
            if place > next_place:
                first, last = order[next_place], order[place - 1]
                parts.append(str(first) if first == last else f"{first}-{last}")
            next_place = place + 1
        return ",".join(parts)


def percent(covered: int, total: int) -> str:
    """Return how much that is, as JSON has it: null, of no statement."""
    return "%.2f" % (100.0 * covered / total) if total else "null"
