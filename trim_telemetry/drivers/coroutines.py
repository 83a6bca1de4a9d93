"""Calls that go on after they have returned: coroutines, and generators that a driver steps through.

While they wait, others run in the same thread. So none of them is marked as "within a call": each is one statement,
unless it was begun within one.
"""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

from ..collectors.queries import Query, Window, recorder
from ..collectors.timing import Clock
from ..stand_ins import like, unseen
from .calls import Reader, statement, timed_anywhere
from .notes import attach_anywhere, note_of

Naming = Callable[[Any], str]

_END = object()
_GENERATOR, _ASYNC_GENERATOR = 0x20, 0x200  # inspect's CO_...: that is much to import


class _Call:
    """One call of a cursor's method, timed step by step: the first counts, the others are its rows."""

    def __init__(self, window: Window, cursor: Any, said: Tuple[Any, Any], connection_of: Naming) -> None:
        self._window = window
        self._about = cursor, *said, connection_of
        self._query: Optional[Query] = None
        self._spent = 0
        self._is_counted = self._has_failed = False
        self._started = 0
        self._now = Clock.now

    def begin(self) -> None:
        """A step begins."""
        self._started = self._now()

    def end(self, failed: bool = False) -> None:
        """It is over. What the user does until the next step may take time of the cursor's, too."""
        spent = self._now() - self._started
        cursor, query = self._about[0], self._query
        if not self._is_counted:
            self._is_counted = True
            self._query = query = recorder.observe(recorder.here(), self._window, *self._about, spent, failed)
        elif query is not None:
            note = note_of(cursor)
            before = note[1] if note is not None and note[0] is query else self._spent
            spent = recorder.fetched(query, before, spent)
            query.failed += failed and not self._has_failed
        self._spent, self._has_failed = spent, failed
        attach_anywhere(cursor, query, spent)


class _Nothing(_Call):
    """A call that nobody wants to hear of."""

    def __init__(self) -> None:
        pass

    def begin(self) -> None:
        """See _Call."""

    def end(self, failed: bool = False) -> None:
        """See _Call."""


def _call(cursor: Any, arguments: Tuple[Any, ...], named: Any, connection_of: Naming, read: Optional[Reader]) -> _Call:
    window = recorder.window
    if window is None or recorder.here().depth > 0:
        return _Nothing()
    return _Call(window, cursor, (read or statement)(arguments, named), connection_of)


def counted_async(original: Any, connection_of: Naming, read: Optional[Reader] = None) -> Any:
    """Return a coroutine function that awaits `original`, and counts. See calls.counted."""

    async def stand_in(cursor: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        call = _call(cursor, arguments, named, connection_of, read)
        call.begin()
        try:
            result = await original(cursor, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            call.end(True)
            unseen(error)
            raise
        call.end()
        return result

    return like(stand_in, original)


def timed_async(original: Any, cursor_of: Callable[[Any], Any] = lambda cursor: cursor) -> Any:
    """Return a coroutine function that awaits `original`, which gets rows. See calls.timed_anywhere."""
    now, fetched = Clock.now, recorder.fetched

    async def stand_in(owner: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        cursor = cursor_of(owner)
        note = note_of(cursor)
        if note is None:
            return await original(owner, *arguments, **named)
        query, before = note
        started = now()
        try:
            return await original(owner, *arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        finally:
            attach_anywhere(cursor, query, fetched(query, before, now() - started))

    return like(stand_in, original)


def counted_steps(original: Any, connection_of: Naming) -> Any:
    """Return a generator function that steps through `original`'s generator: its first step is a statement."""

    def stand_in(cursor: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        steps = original(cursor, *arguments, **named)
        call = _call(cursor, arguments, named, connection_of, None)
        thrown: List[BaseException] = []
        while True:
            call.begin()
            try:
                value = steps.throw(thrown.pop()) if thrown else next(steps, _END)
            except StopIteration:  # after a throw: it has dealt with that
                value = _END
            except BaseException as error:  # raised again, as it came
                call.end(True)
                unseen(error)
                raise
            call.end()
            if value is _END:
                return
            try:
                yield value
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001  # it is thrown into the driver's own generator
                thrown.append(error)

    return like(stand_in, original)


def counted_steps_async(original: Any, connection_of: Naming) -> Any:
    """Return an asynchronous generator function that steps through `original`'s. See counted_steps."""

    async def stand_in(cursor: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        steps = original(cursor, *arguments, **named)
        call = _call(cursor, arguments, named, connection_of, None)
        thrown: List[BaseException] = []
        while True:
            call.begin()
            try:
                value = await (steps.athrow(thrown.pop()) if thrown else steps.__anext__())
            except StopAsyncIteration:
                call.end()
                return
            except BaseException as error:  # raised again, as it came
                call.end(True)
                unseen(error)
                raise
            call.end()
            try:
                yield value
            except GeneratorExit:
                await steps.aclose()
                raise
            except BaseException as error:  # noqa: BLE001  # it is thrown into the driver's own generator
                thrown.append(error)

    return like(stand_in, original)


def timed_steps(original: Any) -> Any:
    """Return a generator function that steps through `original`'s rows, timed as fetches are. See calls.timed."""

    def stand_in(cursor: Any) -> Any:
        __tracebackhide__ = True
        rows = original(cursor)
        step = timed_anywhere(lambda cursor: next(rows, _END))
        while True:
            row = step(cursor)
            if row is _END:
                return
            yield row

    return like(stand_in, original) if _is(original, _GENERATOR) else original


def timed_steps_async(original: Any) -> Any:
    """Return an asynchronous generator function that steps through `original`'s rows. See timed_steps."""

    async def stand_in(cursor: Any) -> Any:
        __tracebackhide__ = True
        rows = original(cursor)
        step = timed_async(lambda cursor: rows.__anext__())
        while True:
            try:
                row = await step(cursor)
            except StopAsyncIteration:
                return
            yield row

    return like(stand_in, original) if _is(original, _ASYNC_GENERATOR) else original


def _is(function: Any, flag: int) -> bool:
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & flag)
