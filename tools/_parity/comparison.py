"""Everything that is compared of a plain and an instrumented run, and what was found."""

from __future__ import annotations

import os
from typing import Callable, Iterable, Iterator, List, NamedTuple, Sequence, Set

from . import command, judge, pytest_listing, told, unittest_listing
from .command import Command, UsageError
from .execution import Execution
from .hunks import Hunk, Unstable, hunks
from .judge import Difference
from .screen import Normaliser, as_text, comparable, shape, without_colours, without_markers, without_our_plugin
from .told import Told
from .verdicts import Printed

_HUNKS_KEPT = 20


class Output(NamedTuple):
    """How one stream of two runs differs. lines: of the plain run; differing: that differ; kept: the first of them."""

    name: str
    lines: int
    differing: int
    kept: List[Hunk]
    left_out: int


class Comparison(NamedTuple):
    """What was compared, and every difference."""

    plain: List[Execution]
    instrumented: Execution
    printed: Printed
    results: int
    outputs: List[Output]
    differences: List[Difference]
    left_out: Set[str]
    notes: List[str]

    @property
    def same(self) -> bool:
        """Is there no difference?"""
        return not self.differences and not any(output.differing for output in self.outputs)


def compare(made: Command, plain: Sequence[Execution], instrumented: Execution, own: Sequence[str]) -> Comparison:
    """Compare the runs of a command. own: folders of this tool. Raises UsageError where that can't be done."""
    screen = "stdout" if made.runner == command.PYTEST else "stderr"
    reader = pytest_listing.read if made.runner == command.PYTEST else unittest_listing.read
    _refuse(made, plain)
    printed = [reader(without_colours(_text(run, screen))) for run in [*plain, instrumented]]
    unstable = {test for other in printed[1:-1] for test in judge.unstable_ids(printed[0], other)}
    recorded = told.read(instrumented.lines("records"))
    marked: List[bytes] = []
    outputs = [_output(name, plain, instrumented, own, made.ordered, marked) for name in ("stdout", "stderr")]
    differences = [
        *_exit_codes(plain[0], instrumented),
        *judge.verdicts(printed[0], printed[-1], unstable, made.ordered and not unstable),
    ]
    has_begun = made.begun_by_us or recorded.root is not None or not plain[0].code or bool(printed[0].words)
    if made.runs_tests and has_begun:
        differences += judge.summary(recorded, instrumented.code)
        differences += judge.records(printed[-1], recorded, _as_recorded(made, recorded))
        differences += _stdout_lines(marked, recorded)
    return Comparison(
        list(plain),
        instrumented,
        printed[0],
        len(recorded.results),
        outputs,
        differences,
        unstable,
        _notes(made, printed[-1], marked, recorded, has_begun),
    )


def _refuse(made: Command, plain: Sequence[Execution]) -> None:
    if made.runner == command.PYTEST and pytest_listing.uses_workers(_text(plain[0], "stdout")):
        raise UsageError(command.XDIST)
    codes = [run.code for run in plain]
    if len(set(codes)) > 1:
        raise UsageError(f"plain runs of this command end differently (exit codes {codes}): nothing to compare with")


def _text(run: Execution, name: str) -> Iterator[str]:
    """Yield the lines of a stream as the runner and the tests wrote them."""
    return as_text(_lines(run, name, []))


def _lines(run: Execution, name: str, marked: List[bytes]) -> Iterator[bytes]:
    lines = run.lines(name)
    return without_markers(lines, run.run_id.encode(), marked.append) if run.run_id else lines


def _exit_codes(plain: Execution, instrumented: Execution) -> Iterator[Difference]:
    if plain.code != instrumented.code:
        yield judge.of_runs("exit code", "", plain.code, instrumented.code)


def _output(
    name: str,
    plain: Sequence[Execution],
    instrumented: Execution,
    own: Sequence[str],
    ordered: bool,
    marked: List[bytes],
) -> Output:
    normalise = Normaliser([*(str(run.folder) for run in [*plain, instrumented]), *own])
    counted = _Counted(_comparable(plain[0], name, [], normalise, ordered))
    unstable = Unstable(lambda line: shape(normalise(line)))
    for other in plain[1:]:
        first = _comparable(plain[0], name, [], normalise, ordered)
        unstable.learn(hunks(first, _comparable(other, name, [], normalise, ordered), normalise))
    kept: List[Hunk] = []
    differing = 0
    for hunk in hunks(counted, _comparable(instrumented, name, marked, normalise, ordered), normalise):
        if not unstable.covers(hunk):
            differing += max(len(hunk.left), len(hunk.right))
            kept += [hunk] if len(kept) < _HUNKS_KEPT else []
    return Output(name, counted.count, differing, kept, unstable.lines)


def _comparable(run: Execution, name: str, marked: List[bytes], normalise: Normaliser, ordered: bool) -> Iterable[str]:
    lines = comparable(without_our_plugin(as_text(_lines(run, name, marked))))
    return lines if ordered else sorted(map(normalise, lines))


class _Counted:
    """Counts the lines that pass."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = lines
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.count += 1
            yield line


def _as_recorded(made: Command, recorded: Told) -> Callable[[str], str]:
    if made.runner != command.PYTEST:
        return str
    folder = os.getcwd()
    return lambda test_id: judge.from_root(test_id, folder, recorded.root)


def _stdout_lines(marked: Sequence[bytes], recorded: Told) -> Iterator[Difference]:
    if not marked:  # switched off: TRIM_STDOUT=off
        return
    try:
        ids = [told.marked_id(line) for line in marked if line.startswith(b"TEST_RESULT:")]
    except (ValueError, KeyError) as error:
        yield Difference("a marker line on stdout that is no record", "", (("error", str(error)),))
        return
    yield from judge.stdout_lines(ids, recorded)


def _notes(made: Command, printed: Printed, marked: Sequence[bytes], recorded: Told, has_begun: bool) -> List[str]:
    notes = []
    if not made.ordered:
        notes.append("a parallel run: the order of tests and of lines was not compared")
    if not made.runs_tests:
        notes.append("this command runs no tests: records were not compared")
    if not has_begun:
        notes.append("the run ended before its runner came to load us: no records were made")
    if printed.unread:
        notes.append(f"up to {printed.unread} verdicts stand on the screen without a name that can be read")
    if not marked and recorded.results:
        notes.append("no marker lines on stdout: records were read from the file alone")
    if recorded.summary is not None:
        notes += [f"warning of the telemetry: {text}" for text in recorded.summary["warnings"]]
    return notes
