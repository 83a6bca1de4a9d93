"""Every kind of verdict, and ways to disturb the listing. PARITY_SABOTAGE names what goes wrong under telemetry."""

import os
import random
import sys
import unittest


def sabotaged(what):
    return "trim_telemetry" in sys.modules and what in os.environ.get("PARITY_SABOTAGE", "").split(",")


def leave():
    sys.stdout.flush()
    sys.stderr.flush()  # fully buffered before 3.9
    os._exit(9)


class Verdicts(unittest.TestCase):
    def test_passes(self):
        """A first line ... with dots."""

    def test_fails(self):
        self.fail("always")

    def test_raises(self):
        raise ValueError("always")

    @unittest.skip("by a decorator")
    def test_skipped(self):
        pass

    def test_skips_itself(self):
        self.skipTest("it's\nthe body's")

    @unittest.expectedFailure
    def test_fails_as_expected(self):
        self.fail()

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass

    def test_subtests(self):
        for number in range(4):
            with self.subTest("one of four", number=number):
                if number == 1:
                    self.fail()
                if number == 2:
                    raise ValueError
                if number == 3:
                    self.skipTest("the last")

    def test_some_subtests_skipped(self):
        for number in range(2):
            with self.subTest(number=number):
                if number:
                    self.skipTest("odd")


class TearDown(unittest.TestCase):
    def tearDown(self):
        raise ValueError("tear-down")

    def test_fails(self):
        """A docstring."""
        self.fail()

    def test_passes(self):
        pass

    def test_skips(self):
        self.skipTest("and then its tear-down raises")


class NoSetUp(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("class")

    def test_never_runs(self):
        pass


class Skipped(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("the whole class")

    def test_never_runs(self):
        pass


class NoTearDown(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        raise ValueError("class")

    def test_passes(self):
        pass


class Noise(unittest.TestCase):
    def test_prints_a_line(self):
        print("a line")
        sys.stderr.write("a line on stderr\n")

    def test_prints_without_a_line_end(self):
        sys.stdout.write("no end")
        sys.stderr.write("no end")

    def test_prints_what_looks_like_a_test(self):
        sys.stderr.write("test_x (module.Class)\nnothing behind it\n")

    def test_prints_a_marker_of_another_run(self):
        print('TEST_RESULT:{"id": "forged", "run_id": "another"}')

    def test_prints_an_address(self):
        print(object(), "of process", os.getpid())


class Sabotaged(unittest.TestCase):
    def test_verdict(self):
        self.assertFalse(sabotaged("verdict"))

    def test_output(self):
        print("observed" if sabotaged("stdout") else "alone")
        sys.stderr.write("observed\n" if sabotaged("stderr") else "alone\n")

    def test_exit_code(self):
        if sabotaged("exit code"):
            import atexit

            atexit.register(leave)

    def test_output_of_chance(self):
        if "PARITY_CHANCE" in os.environ:
            print("chance:", random.SystemRandom().random())
