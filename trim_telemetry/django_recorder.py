"""What Django's `--parallel` makes of a unittest result: the parent replays what its workers have said."""

from __future__ import annotations

import unittest
from copy import copy
from typing import Any, Dict, Optional, Sequence, Set

from .collectors.source import Sources, safe_str
from .session import Session, guarded
from .unittest_case import CaseFactory
from .unittest_frames import fixture_in
from .unittest_recorder import ResultRecorder, _SubTest

__unittest = True  # as in unittest's own modules: our frames are no part of a test's traceback


class DjangoRecorder(ResultRecorder):
    """Hears the results of parallel suites, too.

    There the times are the replay's and not the tests', so they stay unknown; and what failed above the tests comes
    under the name of any test, because Django's RemoteTestResult knows tests by their index in the class.
    """

    def __init__(self, session: Session, describe: CaseFactory, sources: Sources) -> None:
        super().__init__(session, describe, sources)
        self.replays = False
        self._said: Set[str] = set()  # each class's worker sets its module up anew: one record is enough

    @guarded
    def report(self, test: Any, kind: str, error: Any = None, text: str = "", reason: Optional[str] = None) -> None:
        """See ResultRecorder."""
        if not self.replays:
            super().report(test, kind, error, text, reason)
            return
        name = self._name_above(test, error)
        if name is None:
            super().report(self._as_known_here(test), kind, error, text, reason)
        elif name not in self._said:
            self._said.add(name)
            super().report(_Above(name), kind, error, text, reason)
            self.session.covered(self._never_started_for(name))

    def _measure(self) -> None:
        if not self.replays:
            super()._measure()

    def _as_known_here(self, test: Any) -> Any:
        """A subtest comes with a copy of its test: give it the test that is on."""
        if not isinstance(test, _SubTest) or self._test is None or test.test_case.id() != self._test.id():
            return test
        own = copy(test)
        own.test_case = self._test
        return own

    def _name_above(self, test: Any, error: Any) -> Optional[str]:
        """Return unittest's name of the fixture that this is about, None where it is about the test."""
        case = test.test_case if isinstance(test, _SubTest) else test
        if not isinstance(case, unittest.TestCase):
            return safe_str(test.id())  # as Django 5.1 and later have it, where no test of the class was started
        if case is self._test and not self._over:
            return None
        fixture = _fixture(error, started=case is self._test)
        if fixture is None:
            return None
        return f"{fixture} ({case.__module__ if fixture.endswith('Module') else _dotted(type(case))})"

    def _never_started_for(self, name: str) -> int:
        """How many tests are passed over because of the fixture of this name?"""
        owners: Dict[str, Any] = {f"setUpModule ({kind.__module__})": kind.__module__ for kind in self._tests_of}
        owners.update({f"setUpClass ({_dotted(kind)})": kind for kind in self._tests_of})
        return self._never_started(owners[name]) if name in owners else 0


class _Above:
    """Stands for a fixture as unittest's own stand-in does."""

    def __init__(self, name: str) -> None:
        self._name = name

    def id(self) -> str:
        return self._name


def _fixture(error: Optional[Sequence[Any]], started: bool) -> Optional[str]:
    """Which fixture is it? started: was any test of its class? Skips come without a traceback that would tell."""
    of_class = "tearDownClass" if started else "setUpClass"
    if error is None:
        return of_class
    traceback = error[2]
    if traceback is not None and traceback.tb_frame.f_code.co_name == "doClassCleanups":
        return of_class
    return fixture_in(traceback)


def _dotted(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
