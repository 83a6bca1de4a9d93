"""What each test's record must say, written beside the test, and held against the oracle when that is on."""

import json

import trim_telemetry
from library import oracle

if oracle.IS_ON:
    oracle.start()


def expects(count, **others):
    """The test sends so many statements. others: other keys of its `database_queries`, SELECT and kin for its types."""

    def decorate(function):
        function.expected = {"count": count, **others}
        return function

    return decorate


class Expecting:
    """A TestCase whose tests say what is expected of them."""

    def run(self, result=None):
        """From startTest to stopTest, as the record has it."""
        if oracle.IS_ON:
            del oracle.log.statements[:]
        super().run(result)
        if oracle.IS_ON:
            self.compare(list(oracle.log.statements))

    def compare(self, logged):
        """Held against Django's own log."""
        expected = getattr(self, self._testMethodName).expected
        count = expected["count"] - expected.get("unlogged", 0)
        if not oracle.KNOWS_TRANSACTIONS:
            count -= expected.get("by_method", 0)
        assert len(logged) == count, (self.id(), count, logged)

    def setUp(self):
        super().setUp()
        trim_telemetry.annotate("expected", json.dumps(getattr(self, self._testMethodName).expected))
