"""The lines of a run's file as records: one at a time, while the file grows or after."""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator, List, Optional

from .. import record

_CHUNK = 1 << 20  # bytes read at once


class Lines:
    """Whole lines out of bytes that come in pieces; what still lacks its end is `pending`."""

    def __init__(self) -> None:
        self._pieces: List[bytes] = []

    @property
    def pending(self) -> bytes:
        """What has come since the last end of a line."""
        return b"".join(self._pieces)

    def feed(self, data: bytes) -> List[bytes]:
        """Take more in; return the lines that are whole now, each with its end."""
        if b"\n" not in data:
            self._pieces.append(data)
            return []
        lines = data.splitlines(True) if b"\r" not in data else _lines_of(data)
        lines[0] = self.pending + lines[0]
        self._pieces = [] if lines[-1].endswith(b"\n") else [lines.pop()]
        return lines


def _lines_of(data: bytes) -> List[bytes]:
    """A carriage return alone ends no line, as splitlines() would have it."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def decoded(line: bytes) -> Optional[Dict[str, Any]]:
    """Return the record in a line; None where there is none that can be read."""
    try:
        return record.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):  # no JSON object, no UTF-8; or nested deeper than any record of ours
        return None


class Tail:
    """A file that is being written, read as it grows, also after its name is gone. Raises OSError.

    offset: where the record begins that records() gave last; whole: how many bytes the whole lines so far have.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.offset = 0
        self.whole = 0
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # it is open as long as this object
        self._lines = Lines()

    def records(self) -> Iterator[Dict[str, Any]]:
        """Yield the records that have come since last time. A line that can't be read, or is torn, is passed over."""
        while True:
            data = self._file.read(_CHUNK)
            if not data:
                return
            for line in self._lines.feed(data):
                self.offset, self.whole = self.whole, self.whole + len(line)
                content = decoded(line)
                if content is not None:
                    yield content

    def is_there(self) -> bool:
        """Does its path still lead to it?"""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def content(self) -> Iterator[bytes]:
        """Yield the whole lines from the beginning, in pieces."""
        self._file.seek(0)
        left = self.whole
        while left:
            data = self._file.read(min(left, _CHUNK))
            if not data:
                return
            left -= len(data)
            yield data

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
