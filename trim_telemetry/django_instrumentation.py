"""The Django door for scripts: `python -m trim_telemetry.django_instrumentation SCRIPT ARGS` is `python SCRIPT ARGS`.

Every DiscoverRunner that the script makes is observed, whichever way it comes by the class. Django is not imported from
here: the script may have its own idea of where Django is.
"""

from __future__ import annotations

import os
import sys
from functools import wraps
from types import ModuleType
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from . import config
from .django_run import INTERRUPTED, SYSTEM_EXIT, USAGE, Run, door, end_of
from .errors import ConfigError
from .script import run_script
from .signals import NotYet, on_sigterm
from .unittest_result import mixed

_HELP = f"""\
usage: python -m {__package__}.django_instrumentation [--settings=MODULE] SCRIPT [ARGS]

Runs a script that ends in Django's test runner, as in `... manage.py test`, and observes its tests.

  --settings=MODULE  sets DJANGO_SETTINGS_MODULE
"""
_NO_DJANGO = "trim-telemetry: Django is not installed; do: pip install trim-telemetry[django]\n"
_OTHER_RUNNER = (
    "trim-telemetry: {} is no DiscoverRunner; if it runs pytest, use `python -m "
    f"{__package__}.pytest_instrumentation`, else derive it from {__package__}.django_runner.TelemetryRunnerMixin\n"
)
_HELP_OPTIONS = ("-h", "--help", "--version")
_HELP_COMMANDS = ("help", "version")  # manage.py's


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run a script as Python would. argv: without the program's name."""
    try:
        options, words = config.split_arguments(sys.argv[1:] if argv is None else argv)
        module, words = _split(words)
        settings = config.load(options, os.environ, config.find_root(os.getcwd()))
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(USAGE)
    if module is not None:
        os.environ["DJANGO_SETTINGS_MODULE"] = module
    if _asks_for_help(words[1:]):
        run_script(words)
    else:
        _observe_script(words, settings)


def _split(words: Sequence[str]) -> Tuple[Optional[str], List[str]]:
    """Part our own arguments from the script and its arguments; return the settings module and the latter."""
    module = None
    waiting = list(words)
    while waiting and waiting[0].startswith("-"):
        option, has_value, value = waiting.pop(0).partition("=")
        if option in ("-h", "--help"):
            sys.stdout.write(_HELP)
            sys.exit(0)
        if option != "--settings":
            raise ConfigError(option, "stands before SCRIPT, where only --settings and --trim-... may stand")
        if not has_value and not waiting:
            raise ConfigError(option, "needs a value: a settings module")
        module = value if has_value else waiting.pop(0)
    if not waiting:
        raise ConfigError("SCRIPT", f"is missing; as in: python -m {__package__}.django_instrumentation manage.py test")
    if not os.path.exists(waiting[0]):
        raise ConfigError(waiting[0], "there is no such script")
    return module, waiting


def _asks_for_help(arguments: Sequence[str]) -> bool:
    """Modes that run no tests by design write nothing."""
    return any(option in arguments for option in _HELP_OPTIONS) or "".join(arguments[:1]) in _HELP_COMMANDS


def _observe_script(words: Sequence[str], settings: config.Config) -> None:
    door.hold(settings)
    take_back = on_sigterm(NotYet(lambda code: _close_without_tests(settings, code, INTERRUPTED, "SIGTERM")))
    if settings.network != "off":
        from .attempts import guard_early

        guard_early(settings)
    if settings.coverage != "off":
        from .lines import follow_early

        follow_early(settings.root)  # before the script sets Django up, which imports the project
    _Watcher({"django.test.runner": _observe_runners, "django.test.utils": _check_runners}).install()
    try:
        run_script(words)
    except BaseException as error:  # the script's end, whatever it is: said, and raised again
        _close(settings, error)
        raise
    finally:
        take_back()
    _close(settings, None)


def _close(settings: config.Config, error: Optional[BaseException]) -> None:
    """The script is over, by an error or not: write the summary, one without any test if need be."""
    code, reason = (0, None) if error is None else end_of(error)
    if door.run is not None:
        door.close(code, reason)
    elif not _has_django():
        sys.stderr.write(_NO_DJANGO)
        sys.exit(USAGE)
    elif not door.refused:
        _close_without_tests(settings, code, reason)


def _close_without_tests(settings: config.Config, code: int, reason: Optional[str], by: Optional[str] = None) -> None:
    if code == 0:
        reason = "no_tests"
    elif code == USAGE and reason == SYSTEM_EXIT:
        reason = "usage"
    try:
        run = Run(settings)
        if by is not None:
            run.session.interrupted(by)
        run.close(code, reason)
    except ConfigError as error:  # the file that was asked for
        sys.stderr.write(f"{error}\n")


def _has_django() -> bool:
    from importlib.util import find_spec

    return "django" in sys.modules or find_spec("django") is not None


class _Watcher:
    """A finder that finds nothing: it tells when modules have been imported, and goes when all have."""

    def __init__(self, waiting: Dict[str, Callable[[Any], None]]) -> None:
        self._waiting = waiting

    def install(self) -> None:
        """Wait for the modules; for those that are there already, tell at once."""
        for name in [name for name in self._waiting if name in sys.modules]:
            self._waiting.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Let the others find it, and have its loader tell when it is done."""
        if name not in self._waiting:
            return None
        for finder in [finder for finder in sys.meta_path if finder is not self]:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._listen(spec.loader)
                return spec
        return None

    def _listen(self, loader: Any) -> None:
        def exec_module(module: ModuleType) -> None:
            del loader.exec_module  # the module sees its loader as it was
            loader.exec_module(module)
            self._imported(module)

        loader.exec_module = exec_module

    def _imported(self, module: ModuleType) -> None:
        self._waiting.pop(module.__name__)(module)
        if not self._waiting:
            sys.meta_path.remove(self)


def _observe_runners(module: Any) -> None:
    """Have every runner that is made outside of tests be one of ours. module: django.test.runner."""
    from .django_runner import TelemetryRunnerMixin

    known: Dict[type, type] = {}

    def __new__(cls: type, *arguments: Any, **named: Any) -> Any:
        if door.is_running or issubclass(cls, TelemetryRunnerMixin):
            return object.__new__(cls)
        if cls not in known:
            known[cls] = mixed(TelemetryRunnerMixin, cls)
        return object.__new__(known[cls])

    module.DiscoverRunner.__new__ = __new__


def _check_runners(module: Any) -> None:
    """Have a project's runner class that we can't observe be refused. module: django.test.utils."""
    get_runner = module.get_runner

    @wraps(get_runner)
    def checked(*arguments: Any, **named: Any) -> Any:
        found = get_runner(*arguments, **named)
        if isinstance(found, type) and not door.is_running and not _is_discover_runner(found):
            sys.stderr.write(_OTHER_RUNNER.format(f"{found.__module__}.{found.__qualname__}"))
            sys.exit(USAGE)
        return found

    module.get_runner = checked


def _is_discover_runner(kind: type) -> bool:
    runner = sys.modules.get("django.test.runner")
    return runner is not None and issubclass(kind, runner.DiscoverRunner)


if __name__ == "__main__":
    main()
