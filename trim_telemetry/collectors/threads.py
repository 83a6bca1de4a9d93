"""Threads that a test has left running: what they do later is not the next test's doing."""

from __future__ import annotations

import sys
from _thread import get_ident
from types import FrameType
from typing import Any, Callable, Dict, Optional, Tuple

from .owner import Owner

_current_frames = sys._current_frames  # private by name only: documented, and there since 2.5


class Threads:
    """Remembers during which test each thread was first seen; threads of shared set-up are every test's.

    A thread that is in none of the user's code, a pool's worker or a server's for one, waits for work: what it does
    next is for whoever gives it some. So it is with the thread that looks. users: returns the first frame of the user's
    own code from a frame outwards.
    """

    def __init__(self, users: Callable[[FrameType], Optional[FrameType]]) -> None:
        self._users = users
        # By ident. The Thread is held and compared: an ident is given again as soon as its thread is over.
        self._seen: Dict[int, Tuple[Any, Optional[Owner]]] = {}
        self._known: Dict[int, Any] = {}  # all that were alive when they were looked at
        self._all_are_nobodys = True

    def look(self, owner: Optional[Owner] = None) -> None:
        """Take note of the threads there are. owner: what those not seen before were started in; None: in no test."""
        alive = _alive()
        if self._all_are_nobodys and alive == self._known:  # by far the most: a server, a timer that all tests share
            return
        self._known = dict(alive)
        frames, present, seen = _current_frames(), get_ident(), {}
        for ident, thread in self._known.items():
            started_in = self._started_in(ident, thread, owner)
            if started_in is not None and (ident == present or self._is_idle(frames.get(ident))):
                started_in = None
            seen[ident] = (thread, started_in)
        self._seen = seen
        self._all_are_nobodys = all(started_in is None for _, started_in in seen.values())

    def is_leaked(self, owner: Owner) -> bool:
        """Was the present thread left running by another test than this one?"""
        started_in = self.started_in()
        return started_in is not None and started_in is not owner

    def started_in(self) -> Optional[Owner]:
        """Return the test that the present thread was seen in first; None: in none, or not yet."""
        ident = get_ident()
        return self._started_in(ident, _alive().get(ident), None)

    def _started_in(self, ident: int, thread: Any, otherwise: Optional[Owner]) -> Optional[Owner]:
        known, started_in = self._seen.get(ident, (None, None))
        return started_in if known is thread and thread is not None else otherwise

    def _is_idle(self, frame: Optional[FrameType]) -> bool:
        return frame is not None and self._users(frame) is None


def _alive() -> Dict[int, Any]:
    """Return the threads there are, by ident. Private, and what threading.enumerate() copies under a lock."""
    alive: Dict[int, Any] = getattr(sys.modules.get("threading"), "_active", {})
    return alive


def thread_name() -> Optional[str]:
    """Return the present thread's name; None: threading knows none. threading.current_thread() would make one up."""
    known = _alive().get(get_ident())
    return None if known is None else str(known.name)


def frame_of(ident: int) -> Optional[FrameType]:
    """Return what a thread runs now."""
    return _current_frames().get(ident)
