"""The unittest door: `python -m trim_telemetry.unittest_instrumentation ARGS` is `python -m unittest ARGS` observed."""

from __future__ import annotations

import os
import sys
import unittest
from os.path import abspath, basename, isdir, join
from typing import Any, Callable, Iterator, List, NoReturn, Optional, Sequence

from . import config as settings
from .collectors.source import Sources
from .config import Config
from .errors import ConfigError
from .exit_status import exit_status
from .script import others_frames, without_our_frames
from .session import Session
from .signals import on_sigterm
from .surroundings import Framework
from .unittest_case import CaseFactory
from .unittest_recorder import ResultRecorder

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback

_USAGE = 2  # argparse's exit code, and unittest's
_NO_TESTS = 5  # unittest's from 3.12 on
_INTERRUPTED = 130  # a shell's view of a death by SIGINT
_Rerun = Callable[[str], Sequence[str]]


class _Door:
    """One run, from the moment that it is known what to load to the exit code."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._session: Optional[Session] = None
        self._take_signal_back: Optional[Callable[[], None]] = None

    def open(self, rerun: _Rerun) -> ResultRecorder:
        """Begin the run. Raises ConfigError where the file that was asked for can't be made."""
        framework = Framework("unittest", "%d.%d.%d" % sys.version_info[:3])
        session = Session(self._config, framework, stream=sys.stdout)
        sources = Sources(self._config.root)
        recorder = ResultRecorder(session, CaseFactory(sources, rerun), sources)
        self._session = session
        self._take_signal_back = on_sigterm(session, recorder.interrupted)
        return recorder

    def exits(self, code: int) -> None:
        """unittest ends the process, or a module that it loads does."""
        if code and self._session is None:
            self.open(_by_name)
            self._close(code, "usage")
        elif self._session is not None:
            self._close(code, self._reason(self._session, code))

    def interrupted(self) -> None:
        """Ctrl-C."""
        if self._session is not None:
            self._session.interrupted("SIGINT")
        self._close(_INTERRUPTED, "interrupted")

    def fails(self) -> None:
        """unittest itself can't go on: a folder to discover in that is none, and so on."""
        self._close(1, "internal_error")

    def _close(self, code: int, reason: Optional[str]) -> None:
        if self._session is not None:
            self._session.close(code, reason)
        if self._take_signal_back is not None:
            self._take_signal_back()

    @staticmethod
    def _reason(session: Session, code: int) -> Optional[str]:
        if code == 0 or session.tests_failed:
            return None
        return "no_tests" if code == _NO_TESTS and session.has_collected else "system_exit"


class _ObservedRunner:
    """A mixin for a runner's class: its result is observed."""

    recorder: ResultRecorder

    def run(self, test: Any) -> Any:
        self.recorder.collected(test)
        return super().run(test)  # type: ignore[misc]  # of the runner that this is mixed into

    def _makeResult(self) -> Any:
        result = super()._makeResult()  # type: ignore[misc]  # as above; documented, though with an underscore
        self.recorder.observe(result)
        return result


class _Program(unittest.TestProgram):
    """unittest's own command line. The run begins where it knows what to load: never, for --help."""

    def __init__(self, door: _Door, argv: List[str]) -> None:
        self._door = door
        super().__init__(module=None, argv=argv)

    def createTests(self, from_discovery: bool = False, *others: Any, **named: Any) -> None:
        self._recorder = self._door.open(_rerun(self) if from_discovery else _by_name)
        super().createTests(from_discovery, *others, **named)

    def runTests(self) -> None:
        runner = unittest.runner.TextTestRunner  # asked only now: a test package may have put another one there
        self.testRunner = type(runner.__name__, (_ObservedRunner, runner), {"recorder": self._recorder})
        super().runTests()


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run unittest's command line. argv: without the program's name. Ends in SystemExit, as unittest.main does."""
    try:
        options, arguments = settings.split_arguments(sys.argv[1:] if argv is None else argv)
        config = settings.load(options, os.environ, settings.find_root(os.getcwd()))
    except (ConfigError, OSError) as error:
        _refuse(error)
    sys.argv[:] = [f"{basename(sys.executable)} -m unittest", *arguments]
    try:
        _run(_Door(config), sys.argv)
    except ConfigError as error:
        _refuse(error)


def _run(door: _Door, argv: List[str]) -> None:
    try:
        _Program(door, argv)
    except SystemExit as error:
        door.exits(exit_status(error.code))
        raise
    except BaseException as error:  # unittest's end, whatever it is: said, and raised again
        (door.interrupted if isinstance(error, KeyboardInterrupt) else door.fails)()
        sys.excepthook = without_our_frames(sys.excepthook, others_frames)
        raise


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    sys.exit(_USAGE)


def _by_name(test_id: str) -> Sequence[str]:
    return [test_id]


def _rerun(program: Any) -> _Rerun:
    """Return what gives the arguments that run a discovered test again: its name, where that can be imported from here.

    program: unittest's, which has parsed its command line.
    """
    start, top = program.start, program.top
    if not isdir(start) or abspath(top or start) == os.getcwd():
        return _by_name
    places = ["discover", "-s", start, *(["-t", top] if top else [])]
    folders = join(abspath(start), ""), abspath(top or start)

    def narrow_down(test_id: str) -> Sequence[str]:
        # unittest takes a pattern that has a star as it is, and puts stars around any other, which then matches longer
        # ids, too. A set of one letter and the star is a pattern with a star that matches nothing but the id.
        exactly = f"[{test_id[0]}*]{test_id[1:]}"
        return [*places, "-p", _file_pattern(test_id, *folders) or program.pattern, "-k", exactly]

    return narrow_down


def _file_pattern(test_id: str, start: str, top: str) -> Optional[str]:
    """Return the name of the test's file, where discovery finds its module by that; None where it does not."""
    module = next((name for name in _prefixes(test_id) if name in sys.modules), "")
    path = abspath(getattr(sys.modules.get(module), "__file__", None) or "")
    found = path.startswith(start) and path == join(top, *module.split(".")) + ".py"
    return basename(path) if found else None


def _prefixes(name: str) -> Iterator[str]:
    """a.b.c: a.b, then a."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


if __name__ == "__main__":
    # multiprocessing's spawn has its children import the main module, but for a package's __main__, as unittest's is.
    __spec__.name = "unittest.__main__"
    main()
