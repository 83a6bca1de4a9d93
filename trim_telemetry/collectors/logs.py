"""Log records of a test, seen by wrapping `logging.Logger.handle`: no handler, level or filter is ever added."""

from __future__ import annotations

import sys
from typing import Any, Callable, List, NamedTuple, Optional

from .source import safe_str

_MESSAGE_LIMIT = 2_000  # characters of one message


class LogRecord(NamedTuple):
    """One entry of a record's `logs`. time: RFC 3339; phase: setup, call, teardown or None."""

    time: str
    level: str
    logger: str
    message: str
    phase: Optional[str]


class LogCollector:
    """Keeps the first `limit` log records at or above `level` of the test that is on, from every thread.

    timestamp: gives the present time as the record writes it; phase: gives the phase of the test in flight; failed: is
    told of an error of ours, which must not reach the code that logs.
    """

    def __init__(
        self,
        level: int,
        limit: int,
        timestamp: Callable[[], str],
        phase: Callable[[], Optional[str]],
        failed: Callable[[Exception], None],
    ) -> None:
        self._level = level
        self._limit = limit
        self._timestamp = timestamp
        self._phase = phase
        self._failed = failed
        self._entries: Optional[List[LogRecord]] = None
        self._dropped = 0
        self._wrapped: Any = None  # logging.Logger.handle as it was
        self._wrapper: Any = None

    def begin(self) -> None:
        """Start with an empty list; logging itself is wrapped once somebody has imported it."""
        if self._wrapper is None and "logging" in sys.modules:
            self._wrap(sys.modules["logging"].Logger)
        self._entries = []
        self._dropped = 0

    def end(self) -> List[LogRecord]:
        """Return what was logged since begin()."""
        entries, self._entries = self._entries or [], None
        return entries

    @property
    def dropped(self) -> int:
        """How many records of the last test were over the limit."""
        return self._dropped

    def close(self) -> None:
        """Put `Logger.handle` back, unless somebody has wrapped it after us."""
        if self._wrapper is not None and sys.modules["logging"].Logger.handle is self._wrapper:
            sys.modules["logging"].Logger.handle = self._wrapped
        self._entries = None

    def _wrap(self, logger_class: Any) -> None:
        original = logger_class.handle

        def handle(logger: Any, record: Any) -> Any:
            try:
                return original(logger, record)
            finally:
                try:
                    self._observe(logger, record)
                except Exception as error:  # noqa: BLE001  # ours, not the user's: logging goes on without us
                    self._failed(error)

        handle.__wrapped__ = original  # type: ignore[attr-defined]  # functools.wraps would do the same, and import more
        self._wrapped, self._wrapper = original, handle
        logger_class.handle = handle

    def _observe(self, logger: Any, record: Any) -> None:
        entries = self._entries
        if entries is None or record.levelno < self._level or logger.disabled:
            return
        if len(entries) >= self._limit:
            self._dropped += 1
            return
        message = _message_of(record)[:_MESSAGE_LIMIT]
        entries.append(LogRecord(self._timestamp(), str(record.levelname), str(record.name), message, self._phase()))


def _message_of(record: Any) -> str:
    try:
        return str(record.getMessage())
    except Exception as error:  # noqa: BLE001  # the user's arguments raise: logging tolerates that, so must we
        return f"{safe_str(record.msg)} (could not be formatted: {type(error).__name__})"
