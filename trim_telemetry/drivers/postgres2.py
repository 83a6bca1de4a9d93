"""psycopg2: its classes are C's and can't be patched; connect is given a subclass of the class that it is to use.

That one gives its cursors' classes the same. Both subclasses stand directly above C's own class, below the user's: what
a cursor of the user's sends by super() is counted as often as it reaches C. C's type checks hold. Not seen are
connections and cursors that are made by calling their class, and what factories that are no classes return.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ..collectors.queries import recorder
from ..stand_ins import Patches, like, unseen
from .calls import counted, statement, statement_of_many, timed
from .notes import naming
from .subclasses import Subclasses, count_past_us, see_past_us

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]  # arguments, by place and by name

_FETCHES = ("fetchone", "fetchmany", "fetchall", "__next__")


def patch(module: Any, patches: Patches) -> None:
    """Patch psycopg2. Its connect() is Python's and stays; it calls C's by a name of the module."""
    extensions = module.extensions
    classes = _known.get(extensions) or _known.setdefault(extensions, Classes(extensions))
    name = "_connect" if hasattr(module, "_connect") else "connect"
    patches.replace(module, name, lambda original: _connecting(original, classes))


def _connecting(original: Any, classes: Classes) -> Any:
    def connect(*arguments: Any, **named: Any) -> Any:  # dsn, connection_factory, ...
        __tracebackhide__ = True
        arguments, named = classes.for_connect(arguments, named)
        try:
            return original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(connect, original)


def _copies(words: str) -> Any:
    """Return what says which COPY a call of copy_from(file, table, ...) or copy_to is."""
    return lambda arguments, named: (f"COPY {arguments[1] if len(arguments) > 1 else named.get('table')} {words}", None)


_EXECUTES: Dict[str, Any] = {
    "execute": None,
    "executemany": statement_of_many,
    "callproc": None,
    "copy_from": _copies("FROM stdin"),
    "copy_to": _copies("TO stdout"),
    "copy_expert": lambda arguments, named: (statement(arguments, named)[0], None),
}


def _name(connection: Any) -> str:
    try:
        database = connection.info.dbname
    except Exception:  # noqa: BLE001  # a release before 2.8, or a connection of the user's own making
        database = None
    return f"psycopg2:{database or '?'}"


_name_of = naming(_name)


class Classes:
    """Our subclasses of classes of connections and cursors. extensions: psycopg2's module."""

    def __init__(self, extensions: Any) -> None:
        cursor, connection = extensions.cursor, extensions.connection
        self._cursor_factory = vars(connection)["cursor_factory"]  # C's own, whatever a subclass calls so
        of_cursors: Dict[str, Any] = {"_trim_query": None}  # looked for at each fetch: an error would cost a lot
        of_cursors.update(
            (name, counted(getattr(cursor, name), _name_of, read, is_lowest=True)) for name, read in _EXECUTES.items()
        )
        of_cursors.update((name, timed(getattr(cursor, name))) for name in _FETCHES)
        finish = count_past_us(_EXECUTES, _name_of)
        self._cursors = Subclasses(cursor, of_cursors, ("_trim_query", "_trim_spent"), finish)
        of_connections = {"cursor": self._opening(connection.cursor)}
        self._connections = Subclasses(connection, of_connections, ("_trim_name",), see_past_us(self._seen))

    def for_connect(self, arguments: Tuple[Any, ...], named: Dict[str, Any]) -> Call:
        """Return a connect()'s arguments, with our subclass of the class that it is to make."""
        return _put(arguments, named, "connection_factory", self._connections)

    def _opening(self, original: Any) -> Any:
        def cursor(connection: Any, *arguments: Any, **named: Any) -> Any:  # name, cursor_factory, ...
            __tracebackhide__ = True
            default = self._cursor_factory.__get__(connection)
            arguments, named = _put(arguments, named, "cursor_factory", self._cursors, default)
            try:
                return original(connection, *arguments, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise

        return like(cursor, original)

    def _seen(self, cursor: Any) -> Any:
        """Say so where we can't see a cursor."""
        if not isinstance(cursor, self._cursors.ours):
            recorder.uninstrumented()
        return cursor


_known: Dict[Any, Classes] = {}  # runs in one process, one after the other, share them


def _put(
    arguments: Tuple[Any, ...], named: Dict[str, Any], name: str, classes: Subclasses, default: Any = None
) -> Call:
    """Return a call's arguments, its second (which also goes by a name) replaced by our subclass of that class."""
    given = arguments[1] if len(arguments) > 1 else named.get(name)
    wanted = default if given is None else given
    ours = classes.of(classes.base if wanted is None else wanted)
    if ours is None:
        recorder.uninstrumented()
        return arguments, named
    if len(arguments) > 1:
        return (arguments[0], ours, *arguments[2:]), named
    return arguments, {**named, name: ours}
