"""Cases that other modules inherit; no test module itself."""

import unittest


class Shared:
    def test_inherited_from_a_mixin(self):
        pass


class Base(unittest.TestCase):
    def test_inherited(self):
        self.assertEqual(self.value, 1)
