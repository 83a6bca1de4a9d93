"""Our subclasses of classes that are C's, and can't be patched.

Ours stand directly above C's own class and below the user's: what a class of the user's sends by super() is counted as
often as it reaches C, and C's type checks hold.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple

from ..stand_ins import like, unseen
from .calls import counted

Finish = Callable[[Any, Any], None]  # is called with a user's class and our subclass of that, once it is made

_STANDS_FOR = "_trim_stands_for"
_OF_C = type(str.join)  # the class of C's methods


class Subclasses:
    """Those of one class of C's. base: that class; ours: the one directly above it, which has these methods; slots: of
    a class without room for attributes.
    """

    def __init__(self, base: Any, methods: Dict[str, Any], slots: Tuple[str, ...], finish: Finish) -> None:
        self.base = base
        self.ours = _subclass(type(base), base, (base,), methods)
        self._slots = slots
        self._finish = finish
        self._made: Dict[Any, Any] = {}

    def of(self, wanted: Any) -> Any:
        """Return our subclass of a class; None: it is none of this kind, or takes no subclass."""
        try:
            return self._made[wanted]
        except Exception:  # noqa: BLE001  # KeyError; or whatever can't be hashed
            return self._new(wanted)

    def _new(self, wanted: Any) -> Any:
        try:
            if not isinstance(wanted, type) or not issubclass(wanted, self.base):
                return None
            if issubclass(wanted, self.ours):
                self._made[wanted] = wanted
                return wanted
            self._made[wanted] = None  # where it is refused, it is asked once
            bases = (self.ours,) if wanted is self.base else (wanted, self.ours)
            content = {"__slots__": () if wanted.__dictoffset__ else self._slots, _STANDS_FOR: wanted}
            made = _subclass(_Alike if type(wanted) is type else type(wanted), wanted, bases, content)
            self._finish(wanted, made)
            self._made[wanted] = made
            return made
        except Exception:  # noqa: BLE001  # the user's own metaclass or __init_subclass__
            return None


def count_past_us(executes: Mapping[str, Any], connection_of: Callable[[Any], str]) -> Finish:
    """Return what finishes a cursor's class: methods of a user's that call C's by the name of its class, past us, are
    counted as a whole. executes: what reads the arguments of each. See calls.counted.
    """

    def finish(wanted: Any, made: Any) -> None:
        for name, read in executes.items():
            if not _calls_super(getattr(wanted, name)):
                setattr(made, name, counted(_inherited(made, name), connection_of, read))

    return finish


def see_past_us(seen: Callable[[Any], Any]) -> Finish:
    """Return what finishes a connection's class: seen() is shown what a user's class gives for a cursor, where it may
    not have asked us for it, and returns that.
    """

    def finish(wanted: Any, made: Any) -> None:
        if not _calls_super(wanted.cursor):
            made.cursor = _shown(_inherited(made, "cursor"), seen)

    return finish


def _shown(original: Any, seen: Callable[[Any], Any]) -> Any:
    def cursor(connection: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            return seen(original(connection, *arguments, **named))
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(cursor, original)


def _calls_super(method: Any) -> bool:
    """Is it C's method itself, or one that calls that by super()?"""
    code = getattr(method, "__code__", None)
    return type(method) is _OF_C or (code is not None and "super" in code.co_names)


def _inherited(made: Any, name: str) -> Any:
    """Return a method that calls the user's, which is looked up at each call: it may be patched meanwhile."""

    def inherited(self: Any, *arguments: Any, **named: Any) -> Any:
        return getattr(super(made, self), name)(*arguments, **named)

    return like(inherited, getattr(made, name))


def _subclass(kind: Any, base: Any, bases: Tuple[Any, ...], content: Dict[str, Any]) -> Any:
    """Return a subclass that goes by the name of this base. kind: its metaclass."""
    same = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
    return kind(base.__name__, bases, {"__slots__": (), **content, **same})


class _Alike(type):
    """Of a class that is equal to the one it stands for, to whoever compares type(cursor), or keeps it in a dict."""

    def __eq__(cls, other: object) -> Any:
        return True if other is vars(cls).get(_STANDS_FOR) else type.__eq__(cls, other)

    def __hash__(cls) -> int:
        return hash(vars(cls).get(_STANDS_FOR)) if _STANDS_FOR in vars(cls) else type.__hash__(cls)
