"""Failures and skips above the tests."""

import unittest

from django.test import SimpleTestCase, TestCase


class SetUpClassRaises(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise OSError("in setUpClass")

    def test_one(self):
        raise AssertionError

    def test_two(self):
        raise AssertionError


class SetUpTestDataRaises(TestCase):
    @classmethod
    def setUpTestData(cls):
        raise OSError("in setUpTestData")

    def test_never(self):
        raise AssertionError


class SetUpClassSkips(TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        raise unittest.SkipTest("not here")

    def test_never(self):
        raise AssertionError


class TearDownClassRaises(SimpleTestCase):
    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        raise OSError("in tearDownClass")

    def test_passes(self):
        pass
