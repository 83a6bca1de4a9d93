"""One test for each row of the table of verdicts."""

import unittest


class Body(unittest.TestCase):
    def test_passes(self):
        pass

    def test_case(self):
        """A name that unittest's own subtests use for an attribute."""

    def test_fails(self):
        self.assertEqual(1, 2, "one is not two")

    def test_raises(self):
        raise ValueError("not a value")

    def test_raises_an_exception_that_cannot_be_shown(self):
        class Unshowable(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        raise Unshowable

    def test_exits(self):
        raise SystemExit(3)

    def test_with_own_failure_exception(self):
        self.failureException = LookupError
        {}["missing"]


class SetUp(unittest.TestCase):
    def setUp(self):
        getattr(self, self._testMethodName.replace("test", "before", 1))()

    def before_raises(self):
        raise ValueError("set-up")

    def test_raises(self):
        pass

    def before_fails(self):
        self.fail("set-up")

    def test_fails(self):
        pass

    def before_skips(self):
        self.skipTest("in set-up")

    def test_skips(self):
        pass

    def before_raises_and_cleanup_raises(self):
        self.addCleanup(int, "cleanup")
        raise KeyError("set-up")

    def test_raises_and_cleanup_raises(self):
        pass


class TearDown(unittest.TestCase):
    def tearDown(self):
        if "cleanup" not in self._testMethodName:
            raise OSError("tear-down")

    def test_passes_before(self):
        pass

    def test_fails_before(self):
        self.fail("body")

    def test_raises_before(self):
        raise ValueError("body")

    def test_skips_before(self):
        self.skipTest("body")

    @unittest.expectedFailure
    def test_fails_before_as_expected(self):
        self.fail("body")

    @unittest.expectedFailure
    def test_passes_before_unexpectedly(self):
        pass

    def test_cleanup_raises(self):
        self.addCleanup(int, "cleanup")

    def test_two_cleanups_raise(self):
        self.addCleanup(int, "cleanup")
        self.addCleanup({}.__getitem__, "cleanup")

    def test_skips_then_cleanup_raises(self):
        self.addCleanup(int, "cleanup")
        self.skipTest("body")

    def test_cleanup_skips(self):
        self.addCleanup(self.skipTest, "in a cleanup")


class Expected(unittest.TestCase):
    @unittest.expectedFailure
    def test_fails(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_raises(self):
        raise ValueError("as expected")

    @unittest.expectedFailure
    def test_passes(self):
        pass

    @unittest.expectedFailure
    def test_skips(self):
        self.skipTest("not now")


class ExpectedSetUp(unittest.TestCase):
    def setUp(self):
        raise ValueError("set-up")

    @unittest.expectedFailure
    def test_never_reached(self):
        pass


@unittest.expectedFailure
class ExpectedClass(unittest.TestCase):
    def test_fails(self):
        self.fail("as expected")


class Skips(unittest.TestCase):
    @unittest.skip("by a decorator")
    def test_decorated(self):
        pass

    @unittest.skipIf(True, "")
    def test_without_a_reason(self):
        pass

    def test_in_the_body(self):
        raise unittest.SkipTest("in the body")


@unittest.skip("the whole class")
class SkippedClass(unittest.TestCase):
    def test_one(self):
        pass

    def test_two(self):
        pass
