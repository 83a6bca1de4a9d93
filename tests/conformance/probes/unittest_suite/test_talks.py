"""Tests that print."""

import sys
import unittest


class Talks(unittest.TestCase):
    def test_passes(self):
        print("passing: to stdout")
        print("passing: to stderr", file=sys.stderr)

    def test_fails(self):
        print("failing: to stdout")
        print("failing: to stderr, \udcff", end="", file=sys.stderr)
        self.fail("see above")
