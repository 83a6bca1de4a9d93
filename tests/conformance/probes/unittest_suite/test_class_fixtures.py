"""Fixtures of classes that raise, skip, and clean up."""

import unittest


class Two(unittest.TestCase):
    def test_one(self):
        pass

    def test_two(self):
        pass


class SetUpRaises(Two):
    @classmethod
    def setUpClass(cls):
        raise ValueError("class set-up")


class SetUpFails(Two):
    @classmethod
    def setUpClass(cls):
        raise AssertionError("class set-up")


class SetUpSkips(Two):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("no class today")


class SetUpAndCleanupRaise(Two):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(int, "cleanup")
        raise ValueError("class set-up")


class TearDownRaises(Two):
    @classmethod
    def tearDownClass(cls):
        raise ValueError("class tear-down")


class TearDownSkips(Two):
    @classmethod
    def tearDownClass(cls):
        raise unittest.SkipTest("no tear-down today")


class CleanupRaises(Two):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(int, "cleanup")


class TearDownAndCleanupsRaise(Two):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(int, "cleanup")
        cls.addClassCleanup({}.__getitem__, "cleanup")

    @classmethod
    def tearDownClass(cls):
        raise ValueError("class tear-down")


class Works(Two):
    @classmethod
    def setUpClass(cls):
        cls.ready = True

    def test_one(self):
        self.assertTrue(self.ready)


def load_tests(loader, tests, pattern):
    return unittest.TestSuite(suite for suite in tests if type(next(iter(suite))) is not Two)
