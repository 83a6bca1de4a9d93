"""A unittest test's identity as a Case."""

from __future__ import annotations

import sys
import unittest
from typing import Any, Callable, List, Optional, Sequence, Tuple

from .collectors.source import Sources, safe_str
from .record import Case
from .texts import bounded_id, clean, cut_items

_NAME_LIMIT = 1_000
_PATH_LIMIT = 500
_LOADER_STAND_INS = ("unittest.loader", "_FailedTest", "ModuleSkipped")
_Rerun = Callable[[str], Optional[Sequence[str]]]


class _ClassFacts:
    """What is the same for all tests of a class.

    stands_in: it is no test but has a record above the tests; wraps: it makes tests of functions or of doctests;
    has_own_id: its id() is not unittest's, which is the class and the method.
    """

    def __init__(self, kind: type, sources: Sources) -> None:
        module = str(kind.__module__)
        path = str(getattr(sys.modules.get(module), "__file__", None) or "")
        self.kind = kind
        self.dotted = f"{module}.{kind.__qualname__}"
        self.stands_in = _is_stand_in(kind)
        self.wraps = _wraps(kind)
        self.has_own_id = getattr(kind, "id", None) is not unittest.TestCase.id
        self.name = clean(kind.__qualname__)[:_PATH_LIMIT]
        self.module = clean(module)[:_PATH_LIMIT]
        self.path = path
        self.file = sources.relative(path) if path else ""
        self.tags = _names(kind, "tags")
        self.fixtures = _names(kind, "fixtures")
        self.importable = _is_importable(kind)


class CaseFactory:
    """Makes the Case of a unittest test; what is the same for all tests of a class is looked up once.

    rerun: gives the arguments that run a test again, from its id.
    """

    def __init__(self, sources: Sources, rerun: _Rerun) -> None:
        self._sources = sources
        self._rerun = rerun
        self._class: Optional[_ClassFacts] = None

    def __call__(self, test: Any) -> Case:
        """Return the identity of a test, or of whatever stands in for one in a result."""
        facts = self._class
        if facts is None or facts.kind is not type(test):
            facts = self._class = _ClassFacts(type(test), self._sources)
        if facts.stands_in:
            test_id = bounded_id(safe_str(test.id()))
            return Case(test_id, test_id[:_NAME_LIMIT], above=True)
        if facts.wraps:
            return self._describe_wrapped(test, bounded_id(safe_str(test.id())))
        method_name = getattr(test, "_testMethodName", "")
        dotted = f"{facts.dotted}.{method_name}"
        test_id = bounded_id(safe_str(test.id()) if facts.has_own_id else dotted)
        method = getattr(facts.kind, method_name, None)
        line, defined_at = self._place(method, facts.path)
        as_usual = test_id == dotted and method is not None  # not so where id() is the user's own
        return Case(
            test_id,
            method_name if as_usual else _name_in(test_id, method_name),
            facts.name,
            facts.module,
            facts.file,
            line,
            defined_at,
            sorted({*facts.tags, *_names(method, "tags")}) if facts.tags or hasattr(method, "tags") else (),
            facts.fixtures,
            self._rerun(test_id) if as_usual and facts.importable else None,
        )

    def _describe_wrapped(self, test: Any, test_id: str) -> Case:
        """A function or a doctest as a test: no command line names it, and unittest's class around it says nothing."""
        example = getattr(test, "_dt_test", None)
        if example is None:
            module = test._testFunc.__module__
            path, line = self._sources.definition(test._testFunc) or ("", None)
        else:
            path, line = example.filename or "", example.lineno + 1 if example.lineno is not None else None
            module = example.globs.get("__name__", "") if path.endswith(".py") else ""
        file = self._sources.relative(path) if path else ""
        return Case(test_id, test_id[:_NAME_LIMIT], "", clean(str(module))[:_PATH_LIMIT], file, line)

    def _place(self, method: Any, filename: str) -> Tuple[Optional[int], Optional[str]]:
        """Return the line of the `def` where it is in the class's own file, else where it is defined."""
        definition = self._sources.definition(method)
        if definition is None:
            return None, None
        if definition[0] == filename:
            return definition[1], None
        return None, f"{self._sources.relative(definition[0])}:{definition[1]}"


def _name_in(test_id: str, method_name: str) -> str:
    """Return the method's name, or the whole of an id that does not end with it."""
    return (clean(method_name) if test_id.endswith(method_name) else test_id)[:_NAME_LIMIT]


def _names(holder: Any, attribute: str) -> List[str]:
    """Django keeps tags and fixture files as plain attributes of classes and methods; anything else is not those."""
    found = getattr(holder, attribute, None)
    if not isinstance(found, (set, frozenset, list, tuple)):
        return []
    names = [name for name in found if isinstance(name, str)]
    return cut_items(sorted(names) if isinstance(found, (set, frozenset)) else names, attribute, [])


def _is_stand_in(kind: type) -> bool:
    """Does the loader run it in place of a module that can't be imported, or skips itself?"""
    return kind.__module__ == _LOADER_STAND_INS[0] and kind.__name__ in _LOADER_STAND_INS[1:]


def _wraps(kind: type) -> bool:
    """Does it make tests of functions or of doctests?"""
    return issubclass(kind, unittest.FunctionTestCase) or any(base.__module__ == "doctest" for base in kind.__mro__)


def _is_importable(kind: type) -> bool:
    """Can the runner find the class by its dotted name? Not so for classes made in functions."""
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind
