"""Setup module and cleanup raise."""

import unittest


def setUpModule():
    unittest.addModuleCleanup(int, "cleanup")
    raise OSError("module set-up")


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
