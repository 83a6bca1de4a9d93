"""What each fixture cost while a test was on, function-scoped and wider ones apart."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, Optional

from .collectors.timing import Clock
from .session import Session

# Names that pytest gives the fixtures it makes of setup_class and its kin, from 6.0 to 9, and what they stand for.
_XUNIT_MARKS = ("_xunit_", "xunit_", "_unittest_", "unittest_", "__pytest_", "_UnitTestCase__pytest_")
_XUNIT_WORDS = (
    "setup_module",
    "setup_class",
    "setup_method",
    "setup_function",
    "setUpClass",
    "class_setup",
    "method_setup",
)


def is_xunit(name: str) -> bool:
    """Is it a fixture that pytest made of an xunit-style function?"""
    return name.startswith(_XUNIT_MARKS)


class FixtureTimes:
    """Times set-ups and tear-downs of the test in flight.

    A fixture that is requested while another one is made is timed by itself; what it took is not the other's.
    pytest has no hook before a tear-down: a finalizer that is added right after a fixture's set-up runs right before the
    fixture's own tear-down, and after that of the fixtures that depend on it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shared = 0  # ns of wider-scoped fixtures so far in this test
        self._entries: Dict[Any, Dict[str, Any]] = {}
        self._open: List[List[int]] = []  # of set-ups that are on: [began, ns of those within]
        self._ending: Dict[Any, int] = {}  # fixture: when its tear-down began

    def forget(self) -> None:
        """Another test (or another attempt at it) begins."""
        self.shared = 0
        if self._entries:
            self._entries = {}
        self._open.clear()

    def entries(self) -> List[Dict[str, Any]]:
        """Return the record's `fixture_durations`."""
        return list(self._entries.values()) if self._entries else []

    def setup_begins(self) -> None:
        """A fixture's set-up begins."""
        self._open.append([Clock.now(), 0])

    def setup_ends(self, fixturedef: Any) -> None:
        """The set-up that began last is over, well or not."""
        if not self._open:  # begun before this test did
            return
        began, within = self._open.pop()
        spent = Clock.now() - began
        if self._open:
            self._open[-1][1] += spent
        self._add(fixturedef, "setup", spent - within)
        fixturedef.addfinalizer(partial(self._teardown_begins, fixturedef))

    def _teardown_begins(self, fixturedef: Any) -> None:
        self._ending[fixturedef] = Clock.now()

    def teardown_ends(self, fixturedef: Any) -> None:
        """A fixture's tear-down is over; pytest says so also where there was none."""
        began = self._ending.pop(fixturedef, None)
        if began is not None:
            self._add(fixturedef, "teardown", Clock.now() - began)

    def _add(self, fixturedef: Any, part: str, spent: int) -> None:
        entry = self._entries.get(fixturedef)
        if entry is None:
            name, scope = _name_of(fixturedef), str(fixturedef.scope)
            entry = self._entries[fixturedef] = {"name": name, "scope": scope, "setup": None, "teardown": None}
        entry[part] = (entry[part] or 0.0) + spent / 1e6
        if fixturedef.scope != "function":
            self.shared += spent
            self._session.shared_setup(_long_name_of(fixturedef), spent / 1e6)


def _name_of(fixturedef: Any) -> str:
    name = str(fixturedef.argname)
    if not is_xunit(name):
        return name
    return next((word for word in _XUNIT_WORDS if word in name), name)


def _long_name_of(fixturedef: Any) -> str:
    """The fixture with where it is defined, as `pytest --fixtures` tells two of one name apart."""
    place: Optional[str] = getattr(fixturedef, "baseid", None)
    return f"{place}::{_name_of(fixturedef)}" if place else _name_of(fixturedef)
