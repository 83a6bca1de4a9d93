"""The command line around a run and after it: `python -m trim_telemetry VERB`, or `trim-telemetry VERB`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, List, Mapping, Optional, Sequence

from . import __version__
from .runs.collect import Collected, Ending, collect, collect_from_stdout, collect_from_stream, make_folder
from .runs.process import NOT_EXECUTABLE, NOT_FOUND
from .runs.recovery import UNSEEN, recover
from .runs.run import Run
from .runs.validation import flaws
from .runs.watch import Watched

_USAGE = 2
_FLAWS_SHOWN = 20
_CRASHED_SHOWN = 10
_PROGRESS_PAUSE = 0.5  # seconds
_NO_RUN = f"""\
trim-telemetry: no run was seen. `collect` puts telemetry into `pytest`, `python -m pytest`, `python -m unittest` and
`python manage.py test` by itself. Any other command has to run one of the doors, as in
`python -m {__package__}.pytest_instrumentation`, and to get TRIM_FILE and TRIM_COLLECT (tox: pass_env = TRIM_*).
Is trim-telemetry installed for the Python that runs the tests? Is the disk full? Is stdout all that comes back? Then
use --from-stdout.
"""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command line; return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    ours, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = _parser().parse_args(ours)
    options.command = [*getattr(options, "command", []), *command]
    try:
        return int(options.run(options))
    except OSError as error:
        return _fail(str(error), _USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trim-telemetry", description="Per-test telemetry: around a run and after it."
    )
    parser.add_argument("--version", action="version", version=f"trim-telemetry {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_collect(verbs)
    recovering = verbs.add_parser("recover", help="complete the file of a run whose process or machine has died")
    recovering.add_argument("file", help="the run's NDJSON file")
    recovering.set_defaults(run=_recover)
    validating = verbs.add_parser("validate", help="hold a file against the schema; exit code 1 with line and reason")
    validating.add_argument("files", metavar="file", nargs="+", help="an NDJSON file")
    validating.set_defaults(run=_validate)
    return parser


def _add_collect(verbs: Any) -> None:
    collecting = verbs.add_parser(
        "collect",
        usage="trim-telemetry collect [--out DIR] [--timeout SECONDS] [--from-stdout] -- COMMAND",
        help="run a test command and keep its telemetry, whatever becomes of it",
    )
    collecting.add_argument("--out", metavar="DIR", default=".telemetry", help="where the files go (.telemetry)")
    collecting.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="end the command when a test takes longer"
    )
    collecting.add_argument(
        "--from-stdout", action="store_true", help="take the records out of stdout; without COMMAND: of standard input"
    )
    collecting.add_argument("command", metavar="COMMAND", nargs="*", help="words, or one line for the shell")
    collecting.set_defaults(run=_collect)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value


# -- collect ---


def _collect(options: argparse.Namespace) -> int:
    if not "".join(options.command).strip() and not (options.from_stdout and not options.command):
        return _fail("COMMAND is missing; as in: trim-telemetry collect -- pytest tests/", _USAGE)
    folder = make_folder(options.out)
    progress = _Progress()
    try:
        collected = _run(options, folder, progress)
    except FileNotFoundError as error:
        return _fail(str(error), NOT_FOUND)
    except PermissionError as error:
        return _fail(str(error), NOT_EXECUTABLE)
    progress.clear()
    _report(collected)
    return collected.code


def _run(options: argparse.Namespace, folder: str, progress: _Progress) -> Collected:
    if not options.from_stdout:
        return collect(options.command, folder, options.timeout, progress.show)
    # None where they were closed from the start.
    with open(os.devnull, "r+b") as nothing:
        sink = sys.stdout.buffer if sys.stdout is not None else nothing
        if options.command:
            return collect_from_stdout(options.command, folder, options.timeout, progress.show, sink)
        source = sys.stdin.buffer if sys.stdin is not None else nothing
        return collect_from_stream(source, folder, progress.show, sink)


def _report(collected: Collected) -> None:
    if any(ending.note for ending in collected.runs):  # a run that died has left its runner's line unfinished
        _write("\n")
    for ending in collected.runs:
        _report_one(ending)
    for path in collected.lost:
        _say(f"{_short(path)}: lost: removed before it could be read, or not written to the end")
    if not collected.runs and not collected.lost:
        _write(_NO_RUN)


def _report_one(ending: Ending) -> None:
    _say(_line_of(ending))
    _write("".join(f"  crashed: {test}\n" for test in _crashed(ending.watched.run)))


def _line_of(ending: Ending) -> str:
    run = ending.watched.run
    counts = run.summary or {**run.tally.users_counts(), "not_run_tests": None}
    total = counts["total_tests"]
    line = (
        f"{_short(ending.watched.path)}: {total} test{'s' * (total != 1)}: {counts['passed_tests']} passed, "
        f"{counts['failed_tests']} failed, {counts['skipped_tests']} skipped"
    )
    if counts["not_run_tests"]:
        line += f", {counts['not_run_tests']} not run"
    note = ending.note or _unexplained(counts)
    return f"{line}; {note}" if note else line


def _unexplained(counts: Mapping[str, Any]) -> Optional[str]:
    """What a run ended with that no count shows."""
    code, reason, by = (counts.get(name) for name in ("exit_code", "exit_reason", "interrupted_by"))
    if by is not None:
        return f"ended early: {by}"
    return None if not code or counts["failed_tests"] else f"exit code {code}" + (f" ({reason})" if reason else "")


def _crashed(run: Run) -> List[str]:
    """The tests that the run died in: whoever reads no further knows what to look at."""
    tests = sorted({test for _, test in run.crashed})
    return (
        tests if len(tests) <= _CRASHED_SHOWN else [*tests[:_CRASHED_SHOWN], f"and {len(tests) - _CRASHED_SHOWN} more"]
    )


def _short(path: str) -> str:
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith(os.pardir) else relative


class _Progress:
    """A line on the terminal that says how far the runs are, where the tests' output goes elsewhere.

    unittest and Django write to stderr, as we do; pytest writes to stdout.
    """

    def __init__(self) -> None:
        self._is_possible = _is_terminal(sys.stderr) and not _is_terminal(sys.stdout)
        self._next = 0.0
        self._shown = ""

    def show(self, runs: Sequence[Watched]) -> None:
        """Say how far the runs are, now and then."""
        if not self._is_possible or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PROGRESS_PAUSE
        if runs and runs[-1].run.framework == "pytest":
            self._put(_progress_of(runs[-1].run))

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._put("")

    def _put(self, text: str) -> None:
        _write("\r" + text.ljust(len(self._shown)) + ("" if text else "\r"))
        self._shown = text


def _progress_of(run: Run) -> str:
    tally = run.tally
    total = tally.users_counts()["total_tests"]
    return f"{total} of {'?' if tally.collected is None else tally.collected} tests, {tally.failed} failed"


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # None, or closed
        return False


# -- recover and validate ---


def _recover(options: argparse.Namespace) -> int:
    watched = Watched(options.file)
    watched.read()
    try:
        if watched.run.is_empty:
            return _fail(f"{options.file}: there is no record of a run in it", 1)
        if watched.run.summary is not None:
            note: Optional[str] = "it is complete, and nothing was changed"
        elif watched.is_written():
            return _fail(f"{options.file}: its run is still on", 1)
        else:
            note = "completed"
            recover(watched.tail, watched.run, UNSEEN)
    finally:
        watched.close()
    _report_one(Ending(watched, note))
    return 0


def _validate(options: argparse.Namespace) -> int:
    return max([_validate_one(file) for file in options.files])


def _validate_one(file: str) -> int:
    found: List[str] = []
    for flaw in flaws(file):
        found.append(f"{file}:{flaw.line}: {flaw.reason}")
        if len(found) == _FLAWS_SHOWN:
            found.append("and maybe more: no further lines were read")
            break
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


def _fail(problem: str, code: int) -> int:
    _say(problem)
    return code


def _say(sentence: str) -> None:
    _write(f"trim-telemetry: {sentence}\n")


def _write(text: str) -> None:
    """To stderr, where it can still be written to: a terminal may have gone with the run."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # gone, closed, or none from the start
        pass
