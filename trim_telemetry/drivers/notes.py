"""What a cursor remembers: which statement its rows are of, and what time that has taken so far.

It is kept with the cursor where that has room for attributes, else aside, until the cursor goes.
"""

from __future__ import annotations

from _weakref import ref
from typing import Any, Dict, List, Optional, Tuple

from ..collectors.queries import Query


class _Cursor(ref):  # type: ignore[type-arg]  # of whatever class
    """A cursor that a note is about, as long as it lives."""

    __slots__ = ("key",)
    key: int  # the id that it has had


_aside: Dict[int, List[Any]] = {}  # by the cursors' ids: the _Cursor, and its note


def attach(cursor: Any, query: Optional[Query], spent: int) -> None:
    """Have a cursor remember. One without room for it has only its executions timed."""
    try:
        cursor._trim_query, cursor._trim_spent = query, spent
    except AttributeError:
        pass


def attach_anywhere(cursor: Any, query: Optional[Query], spent: int) -> None:
    """Have a cursor remember, whether it has room for it or not."""
    if type(cursor).__dictoffset__:
        attach(cursor, query, spent)
        return
    key = id(cursor)
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
    query = getattr(cursor, "_trim_query", None)
    if query is not None:
        return query, cursor._trim_spent
    note = _aside.get(id(cursor))
    return None if note is None or note[1] is None else (note[1], note[2])
