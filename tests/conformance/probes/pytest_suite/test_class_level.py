"""Failures above a test, which pytest puts on the tests that it names."""

import unittest

import pytest


class TestSetupClassRaises:
    @classmethod
    def setup_class(cls):
        raise LookupError("setup_class")

    def test_one(self):
        pass

    def test_two(self):
        pass


class TestTeardownClassRaises:
    @classmethod
    def teardown_class(cls):
        raise LookupError("teardown_class")

    def test_one(self):
        pass

    def test_two(self):
        pass


class SetUpClassRaises(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise LookupError("setUpClass")

    def test_one(self):
        pass


class SetUpClassSkips(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("setUpClass")

    def test_one(self):
        pass


class TearDownClassRaises(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise LookupError("tearDownClass")

    def test_one(self):
        pass

    def test_two(self):
        pass


@pytest.fixture(scope="module")
def wide():
    yield
    raise LookupError("tear-down of a module's fixture")


def test_uses_a_wide_fixture(wide):
    pass


def test_last_of_the_module(wide):
    pass
