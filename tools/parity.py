#!/usr/bin/env python3
"""Runs a test command plain and instrumented, and compares all that can be seen of both runs.

    tools/parity.py [--repeat N] [--through DOOR] [--as-is] [--keep FOLDER] -- COMMAND

    tools/parity.py -- python -m pytest tests/
    tools/parity.py -- python -m unittest discover -s tests
    tools/parity.py -- DJANGO_SETTINGS_MODULE=site.settings python manage.py test shop

Compared are the exit codes; each id with the runner's verdict, and their order; stdout and stderr without our marker
lines (and without what differs between any two runs: timings, addresses, temporary folders); the records of the
instrumented run against what its runner printed: none missing, none doubled, each with the right verdict.
Exit code: 0 no difference, 1 differences, 2 the command can't be compared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

from _parity import report
from _parity.command import DOORS, MODULE, Command, UsageError, understand
from _parity.comparison import Comparison, compare
from _parity.execution import copy_package, execute

_PACKAGE = Path(__file__).resolve().parent.parent / "trim_telemetry"
_SAME, _DIFFERENT, _USAGE = 0, 1, 2


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Compare; return the exit code."""
    options, words = _split(list(sys.argv[1:] if argv is None else argv))
    try:
        made = understand(words, options.through, options.django, options.as_is, options.brief)
        with tempfile.TemporaryDirectory(prefix="parity-") as folder:
            found = _run(made, Path(options.keep or folder).resolve(), options.repeat)
            sys.stdout.write(report.text(found))
    except UsageError as error:
        sys.stderr.write(f"parity: {error}\n")
        return _USAGE
    return _SAME if found.same else _DIFFERENT


def _split(argv: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """Part our own options from the command behind the lone `--`."""
    end = argv.index("--") if "--" in argv else len(argv)
    assert __doc__ is not None
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(
        "parity.py",
        "parity.py [options] -- COMMAND",
        summary,
        rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeat", type=int, default=1, metavar="N", help="run it plain N times first; what differs "
                        "between those is left out (flaky suites)")  # fmt: skip
    parser.add_argument("--through", choices=DOORS, default=MODULE, help="the door: python -m trim_telemetry...; "
                        "pytest's -p; Django's --testrunner")  # fmt: skip
    parser.add_argument(
        "--django", action="store_true", help="the script ends in Django's test runner, whatever its name"
    )
    parser.add_argument("--as-is", action="store_true", help="add no option to the command: ids are read where it "
                        "prints them anyway")  # fmt: skip
    parser.add_argument("--brief", action="store_true", help="under pytest, leave out what passing tests print: "
                        "pytest takes the square of their number to show it, hours for 50,000")  # fmt: skip
    parser.add_argument("--keep", metavar="FOLDER", help="keep the outputs and records in this new folder")
    options = parser.parse_args(argv[:end])
    if options.repeat < 1:
        parser.error("--repeat: at least 1")
    if end == len(argv):
        parser.error("put the test command behind --")
    return options, argv[end + 1 :]


def _run(made: Command, folder: Path, repeat: int) -> Comparison:
    package = folder / "package"
    try:
        package.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{folder} has an earlier comparison: name another folder") from None
    copy_package(_PACKAGE, package, made.python, made.environ)
    plain = []
    for number in range(1, repeat + 1):
        _say(f"plain run {number} of {repeat}")
        plain.append(execute(made, folder / f"plain-{number}", package))
    _say("instrumented run")
    instrumented = execute(made, folder / "instrumented", package, run_id=os.urandom(12).hex())
    return compare(made, plain, instrumented, [str(package)])


def _say(what: str) -> None:
    sys.stderr.write(f"parity: {what} ...\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
