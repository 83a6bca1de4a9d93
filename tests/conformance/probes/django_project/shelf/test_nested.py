"""A test of a test runner: what it runs is part of the test."""

import io
import unittest

from django.core.management import call_command
from django.test import SimpleTestCase
from django.test.runner import DiscoverRunner


class Inner(DiscoverRunner):
    def setup_test_environment(self, **kwargs):
        pass

    def teardown_test_environment(self, **kwargs):
        pass

    def build_suite(self, *args, **kwargs):
        class Failing(unittest.TestCase):
            def test_inner(self):
                self.fail("within")

        return unittest.TestSuite([Failing("test_inner")])

    def get_test_runner_kwargs(self):
        return {**super().get_test_runner_kwargs(), "stream": io.StringIO()}


class Nested(SimpleTestCase):
    databases = "__all__"

    def test_runs_a_runner(self):
        self.assertEqual(Inner(verbosity=0).run_tests([]), 1)

    def test_runs_the_command(self):
        with self.assertRaises(SystemExit):
            call_command("test", verbosity=0, testrunner="shelf.test_nested.Inner")

    def test_class_is_as_it_was(self):
        self.assertIs(type(Inner()), Inner)
        self.assertIs(type(DiscoverRunner()), DiscoverRunner)
