"""How two runs of one command differ, and how the records of one differ from what its runner printed."""

from __future__ import annotations

import os.path
from collections import Counter
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .told import Result, Told, key
from .verdicts import Printed, executions, wanted

_IN_FLIGHT = ("crashed", "interrupted")  # outcomes of tests for which a runner never prints a verdict
_NOT_COUNTED_SKIPS = "3.12.1"  # this CPython leaves decorated skips out of "Ran N tests"


class Difference(NamedTuple):
    """One difference: of what, of which test (or ""), and what each side says."""

    what: str
    test: str
    sides: Sequence[Tuple[str, str]]


def of_runs(what: str, test: str, plain: object, instrumented: object) -> Difference:
    """Return a difference between the plain run and the instrumented one."""
    return Difference(what, test, (("plain", str(plain)), ("instrumented", str(instrumented))))


def of_records(what: str, test: str, printed: object, recorded: object) -> Difference:
    """Return a difference between the runner's screen and the records."""
    return Difference(what, test, (("printed", str(printed)), ("recorded", str(recorded))))


# -- two runs ----------------------------------------------------------------------------------------------------------


def verdicts(plain: Printed, instrumented: Printed, unstable: Set[str], ordered: bool) -> Iterator[Difference]:
    """Compare the ids and the words that two runs printed, and their order. unstable: ids that are left out."""
    for test, words in plain.words.items():
        if test not in unstable and words != instrumented.words.get(test):
            yield of_runs("verdict", test, _said(plain, test), _said(instrumented, test))
    for test in instrumented.words:
        if test not in unstable and test not in plain.words:
            yield of_runs("verdict", test, _said(plain, test), _said(instrumented, test))
    if ordered and plain.words.keys() == instrumented.words.keys():
        for place, (one, other) in enumerate(zip(plain.words, instrumented.words), 1):
            if one != other:
                yield of_runs(f"order of tests, from the one in place {place} on", "", one, other)
                return


def unstable_ids(first: Printed, second: Printed) -> Set[str]:
    """Return the ids of which two plain runs say different things."""
    return {test for test in {**first.words, **second.words} if first.words.get(test) != second.words.get(test)}


def _said(printed: Printed, test: str) -> str:
    words = printed.words.get(test)
    return "not printed" if words is None else " + ".join(words) or "no verdict"


# -- the screen and the records ----------------------------------------------------------------------------------------


def records(printed: Printed, told: Told, as_recorded: Callable[[str], str] = str) -> Iterator[Difference]:
    """Hold the records of a run against what its runner printed. as_recorded: turns a printed id into the record's."""
    found: Dict[str, List[Result]] = {}
    for result in told.results:
        found.setdefault(key(result.id), []).append(result)
    printed_as: Dict[str, str] = {}
    for test in printed.words:
        recorded_as = key(as_recorded(test))
        printed_as[recorded_as] = test
        yield from _one(printed, test, found.get(recorded_as, []))
    unprinted = [result for test, results in found.items() if test not in printed_as for result in results]
    yield from _unprinted([result for result in unprinted if result.outcome not in _IN_FLIGHT], printed.unread)
    yield from _total(printed, told)


def _one(printed: Printed, test: str, results: Sequence[Result]) -> Iterator[Difference]:
    meanings = printed.meanings(test)
    low, high = executions(meanings, printed.once)
    said = _said(printed, test)
    if not results and not meanings:
        return  # it was started, and nothing ever came of it
    if not low <= len(results) <= high:
        yield of_records("records of a test", test, said, _counted(results))
        return
    for result in results:
        allowed = wanted(meanings, result.subtests > 0) if len(results) == 1 else _any_of(meanings)
        if allowed is not None and (result.status, result.outcome) not in allowed:
            yield of_records("verdict of a record", test, said, f"status {result.status}, outcome {result.outcome}")


def _any_of(meanings: Sequence[str]) -> Optional[Set[Tuple[str, str]]]:
    """Return what each of several tests of one id may be."""
    each = [wanted([meaning]) for meaning in meanings]
    return None if None in each else {verdict for verdicts in each for verdict in verdicts or ()}


def _counted(results: Sequence[Result]) -> str:
    return f"{len(results)} records" + "".join(f", {result.outcome}" for result in results)


def _unprinted(results: Sequence[Result], unread: int) -> Iterator[Difference]:
    """Records of ids that the screen does not have; `unread` verdicts may stand there without a name."""
    if len(results) > unread:
        for result in results:
            yield of_records("a record", result.id, "no such test", f"status {result.status}, outcome {result.outcome}")


def _total(printed: Printed, told: Told) -> Iterator[Difference]:
    """Hold the runner's own count, where it gives one, against the records of tests (not those above the tests)."""
    if printed.total is None:
        return
    own = [result for result in told.results if result.is_test or result.id.startswith("unittest.loader.")]
    uncounted = 0
    environment = (told.summary or {}).get("environment", {})
    if environment.get("python") == _NOT_COUNTED_SKIPS:
        uncounted = sum(result.outcome == "skipped" for result in own)
    if not len(own) - uncounted <= printed.total <= len(own):
        yield of_records("number of tests", "", printed.total, len(own))


def summary(told: Told, code: int) -> Iterator[Difference]:
    """Hold the summary against the process and against the records."""
    for line in told.broken:
        yield Difference("a line of the file that is no record", "", (("line", line),))
    if told.summary is None:
        yield Difference("no summary was written", "", ())
        return
    ends = (code, 128 - code) if code < 0 else (code,)  # a process killed by a signal, as a shell says it
    if told.summary["exit_code"] not in ends:
        yield Difference("exit code", "", (("process", str(code)), ("summary", str(told.summary["exit_code"]))))
    counts = Counter(result.status for result in told.results)
    counts["total"] = len(told.results)
    counts["failed"] += counts.pop("error", 0)
    for name in ("total", "passed", "failed", "skipped"):
        said = told.summary[f"{name}_tests"]
        if said != counts[name]:
            yield Difference(f"{name}_tests", "", (("records", str(counts[name])), ("summary", str(said))))


def stdout_lines(on_stdout: Sequence[str], told: Told) -> Iterator[Difference]:
    """Hold the marker lines on stdout against the file: the same tests in the same order."""
    in_file = [result.id for result in told.results]
    for place in range(max(len(on_stdout), len(in_file))):
        one, other = (ids[place] if place < len(ids) else "nothing" for ids in (on_stdout, in_file))
        if one != other:
            yield Difference(f"record {place + 1} on stdout and in the file", "", (("stdout", one), ("file", other)))
            return


def from_root(test_id: str, folder: str, root: Optional[str]) -> str:
    """Return pytest's node id from the root for one that is printed from the working directory."""
    if root is None or os.path.realpath(root) == os.path.realpath(folder):
        return test_id
    path, separator, rest = test_id.partition("::")
    relative = os.path.relpath(os.path.join(os.path.realpath(folder), path), os.path.realpath(root))
    return relative.replace(os.sep, "/") + separator + rest
