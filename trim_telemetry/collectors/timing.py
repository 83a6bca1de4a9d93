"""Clocks that a test can't stop, and timestamps made from them."""

from __future__ import annotations

import time

_SECOND = 1_000_000_000  # ns
_SECONDS = 2 * _SECOND
_NEVER = 1 << 80  # ns; farther ahead than any reading of a clock


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
        self._base = _NEVER  # a second before the one of the last timestamp began, by `now`
        self._text = ""  # of that second

    def timestamp(self, now: int) -> str:
        """Return RFC 3339 in UTC with six digits and `+00:00` for a reading of `now`."""
        nanoseconds = now - self._base
        if not _SECOND <= nanoseconds < _SECONDS:
            seconds, nanoseconds = divmod(now + self._offset, _SECOND)
            nanoseconds += _SECOND
            self._base = now - nanoseconds
            self._text = "%04d-%02d-%02dT%02d:%02d:%02d" % self._gmtime(seconds)[:6]
        # The second more is a digit in front that keeps the zeros: a format with a width takes thrice the time.
        return f"{self._text}.{str(nanoseconds)[1:7]}+00:00"
