"""psycopg 3: its cursors are written in Python, so their methods are replaced, on the classes.

What it sends without a cursor (BEGIN, COMMIT, the savepoints of transaction()) is not counted.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

from ..stand_ins import Patches, like
from .calls import counted, statement_of_many, timed_anywhere
from .coroutines import counted_async, counted_steps, counted_steps_async, timed_async, timed_steps, timed_steps_async
from .notes import naming

_CURSORS = ("Cursor", "ServerCursor")  # the others inherit from these
_ASYNC_CURSORS = ("AsyncCursor", "AsyncServerCursor")
_EXECUTES = {"execute": None, "executemany": statement_of_many}
_FETCHES = ("fetchone", "fetchmany", "fetchall")
_COPIES = ("read", "read_row", "write", "write_row")


def _name(connection: Any) -> str:
    try:
        database = connection.info.dbname
    except Exception:  # noqa: BLE001  # it is closed, or in a state of the user's own making
        database = "?"
    return f"psycopg:{database}"


_name_of = naming(_name)


def patch(module: Any, patches: Patches) -> None:
    """Patch psycopg."""
    for name in _CURSORS:
        _patch_cursor(getattr(module, name, None), patches)
    for name in _ASYNC_CURSORS:
        _patch_async_cursor(getattr(module, name, None), patches)
    for name in _COPIES:
        patches.replace(getattr(module, "Copy", None), name, lambda original: timed_anywhere(original, _cursor_of_copy))
        patches.replace(
            getattr(module, "AsyncCopy", None), name, lambda original: timed_async(original, _cursor_of_copy)
        )


def _patch_cursor(cursor: Any, patches: Patches) -> None:
    for name, read in _EXECUTES.items():
        patches.replace(cursor, name, partial(counted, connection_of=_name_of, read=read, has_room=False))
    for name in (*_FETCHES, "__next__"):
        patches.replace(cursor, name, timed_anywhere)
    patches.replace(cursor, "__iter__", timed_steps)  # before 3.3 a cursor was no iterator
    patches.replace(cursor, "stream", partial(counted_steps, connection_of=_name_of))
    patches.replace(cursor, "copy", _context(counted_steps, "contextmanager"))


def _patch_async_cursor(cursor: Any, patches: Patches) -> None:
    for name, read in _EXECUTES.items():
        patches.replace(cursor, name, partial(counted_async, connection_of=_name_of, read=read))
    for name in (*_FETCHES, "__anext__"):
        patches.replace(cursor, name, timed_async)
    patches.replace(cursor, "__aiter__", timed_steps_async)
    patches.replace(cursor, "stream", partial(counted_steps_async, connection_of=_name_of))
    patches.replace(cursor, "copy", _context(counted_steps_async, "asynccontextmanager"))


def _context(make: Callable[..., Any], manager: str) -> Callable[[Any], Any]:
    """Return what makes a context manager's function of one: the generator within is what takes the steps."""

    def made(original: Any) -> Any:
        import contextlib  # psycopg itself has imported it

        return like(getattr(contextlib, manager)(make(original.__wrapped__, _name_of)), original)

    return made


def _cursor_of_copy(copy: Any) -> Any:
    return copy.cursor
