"""A few verdicts with a database. PARITY_SABOTAGE names what goes wrong under telemetry."""

import os
import sys

from django.contrib.contenttypes.models import ContentType
from django.test import SimpleTestCase, TestCase


def sabotaged(what):
    return "trim_telemetry" in sys.modules and what in os.environ.get("PARITY_SABOTAGE", "").split(",")


class WithDatabase(TestCase):
    def test_counts(self):
        """A docstring."""
        with self.assertNumQueries(1):
            ContentType.objects.count()

    def test_fails(self):
        self.assertEqual(ContentType.objects.count(), -1)

    def test_sabotaged_verdict(self):
        self.assertFalse(sabotaged("verdict"))


class WithoutDatabase(SimpleTestCase):
    def test_subtests(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertNotEqual(number, 1)

    def test_skips(self):
        self.skipTest("always")

    def test_prints(self):
        print("printed")


class BrokenSetUp(TestCase):
    @classmethod
    def setUpTestData(cls):
        raise ValueError("test data")

    def test_never_runs(self):
        pass
