"""Teardown module raises."""

import unittest


def tearDownModule():
    raise ValueError("module tear-down")


class First(unittest.TestCase):
    def test_one(self):
        pass


class Second(unittest.TestCase):
    def test_two(self):
        pass
