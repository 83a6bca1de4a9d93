"""Module cleanup raises."""

import unittest


def setUpModule():
    unittest.addModuleCleanup(int, "cleanup")


def tearDownModule():
    pass


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
