"""sqlite3: its classes can't be patched, so its own factories are given subclasses of the classes that they are to use.

isinstance, C's own type checks and the user's factories stay as they are; only `type(connection) is Connection` does
not. A connection or cursor that is made by calling its class is not seen; where there is an audit hook, which the guard
of the network has, such connections are counted.
"""

from __future__ import annotations

import sys
from operator import attrgetter
from os.path import basename
from typing import Any, Dict, List, Tuple

from .. import audit
from ..collectors.queries import recorder
from ..collectors.source import safe_str
from ..stand_ins import Patches, like, unseen
from .calls import counted, statement_of_many, timed
from .notes import name_it
from .subclasses import Subclasses, count_past_us, see_past_us

_FACTORY = 5  # its place among connect's arguments, behind check_same_thread
_NAME_LIMIT = 100
# Whose connections are no test's: coverage.py keeps its data in one.
_NOBODYS = frozenset(("coverage", "pytest_cov", "_pytest"))
_EXECUTES = {"execute": None, "executemany": statement_of_many, "executescript": None}
_FETCHES = ("fetchone", "fetchmany", "fetchall", "__next__")
# A connection's own execute() asked its cursor() for one, which may be the user's; it makes one by itself since.
_ASKS_FOR_CURSORS = sys.version_info < (3, 11)

# An event for each connection, which Python 3.8 and 3.9 lack.
_OPENED = "sqlite3.connect/handle"
_IS_TOLD = sys.version_info >= (3, 10)

_name_of = attrgetter("connection._trim_name")
_connects: List[Any] = []  # ours
_known: Dict[Any, Classes] = {}  # runs in one process, one after the other, share them


def patch(module: Any, patches: Patches) -> None:
    """Patch sqlite3. module: its dbapi2, which somebody has imported."""
    if module.connect not in _connects:  # else it has been reloaded, and has got ours from _sqlite3
        classes = _known.get(module.Connection) or _known.setdefault(module.Connection, Classes(module))
        connect = _connecting(module.connect, classes)
        _connects.append(connect)
        audit.hear({_OPENED: _opened})
        patches.replace_everywhere((module.connect, connect))


def _opened(arguments: Tuple[Any, ...]) -> None:
    """A connection was opened, in whatever way. Hot for nobody; it must not raise."""
    kinds = tuple(classes.connections.ours for classes in _known.values())
    if not isinstance(arguments[0], kinds) and not recorder.here().depth:
        recorder.uninstrumented()


def _by_nobody(original: Any, *arguments: Any, **named: Any) -> Any:
    """Open a connection that is no test's."""
    state = recorder.here()
    state.depth += 1
    try:
        return original(*arguments, **named)
    finally:
        state.depth -= 1


def _connecting(original: Any, classes: Classes) -> Any:
    get_frame = sys._getframe  # private by name only

    def connect(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        if get_frame(1).f_globals.get("__name__", "").partition(".")[0] in _NOBODYS:
            return _by_nobody(original, *arguments, **named)
        by_place = len(arguments) > _FACTORY
        factory = arguments[_FACTORY] if by_place else named.get("factory", classes.connections.base)
        ours = classes.connections.of(factory)
        if ours is None:
            if not (_IS_TOLD and audit.is_installed()):
                recorder.uninstrumented()
        elif by_place:
            arguments = (*arguments[:_FACTORY], ours, *arguments[_FACTORY + 1 :])
        else:
            named["factory"] = ours
        try:
            connection = original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        if ours is not None:
            name_it(connection, _name(arguments[0] if arguments else named.get("database")))
        return connection

    return like(connect, original)


def _name(database: Any) -> str:
    text = database.decode("utf-8", "replace") if isinstance(database, bytes) else safe_str(database)
    return f"sqlite3:{basename(text.partition('?')[0])[:_NAME_LIMIT]}"


class Classes:
    """Our subclasses of classes of connections and cursors. module: sqlite3's dbapi2."""

    def __init__(self, module: Any) -> None:
        cursor, connection = module.Cursor, module.Connection
        of_cursors: Dict[str, Any] = {"_trim_query": None}  # looked for at each fetch: an error would cost a lot
        of_cursors.update(
            (name, counted(getattr(cursor, name), _name_of, read, is_lowest=True)) for name, read in _EXECUTES.items()
        )
        of_cursors.update((name, timed(getattr(cursor, name))) for name in _FETCHES)
        finish = count_past_us(_EXECUTES, _name_of)
        self.cursors = Subclasses(cursor, of_cursors, ("_trim_query", "_trim_spent"), finish)
        plain = self.cursors.of(cursor)
        of_connections = {name: _executing(name, connection, plain) for name in _EXECUTES}
        of_connections["cursor"] = self._opening(connection.cursor, plain)
        self.connections = Subclasses(connection, of_connections, ("_trim_name",), see_past_us(self._seen))

    def _opening(self, original: Any, plain: Any) -> Any:
        """Return a connection's `cursor`, which makes them of our classes. plain: the one of C's own."""

        def cursor(connection: Any, *arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            try:
                if not arguments and not named:
                    return original(connection, plain)
                wanted = arguments[0] if arguments else named.get("factory")
                ours = self.cursors.of(wanted)
                if ours is None:
                    return self._seen(original(connection, *arguments, **named))
                if arguments:
                    return original(connection, ours, *arguments[1:], **named)
                named["factory"] = ours
                return original(connection, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise

        return like(cursor, original)

    def _seen(self, cursor: Any) -> Any:
        """Have a cursor that the user's own code has made be seen from now on, or say that it is not."""
        if not isinstance(cursor, self.cursors.ours):
            try:
                cursor.__class__ = self.cursors.of(type(cursor))
            except TypeError:  # no cursor; or C's own, and one with slots: there is no room for notes
                recorder.uninstrumented()
        return cursor


def _executing(name: str, kind: Any, plain: Any) -> Any:
    """Return a method of a connection that does what that of this class does: it makes a cursor, and has it execute.

    plain: our subclass of the cursors that C makes.
    """
    original, make = getattr(kind, name), kind.cursor

    def execute(connection: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            if named:  # C refuses them; 3.9 does in other words where a method is called by its class
                return original.__get__(connection)(*arguments, **named)
            cursor = connection.cursor() if _ASKS_FOR_CURSORS else make(connection, plain)
            return getattr(cursor, name)(*arguments)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(execute, original)
