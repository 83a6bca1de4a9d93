"""Subtests in every state."""

import unittest


class Subtests(unittest.TestCase):
    def test_all_pass(self):
        for n in range(3):
            with self.subTest(n=n):
                pass

    def test_one_fails(self):
        for n in range(3):
            with self.subTest("number", n=n):
                self.assertNotEqual(n, 1)

    def test_one_raises(self):
        for n in range(3):
            with self.subTest(n=n):
                1 / (n - 1)

    def test_one_raises_one_fails(self):
        with self.subTest("raises"):
            raise ValueError("first")
        with self.subTest("fails"):
            self.fail("second")

    def test_one_is_skipped(self):
        for n in range(3):
            with self.subTest(n=n):
                if n == 1:
                    self.skipTest("not this one")

    def test_all_are_skipped(self):
        for n in range(2):
            with self.subTest(n=n):
                self.skipTest(f"not {n}")

    def test_one_is_skipped_one_fails(self):
        with self.subTest("skipped"):
            self.skipTest("not this one")
        with self.subTest("failed"):
            self.fail("but this one")

    @unittest.expectedFailure
    def test_one_fails_as_expected(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertNotEqual(n, 1)

    @unittest.expectedFailure
    def test_all_pass_unexpectedly(self):
        with self.subTest():
            pass

    def test_nested_one_fails(self):
        with self.subTest(outer=1):
            with self.subTest(inner=2):
                self.fail("inside")

    def test_pass_then_the_body_fails(self):
        with self.subTest():
            pass
        self.fail("body")

    def test_fails_then_the_body_raises(self):
        with self.subTest():
            self.fail("subtest")
        raise ValueError("body")

    def test_raises_then_the_body_skips(self):
        with self.subTest():
            raise ValueError("subtest")
        self.skipTest("body")

    def test_pass_then_the_body_skips(self):
        with self.subTest():
            pass
        self.skipTest("body")

    def test_fails_then_a_cleanup_raises(self):
        self.addCleanup(int, "cleanup")
        with self.subTest():
            self.fail("subtest")


class SetUp(unittest.TestCase):
    def setUp(self):
        with self.subTest("in set-up"):
            self.fail("set-up")

    def test_never_reached(self):
        pass


class TearDown(unittest.TestCase):
    def tearDown(self):
        with self.subTest("in tear-down"):
            raise ValueError("tear-down")

    def test_passes_before(self):
        pass
