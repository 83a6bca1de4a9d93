"""The lossless channel: one NDJSON file, one write a record."""

from __future__ import annotations

import os

from .descriptor import Descriptor, own_copy


class NdjsonFile:
    """Appends records to the file at `path`, an absolute path whose folders are made. Raises OSError.

    fsync: have each record on the disk before write() returns. A shared lock is held on the file for as long as this
    process lives: whoever finds it taken knows that more is to come.
    """

    def __init__(self, path: str, fsync: bool = False) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            own = own_copy(number)
        finally:
            os.close(number)
        _lock(own)
        self._descriptor = Descriptor(own, fsync)
        self._stat, self._same = os.stat, os.path.samestat  # kept from the start: tests replace them
        self._made = os.fstat(own)
        self.path = path

    def write(self, line: str) -> None:
        """Append one encoded record. Raises OSError (disk full, and so on)."""
        self._descriptor.write(f"{line}\n".encode("ascii"))

    def is_there(self) -> bool:
        """Does its path still lead to it?"""
        try:
            return self._same(self._stat(self.path), self._made)
        except OSError:
            return False

    def close(self) -> None:
        """Give the descriptor back."""
        self._descriptor.close()


def _lock(number: int) -> None:
    try:
        from fcntl import LOCK_NB, LOCK_SH, flock

        flock(number, LOCK_SH | LOCK_NB)
    except (ImportError, OSError):  # a platform or a file system without it
        pass
