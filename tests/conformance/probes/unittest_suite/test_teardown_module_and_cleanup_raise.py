"""Teardown module and cleanup raise."""

import unittest


def setUpModule():
    unittest.addModuleCleanup(int, "cleanup")


def tearDownModule():
    raise OSError("module tear-down")


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
