"""Failures in Django's own parts of a test, which lie outside startTest and stopTest."""

from django.db import connection
from django.test import SimpleTestCase, TestCase


class Before(SimpleTestCase):
    def _pre_setup(self=None):
        raise OSError("before the test")

    def test_never(self):
        raise AssertionError


class Behind(SimpleTestCase):
    def _post_teardown(self):
        raise OSError("behind the test")

    def test_fails(self):
        self.fail("already")

    def test_passes(self):
        pass


class Constraints(TestCase):
    """The last class of its module, and its last test breaks behind stopTest."""

    def _fixture_teardown(self):
        super()._fixture_teardown()
        raise OSError("rolling back")

    def test_last(self):
        connection.cursor().execute("SELECT 1")
