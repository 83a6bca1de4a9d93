"""What a cursor remembers: which statement its rows are of, and what time that has taken so far.

It is kept with the cursor where that has room for attributes, else aside, until the cursor goes. So is the name of a
connection with that. A class of the user's may have a __setattr__ and a __getattr__ of its own.
"""

from __future__ import annotations

from _weakref import ref
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..collectors.queries import Query
from ..identity import identity

_NAME_LIMIT = 100


class _Cursor(ref):  # type: ignore[type-arg]  # of whatever class
    """A cursor that a note is about, as long as it lives."""

    __slots__ = ("key",)
    key: int  # the identity that it has had


_aside: Dict[int, List[Any]] = {}  # by the cursors' identities: the _Cursor, and its note


def attach(cursor: Any, query: Optional[Query], spent: int) -> None:
    """Have a cursor remember. One without room for it has only its executions timed."""
    try:
        cursor._trim_query, cursor._trim_spent = query, spent
    except Exception:  # noqa: BLE001  # the user's own class
        pass


def attach_anywhere(cursor: Any, query: Optional[Query], spent: int) -> None:
    """Have a cursor remember, whether it has room for it or not."""
    if type(cursor).__dictoffset__:
        attach(cursor, query, spent)
        return
    key = identity(cursor)
    note = _aside.get(key)
    if note is None:
        reference = _Cursor(cursor, _gone)
        reference.key = key
        _aside[key] = [reference, query, spent]
    else:
        note[1], note[2] = query, spent


def _gone(reference: _Cursor) -> None:
    _aside.pop(reference.key, None)


def note_of(cursor: Any) -> Optional[Tuple[Query, int]]:
    """Return what a cursor remembers; None: of nothing that was counted."""
    try:
        query = cursor._trim_query
        if type(query) is Query:
            return query, cursor._trim_spent
    except Exception:  # noqa: BLE001  # none; or the user's own class
        pass
    note = _aside.get(identity(cursor))
    return None if note is None or note[1] is None else (note[1], note[2])


def naming(find: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return what names the connection of a cursor. find: is asked for the name of each connection, once."""

    def name_of(cursor: Any) -> str:
        connection = cursor.connection
        try:
            name: str = connection._trim_name
        except AttributeError:
            name = find(connection)[:_NAME_LIMIT]
            name_it(connection, name)
        return name

    return name_of


def name_it(connection: Any, name: str) -> None:
    """Have a connection keep its name. One without room for it is asked each time, or has none."""
    try:
        connection._trim_name = name
    except Exception:  # noqa: BLE001  # the user's own class
        pass
