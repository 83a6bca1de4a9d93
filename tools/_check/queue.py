"""A few cells at a time: runs them, times them, and says how each ended as it ends."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Sequence, Tuple

from .cells import Cell, Workshop
from .commands import Failed, Log
from .interpreters import Interpreter
from .probe import Support, probe
from .releases import DJANGO, PYTEST, tried_on
from .report import FAILED, PASSED, SKIPPED, Result

_AT_A_TIME = (os.cpu_count() or 1) + 1  # many tests wait for what they have started
Say = Callable[..., None]  # takes lines that belong together


def run(workshop: Workshop, cells: Sequence[Cell], say: Say) -> List[Result]:
    """Run the cells; return their results in the cells' order."""

    def one(cell: Cell) -> Result:
        log = workshop.log(cell.name)
        began = time.monotonic()
        try:
            state, note = PASSED, cell.work(log)
        except Failed as error:
            state, note = FAILED, str(error)
        result = Result(cell.name, state, note, time.monotonic() - began, log)
        say(*result.lines())
        return result

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(one, cells))


def supports(workshop: Workshop, found: Sequence[Interpreter], say: Say) -> Tuple[List[Support], List[Result]]:
    """Probe each interpreter; return what each supports, and a result for all that is skipped or can't be told."""

    def one(interpreter: Interpreter) -> Tuple[Support, List[Result]]:
        began = time.monotonic()
        support, results = _support(workshop, interpreter, workshop.log(f"{interpreter} probe"))
        works = ", ".join(map(str, support.works)) or "nothing"
        said = [line for result in results for line in result.lines()]
        say(f"{interpreter} works with {works} ({time.monotonic() - began:.1f} s)", *said)
        return support, results

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        probed = list(pool.map(one, found))
    return [support for support, _ in probed], [result for _, results in probed for result in results]


def _support(workshop: Workshop, interpreter: Interpreter, log: Log) -> Tuple[Support, List[Result]]:
    releases = [*tried_on(interpreter.minor, PYTEST), *tried_on(interpreter.minor, DJANGO)]
    try:
        support = probe(interpreter, releases, workshop.folder / "probes" / str(interpreter), log)
    except Failed as error:
        return Support(interpreter, [], {}), [Result(f"{interpreter} probe", FAILED, str(error), log=log)]
    results = [Result(f"{interpreter} {release}", SKIPPED, why) for release, why in support.skipped.items()]
    if not support.of("pytest"):
        results.append(Result(f"{interpreter} probe", FAILED, "no pytest works", log=log))
    return support, results
