"""Clocks that a test can't stop, and timestamps made from them."""

from __future__ import annotations

import time
from typing import Tuple

_SECOND = 1_000_000_000  # ns


class Clock:
    """A monotonic clock, anchored once to the wall clock.

    The functions are class attributes because freezegun replaces time functions in every module's globals, also those
    bound at import; wall-clock times are the anchor plus the monotonic clock because time-machine replaces time.time
    itself. Neither touches perf_counter_ns in a class, nor process_time_ns.
    """

    now = staticmethod(time.perf_counter_ns)  # ns
    cpu = staticmethod(time.process_time_ns)  # ns of CPU of this process
    _gmtime = staticmethod(time.gmtime)

    def __init__(self) -> None:
        self._offset = time.time_ns() - time.perf_counter_ns()
        self._second: Tuple[int, str] = (0, "")  # when the last one began, by `now`, and its text

    def timestamp(self, now: int) -> str:
        """Return RFC 3339 in UTC with six digits and `+00:00` for a reading of `now`."""
        began, text = self._second
        nanoseconds = now - began
        if not text or not 0 <= nanoseconds < _SECOND:
            seconds, nanoseconds = divmod(now + self._offset, _SECOND)
            text = "%04d-%02d-%02dT%02d:%02d:%02d" % self._gmtime(seconds)[:6]
            self._second = (now - nanoseconds, text)
        # A seventh digit in front keeps the zeros: a third of the time that a format with a width takes.
        return f"{text}.{str(1_000_000 + nanoseconds // 1000)[1:]}+00:00"
