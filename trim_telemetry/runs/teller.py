"""A process of a run that `collect` has started: where it can be asked what it is doing (announcement.py answers)."""

from __future__ import annotations

import time
from typing import NamedTuple

from .process import signal_process

_CLOSED = b"closed\n"  # the last line of a process that was done by itself
_PAUSE = 0.1  # seconds


class Teller(NamedTuple):
    """path: of its announcement."""

    pid: int
    path: str

    def has_closed(self) -> bool:
        """Was it done by itself, as far as it could say?"""
        return self._said().endswith(_CLOSED)

    def stacks(self, patience: float) -> str:
        """Have it show what all its threads do; return that, "" where it does not within `patience` seconds."""
        before = shown = self._said()
        signal_process(self.pid, "SIGURG")  # whoever does not expect it does not notice it
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up:
            time.sleep(_PAUSE)
            known, shown = shown, self._said()
            if len(before) < len(known) == len(shown):  # it is written piece by piece
                break
        return shown[len(before) :].decode("utf-8", "replace")

    def kill(self) -> None:
        """End it at once."""
        signal_process(self.pid, "SIGKILL")

    def _said(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError:
            return b""
