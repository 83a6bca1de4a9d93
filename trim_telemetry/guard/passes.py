"""What the present thread has had judged: the audit hook, which comes behind the methods, need not ask again."""

from __future__ import annotations

from _thread import _local
from typing import Any


class _Passes(_local):
    address: Any = None  # that a socket is about to reach
    lookups = 0  # that are on
    starting = False  # is subprocess about to start a process? From 3.13 on it does that by os.posix_spawn


passes = _Passes()
