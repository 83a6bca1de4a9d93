"""The unittest door: `python -m trim_telemetry.unittest_instrumentation ARGS` is `python -m unittest ARGS`, observed."""

from __future__ import annotations

import os
import sys
import unittest
from typing import Any, Callable, Dict, List, Optional, Sequence

from . import config
from .collectors.source import Sources
from .errors import ConfigError
from .session import Session
from .signals import on_sigterm
from .surroundings import Framework
from .unittest_result import CaseFactory, RecordingResult, ResultRecorder

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback

_USAGE = 2  # argparse's exit code, and unittest's
_INTERRUPTED = 130  # a shell's view of a death by SIGINT


class _Result(RecordingResult, unittest.TextTestResult):
    """unittest's own result, observed."""


class _Runner(unittest.TextTestRunner):
    """unittest's own runner, whose result has a recorder."""

    resultclass = _Result
    recorder: ResultRecorder

    def run(self, test: Any) -> Any:
        self.recorder.collected(test)
        return super().run(test)

    def _makeResult(self) -> Any:
        result = super()._makeResult()  # type: ignore[misc]  # documented, though with an underscore; not in the stubs
        result.recorder = self.recorder
        return result


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run unittest's command line. argv: without the program's name. Ends in SystemExit, as unittest.main does."""
    try:
        options, arguments = config.split_arguments(sys.argv[1:] if argv is None else argv)
        program = [f"{os.path.basename(sys.executable)} -m unittest", *arguments]
        if {"-h", "--help"} & set(arguments):
            unittest.main(module=None, argv=program)
        root = config.find_root(os.getcwd())
        session = Session(
            config.load(options, os.environ, root),
            Framework("unittest", "%d.%d.%d" % sys.version_info[:3]),
            stream=sys.stdout,
        )
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_USAGE)
    sys.argv[:] = program
    _run(session, program)


def _run(session: Session, program: List[str]) -> None:
    sources = Sources(session.config.root)
    recorder = ResultRecorder(session, CaseFactory(sources, _rerun(program[1:])), sources)
    runner: Any = type("TextTestRunner", (_Runner,), {"recorder": recorder})
    take_back = on_sigterm(session)
    try:
        unittest.main(module=None, argv=program, testRunner=runner)
    except SystemExit as error:
        code = _exit_code(error.code)
        session.close(code, _exit_reason(session, code))
        raise
    except KeyboardInterrupt:
        session.interrupted("SIGINT")
        session.close(_INTERRUPTED, "interrupted")
        raise
    except BaseException as error:
        session.close(1, f"internal_error: {type(error).__name__}: {error}")
        raise
    finally:
        take_back()


def _exit_code(code: Any) -> int:
    """What the process ends with for a SystemExit's code (sys.exit())."""
    if code is None:
        return 0
    return int(code) if isinstance(code, int) else 1


def _exit_reason(session: Session, code: int) -> Optional[str]:
    if code == 0 or session.tests_failed:
        return None
    return "no_tests" if session.has_collected else "usage"


def _rerun(arguments: Sequence[str]) -> Callable[[str], Optional[Sequence[str]]]:
    """Return what gives the arguments that run one test again: its name, or discovery narrowed down to it."""
    discovery = _discovery_arguments(arguments)
    if discovery is None:
        return lambda test_id: [test_id]
    # A pattern with a star must match the whole of module.Class.method; one without would match longer names, too.
    return lambda test_id: ["discover", *discovery, "-k", f"*{test_id}"]


def _discovery_arguments(arguments: Sequence[str]) -> Optional[List[str]]:
    """Return the -s, -t and -p of a command line that discovers in another folder than the present one, else None."""
    if not arguments or arguments[0].lower() != "discover":
        return None
    import argparse

    parser = argparse.ArgumentParser(add_help=False)
    found: Dict[str, Optional[str]] = {}
    for short, long in (("-s", "--start-directory"), ("-p", "--pattern"), ("-t", "--top-level-directory")):
        parser.add_argument(short, long, dest=short)
    for place in ("-s", "-p", "-t"):
        parser.add_argument(f"place{place}", nargs="?", default=None)
    known = vars(parser.parse_known_args(list(arguments[1:]))[0])
    for place in ("-s", "-t", "-p"):
        found[place] = known[place] if known[place] is not None else known[f"place{place}"]
    if found["-s"] in (None, ".") and found["-t"] in (None, "."):
        return None
    return [word for place, value in found.items() if value is not None for word in (place, value)]


if __name__ == "__main__":
    main()
