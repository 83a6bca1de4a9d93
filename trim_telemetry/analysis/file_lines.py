"""The statements of one file: which of them ran, and which did not, as JSON text (record.md, coverage).

The lists of a large file are long, and almost the same in each record: their text is made once, and a record's is
spliced from it.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quote
from typing import Iterable, List, Mapping, Optional, Sequence, Tuple

_NONE = -1

Runs = Tuple[Tuple[int, int], ...]  # statements without one missing between: the first's place, and the next one's


# A part of a file, from the first statement in it that ran to the last: what most tests have in common. The place of
# the first one, and of the one behind the last; how many ran; the line of the statement before the first one, and of
# the one behind the last ("": there is none); the others between them as ranges, with commas; those that ran.
# A plain tuple: there are thousands, and the garbage collector soon forgets a tuple in which there is nothing for it.
Stretch = Tuple[int, int, int, str, str, str, Runs]


class FileLines:
    """One file. Its statements go by their place in the file: 0, 1, 2 ...

    file: as records name it; statements: their first lines, ascending; first: of each further line of a statement,
    that statement's first line.
    """

    __slots__ = ("_ends", "_first", "_head", "_last", "_order", "_places", "_text", "file")

    def __init__(self, file: str, statements: Sequence[int], first: Mapping[int, int]) -> None:
        self.file = file
        self._head = f'{{"file": {_quote(file)}, "lines_covered": '
        self._order = array("l", statements)
        self._places = array("l", [_NONE]) * (max([0, *statements, *first]) + 1)  # by line
        for place, line in enumerate(statements):
            self._places[line] = place
        for line, start in first.items():
            self._places[line] = self._places[start]
        self._first, self._last = (str(statements[0]), str(statements[-1])) if statements else ("", "")
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

    def stretch(self, ran: Sequence[int]) -> Optional[Stretch]:
        """Return what ran as one stretch; None for nothing. ran: places, ascending."""
        runs: List[Tuple[int, int]] = []
        begin = end = _NONE
        for place in ran:
            if place != end:
                if end != _NONE:
                    runs.append((begin, end))
                begin = place
            end = place + 1
        if end == _NONE:
            return None
        runs.append((begin, end))
        return self._stretch(tuple(runs), len(ran))

    def _stretch(self, runs: Runs, covered: int) -> Stretch:
        ends = [end for _, end in runs]
        ranges = [self._range(end, begin) for end, (begin, _) in zip(ends, runs[1:])]
        begin, end, order = runs[0][0], ends[-1], self._order
        before = str(order[begin - 1]) if begin else ""
        behind = str(order[end]) if end < len(order) else ""
        return begin, end, covered, before, behind, ",".join(ranges), runs

    def joined(self, stretches: List[Stretch]) -> List[Stretch]:
        """Return the same in ascending order, none reaching into another."""
        stretches.sort()
        reached = 0
        for stretch in stretches:
            if stretch[0] < reached:
                break
            reached = stretch[1]
        else:
            return stretches
        runs: List[Tuple[int, int]] = []
        for begin, end in sorted([run for stretch in stretches for run in stretch[-1]]):
            if runs and begin <= runs[-1][1]:
                runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
            else:
                runs.append((begin, end))
        return [self._stretch(tuple(runs), sum([end - begin for begin, end in runs]))]

    def entry(self, ran: Sequence[Stretch], as_ranges: bool) -> str:
        """Return the file's entry in a record's `files`, as JSON. ran: as joined() returns it."""
        total = len(self._order)
        covered = covered_in(ran)
        missing = (
            f'"missing_lines": [], "missing_ranges": "{self._missing_ranges(ran)}", "missing_omitted": true'
            if as_ranges
            else f'"missing_lines": [{self._missing(ran)}], "missing_ranges": null, "missing_omitted": false'
        )
        return (
            f'{self._head}{covered}, "lines_total": {total}, "coverage_percent": {percent(covered, total)}, {missing}}}'
        )

    def _missing(self, ran: Sequence[Stretch]) -> str:
        """The lines of all other statements: "12, 13, 17"."""
        if self._text is None:
            self._write()
        text, ends = str(self._text), self._ends
        parts = []
        start = 0
        for stretch in ran:
            for begin, end in stretch[-1]:
                if begin:
                    parts.append(text[start : ends[begin - 1]])
                start = ends[end - 1]
        parts.append(text[start:])
        return "".join(parts)[:-2]

    def _write(self) -> None:
        self._text = "".join([f"{line}, " for line in self._order])
        ends, end = array("l"), 0
        for line in self._order:
            end += len(str(line)) + 2
            ends.append(end)
        self._ends = ends

    def _missing_ranges(self, ran: Sequence[Stretch]) -> str:
        """The same as ranges from statement to statement, as `coverage report` prints them: "12-18,25"."""
        parts = []
        place, line = 0, self._first
        for begin, end, _, before, behind, ranges, _ in ran:
            if begin > place:
                parts.append(line if line == before else f"{line}-{before}")
            if ranges:
                parts.append(ranges)
            place, line = end, behind
        if line:
            parts.append(line if line == self._last else f"{line}-{self._last}")
        return ",".join(parts)

    def _range(self, begin: int, end: int) -> str:
        first, last = self._order[begin], self._order[end - 1]
        return f"{first}-{last}" if first != last else str(first)


def covered_in(ran: Sequence[Stretch]) -> int:
    """Return how many statements ran."""
    return sum([stretch[2] for stretch in ran])


@lru_cache(maxsize=4_096)  # so few are different that to write them all anew would be a tenth of what a record costs
def percent(covered: int, total: int) -> str:
    """Return how much that is, as JSON has it: null, of no statement."""
    return "%.2f" % (100.0 * covered / total) if total else "null"
