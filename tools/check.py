"""What CI runs: black, ruff, mypy strict, architecture, sdist and wheel, tests.

python tools/check.py             with this interpreter, in an environment that it makes and keeps
python tools/check.py --matrix    with every interpreter at hand, each with the pytest and Django that work on it,
                                  and once with no third-party package at all

As many cells run at a time as there are processors, and one more. Environments and full logs are kept in .venv-check:
remove that folder to begin anew.
Ends with 0 when nothing failed, 1 when something did, 2 for wrong usage.
"""

from __future__ import annotations

import argparse
import io
import signal
import sys
import time
from typing import List, Optional, Sequence, Tuple

from _check.cells import (
    Cell,
    Workshop,
    bare_cell,
    coverage_cells,
    development_cells,
    intrusive_cells,
    mypy_38_cell,
    paired_cells,
)
from _check.commands import ROOT, Failed
from _check.interpreters import FIRST, Interpreter, ask, find, lacking
from _check.queue import run, supports
from _check.report import SKIPPED, Result, closing, is_good, table


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the cells that the command line asks for; return the exit code."""
    options = _parser().parse_args(argv)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has its children ignore it
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a failing test may have printed anything
    began = time.monotonic()
    workshop = Workshop(ROOT / ".venv-check")
    try:
        cells, results = _matrix(workshop) if options.matrix else _here(workshop)
    except Failed as error:
        print(f"check: {error}", file=sys.stderr)
        return 2
    if options.only:
        cells, results = [cell for cell in cells if any(text in cell.name for text in options.only)], []
        if not cells:
            print(f"check: no cell's name holds {' or '.join(options.only)}; --list names them", file=sys.stderr)
            return 2
    if options.list:
        _say("", *(cell.name for cell in cells))
        return 0
    results += run(workshop, cells, _say)
    _say("", *table(results), "", f"{(time.monotonic() - began) / 60:.1f} minutes", closing(results))
    return 0 if is_good(results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tools/check.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--matrix", action="store_true", help="every interpreter, pytest and Django at hand")
    parser.add_argument("--only", metavar="TEXT", action="append", help="only cells whose name holds TEXT; repeatable")
    parser.add_argument("--list", action="store_true", help="name the cells and run none")
    return parser


def _here(workshop: Workshop) -> Tuple[List[Cell], List[Result]]:
    """Return the cells of this interpreter, and of mypy's last version for 3.8 where a Python 3.8 is found."""
    here = ask(sys.executable)
    if here is None or here.flaw:
        raise Failed(f"{sys.executable} can't be used: {here.flaw if here else 'it does not answer'}")
    found, _ = find()
    return [*development_cells(workshop, here, with_tests=True), *_mypy_38(workshop, found)], _missing_mypy(found)


def _matrix(workshop: Workshop) -> Tuple[List[Cell], List[Result]]:
    """Return the cells of all interpreters, and the results that stand without running any."""
    found, left = find()
    _say(*(f"{one}: {one.path}" for one in found), *(f"{one}: left out: {one.flaw}: {one.path}" for one in left))
    _say("lacking: " + (", ".join(lacking(found)) or "none"))
    if not found:
        raise Failed("no CPython from 3.8 on with the modules venv and ensurepip was found")
    probed, results = supports(workshop, found, _say)
    cells = paired_cells(workshop, probed)
    cells += intrusive_cells(workshop, probed)
    cells += coverage_cells(workshop, probed)
    cells += [bare_cell(workshop, one) for one in found]
    cells += [*development_cells(workshop, found[-1], with_tests=False), *_mypy_38(workshop, found)]
    return cells, [*results, *_missing_mypy(found)]


def _mypy_38(workshop: Workshop, found: Sequence[Interpreter]) -> List[Cell]:
    return [mypy_38_cell(workshop, one) for one in found if one.minor == FIRST]


def _missing_mypy(found: Sequence[Interpreter]) -> List[Result]:
    if any(one.minor == FIRST for one in found):
        return []
    return [Result("mypy for 3.8", SKIPPED, "no Python 3.8 was found")]


def _say(*lines: str) -> None:
    """Print lines that belong together, at once: two cells may speak at the same time."""
    print("\n".join(lines), flush=True)


if __name__ == "__main__":
    sys.exit(main())
