"""Whole lines to a file descriptor of our own, whatever the tests do to theirs."""

from __future__ import annotations

import errno
import os
from typing import Any, Callable, Optional

try:  # before the first test: one may break importing
    import select as _select
except ImportError:  # a platform without it
    _select = None  # type: ignore[assignment]  # mypy takes the name for the module alone

# Above the numbers that tests count, close or select(): most programs use fewer, and the default limit is 1,024.
_FIRST_NUMBER = 500
_WAIT = 1.0  # seconds between two attempts to write to a pipe that is full


def own_copy(number: int) -> int:
    """Return a new descriptor for what `number` is open on. Not inherited by child programs. Raises OSError."""
    try:
        from fcntl import F_DUPFD_CLOEXEC, fcntl

        return fcntl(number, F_DUPFD_CLOEXEC, _FIRST_NUMBER)
    except (ImportError, OSError):  # no fcntl on this platform, or a limit on descriptors below the number asked for
        return os.dup(number)


class Descriptor:
    """Writes whole lines to a descriptor, from the process that made it and from no fork of that.

    fsync: whether a line is to be on the disk before write() returns. The functions of `os` are kept from the start:
    tests replace them.
    """

    def __init__(self, number: int, fsync: bool = False) -> None:
        self._number: Optional[int] = number
        self._owner = os.getpid()
        self._write: Any = os.write
        self._getpid: Callable[[], int] = os.getpid
        self._close: Any = os.close
        self._fsync: Any = os.fsync if fsync else None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave)

    @property
    def is_mine(self) -> bool:
        """Is this the process that made it?"""
        return self._getpid() == self._owner

    def write(self, data: bytes) -> None:
        """Write all of data, in one system call where the system takes it whole. Raises OSError."""
        if self._getpid() == self._owner:
            self.put(data)

    def put(self, data: bytes) -> None:
        """The same, for a caller that has just asked whether it `is_mine`: that is a system call of its own."""
        number = self._number
        if number is None:
            return
        while data:
            try:
                written = self._write(number, data)
            except OSError as error:
                _wait_or_raise(number, error)
                continue
            if written == len(data):  # as nearly always
                break
            data = data[written:]
        if self._fsync is not None:
            self._fsync(number)

    def close(self) -> None:
        """Close it; writes from now on do nothing."""
        number, self._number = self._number, None
        if number is not None and self.is_mine:
            self._close(number)

    def _leave(self) -> None:
        """In a forked child: it may live on as a daemon, and whoever reads us waits for the last copy to be closed."""
        number, self._number = self._number, None
        if number is not None:
            self._close(number)


def _wait_or_raise(number: int, error: OSError) -> None:
    """Return when it is worth another attempt; raise where it is not."""
    if isinstance(error, BlockingIOError):  # somebody set O_NONBLOCK on the shared pipe, and its reader is slow
        _wait_until_writable(number)
    elif error.errno != errno.EINTR:  # not retried for us where a handler of the user's raised in between
        raise error


def _wait_until_writable(number: int) -> None:
    if hasattr(_select, "poll"):  # select() itself counts up to 1,023 only
        poll = _select.poll()
        poll.register(number, _select.POLLOUT)
        poll.poll(_WAIT * 1000)
    elif _select is not None:
        _select.select([], [number], [], _WAIT)
