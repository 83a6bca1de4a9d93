"""Any other PEP 249 module, by one call: in a conftest.py or a settings module, before anything connects.

    import trim_telemetry.drivers.dbapi
    import firebird.driver

    trim_telemetry.drivers.dbapi.instrument(firebird.driver)

The module's connect() then returns a proxy of what it returned before. It does all that the connection does, its
cursors are proxies likewise, and isinstance() takes them for what they stand for. What a proxy can't do: C functions of
the driver that want a connection or cursor of their own type refuse it (TypeError), `type(connection)` is another, and
connections made by a class of the module, or by a connect() that was imported from it earlier, are not seen. sqlite3,
psycopg2, psycopg, PyMySQL and mysqlclient need no proxies: they are instrumented from within, and left alone here.

While no test is running, a proxy does nothing but forward.
"""

from __future__ import annotations

import re
from types import MethodType
from typing import Any, Dict, Optional, Tuple, TypeVar

from ..stand_ins import disowned, like, unseen
from .calls import counted, statement_of_many, timed
from .notes import attach, note_of

Module = TypeVar("Module")

_NAME_LIMIT = 100
_KNOWN = frozenset(("MySQLdb", "psycopg", "psycopg2", "pymysql", "sqlite3"))
_DATABASE = ("database", "dbname", "db")  # arguments that name one
_IN_DSN = re.compile(r"(?:^|[;\s])(?:database|dbname)\s*=\s*([\w.-]+)", re.IGNORECASE)
# A file or a plain name. Whatever has a "@", or a "/" that no path begins with, may be "user/password".
_PLAIN = re.compile(r"(?:(?:[A-Za-z]:)?(?:\.{1,2})?[/\\](?:.*[/\\])?)?([\w.-]+|:memory:)")

_EXECUTES = {"execute": None, "executemany": statement_of_many, "executescript": None, "callproc": None}
_FETCHES = frozenset(("fetchone", "fetchmany", "fetchall", "__next__"))
_TARGET = "_trim_target"
_OURS = frozenset((_TARGET, "_trim_name", "_trim_owner", "_trim_query", "_trim_spent"))
# Special methods that a proxy has for itself, or that aren't asked of an object.
_NOT_FORWARDED = frozenset(
    (
        "__abstractmethods__",
        "__annotations__",
        "__class__",
        "__class_getitem__",
        "__del__",
        "__delattr__",
        "__dict__",
        "__doc__",
        "__getattr__",
        "__getattribute__",
        "__init__",
        "__init_subclass__",
        "__module__",
        "__new__",
        "__setattr__",
        "__slots__",
        "__subclasshook__",
        "__weakref__",
    )
)

_classes: Dict[Any, Any] = {}  # the proxies' class for each class of connections and cursors
_methods: Dict[Tuple[Any, str], Any] = {}  # and the functions in place of their methods


def instrument(module: Module) -> Module:
    """Count what is sent through a PEP 249 module from now on; return the module. Twice is once.

    Raises TypeError for what has no connect().
    """
    connect = getattr(module, "connect", None)
    if not callable(connect):
        raise TypeError(f"{module!r} is no PEP 249 module: it has no connect()")
    name = getattr(module, "__name__", type(module).__name__)
    if name.partition(".")[0] not in _KNOWN and not hasattr(connect, "_trim_instrumented"):
        module.connect = _connecting(connect, name)  # type: ignore[attr-defined]  # checked above
    return module


def _connecting(original: Any, module: str) -> Any:
    def connect(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            connection = original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        return _proxy(connection, f"{module}:{_database(arguments, named) or '?'}"[:_NAME_LIMIT], None)

    connect._trim_instrumented = True  # type: ignore[attr-defined]  # a function takes any attribute
    return like(connect, original)


def _database(arguments: Tuple[Any, ...], named: Dict[str, Any]) -> Optional[str]:
    """Return the database's name, where arguments of a connect() have one that can't be a password."""
    for name in _DATABASE:
        if isinstance(named.get(name), str):
            return _plain(named[name])
    first = arguments[0] if arguments else named.get("dsn")
    if not isinstance(first, str):
        return None
    found = _IN_DSN.search(first)
    return found.group(1) if found is not None else _plain(first)


def _plain(text: str) -> Optional[str]:
    found = _PLAIN.fullmatch(text)
    return None if found is None else found.group(1)


# -- proxies ---


def _proxy(target: Any, name: str, owner: Any) -> Any:
    """Return a proxy. name: of the connection; owner: a cursor's connection, itself a proxy, None for a connection."""
    proxy = object.__new__(_class_of(type(target)))
    for attribute, value in (("_trim_target", target), ("_trim_name", name), ("_trim_owner", owner)):
        object.__setattr__(proxy, attribute, value)
    return proxy


def _class_of(kind: Any) -> Any:
    """Return the class for proxies of this class: special methods are looked up on classes, so it has the same ones."""
    made = _classes.get(kind)
    if made is None:
        special = [name for name in dir(kind) if name[:2] == name[-2:] == "__" and name not in _NOT_FORWARDED]
        methods = {name: _special(kind, name) for name in special if callable(getattr(kind, name))}
        methods.update((name, None) for name in special if getattr(kind, name) is None)  # __hash__ for one
        same = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__doc__": kind.__doc__}
        made = _classes[kind] = type(kind.__name__, (_Proxy,), {**methods, **same, "__slots__": ()})
    return made


class _Proxy:
    """Stands for a connection or a cursor."""

    __slots__ = (*sorted(_OURS), "__weakref__")

    def __getattribute__(self, name: str) -> Any:
        __tracebackhide__ = True
        if name in _OURS:
            return object.__getattribute__(self, name)
        target = object.__getattribute__(self, _TARGET)
        if name == "__class__":
            return target.__class__
        try:
            value = getattr(target, name)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        if getattr(value, "__self__", None) is target and callable(value):
            return MethodType(_method(type(target), name), self)
        return _own(self, value)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OURS:
            object.__setattr__(self, name, value)
        else:
            setattr(self._trim_target, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._trim_target, name)


def _method(kind: Any, name: str) -> Any:
    """Return a function in place of a method that objects of a class have; it is called with their proxies."""
    made = _methods.get((kind, name))
    if made is None:

        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            try:
                return getattr(self._trim_target, name)(*arguments, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise

        made = _methods[kind, name] = like(_owning(_does(name, call)), getattr(kind, name, None))
    return made


def _special(kind: Any, name: str) -> Any:
    """Return a special method, which Python asks of the class, in place of that of a class."""

    def call(self: Any, *arguments: Any) -> Any:
        __tracebackhide__ = True
        try:
            return getattr(kind, name)(self._trim_target, *map(_bare, arguments))
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(_owning(_does(name, call)), getattr(kind, name))


def _owning(does: Any) -> Any:
    """Return a method that does this, and returns what is proxied as its proxy."""

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            return _own(self, does(self, *arguments, **named))
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return method


def _does(name: str, call: Any) -> Any:
    disowned(call)
    if name in _EXECUTES:
        return counted(call, _name_of, _EXECUTES[name])
    return timed(call) if name in _FETCHES else call


def _name_of(proxy: Any) -> str:
    name: str = proxy._trim_name
    return name


def _own(proxy: Any, value: Any) -> Any:
    """Return what stands for a value: the proxy of this object or of its connection; of a new cursor, a new one."""
    if value is proxy._trim_target:
        return proxy
    owner = proxy._trim_owner
    if owner is not None:
        return owner if value is owner._trim_target else value
    kind = type(value)
    if not isinstance(value, type) and hasattr(kind, "fetchone") and hasattr(kind, "execute"):
        cursor = _proxy(value, proxy._trim_name, proxy)
        note = note_of(proxy)  # a connection that executes by itself: the rows are this cursor's
        if note is not None:
            attach(cursor, *note)
        return cursor
    return value


def _bare(value: Any) -> Any:
    """Return what a proxy stands for: C compares with that."""
    return object.__getattribute__(value, _TARGET) if issubclass(type(value), _Proxy) else value
