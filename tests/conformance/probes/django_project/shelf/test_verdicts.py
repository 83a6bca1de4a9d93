"""One test for each row of the table of verdicts, on SimpleTestCase."""

import logging
import unittest

from django.test import SimpleTestCase, tag


@tag("plain")
class Verdicts(SimpleTestCase):
    def test_passes(self):
        print("printed without an end", end="")

    def test_fails(self):
        self.assertEqual(1, 2)

    def test_errors(self):
        raise ValueError("broken")

    @unittest.expectedFailure
    def test_fails_as_expected(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_passes_unexpectedly(self):
        pass

    @tag("slow", "core")
    async def test_async_passes(self):
        logging.getLogger("shelf").warning("careful")

    async def test_async_fails(self):
        self.fail("awaited")

    def test_subtests_pass(self):
        for number in range(3):
            with self.subTest(number=number):
                pass

    def test_subtest_fails(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

    def test_subtest_errors(self):
        with self.subTest("second"):
            raise KeyError("x")

    def test_some_subtests_skip(self):
        with self.subTest("skipped"):
            self.skipTest("one")
        with self.subTest("passed"):
            pass

    def test_database_is_forbidden(self):
        from shelf.models import Book

        Book.objects.count()


class Skips(SimpleTestCase):
    @unittest.skip("by a decorator")
    def test_decorated(self):
        raise AssertionError

    def test_in_the_body(self):
        self.skipTest("in the body")


@unittest.skip("the whole class")
class SkippedClass(SimpleTestCase):
    def test_never(self):
        raise AssertionError


class SkipInSetUp(SimpleTestCase):
    def setUp(self):
        self.skipTest("in setUp")

    def test_never(self):
        raise AssertionError


class Cleanups(SimpleTestCase):
    def test_cleanup_raises(self):
        self.addCleanup(self.explode)

    def test_fails_and_cleanup_raises(self):
        self.addCleanup(self.explode)
        self.fail("first")

    def test_skips_and_cleanup_raises(self):
        self.addCleanup(self.explode)
        self.skipTest("then it goes wrong")

    def explode(self):
        raise OSError("in a cleanup")
