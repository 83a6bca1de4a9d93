"""Setup module raises."""

import unittest


def setUpModule():
    raise ValueError("module set-up")


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
