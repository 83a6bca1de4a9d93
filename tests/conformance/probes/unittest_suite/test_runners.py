"""Tests that run tests, and cases that run themselves in their own way."""

import io
import unittest


class Nested(unittest.TestCase):
    def test_runs_a_runner(self):
        class Inside(unittest.TestCase):
            def test_inside_fails(self):
                self.fail("inside")

        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Inside)
        result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
        self.assertEqual(len(result.failures), 1)

    def test_runs_a_case(self):
        class Inside(unittest.TestCase):
            def runTest(self):
                raise ValueError("inside")

        result = unittest.TestResult()
        Inside().run(result)
        self.assertEqual(len(result.errors), 1)

    def test_runs_a_program(self):
        program = unittest.main(
            module=None,
            argv=["nested", "test_runners.Quiet"],
            exit=False,
            testRunner=unittest.TextTestRunner(stream=io.StringIO()),
        )
        self.assertTrue(program.result.wasSuccessful())


class Quiet(unittest.TestCase):
    def test_quiet(self):
        pass


class OwnRun(unittest.TestCase):
    def run(self, result=None):
        self.before = True
        super().run(result)

    def test_own_run(self):
        self.assertTrue(self.before)


class Retries(unittest.TestCase):
    attempts = 0

    def run(self, result=None):
        for _ in range(2):
            super().run(result)

    def test_retried(self):
        type(self).attempts += 1


class AsksItsResult(unittest.TestCase):
    def run(self, result=None):
        self.result = result
        super().run(result)

    def test_asks_whether_to_stop(self):
        self.assertFalse(self.result.shouldStop)
        self.fail("after it has asked")


class NotACase:
    """Quacks like one."""

    def __call__(self, result):
        result.startTest(self)
        result.addFailure(self, (AssertionError, AssertionError("quack"), None))
        result.stopTest(self)

    def id(self):
        return "duck"

    def shortDescription(self):
        return None

    def countTestCases(self):
        return 1

    failureException = AssertionError


def load_tests(loader, tests, pattern):
    tests.addTest(NotACase())
    return tests
