"""The two markers on stdout (record.md, Two channels)."""

from __future__ import annotations

from typing import Any, Optional

from .. import record
from .descriptor import Descriptor, own_copy
from .line_limit import shorten


class StdoutLines:
    """Writes marked lines to what `descriptor` was open on when the run began, past every replaced sys.stdout.

    Each line is one write of newline + line + newline: whatever stood on the screen's line before (dots, names, what a
    test printed), the marker begins in column 0. stream: the text stream on that descriptor, if any; what the tests
    have printed into its buffer so far is flushed first, so that it stands before the line.
    """

    def __init__(self, descriptor: int, stream: Optional[Any] = None) -> None:
        self._descriptor = Descriptor(own_copy(descriptor))
        self._flush = getattr(stream, "flush", None)

    def write(self, marker: str, line: str) -> None:
        """Write one encoded record behind its marker. Raises OSError where nobody reads any more."""
        descriptor = self._descriptor
        if not descriptor.is_mine:
            return
        limit = record.LINE_LIMIT - len(marker) - 2
        if len(line) > limit:
            line = shorten(line, limit)
        if self._flush is not None:
            try:
                self._flush()
            except BlockingIOError:  # somebody set O_NONBLOCK, and its reader is slow: the rest stays in its buffer
                pass
            except RuntimeError:  # "reentrant call": a signal handler writes this, in the middle of a print
                pass
            except (ValueError, OSError):  # closed by a test, or its reader is gone: the user's own output, not ours
                self._flush = None
        descriptor.put(f"\n{marker}{line}\n".encode("ascii"))

    def close(self) -> None:
        """Give the descriptor back."""
        self._descriptor.close()
