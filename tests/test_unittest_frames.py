"""unittest's private functions that the frames are known by: here, and with the local variables that name the owner."""

import sys
import unittest

import pytest

from trim_telemetry.unittest_frames import FIXTURES, phase_of


@pytest.mark.parametrize("function, owner", [(name, local) for name, (_, local) in FIXTURES.items()])
def test_a_suite_runs_each_fixture_in_a_function_that_knows_whose_it_is(function, owner):
    assert owner in getattr(unittest.TestSuite, function).__code__.co_varnames


@pytest.mark.parametrize("function", ["_callSetUp", "_callTestMethod", "_callTearDown", "_callCleanup", "doCleanups"])
def test_a_test_runs_each_of_its_parts_in_a_function_of_its_own(function):
    assert callable(getattr(unittest.TestCase, function))


class _Fails(unittest.TestCase):
    """Each method fails in the part that it is named for."""

    def setUp(self):
        assert "setup" not in self._testMethodName

    def tearDown(self):
        assert "teardown" not in self._testMethodName

    def run_setup(self):
        """Never reached."""

    def run_call(self):
        raise ValueError

    def run_teardown(self):
        """Fails behind this."""

    def run_cleanup(self):
        self.addCleanup(lambda: 1 / 0)

    def run_subtest(self):
        with self.subTest():
            raise ValueError


class _Keeps(unittest.TestResult):
    """Keeps the tracebacks that it is told."""

    def __init__(self):
        super().__init__()
        self.tracebacks = []

    def addError(self, test, err):
        self.tracebacks.append(err[2])

    def addFailure(self, test, err):
        self.tracebacks.append(err[2])

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.tracebacks.append(err[2])


@pytest.mark.parametrize(
    "method, phase",
    [
        ("run_setup", "setup"),
        ("run_call", "call"),
        ("run_teardown", "teardown"),
        ("run_cleanup", "teardown"),
        ("run_subtest", "call"),
    ],
)
def test_the_phase_of_a_failure_is_read_off_its_traceback(method, phase):
    result = _Keeps()
    _Fails(method).run(result)
    assert [phase_of(traceback) for traceback in result.tracebacks] == [phase]


def test_an_exception_without_a_traceback_has_no_phase():
    assert phase_of(None) is None


@pytest.mark.parametrize("fixture, phase", [("setUpClass", "setup"), ("tearDownClass", "teardown")])
def test_a_class_fixtures_failure_is_known_by_its_frame(fixture, phase):
    def fail(cls):
        raise ValueError

    kind = type("Kind", (unittest.TestCase,), {fixture: classmethod(fail), "runTest": lambda self: None})
    result = _Keeps()
    unittest.TestSuite([kind()]).run(result)
    assert [phase_of(traceback) for traceback in result.tracebacks] == [phase]


def test_any_other_frame_is_no_fixtures():
    assert sys._getframe().f_code.co_name not in FIXTURES
