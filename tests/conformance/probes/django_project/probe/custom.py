"""Settings and runners of projects that have their own."""

import unittest

from django.test.runner import DiscoverRunner

from .settings import *

TEST_RUNNER = "probe.custom.LoudRunner"


class LoudResult(unittest.TextTestResult):
    """Takes an argument that unittest's own does not."""

    def __init__(self, stream, descriptions, verbosity, greeting):
        super().__init__(stream, descriptions, verbosity)
        self.greeting = greeting

    def stopTestRun(self):
        super().stopTestRun()
        print(self.greeting, type(self).__name__, self.testsRun)


class LoudTextRunner(unittest.TextTestRunner):
    def _makeResult(self):
        return LoudResult(self.stream, self.descriptions, self.verbosity, "hello from")


class LoudRunner(DiscoverRunner):
    """A runner with an option and a test_runner of its own."""

    test_runner = LoudTextRunner

    def __init__(self, loud=False, **kwargs):
        super().__init__(**kwargs)
        self.loud = loud

    @classmethod
    def add_arguments(cls, parser):
        super().add_arguments(parser)
        parser.add_argument("--loud", action="store_true")

    def run_tests(self, *args, **kwargs):
        if self.loud:
            print("loud:", type(self).__module__, type(self).__qualname__)
        return super().run_tests(*args, **kwargs)


class OtherRunner:
    """No DiscoverRunner."""

    def __init__(self, **kwargs):
        pass

    def run_tests(self, test_labels):
        raise AssertionError("it was not to be run")


def __getattr__(name):
    if name == "MixedRunner":
        from trim_telemetry.django_runner import TelemetryRunnerMixin

        class MixedRunner(TelemetryRunnerMixin, LoudRunner):
            pass

        return MixedRunner
    raise AttributeError(name)
