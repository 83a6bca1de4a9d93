"""What each fixture cost while a test was on, function-scoped and wider ones apart."""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import Any, Dict, List, Optional

from .collectors.timing import Clock
from .session import Session

# How pytest names the fixtures that it makes of setup_class and its kin: from 6.2 on, and in 6.0 and 6.1.
_XUNIT = re.compile(
    "_?(?:xunit|unittest)_(setup_module|setup_class|setup_method|setup_function|setUpClass|skip)_fixture_"
    "|_(?:Module|Class|UnitTestCase)__pytest_([a-z_]+)$"
)
_XUNIT_WORDS = {"class_setup": "setUpClass", "method_setup": "setup_method"}
_PARAMETER = "get_direct_param_fixture_func"  # pytest's, 6.0 to 9, of what parametrize passes


@lru_cache(maxsize=1_000)
def xunit_function(name: str) -> Optional[str]:
    """Return the xunit-style function ("setup_class") that pytest made a fixture of this name of; None: of none."""
    match = _XUNIT.match(name)
    if match is None:
        return None
    word = str(match.group(1) or match.group(2))
    return _XUNIT_WORDS.get(word, word)


def is_parameter(fixturedef: Any) -> bool:
    """Is it no fixture, but an argument of `parametrize`, which pytest passes in the same way?"""
    return getattr(fixturedef.func, "__name__", None) == _PARAMETER


class _Span:
    """A set-up or tear-down that is on."""

    __slots__ = ("began", "fixturedef", "within")

    def __init__(self, fixturedef: Any) -> None:
        self.fixturedef = fixturedef
        self.within = 0  # ns of those that ran inside of this one
        self.began = Clock.now()


class FixtureTimes:
    """Times set-ups and tear-downs of the test in flight.

    A fixture that is made while another one is made (or torn down) is timed by itself: its time is not the other's.
    pytest has no hook before a tear-down: a finalizer that is added right after a fixture's set-up runs right before
    the fixture's own tear-down, and after that of the fixtures that depend on it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.shared = 0  # ns of wider-scoped fixtures so far in this test
        self.shared_cpu = 0  # ns of CPU of the same
        self._entries: Dict[Any, Dict[str, Any]] = {}
        self._open: List[_Span] = []
        self._wide = 0  # how many of those open are wider-scoped
        self._cpu_mark = 0

    def forget(self) -> None:
        """Another test (or another attempt at it) begins."""
        self.shared = self.shared_cpu = 0
        if self._entries or self._open:
            self._entries, self._open, self._wide = {}, [], 0

    def entries(self) -> List[Dict[str, Any]]:
        """Return the record's `fixture_durations`."""
        return list(self._entries.values()) if self._entries else []

    def setup_begins(self, fixturedef: Any) -> None:
        """A fixture's set-up begins."""
        self._begin(fixturedef)

    def setup_ends(self, fixturedef: Any) -> None:
        """A fixture's set-up is over, well or not."""
        self._end(fixturedef, "setup")
        fixturedef.addfinalizer(partial(self._begin, fixturedef))

    def teardown_ends(self, fixturedef: Any) -> None:
        """A fixture's tear-down is over; pytest says so also where there was none."""
        if self._open and self._open[-1].fixturedef is fixturedef:
            self._end(fixturedef, "teardown")

    def _begin(self, fixturedef: Any) -> None:
        if fixturedef.scope != "function":
            self._wide += 1
            self._session.observation.shared_begins()
            if self._wide == 1:
                self._cpu_mark = Clock.cpu()
        self._open.append(_Span(fixturedef))

    def _end(self, fixturedef: Any, part: str) -> None:
        span = self._open.pop()
        spent = Clock.now() - span.began
        if self._open:
            self._open[-1].within += spent
        own = spent - span.within
        self._add(fixturedef, part, own)
        if fixturedef.scope != "function":
            self._wide -= 1
            if self._wide == 0:
                self.shared_cpu += Clock.cpu() - self._cpu_mark
            self.shared += own
            self._session.shared_setup(_long_name_of(fixturedef), own / 1e6, self._session.observation.shared_ends())

    def _add(self, fixturedef: Any, part: str, spent: int) -> None:
        entry = self._entries.get(fixturedef)
        if entry is None:
            scope = str(fixturedef.scope)
            entry = {"name": _name_of(fixturedef), "scope": scope, "setup": None, "teardown": None}
            self._entries[fixturedef] = entry
        entry[part] = (entry[part] or 0.0) + spent / 1e6


def _name_of(fixturedef: Any) -> str:
    name = str(fixturedef.argname)
    return xunit_function(name) or name


def _long_name_of(fixturedef: Any) -> str:
    """The fixture with where it is defined, as `pytest --fixtures` tells two of one name apart."""
    place: Optional[str] = getattr(fixturedef, "baseid", None)
    return f"{place}::{_name_of(fixturedef)}" if place else _name_of(fixturedef)
