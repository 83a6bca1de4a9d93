"""Django: the methods of its cursor wrapper and of its connections, on the classes, so that every thread is in.

Nothing of what users work with is touched: wrappers, the debug cursor, the query log, settings.DEBUG. What Django does
for its own sake (connecting, the savepoints around a TestCase, flushing) is no test's.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from ..stand_ins import Patches, like, unseen
from .calls import Reader, counted, statement_of_many, within

_alias = attrgetter("alias")
_alias_of_cursor = attrgetter("db.alias")
# How the arguments of each are read; and where who called it is, beyond execute() and _execute_with_wrappers().
_EXECUTES: Dict[str, Tuple[Optional[Reader], int]] = {
    "_execute": (None, 3),
    "_executemany": (statement_of_many, 3),
    "callproc": (None, 1),
}
_OWN: Dict[str, Dict[str, Sequence[str]]] = {  # of each class, what Django does for its own sake
    "django.db.backends.base.base": {"BaseDatabaseWrapper": ("connect",)},
    "django.test.testcases": {
        "SimpleTestCase": ("_pre_setup", "_post_teardown"),
        "TransactionTestCase": ("_pre_setup", "_post_teardown", "_fixture_setup", "_fixture_teardown"),
        "TestCase": ("_enter_atomics", "_rollback_atomics", "_fixture_setup", "_fixture_teardown"),
    },
    # These ask the driver, past Django's own cursor.
    "django.db.backends.sqlite3.operations": {
        "DatabaseOperations": ("last_executed_query",)
    },  # how to quote parameters for the log
    # settings.TIME_ZONE is another; a health check
    "django.db.backends.postgresql.base": {"DatabaseWrapper": ("ensure_timezone", "is_usable")},
}


def patch(module: Any, patches: Patches) -> None:
    """Patch a module of Django's that the registry names."""
    if module.__name__ == "django.db.backends.utils":
        _patch_cursors(module, patches)
    elif module.__name__ == "django.db.backends.base.base":
        _patch_connections(module, patches)
    for name, methods in _OWN.get(module.__name__, {}).items():
        for method in methods:
            patches.replace(getattr(module, name, None), method, within)


def _patch_cursors(module: Any, patches: Patches) -> None:
    """`_execute` runs behind all wrappers: what they block is not counted."""
    for name, (read, above) in _EXECUTES.items():
        patches.replace(module.CursorWrapper, name, _on_cursor(read, above))


def _on_cursor(read: Optional[Reader], above: int) -> Callable[[Any], Any]:
    # The rows come from the driver's cursor, which the wrapper asks for them.
    return lambda original: counted(original, _alias_of_cursor, read, _reached, has_rows=False, above=above)


def _patch_connections(module: Any, patches: Patches) -> None:
    """Transactions go through a cursor on some backends only."""
    wrapper = module.BaseDatabaseWrapper
    patches.replace(wrapper, "_commit", lambda original: _transaction(original, "COMMIT", _is_connected))
    patches.replace(wrapper, "_rollback", lambda original: _transaction(original, "ROLLBACK", _is_connected))
    patches.replace(wrapper, "set_autocommit", lambda original: _transaction(original, "BEGIN", _begins))


def _transaction(original: Any, sql: str, counts: Callable[..., bool]) -> Any:
    """Return a method of a connection that counts as the statement `sql` where `counts` says so of its arguments."""
    instrumented = counted(original, _alias, lambda arguments, named: (sql, None), _reached, has_rows=False)

    def method(connection: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        does = instrumented if counts(connection, *arguments, **named) else original
        try:
            return does(connection, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise

    return like(method, original)


def _is_connected(connection: Any) -> bool:
    return connection.connection is not None


def _begins(
    connection: Any, autocommit: Any = True, force_begin_transaction_with_broken_autocommit: bool = False
) -> bool:
    """Will the connection begin a transaction without a cursor, as all but SQLite's do?"""
    by_cursor = force_begin_transaction_with_broken_autocommit and hasattr(
        connection, "_start_transaction_under_autocommit"
    )
    return not autocommit and not by_cursor


def _reached(error: BaseException) -> bool:
    """Did a call that raised this get as far as the driver? Django itself refuses some."""
    kind = type(error).__name__
    refused = kind == "TransactionManagementError" or (kind == "NotSupportedError" and error.__cause__ is None)
    return not refused and not isinstance(error, AttributeError)  # the driver has no callproc
