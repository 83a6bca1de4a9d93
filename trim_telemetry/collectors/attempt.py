"""An attempt to reach another machine, or several that were alike."""

from __future__ import annotations

from typing import Any, Optional, Tuple


class Attempt:
    """Calls that were alike. blocked: they were refused; first: ns by the clock; spent: ns of all of them."""

    __slots__ = (
        "address",
        "blocked",
        "count",
        "file",
        "first",
        "function",
        "host",
        "line",
        "method",
        "operation",
        "phase",
        "port",
        "spent",
        "test",
        "thread",
        "unconnected",
        "url",
    )

    def __init__(self, operation: str, host: Optional[str], port: Optional[int], blocked: bool) -> None:
        self.operation = operation
        self.host = host
        self.port = port
        self.blocked = blocked
        self.address: Optional[str] = None
        self.method: Optional[str] = None
        self.url: Optional[str] = None
        self.file: Optional[str] = None
        self.line: Optional[int] = None
        self.function: Optional[str] = None
        self.thread: Optional[str] = None
        self.phase: Optional[str] = None
        self.test: Optional[str] = None
        self.first = 0
        self.count = 0
        self.spent = 0
        self.unconnected = 0  # look-ups that no connection has followed yet

    def key(self) -> Tuple[Any, ...]:
        """Return what those that are alike have in common."""
        return tuple(getattr(self, name) for name in _ALIKE)


_ALIKE = tuple(name for name in Attempt.__slots__ if name not in ("count", "first", "spent", "test", "unconnected"))
