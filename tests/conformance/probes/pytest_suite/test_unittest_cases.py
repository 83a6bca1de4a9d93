"""unittest's cases under pytest."""

import unittest


class Verdicts(unittest.TestCase):
    def test_passes(self):
        pass

    def test_fails(self):
        self.assertEqual(1, 2)

    def test_raises(self):
        raise ValueError("not an assertion")

    @unittest.skip("by a decorator")
    def test_skipped(self):
        raise AssertionError("never run")

    def test_skips_in_the_body(self):
        self.skipTest("in the body")

    @unittest.expectedFailure
    def test_xfails(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_xpasses(self):
        pass

    def test_cleanup_raises(self):
        self.addCleanup(self._raise)

    def test_skips_then_cleanup_raises(self):
        self.addCleanup(self._raise)
        self.skipTest("in the body")

    def _raise(self):
        raise LookupError("in a cleanup")


class SetUpRaises(unittest.TestCase):
    def setUp(self):
        raise LookupError("setUp")

    def test_never_runs(self):
        pass


class TearDownRaises(unittest.TestCase):
    def tearDown(self):
        raise LookupError("tearDown")

    def test_passes(self):
        pass

    def test_fails(self):
        self.fail("the body")


@unittest.skip("the whole class")
class SkippedClass(unittest.TestCase):
    def test_one(self):
        pass


class Subtests(unittest.TestCase):
    def test_all_pass(self):
        for i in range(3):
            with self.subTest(i=i):
                pass

    def test_one_fails(self):
        for i in range(3):
            with self.subTest("odd", i=i):
                self.assertNotEqual(i, 1)

    def test_one_raises(self):
        with self.subTest(i=0):
            raise ValueError("not an assertion")

    def test_two_fail_and_the_body(self):
        for i in range(2):
            with self.subTest(i=i):
                self.fail("in a subtest")
        self.fail("in the body")


class Asynchronous(unittest.IsolatedAsyncioTestCase):
    async def test_passes(self):
        pass

    async def test_fails(self):
        self.fail("in a coroutine")
