"""Lines by coverage.py's own tracer, on CPython before 3.12: of a Coverage that runs already, or of one of our own."""

from __future__ import annotations

import gc
import sys
import threading
from typing import Any, Callable, List, Mapping, Optional

from . import coverage_py
from .coverage_py import Lines, Own

TRACER_ACTIVE = "tracer-active"
_LOST = "a trace function was set, or another Coverage was started, meanwhile"

# Kept from the start: tests replace them.
_gettrace, _settrace = sys.gettrace, sys.settrace
_collects, _collect_no_more, _collect_again = gc.isenabled, gc.disable, gc.enable


class TracerActiveError(Exception):
    """Somebody else traces: a debugger, which would be taken away for good."""


class Tracing:
    """Follows which lines run, from its making until stop().

    wants: is a file to be followed, by its name, and whether it is a template; templates: see coverage_py.Rules.
    Raises TracerActiveError.
    """

    def __init__(self, wants: Callable[[str, bool], bool], templates: Optional[Mapping[str, Any]] = None) -> None:
        self._wants = wants
        self._templates = templates
        self._lost = False
        self._watch = _TraceWatch()
        self._source: Any = None
        self._kept: List[Lines] = []  # of sources that were left for another
        self._pausable: Any = None  # the tracer, where it is one that untraced() may take out
        self._pick()
        if self._source is None:
            raise TracerActiveError(TRACER_ACTIVE)

    @property
    def is_own(self) -> bool:
        """Is it we who trace?"""
        return isinstance(self._source, Own)

    def _pick(self) -> None:
        """Borrow the Coverage that runs; where none does, start one, unless somebody else traces."""
        owner = coverage_py.running()
        tracer = sys.gettrace()
        if owner is not None:
            self._source = coverage_py.borrow(owner)
        elif tracer is None:
            self._source = Own(self._wants, self._templates)
            tracer = self._source.tracer
        else:
            self._source = None
        self._watch.expect(tracer if self._source is not None else None)
        self._pausable = tracer if self._source is not None and coverage_py.can_pause(tracer) else None

    def refresh(self) -> None:
        """A test is about to begin: look whether what is followed is still what is on."""
        owner = coverage_py.running()
        if isinstance(self._source, Own):
            is_good = owner is None and self._source.is_on_top and sys.gettrace() is self._source.tracer
        else:
            is_good = self._source is not None and owner is self._source.coverage and self._source.is_on
        if not is_good:
            self._leave()
            self._pick()
            self._lost = self._source is None
        self._watch.take()

    def _leave(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            self._kept.append(source.take())
            (source.stop if isinstance(source, Own) else source.give_back)()

    def take(self) -> Lines:
        """Return the lines that ran since this was last asked."""
        found = self._source.take() if self._source is not None else {}
        while self._kept:
            for file, lines in self._kept.pop().items():
                found.setdefault(file, set()).update(lines)
        return found

    def problem(self) -> Optional[str]:
        """Return why lines may be missing of what was taken since the last refresh(), if any may be."""
        return _LOST if self._watch.take() or self._lost or self._watch.is_replaced() else None

    def is_template(self, file: str) -> bool:
        """Was a file seen through a plugin of coverage.py?"""
        return self._source is not None and bool(self._source.is_template(file))

    def untraced(self, action: Callable[..., Any], *arguments: Any) -> Any:
        """Do what is ours alone: traced, it takes twice as long, and nobody wants its lines. Return what it returns.

        The tracer is put back in the frame that it was taken out in: it counts calls and returns. What is done may call
        nothing of the user's. Nor is garbage collected meanwhile, as that may run a `__del__` of his.
        """
        tracer = self._pausable
        if tracer is None or _gettrace() is not tracer:
            return action(*arguments)
        collects = _collects()
        try:
            _collect_no_more()
            try:
                _settrace(None)
            except Exception:  # noqa: BLE001  # an audit hook of the user's may forbid it
                pass
            self._watch.is_paused = _gettrace() is None
            if not self._watch.is_paused:
                self._pausable = None
            return action(*arguments)
        finally:
            if _gettrace() is None:
                _settrace(tracer)
            self._watch.is_paused = False
            _called()
            if collects:
                _collect_again()

    def stop(self) -> None:
        """Follow nothing any more."""
        self._watch.stop()
        self._leave()


def _called() -> None:
    """To be called is all: by that event the tracer, which sys.settrace() has Python call, puts itself in C's place."""


class _TraceWatch:
    """Notices that somebody traced in our tracer's place for a while: afterwards everything looks as before.

    Setting a trace function is an audited event; whatever is in force at that moment tells who traced until then. An
    audit hook can't be taken away: one does for all runs of a process.
    """

    _current: List[_TraceWatch] = []
    _is_hooked = False

    def __init__(self) -> None:
        self._expected: Any = None
        self._thread = 0
        self._noticed = False
        self.is_paused = False  # is it we who have taken the tracer out, for a moment?
        self._current[:] = [self]
        if not _TraceWatch._is_hooked:
            _TraceWatch._is_hooked = True
            sys.addaudithook(_audit)

    def expect(self, tracer: Any) -> None:
        """In this thread it is this one that traces."""
        self._thread = threading.get_ident()
        self._expected = tracer
        self._noticed = False

    def notice(self) -> None:
        """A trace function is about to be set."""
        if self._expected is not None:
            self._noticed = self._noticed or self.is_replaced()

    def is_replaced(self) -> bool:
        """Does anybody else trace now, or nobody?"""
        expected = None if self.is_paused else self._expected
        return threading.get_ident() == self._thread and sys.gettrace() is not expected

    def take(self) -> bool:
        """Did anybody else trace since this was last asked?"""
        noticed, self._noticed = self._noticed, False
        return noticed

    def stop(self) -> None:
        """Whatever is set from here on is nobody's concern."""
        self._current.clear()


def _audit(event: str, arguments: Any) -> None:
    if event == "sys.settrace":
        for watch in _TraceWatch._current:
            watch.notice()
