"""Setup module skips."""

import unittest


def setUpModule():
    raise unittest.SkipTest("no module today")


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
