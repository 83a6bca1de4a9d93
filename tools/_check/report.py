"""What came of the cells: one line each as it ends, a table, and the closing count."""

from __future__ import annotations

from typing import Iterable, List, NamedTuple, Optional, Sequence

from .commands import Log

PASSED = "passed"
FAILED = "failed"
SKIPPED = "skipped"
_TAIL = 60  # lines of a failing cell's log that are shown


class Result(NamedTuple):
    """One cell that is over. seconds: wall time; log: None for what was not run."""

    name: str
    state: str
    note: str
    seconds: float = 0.0
    log: Optional[Log] = None

    def lines(self) -> List[str]:
        """Return what is said when the cell ends: one line, and the end of the log of one that failed."""
        took = f" in {self.seconds:.1f} s" if self.seconds else ""
        said = [f"{self.name}: {self.state}{took}: {self.note}"]
        if self.state == FAILED and self.log is not None:
            said += [f"    | {_printable(line)}" for line in self.log.lines()[-_TAIL:]]
            said.append(f"    all of it: {self.log.path}")
        return said


def _printable(line: str) -> str:
    """Without what would move a terminal's cursor or make a log a binary file."""
    return "".join(character if character.isprintable() else "?" for character in line.expandtabs())


def table(results: Iterable[Result]) -> List[str]:
    """Return the results as a table: name, state, seconds, note."""
    rows = [("cell", "", "s", "")]
    rows += [(one.name, one.state, f"{one.seconds:.0f}" if one.log else "", one.note) for one in results]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        f"{name:<{widths[0]}}  {state:<{widths[1]}}  {seconds:>{widths[2]}}  {note}".rstrip()
        for name, state, seconds, note in rows
    ]


def closing(results: Sequence[Result]) -> str:
    """Return the last line: "12 passed, 0 failed"."""
    states = [one.state for one in results]
    return f"{states.count(PASSED)} passed, {states.count(FAILED)} failed"


def is_good(results: Sequence[Result]) -> bool:
    """Whether something passed and nothing failed."""
    states = {one.state for one in results}
    return PASSED in states and FAILED not in states
