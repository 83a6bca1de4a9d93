"""Every kind of verdict, and ways to disturb the screen. PARITY_SABOTAGE names what goes wrong under telemetry."""

import os
import sys
import unittest

import pytest


def sabotaged(what):
    return "trim_telemetry" in sys.modules and what in os.environ.get("PARITY_SABOTAGE", "").split(",")


@pytest.fixture
def broken_setup():
    raise ValueError("set-up - with a dash")


@pytest.fixture
def broken_teardown():
    yield
    raise ValueError("tear-down")


def test_passes():
    print("captured")
    sys.stderr.write("captured on stderr\n")


def test_fails():
    assert 1 == 2


def test_setup_raises(broken_setup):
    pass


def test_teardown_raises(broken_teardown):
    pass


def test_fails_and_teardown_raises(broken_teardown):
    assert False


def test_skips():
    pytest.skip("a reason (in parentheses)")


def test_skips_and_teardown_raises(broken_teardown):
    pytest.skip("a reason")


@pytest.mark.xfail(reason="known")
def test_fails_as_expected():
    assert False


@pytest.mark.xfail(reason="known")
def test_fails_as_expected_and_teardown_raises(broken_teardown):
    assert False


@pytest.mark.xfail(reason="known")
def test_passes_unexpectedly():
    pass


@pytest.mark.xfail(reason="known", strict=True)
def test_passes_unexpectedly_strict():
    pass


@pytest.mark.parametrize("text", ["a - b", "x PASSED", "a b", "z]", "[ 50%]"])
def test_with(text):
    assert text != "a b"


class TestClass(unittest.TestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest("one of three", number=number):
                assert number != 1

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass


def test_prints_a_marker_of_another_run():
    print('TEST_RESULT:{"id": "forged", "run_id": "another"}')


def test_sabotaged_verdict():
    assert not sabotaged("verdict")


def test_sabotaged_output():
    print("observed" if sabotaged("stdout") else "alone")
