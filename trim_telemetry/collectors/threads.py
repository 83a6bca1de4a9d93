"""Threads that a test has left running: what they do later is not the next test's doing."""

from __future__ import annotations

import sys
from _thread import get_ident
from types import FrameType
from typing import Any, Callable, Dict, Optional, Tuple

_current_frames = sys._current_frames  # private by name only: documented, and there since 2.5


class Threads:
    """Remembers during which test each thread was first seen; threads of shared set-up are every test's.

    A thread that is in none of the user's code, a pool's worker or a server's for one, waits for work: what it does
    next is for whoever gives it some. users: returns the first frame of the user's own code from a frame outwards.
    """

    def __init__(self, users: Callable[[FrameType], Optional[FrameType]]) -> None:
        self._users = users
        # By id of the Thread, which is held until it has ended: an ident is given again as soon as its thread is over.
        self._seen: Dict[int, Tuple[Any, Any]] = {}

    def look(self, test: Any = None) -> None:
        """Take note of the threads there are. test: what those not seen before were started in; None: in no test."""
        seen, alive = self._seen, _alive()
        if len(alive) == 1 and not seen:  # the one that looks
            return
        idle = [ident for ident, frame in _current_frames().items() if self._users(frame) is None]
        self._seen = {
            id(thread): (thread, None if thread.ident in idle else seen.get(id(thread), (thread, test))[1])
            for thread in alive
        }

    def is_leaked(self, test: Any) -> bool:
        """Was the present thread left running by another test than this one?"""
        started_in = self.started_in()
        return started_in is not None and started_in != test

    def started_in(self) -> Any:
        """Return the test that the present thread was seen in first; None: in none, or not yet."""
        ident = get_ident()
        for thread, started_in in list(self._seen.values()):
            if thread.ident == ident and thread.is_alive():
                return started_in
        return None


def _alive() -> Any:
    threading: Any = sys.modules.get("threading")
    return list(threading.enumerate()) if threading is not None else []
