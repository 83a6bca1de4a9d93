"""The pytest door: `python -m trim_telemetry.pytest_instrumentation ARGS` is `python -m pytest ARGS`, observed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Optional, Sequence

from . import config as settings
from .errors import ConfigError

if TYPE_CHECKING:
    from .pytest_recorder import PytestRecorder

_USAGE = 4  # pytest.ExitCode.USAGE_ERROR
_NO_PYTEST = "trim-telemetry: pytest is not installed; do: pip install trim-telemetry[pytest]\n"


class Door:
    """A pytest plugin by which ours knows that the run is closed out here, where the real exit code is known."""

    def __init__(self, name: str) -> None:
        self.__name__ = name  # what pytest registers it under
        self.recorder: Optional[PytestRecorder] = None
        self.idle = False  # a mode that runs no tests by design


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run pytest's command line and return its exit code. argv: without the program's name."""
    try:
        import pytest
    except ImportError:
        sys.stderr.write(_NO_PYTEST)
        return _USAGE
    from . import pytest_plugin

    arguments = list(sys.argv[1:] if argv is None else argv)
    sys.argv[:] = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py"), *arguments]  # usage texts show it
    door = Door(pytest_plugin.DOOR)
    try:
        code = int(pytest.main(["-p", pytest_plugin.__name__, "--trim", *arguments], plugins=[door]))
    except SystemExit as error:
        _close(door, arguments, error.code if isinstance(error.code, int) else 1)
        raise
    except BaseException:
        _close(door, arguments, 1)
        raise
    _close(door, arguments, code)
    return _flushed(code)


def _close(door: Door, arguments: Sequence[str], code: int) -> None:
    """Write the summary; where pytest ended before it configured us, a bare one."""
    if door.recorder is not None:
        door.recorder.close(code)
    elif code and not door.idle:
        _close_unconfigured(arguments, code)


def _close_unconfigured(arguments: Sequence[str], code: int) -> None:
    from .session import Session
    from .surroundings import Framework

    try:
        options, _ = settings.split_arguments(arguments)
        config = settings.load(options, os.environ, settings.find_root(os.getcwd()))
        session = Session(config, Framework("pytest", _version()), stream=sys.stdout)
    except (ConfigError, OSError):  # pytest has said so already
        return
    session.close(code, "usage" if code == _USAGE else "interrupted")


def _version() -> str:
    import pytest

    return str(pytest.__version__)


def _flushed(code: int) -> int:
    """As pytest's own command line ends: a reader of stdout that has gone away is exit code 1."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _point_at_nothing(sys.stdout)
        return 1
    return code


def _point_at_nothing(stream: Any) -> None:
    """Keep the interpreter's own flush at exit from failing again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    sys.exit(main())
