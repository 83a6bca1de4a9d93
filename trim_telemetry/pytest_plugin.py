"""The pytest plugin: declares the `--trim-*` options, and does nothing else until `--trim` is given.

Loaded with `-p trim_telemetry.pytest_plugin`, through the entry point of the same name, or by the pytest door. It is
imported before pytest could rewrite its asserts, and has none to rewrite: PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from typing import Any, Tuple

import pytest

from . import config as settings
from .errors import ConfigError

# Names are shared by all copies of this package in a process (installed, vendored): the first one wins.
_GROUP = "trim-telemetry"
_PLUGIN = "trim-telemetry-run"
_XDIST = ("xdist", "xdist.plugin")  # as the entry point, or `-p` with the one or the other, has named it
DOOR = "trim-telemetry-door"  # registered by our own command line, which closes the run itself

_MARKER = "trim_network(allow): hosts that the test may reach, while trim-telemetry guards the network"

# Modes that run no tests by design, as pytest's options name them: they write nothing.
_IDLE_MODES = (
    "help",
    "version",
    "collectonly",
    "showfixtures",
    "show_fixtures_per_test",
    "markers",
    "cacheshow",
    "setuponly",
    "setupplan",
)


class _OwnModules:
    """A finder of this package's modules alone, in front of pytest's: that would rewrite the asserts of each, where
    there are none, and reads what it keeps of that in so small pieces that it takes thrice the time of Python's own.
    It is gone before the first test file is imported.
    """

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """See importlib.abc.MetaPathFinder."""
        return PathFinder.find_spec(name, path, target) if name.startswith(f"{__package__}.") else None

    def begin(self) -> None:
        """Find them from now on."""
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Find them no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


_own_modules = _OwnModules()


def pytest_addoption(parser: Any) -> None:
    """Declare the options, unless another copy of this package has."""
    group = parser.getgroup(_GROUP, "per-test telemetry (trim-telemetry)")
    try:
        group.addoption("--trim", action="store_true", dest="trim", default=False, help="collect per-test telemetry")
    except ValueError:  # "option names already added"
        return
    for setting in settings.SETTINGS:
        group.addoption(setting.option, dest=f"trim_{setting.name}", default=None, metavar="X", help=setting.help)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any) -> None:
    """Guard the network and follow lines, where a run will be on, before the first conftest file is imported."""
    options = early_config.known_args_namespace
    if getattr(options, "trim", False) and not any(getattr(options, mode, None) for mode in _IDLE_MODES):
        _own_modules.begin()
        early_config.add_cleanup(_own_modules.end)  # the run may end before pytest is configured
        _watch(early_config, options)


def _watch(config: Any, options: Any) -> None:
    from .session import current

    if current() is not None:  # it is pytest within a test of ours
        return
    try:
        given = {setting.name: getattr(options, f"trim_{setting.name}", None) for setting in settings.SETTINGS}
        loaded = settings.load(given, dict(os.environ), _root_of(config))
    except (ConfigError, OSError):  # said as soon as the run is to begin
        return
    if loaded.network != "off":
        from .attempts import guard_early

        guard_early(loaded)
    if loaded.coverage != "off":
        from .lines import follow_early, forget_early

        follow_early(loaded.root)
        config.add_cleanup(forget_early)


def _root_of(config: Any) -> str:
    return str(getattr(config, "rootpath", None) or config.rootdir)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Start a run, where one is asked for and none is on."""
    config.addinivalue_line("markers", _MARKER)  # in any case: a suite that uses it is run without us, too
    if not config.getoption("trim", False):
        return
    door = config.pluginmanager.get_plugin(DOOR)
    if door is not None:
        door.configured = True
    if _wants_a_run(config):
        recorder = _start(config)
        if door is not None:
            door.recorder = recorder
    _own_modules.end()


def _wants_a_run(config: Any) -> bool:
    if any(config.getoption(mode, None) for mode in _IDLE_MODES):
        return False
    if config.pluginmanager.has_plugin(_PLUGIN):
        return False  # another copy was first
    from .session import current

    return current() is None  # else it is pytest within a test of ours: part of that test


def _start(config: Any) -> Any:
    if hasattr(config, "workerinput"):
        return _start_worker(config)
    from .session import Session
    from .surroundings import Framework

    options = {setting.name: config.getoption(f"trim_{setting.name}", None) for setting in settings.SETTINGS}
    try:
        loaded = settings.load(options, os.environ, _root_of(config))
        session = Session(loaded, Framework("pytest", pytest.__version__), stream=sys.stdout)
    except (ConfigError, OSError) as error:
        raise pytest.UsageError(str(error)) from None
    hooks, kind = _controller() if _is_controller(config) else _serial()
    recorder = kind(session, config)
    config.pluginmanager.register(hooks(recorder, closes=not config.pluginmanager.has_plugin(DOOR)), _PLUGIN)
    _enforce(config, recorder)
    return recorder


def _is_controller(config: Any) -> bool:
    """Will xdist hand the tests of this run to workers? Its options are settled when pytest configures its plugins."""
    has_xdist = any(config.pluginmanager.has_plugin(name) for name in _XDIST)
    return has_xdist and config.getoption("dist", "no") != "no"


def _controller() -> Tuple[Any, Any]:
    from .pytest_controller import ControllerHooks, ControllerRecorder

    return ControllerHooks, ControllerRecorder


def _serial() -> Tuple[Any, Any]:
    from .pytest_hooks import Hooks
    from .pytest_recorder import PytestRecorder

    return Hooks, PytestRecorder


def _enforce(config: Any, recorder: Any) -> None:
    if recorder.session.config.network == "enforce":
        from .pytest_hooks import EnforcingHooks

        config.pluginmanager.register(EnforcingHooks(recorder), f"{_PLUGIN}-enforcing")


def _start_worker(config: Any) -> None:
    """Begin the part of a run that is in a worker of pytest-xdist, where its controller has asked for it."""
    from .pytest_worker import KEY, WorkerHooks, start

    if KEY in config.workerinput:
        recorder = start(config)
        config.pluginmanager.register(WorkerHooks(recorder), _PLUGIN)
        _enforce(config, recorder)
