"""The Django door: a test runner for `manage.py test --testrunner=` or TEST_RUNNER, and the mixin it is made of."""

from __future__ import annotations

import sys
from typing import Any, Dict, Optional

from django.test.runner import DiscoverRunner

from . import config
from .django_run import RUNNER, Run, door, end_of
from .script import others_frames, without_our_frames

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback

_DESTINATION = "trim_"  # what our options are called among those that Django hands to a runner


class TelemetryRunnerMixin(DiscoverRunner):
    """Adds telemetry to a project's own runner: `class Runner(TelemetryRunnerMixin, ProjectRunner): pass`.

    Everything the runner does stays the runner's: databases, checks, suites, results, exit code. The mixin comes first
    among the bases; the others are DiscoverRunner or derived from it.
    """

    _trim_run: Optional[Run] = None

    @classmethod
    def add_arguments(cls, parser: Any) -> None:
        """Declare the runner's options, and ours."""
        super().add_arguments(parser)
        group = parser.add_argument_group("telemetry")
        for setting in config.SETTINGS:
            group.add_argument(setting.option, dest=_DESTINATION + setting.name, metavar="VALUE", help=setting.help)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._trim_options: Dict[str, Any] = {
            setting.name: named.pop(_DESTINATION + setting.name, None) for setting in config.SETTINGS
        }
        super().__init__(*arguments, **named)

    def run_tests(self, *arguments: Any, **named: Any) -> Any:
        """Run tests as the runner does; return what it returns.

        Ends in SystemExit with code 2 where one of our settings can't be used, before the first database is made.
        """
        run = door.enter(self._trim_options)
        if run is None:
            return super().run_tests(*arguments, **named)
        self._trim_run = run
        labels = arguments[0] if arguments else named.get("test_labels")
        run.starts(labels or (), getattr(self, "top_level", None), getattr(self, "pattern", None))
        try:
            failures = super().run_tests(*arguments, **named)
        except BaseException as error:  # the run's end, whatever it is: said, and raised again
            door.leave(*end_of(error))
            sys.excepthook = without_our_frames(sys.excepthook, others_frames)
            raise
        finally:
            self._trim_run = None
        door.leave(1 if failures else 0, RUNNER if failures else None)
        return failures

    def run_suite(self, suite: Any, **named: Any) -> Any:
        """Run a suite as the runner does, and hear its result."""
        if self._trim_run is not None:
            self._trim_run.observe(suite)
        return super().run_suite(suite, **named)


class TrimTelemetryRunner(TelemetryRunnerMixin):
    """Django's own runner with telemetry."""
