"""psycopg2: its classes are C's and can't be patched; connect is given a subclass of the class that it is to use.

That one gives its cursors' classes the same. Both subclasses stand directly above C's own class, below the user's: what
a cursor of the user's sends by super() is counted as often as it reaches C. C's type checks hold. Not seen are
connections and cursors that are made by calling their class, and what factories that are no classes return.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ..collectors.queries import recorder
from .calls import Patches, counted, like, statement, statement_of_many, timed, unseen

MODULE = "psycopg2"

Call = Tuple[Tuple[Any, ...], Dict[str, Any]]  # arguments, by place and by name

_NAME_LIMIT = 100
_OF_C = type(str.join)  # the class of C's methods
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


class Classes:
    """Our subclasses of classes of connections and cursors. extensions: psycopg2's module."""

    def __init__(self, extensions: Any) -> None:
        self.connection = extensions.connection
        self.cursor = extensions.cursor
        self._cursor_factory = vars(self.connection)["cursor_factory"]  # C's own, whatever a subclass calls so
        self._made: Dict[Any, Any] = {}
        methods = {name: counted(getattr(self.cursor, name), _name_of, read) for name, read in _EXECUTES.items()}
        methods.update((name, timed(getattr(self.cursor, name))) for name in _FETCHES)
        self._cursor = _subclass((self.cursor,), methods)
        self._connection = _subclass((self.connection,), {"cursor": self._opening(self.connection.cursor)})

    def for_connect(self, arguments: Tuple[Any, ...], named: Dict[str, Any]) -> Call:
        """Return a connect()'s arguments, with our subclass of the class that it is to make."""
        return _put(arguments, named, "connection_factory", self.connection, self._of_connection)

    def _opening(self, original: Any) -> Any:
        def cursor(connection: Any, *arguments: Any, **named: Any) -> Any:  # name, cursor_factory, ...
            __tracebackhide__ = True
            default = self._cursor_factory.__get__(connection) or self.cursor
            arguments, named = _put(arguments, named, "cursor_factory", default, self._of_cursor)
            try:
                return original(connection, *arguments, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise

        return like(cursor, original)

    def _of_connection(self, wanted: Any) -> Any:
        """Return our subclass of a connection's class; None: it is no such class, or takes no subclass."""
        return self._of(wanted, self.connection, self._connection, ("_trim_name",))

    def _of_cursor(self, wanted: Any) -> Any:
        """Return our subclass of a cursor's class; None: it is no such class, or takes no subclass."""
        return self._of(wanted, self.cursor, self._cursor, ("_trim_query", "_trim_spent"))

    def _of(self, wanted: Any, base: Any, ours: Any, slots: Tuple[str, ...]) -> Any:
        try:
            if not isinstance(wanted, type) or not issubclass(wanted, base):
                return None
            if issubclass(wanted, ours):
                return wanted
            if wanted not in self._made:
                self._made[wanted] = None  # where it is refused, it is asked once
                made = _subclass((ours,) if wanted is base else (wanted, ours), {}, slots)
                self._past_us(wanted, made)
                self._made[wanted] = made
            return self._made[wanted]
        except Exception:  # noqa: BLE001  # the user's own metaclass or __init_subclass__
            return None

    def _past_us(self, wanted: Any, made: Any) -> None:
        """Wrap methods of a user's that call C's by the name of its class, past us: an execution counts as a whole."""
        if issubclass(wanted, self.connection):
            if not _calls_super(wanted.cursor):
                made.cursor = self._checked(_inherited(made, "cursor", wanted.cursor))
            return
        for name, read in _EXECUTES.items():
            if not _calls_super(getattr(wanted, name)):
                setattr(made, name, counted(_inherited(made, name, getattr(wanted, name)), _name_of, read))

    def _checked(self, original: Any) -> Any:
        """Return a connection's method that says so where it returns a cursor that we can't see."""

        def cursor(connection: Any, *arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            try:
                made = original(connection, *arguments, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise
            if not isinstance(made, self._cursor):
                recorder.uninstrumented()
            return made

        return like(cursor, original)


_known: Dict[Any, Classes] = {}  # runs in one process, one after the other, share them


def _put(arguments: Tuple[Any, ...], named: Dict[str, Any], name: str, default: Any, of: Any) -> Call:
    """Return a call's arguments, its second (which also goes by a name) replaced by our subclass of that class."""
    given = arguments[1] if len(arguments) > 1 else named.get(name)
    ours = of(default if given is None else given)
    if ours is None:
        recorder.uninstrumented()
        return arguments, named
    if len(arguments) > 1:
        return (arguments[0], ours, *arguments[2:]), named
    return arguments, {**named, name: ours}


def _calls_super(method: Any) -> bool:
    """Is it C's method itself, or one that calls that by super()?"""
    code = getattr(method, "__code__", None)
    return type(method) is _OF_C or (code is not None and "super" in code.co_names)


def _inherited(made: Any, name: str, method: Any) -> Any:
    """Return a method that calls the user's, which is looked up at each call: it may be patched meanwhile."""

    def inherited(self: Any, *arguments: Any, **named: Any) -> Any:
        return getattr(super(made, self), name)(*arguments, **named)

    return like(inherited, method)


def _subclass(bases: Tuple[Any, ...], methods: Dict[str, Any], slots: Tuple[str, ...] = ()) -> Any:
    """Return a subclass that goes by the first base's name."""
    base = bases[0]
    same = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
    return type(base)(base.__name__, bases, {**methods, **same, "__slots__": slots})


def _name_of(cursor: Any) -> str:
    connection = cursor.connection
    try:
        name: str = connection._trim_name
    except AttributeError:
        name = connection._trim_name = f"psycopg2:{_database(connection) or '?'}"[:_NAME_LIMIT]
    return name


def _database(connection: Any) -> Optional[str]:
    try:
        found: Optional[str] = connection.info.dbname
    except Exception:  # noqa: BLE001  # a release before 2.8, or a connection of the user's own making
        return None
    return found
