"""What each test's record must say, written beside the test, and held against the oracle when that is on."""

import json
import sys

import trim_telemetry
from django.db import connection
from library import oracle

VENDOR = connection.vendor
# Of BEGIN and COMMIT, those that go through a method of the connection's: Django logs them from 4.2 on.
BY_METHOD = 1 if VENDOR == "sqlite" else 2

if oracle.IS_ON:
    oracle.start()


def expects(count, **others):
    """The test sends so many statements.

    others: other keys of its `database_queries`, SELECT and kin for its types; unlogged: those of them that Django's
    log does not have (less than 0: what it has besides); by_method: those that it has only from 4.2 on; places: "file:
    comment" of the line that each is from.
    """

    def decorate(function):
        function.expected = {"count": count, **others}
        return function

    return decorate


def annotated(function):
    """Have the record say what is expected of it."""
    trim_telemetry.annotate("expected", json.dumps(function.expected))


def uses_database(test_case):
    """pytest-django lets tests that are not Django's have no database unless they ask for it."""
    try:
        import pytest
    except ImportError:
        return test_case
    return pytest.mark.django_db(transaction=True)(test_case)


class Expecting:
    """A TestCase whose tests say what is expected of them."""

    def run(self, result=None):
        """From startTest to stopTest, as the record has it."""
        if oracle.IS_ON:
            del oracle.log.statements[:]
        super().run(result)
        if oracle.IS_ON and not self._is_skipped(result):
            try:
                self.compare(list(oracle.log.statements))
            except AssertionError:
                result.addFailure(self, sys.exc_info())

    def _is_skipped(self, result):
        return any(test is self for test, _ in getattr(result, "skipped", ()))

    def compare(self, logged):
        """Held against Django's own log."""
        expected = getattr(type(self), self._testMethodName).expected
        count = expected["count"] - expected.get("unlogged", 0)
        if not oracle.KNOWS_TRANSACTIONS:
            count -= expected.get("by_method", 0)
        assert len(logged) == count, (self.id(), count, logged[:20])

    def setUp(self):
        super().setUp()
        annotated(getattr(type(self), self._testMethodName))
