"""Tasks of event loops: a call in a task that runs nothing but a library's code is the line's that waits for it.

A library makes tasks of its own (anyio one for each address of a host), and users hand its coroutines to gather(), task
groups and executors. Who waits is told by what is to be called when it is done. Looked for when a call is written down.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

Find = Callable[[Optional[FrameType]], Optional[FrameType]]  # the first frame of the user's own, outwards

_MOST = 500  # things looked at for one call
_DEPTH = 200  # coroutines that wait for each other
_CO_COROUTINE = 0x80  # inspect.CO_COROUTINE, without what importing inspect takes
_Readers = Dict[Tuple[Any, str], Callable[[Mapping[str, Any]], Any]]  # by module and function: from its locals
_MAIN: _Readers = {  # the task, or the coroutine, that a loop was started for
    ("asyncio.base_events", "run_until_complete"): lambda found: found["future"],
    ("asyncio.runners", "run"): lambda found: found.get("task") or found.get("main"),  # a loop in C shows no frame
    ("trio._core._run", "run"): lambda found: found["runner"].main_task,
}
_WORK: _Readers = {  # the future, or the task, that a thread of a pool works for
    ("concurrent.futures.thread", "run"): lambda found: found["self"].future,
    ("anyio._backends._asyncio", "run"): lambda found: found["future"],
    ("trio._threads", "worker_fn"): lambda found: found["task_register"][0],
}


def frame_behind(find: Find, frame: FrameType) -> Optional[FrameType]:
    """Return the frame of the user's own code that `frame`, which the present thread runs, works for; or None."""
    found = find(frame)
    try:
        return _behind(find, frame, found)
    except Exception:  # noqa: BLE001  # tasks and futures of anybody's making: then the stack is all that there is
        return found


def frame_of_loop(find: Find, frame: Optional[FrameType]) -> Optional[FrameType]:
    """Return the user's frame of a thread, whose stack this is; of an event loop at rest, where its main task waits."""
    found = find(frame)
    try:
        main = _known(_MAIN, frame)
        return found if main is None or _is_within(found, frame, main) else _of_main_task(find, main) or found
    except Exception:  # noqa: BLE001  # as above
        return found


def _behind(find: Find, frame: FrameType, found: Optional[FrameType]) -> Optional[FrameType]:
    loop = _running_loop()
    task = _current_task(loop)
    outermost = getattr(_coroutine_of(task), "cr_frame", None)
    while outermost is not None:
        if _is_within(found, frame, outermost):
            return found
        starter = _starter_of(outermost, loop)
        if starter is None:
            return _first(find, _waiting_for(task)) or _of_loop(find, frame, loop) or found
        task, outermost = starter, _coroutine_of(starter).cr_frame
    if loop is not None:  # a callback of its
        return found if _is_within(found, frame, _known(_MAIN, frame)) else _of_loop(find, frame, loop) or found
    work = _known(_WORK, frame) if found is None else None
    return found if work is None else _of_held(find, _held_there(_WORK, work))


def _is_within(found: Optional[FrameType], frame: Optional[FrameType], outermost: Optional[FrameType]) -> bool:
    """Is it a frame between these two, on the stack of `frame`?"""
    while frame is not None and found is not None:
        if frame is found:
            return True
        if frame is outermost:
            return False
        frame = frame.f_back
    return False


def _starter_of(outermost: FrameType, loop: Any) -> Any:
    """Return the task that has begun the one of this frame, and is on the stack, too (Python 3.12: eager_start)."""
    frame = outermost.f_back
    while frame is not None:
        if frame.f_code.co_flags & _CO_COROUTINE:
            tasks = sys.modules["asyncio"].all_tasks(loop) if loop is not None else ()
            found = [task for task in tasks if getattr(_coroutine_of(task), "cr_frame", None) is frame]
            if found:
                return found[0]
        frame = frame.f_back
    return None


def _running_loop() -> Any:
    asyncio: Any = sys.modules.get("asyncio")
    return None if asyncio is None else asyncio._get_running_loop()  # get_running_loop() raises where there is none


def _current_task(loop: Any) -> Any:
    if loop is not None:
        task = sys.modules["asyncio"].current_task(loop)
        if task is not None:
            return task
    lowlevel: Any = sys.modules.get("trio.lowlevel")
    try:
        return lowlevel.current_task() if lowlevel is not None else None
    except RuntimeError:  # not in trio
        return None


def _coroutine_of(task: Any) -> Any:
    get_coro = getattr(task, "get_coro", None)
    return getattr(task, "coro", None) if get_coro is None else get_coro()  # trio's, asyncio's


# -- who waits ---


def _first(find: Find, tasks: Iterator[Any]) -> Optional[FrameType]:
    return next(filter(None, (_place_in(find, task) for task in tasks)), None)


def _place_in(find: Find, task: Any) -> Optional[FrameType]:
    """Return the innermost frame of the user's own in a task that waits."""
    place, awaited = None, _coroutine_of(task) or task
    for _ in range(_DEPTH):
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), None)
        if kind is None:  # a future, or None
            break
        frame = getattr(awaited, f"{kind}_frame")
        if isinstance(frame, FrameType):
            place = find(frame) or place  # a frame that waits has none behind it
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")
    return place


def _waiting_for(begin: Any) -> Iterator[Any]:
    """Yield the tasks that wait for a future, nearest first: they are called back when it is done."""
    queue, seen = [begin], {id(begin)}
    for thing in queue:
        if thing is not begin and _is_task(thing):
            yield thing
        for holder in _called_back_by(thing):
            if holder is not None and id(holder) not in seen and len(seen) < _MOST:
                seen.add(id(holder))
                queue.append(holder)


def _is_task(thing: Any) -> bool:
    return _coroutine_of(thing) is not None


def _called_back_by(thing: Any) -> List[Any]:
    nursery = getattr(thing, "parent_nursery", None)  # of a task of trio's
    if nursery is not None:
        return [nursery.parent_task]
    if hasattr(thing, "_asyncio_future_blocking"):  # asyncio's own mark of a future
        return [callback[0] for callback in thing._callbacks or ()]
    if hasattr(thing, "_done_callbacks"):  # a future of concurrent.futures
        return list(thing._done_callbacks)
    if callable(thing):
        return _held_by(thing)
    # Task groups: asyncio's, anyio's, and what a thread of trio's runs.
    scope = getattr(thing, "cancel_scope", None)
    return [getattr(thing, "_parent_task", None), getattr(scope, "_host_task", None)]


def _held_by(callback: Any) -> List[Any]:
    """Return what a function that is called back has hold of: its object, its arguments, the names around it."""
    held = [getattr(callback, "__self__", None), *getattr(callback, "args", ())]  # of functools.partial
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            held.append(cell.cell_contents)
        except ValueError:  # empty yet
            pass
    if held == [None]:  # before 3.11 a task's own, which shows nothing
        import gc

        held = gc.get_referents(callback)
    return [thing for thing in held if not isinstance(thing, (str, bytes, int, type, dict, list, set, tuple))]


# -- the loop, and its executors ---


def _of_loop(find: Find, frame: FrameType, loop: Any) -> Optional[FrameType]:
    """Return the place where the main task of the loop on this stack waits; or that of its only task that has one."""
    place = _of_main_task(find, _known(_MAIN, frame))
    if place is None and loop is not None:  # before 3.11 unittest's own main task starts the tests' coroutines
        places = [_place_in(find, task) for task in sys.modules["asyncio"].all_tasks(loop)]
        found = [place for place in places if place is not None]
        place = found[0] if len(found) == 1 else None
    return place


def _of_main_task(find: Find, frame: Optional[FrameType]) -> Optional[FrameType]:
    return None if frame is None else _of_held(find, _held_there(_MAIN, frame))


def _of_held(find: Find, held: Any) -> Optional[FrameType]:
    return None if held is None else _place_in(find, held) or _first(find, _waiting_for(held))


def _known(readers: _Readers, frame: Optional[FrameType]) -> Optional[FrameType]:
    """Return the innermost frame of a function that is known, if any."""
    while frame is not None and _name_of(frame) not in readers:
        frame = frame.f_back
    return frame


def _held_there(readers: _Readers, frame: FrameType) -> Any:
    return readers[_name_of(frame)](frame.f_locals)


def _name_of(frame: FrameType) -> Tuple[Any, str]:
    return frame.f_globals.get("__name__"), frame.f_code.co_name
