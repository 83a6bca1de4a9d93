"""The pytest door: `python -m trim_telemetry.pytest_instrumentation ARGS` is `python -m pytest ARGS`, observed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from . import config as settings
from .errors import ConfigError
from .exit_status import exit_status
from .script import others_frames, without_our_frames
from .signals import NotYet, on_sigterm
from .sinks.descriptor import Descriptor, own_copy

if TYPE_CHECKING:
    from .pytest_recorder import PytestRecorder

_USAGE = 4  # pytest.ExitCode.USAGE_ERROR
_SIGINT = 130  # a shell's view of a death by SIGINT
_NO_PYTEST = "trim-telemetry: pytest is not installed; do: pip install trim-telemetry[pytest]\n"


class Door:
    """A pytest plugin by which ours knows that the run is closed out here, where the real exit code is known."""

    def __init__(self, name: str) -> None:
        self.__name__ = name  # what pytest registers it under
        self.configured = False  # pytest came far enough to ask our plugin
        self.recorder: Optional[PytestRecorder] = None
        self.stdout: Optional[int] = None  # a copy: pytest captures what conftest files print, and SIGTERM comes in one
        self._copy: Optional[Descriptor] = None
        try:
            self.stdout = own_copy(1)
            self._copy = Descriptor(self.stdout)
        except OSError:  # started with stdout closed
            pass

    def let_go(self) -> None:
        """Give the copy of stdout back."""
        if self._copy is not None:
            self._copy.close()


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run pytest's command line and return its exit code. argv: without the program's name."""
    try:
        import pytest
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        sys.stderr.write(_NO_PYTEST)
        return _USAGE
    try:
        options, arguments = settings.split_arguments(sys.argv[1:] if argv is None else argv)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE
    sys.argv[:] = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py"), *arguments]  # usage texts show it
    try:
        return _run(options, arguments)
    except BrokenPipeError:  # as in pytest's own command line: the reader of stdout has gone away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the flush at exit fails, too
        return 1


def _run(options: Dict[str, str], arguments: List[str]) -> int:
    import pytest

    from . import pytest_hooks, pytest_plugin, session, surroundings  # noqa: F401  # else pytest rewrites all of these

    # One word each: of two words pytest would take the second for a path, and look for its configuration there.
    ours = [f"{settings.OPTION_PREFIX}{name.replace('_', '-')}={value}" for name, value in options.items()]
    door = Door(pytest_plugin.DOOR)
    take_back = on_sigterm(NotYet(lambda code: _close(door, options, code, "SIGTERM")))
    code: Any = None
    by = None
    try:
        made = pytest.main(["-p", pytest_plugin.__name__, "--trim", *ours, *arguments], plugins=[door])
        sys.stdout.flush()
        code = made
    except BaseException as error:  # pytest's end, whatever it is: said, and raised again
        code, by = _end_of(error)
        sys.excepthook = without_our_frames(sys.excepthook, others_frames)
        raise
    finally:
        take_back()
        _close(door, options, code, by)
        door.let_go()
    return made


def _end_of(error: BaseException) -> Tuple[Any, Optional[str]]:
    """Return the code that the process ends with for an exception that nobody catches, and the signal it stands for."""
    if isinstance(error, SystemExit):
        return error.code, None
    return (_SIGINT, "SIGINT") if isinstance(error, KeyboardInterrupt) else (1, None)


def _close(door: Door, options: Dict[str, str], code: Any, by: Optional[str]) -> None:
    """Write the summary; where pytest ended before it configured us, a bare one. by: the signal that ended it."""
    if door.recorder is not None:
        door.recorder.close(code)
    elif code and not door.configured:
        _close_unconfigured(door, options, code, by)


def _close_unconfigured(door: Door, options: Dict[str, str], code: Any, by: Optional[str]) -> None:
    import pytest

    from .session import Session, current
    from .surroundings import Framework

    if current() is not None:  # we are in a test of another run
        return
    try:
        config = settings.load(options, os.environ, settings.find_root(os.getcwd()))
        session = Session(config, Framework("pytest", str(pytest.__version__)), door.stdout, sys.stdout)
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return
    if by is not None:
        session.interrupted(by)
    reason = "interrupted" if by is not None else "usage" if code == _USAGE else "plugin"
    session.close(exit_status(code), reason)


if __name__ == "__main__":
    sys.exit(main())
