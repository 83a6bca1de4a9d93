"""Tests that come from load_tests: functions, doctests, made-up classes, one id twice."""

import doctest
import unittest


def check_passes():
    pass


def check_fails():
    raise AssertionError("a function")


def documented():
    """
    >>> 1 + 1
    2
    """


def documented_wrongly():
    """
    >>> 1 + 1
    3
    """


class Twice(unittest.TestCase):
    def test_again(self):
        pass


class Parametrized(unittest.TestCase):
    def __init__(self, method, value):
        super().__init__(method)
        self.value = value

    def id(self):
        return f"{super().id()}[{self.value}]"

    def check(self):
        self.assertEqual(self.value % 2, 0)


def load_tests(loader, tests, pattern):
    suite = unittest.TestSuite()
    suite.addTest(unittest.FunctionTestCase(check_passes))
    suite.addTest(unittest.FunctionTestCase(check_fails, description="A function."))
    suite.addTests(doctest.DocTestSuite())
    suite.addTests(Parametrized("check", value) for value in range(2))
    suite.addTests([Twice("test_again"), Twice("test_again")])
    return suite
