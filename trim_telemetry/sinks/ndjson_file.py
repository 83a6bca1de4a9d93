"""The lossless channel: one NDJSON file, one write a record."""

from __future__ import annotations

import os

from .descriptor import Descriptor, own_copy


class NdjsonFile:
    """Appends records to the file at `path`, an absolute path whose folders are made. Raises OSError."""

    def __init__(self, path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            self._descriptor = Descriptor(own_copy(number))
        finally:
            os.close(number)
        self.path = path

    def write(self, line: str) -> None:
        """Append one encoded record. Raises OSError (disk full, and so on)."""
        self._descriptor.write(f"{line}\n".encode("ascii"))

    def close(self) -> None:
        """Give the descriptor back."""
        self._descriptor.close()
