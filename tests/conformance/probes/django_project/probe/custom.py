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


class ForeignResult:
    """Speaks unittest's language and descends from nothing."""

    shouldStop = False

    def __init__(self):
        self.failures, self.errors, self.unexpectedSuccesses = [], [], []
        self.passed = 0

    def startTest(self, test):
        pass

    stopTest = startTest

    def addSuccess(self, test):
        self.passed += 1

    def addFailure(self, test, err):
        self.failures.append(test)

    def addError(self, test, err):
        self.errors.append(test)

    def addSkip(self, test, reason):
        pass


class ForeignTextRunner:
    def __init__(self, **kwargs):
        pass

    def run(self, suite):
        result = ForeignResult()
        suite(result)
        print("passed:", result.passed)
        return result


class ForeignRunner(DiscoverRunner):
    test_runner = ForeignTextRunner


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
