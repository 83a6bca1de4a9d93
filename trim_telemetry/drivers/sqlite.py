"""sqlite3: its classes can't be patched, so its own factories are given subclasses of the classes that they are to use.

isinstance, C's own type checks and the user's factories stay as they are; only `type(connection) is Connection` does
not. A cursor that is made by calling its class, past its connection, is not seen.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from os.path import basename
from typing import Any, Dict, List

from ..collectors.queries import recorder
from .calls import Patches, counted, like, statement_of_many, timed, unseen

MODULE = "sqlite3.dbapi2"

_FACTORY = 5  # its place among connect's arguments, behind check_same_thread
_NAME_LIMIT = 100
# Whose connections are no test's: coverage.py keeps its data in one.
_NOBODYS = frozenset(("coverage", "pytest_cov", "_pytest"))
_EXECUTES = {"execute": None, "executemany": statement_of_many, "executescript": None}
_FETCHES = ("fetchone", "fetchmany", "fetchall", "__next__")

_connection_of = attrgetter("connection._trim_name")
_connects: List[Any] = []  # ours
_classes: Dict[Any, Any] = {}  # our subclass of each class, and of itself


def patch(module: Any, patches: Patches) -> None:
    """Patch sqlite3. module: its dbapi2, which somebody has imported."""
    if module.connect not in _connects:  # else it has been reloaded, and has got ours from _sqlite3
        connect = _connecting(module.connect, module)
        _connects.append(connect)
        patches.replace_everywhere(module.connect, connect)


def _connecting(original: Any, module: Any) -> Any:
    get_frame = sys._getframe  # private by name only

    def connect(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        if get_frame(1).f_globals.get("__name__", "").partition(".")[0] in _NOBODYS:
            return original(*arguments, **named)
        factory = arguments[_FACTORY] if len(arguments) > _FACTORY else named.get("factory", module.Connection)
        ours = _connection_class(factory, module)
        if ours is None:
            recorder.uninstrumented()
        elif len(arguments) > _FACTORY:
            arguments = (*arguments[:_FACTORY], ours, *arguments[_FACTORY + 1 :])
        else:
            named["factory"] = ours
        try:
            connection = original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        if ours is not None:
            connection._trim_name = _name(arguments[0] if arguments else named.get("database"))
        return connection

    return like(connect, original)


def _name(database: Any) -> str:
    text = database.decode("utf-8", "replace") if isinstance(database, bytes) else str(database)
    return f"sqlite3:{basename(text.partition('?')[0])[:_NAME_LIMIT]}"


def _connection_class(factory: Any, module: Any) -> Any:
    """Return our subclass of a connection class; None for a factory that is no class, which is left alone."""
    known = _classes.get(factory) if isinstance(factory, type) else None
    if known is not None or not isinstance(factory, type) or not issubclass(factory, module.Connection):
        return known
    namespace = {"cursor": _making_cursors(factory, module)}
    for name in _EXECUTES:
        if getattr(factory, name) is getattr(module.Connection, name):  # else the user's own, which asks for a cursor
            namespace[name] = _by_cursor(name, getattr(factory, name))
    return _subclass(factory, namespace, ("_trim_name",) if factory is module.Connection else ())


def _making_cursors(factory: Any, module: Any) -> Any:
    """Return a connection's `cursor`, which makes them of our classes."""
    plain = module.Connection.cursor
    asks_c = getattr(factory, "cursor", None) is plain

    def cursor(self: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            if not asks_c:  # a method of the user's, which has a mind of its own
                return _turned(factory.cursor(self, *arguments, **named), module)
            wanted = arguments[0] if arguments else named.get("factory", module.Cursor)
            kind = _cursor_class(wanted, module)
            return plain(self, *arguments, **named) if kind is None else plain(self, kind)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(cursor, plain)


def _by_cursor(name: str, original: Any) -> Any:
    """Return a connection's method that does what C's does: it makes a cursor, and has that execute."""

    def execute(self: Any, *arguments: Any) -> Any:
        __tracebackhide__ = True
        try:
            return getattr(self.cursor(), name)(*arguments)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(execute, original)


def _turned(cursor: Any, module: Any) -> Any:
    kind = _cursor_class(type(cursor), module)
    if kind is not None:
        try:
            cursor.__class__ = kind
        except TypeError:  # C's own class, which only the user's method knows how to ask for
            pass
    return cursor


def _cursor_class(wanted: Any, module: Any) -> Any:
    """Return our subclass of a cursor class; None for what is no class."""
    known = _classes.get(wanted) if isinstance(wanted, type) else None
    if known is not None or not isinstance(wanted, type) or not issubclass(wanted, module.Cursor):
        return known
    namespace = {
        name: counted(_inherited(wanted, name, module), _connection_of, read) for name, read in _EXECUTES.items()
    }
    namespace.update((name, timed(_inherited(wanted, name, module))) for name in _FETCHES)
    return _subclass(wanted, namespace, ("_trim_query", "_trim_spent") if wanted is module.Cursor else ())


def _inherited(base: Any, name: str, module: Any) -> Any:
    """Return the method of a base class. A user's own is looked up at each call: it may be patched meanwhile."""
    method = getattr(base, name)
    if base is module.Cursor:
        return method

    def inherited(*arguments: Any, **named: Any) -> Any:
        return getattr(base, name)(*arguments, **named)

    return like(inherited, method)


def _subclass(base: Any, namespace: Dict[str, Any], slots: Any) -> Any:
    namespace.update(__slots__=slots, __module__=base.__module__, __qualname__=base.__qualname__, __doc__=base.__doc__)
    ours = type(base)(base.__name__, (base,), namespace)
    _classes[base] = _classes[ours] = ours
    return ours
