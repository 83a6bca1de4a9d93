"""Functions in place of a driver's own: they tell the recorder of each call, and are otherwise not to be noticed."""

from __future__ import annotations

import sys
from typing import Any, Callable, Mapping, Optional, Tuple

from ..collectors.queries import BELOW, Query, recorder
from ..collectors.timing import Clock
from ..stand_ins import like, unseen
from .notes import attach, attach_anywhere, note_of

Reader = Callable[[Tuple[Any, ...], Mapping[str, Any]], Tuple[Any, Any]]

# As drivers call their first argument, and their second.
_STATEMENT = ("sql", "query", "operation", "procname", "sql_script", "statement")
_PARAMETERS = ("parameters", "params", "vars", "args")
_MANY = object()


def counted(
    original: Callable[..., Any],
    connection_of: Callable[[Any], str],
    read: Optional[Reader] = None,
    reached: Callable[[BaseException], bool] = lambda error: True,
    has_rows: bool = True,
    has_room: bool = True,
    above: int = 1,
    is_lowest: bool = False,
) -> Callable[..., Any]:
    """Return a method that calls `original`, and counts the call where it is not within another one.

    connection_of: names the connection of a cursor, or raises AttributeError; read: returns statement and parameters
    from a call's arguments, positional and named (None: as PEP 249 has them); reached: whether a statement that raised
    this had got as far as the driver; has_rows: whether the cursor's fetches are timed(); has_room: whether it takes
    attributes; above: how many calls further out the user's own code usually is. Where it is not, it is looked for;
    is_lowest: whether no other driver is below this one, so that whatever is sent meanwhile is sent by code of the
    user's that it calls back.
    """
    now = Clock.now
    get_frame = sys._getframe  # private by name only: logging's findCaller relies on it, too
    inside = BELOW if is_lowest else 1
    told, local, here, find, observe = recorder, recorder.local, recorder.here, recorder.find, recorder.observe

    def stand_in(cursor: Any, *arguments: Any, **named: Any) -> Any:
        """Hot: what is usual is done in here, by names that are local. A call of a function is a tenth of it all."""
        __tracebackhide__ = True  # pytest leaves such frames out
        window = told.window
        if window is None:
            return original(cursor, *arguments, **named)
        try:
            state = local.state
        except AttributeError:  # the thread's first
            state = here()
        outer = state.depth
        if outer > 0:
            state.cursor = cursor
            if not is_lowest:
                return original(cursor, *arguments, **named)
            state.depth = inside
            try:
                return original(cursor, *arguments, **named)
            finally:
                state.depth = outer
        started = now()
        try:
            state.depth = inside
            result = original(cursor, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            spent = now() - started
            state.depth, state.cursor = outer, None  # whoever catches this may need the driver's cursor to be gone
            if reached(error):
                sql, parameters = (read or statement)(arguments, named)
                observe(state, window, cursor, sql, parameters, connection_of, spent, True)
            unseen(error)
            raise
        spent = now() - started
        state.depth = outer
        try:
            if read is None and arguments and not named:  # by far the most
                sql = arguments[0]
                parameters = arguments[1] if len(arguments) > 1 else None
            else:
                sql, parameters = (read or statement)(arguments, named)
            frame = get_frame(above)
            query = state.recent.get(frame.f_lasti)
            if (
                query is None
                or query.sql is not sql
                or query.code is not frame.f_code
                or state.window is not window
                or query.connection != connection_of(cursor)
            ):
                query = find(state, window, cursor, sql, parameters, connection_of, get_frame(1))
            query.count += 1
            query.spent += spent
            if spent > query.mark:
                told.remark(query, spent)
            if parameters is not None:
                told.tell(query, parameters)
            state.last = query
            if state.cursor is not None:  # the driver's, below this one: its rows will take time, too
                inner, state.cursor = state.cursor, None
                attach(inner, query, spent)
            elif has_rows:
                if has_room:
                    try:
                        cursor._trim_query = query
                        cursor._trim_spent = spent
                    except Exception:  # noqa: BLE001  # a class of the user's, see notes.attach
                        pass
                else:
                    attach_anywhere(cursor, query, spent)
        except Exception as error:  # noqa: BLE001  # ours, whatever it is: the user's statement has been run
            told.broke(error)
        return result

    return like(stand_in, original)


def statement(arguments: Tuple[Any, ...], named: Mapping[str, Any]) -> Tuple[Any, Any]:
    """Return statement and parameters of an execute, however they were passed."""
    sql = arguments[0] if arguments else next((named[name] for name in _STATEMENT if name in named), "")
    if len(arguments) > 1:
        return sql, arguments[1]
    return sql, next((named[name] for name in _PARAMETERS if name in named), None)


def statement_of_many(arguments: Tuple[Any, ...], named: Mapping[str, Any]) -> Tuple[Any, Any]:
    """Return the statement of an executemany: its rows may be endless, and are nobody's to look at."""
    return statement(arguments, named)[0], _MANY


def within(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls `original`, whose statements are the framework's own: nobody's."""
    local, here = recorder.local, recorder.here

    def stand_in(*arguments: Any, **named: Any) -> Any:
        """Hot: Django looks at its connection's health for each cursor."""
        __tracebackhide__ = True
        try:
            state = local.state
        except AttributeError:  # the thread's first
            state = here()
        depth, state.depth = state.depth, 1
        try:
            return original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        finally:
            state.depth, state.cursor = depth, None

    return like(stand_in, original)


def timed(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that calls `original`, which gets rows: the time is that of the statement that they are of."""
    now, fetched, refetched = Clock.now, recorder.fetched, recorder.refetched

    def stand_in(cursor: Any, *arguments: Any, **named: Any) -> Any:
        """Hot, as counted()'s is."""
        __tracebackhide__ = True
        try:
            query = cursor._trim_query
        except Exception:  # noqa: BLE001  # none; or a class of the user's, see notes.note_of
            query = None
        if type(query) is not Query:
            return original(cursor, *arguments, **named)
        started = now()
        try:
            result = original(cursor, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            cursor._trim_spent = fetched(query, cursor._trim_spent, now() - started)
            unseen(error)
            raise
        spent = now() - started
        total = cursor._trim_spent = cursor._trim_spent + spent
        query.spent += spent
        if total > query.mark:
            refetched(query, total - spent, total)
        return result

    return like(stand_in, original)


def timed_anywhere(original: Callable[..., Any], cursor_of: Callable[[Any], Any] = lambda cursor: cursor) -> Any:
    """Return a method as timed() does, for cursors that may have no room for attributes.

    cursor_of: returns the cursor of what has the method.
    """
    now, fetched = Clock.now, recorder.fetched

    def stand_in(owner: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        cursor = cursor_of(owner)
        note = note_of(cursor)
        if note is None:
            return original(owner, *arguments, **named)
        query, before = note
        started = now()
        try:
            return original(owner, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        finally:
            attach_anywhere(cursor, query, fetched(query, before, now() - started))

    return like(stand_in, original)
