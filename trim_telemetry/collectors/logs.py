"""Log records of a test, seen where a logger asks its filters: no handler, level or filter is ever added.

A logger asks them about each record, and is done with that before it calls a handler. So no frame of ours is below a
handler's, in the stacks that logging shows of one that fails.
"""

from __future__ import annotations

import sys
from typing import Any, Callable, List, NamedTuple, Optional

from ..stand_ins import like, unseen
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
        self._had: Any = None  # logging.Logger's own filter(), None where it inherits that of logging.Filterer
        self._wrapper: Any = None

    def begin(self) -> None:
        """Start with an empty list; logging itself is wrapped once somebody has imported it."""
        if self._wrapper is None and "logging" in sys.modules:
            self._wrap(sys.modules["logging"])
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
        """Put `Logger.filter` back, unless somebody has wrapped it after us."""
        self._entries = None
        logger_class = sys.modules["logging"].Logger if self._wrapper is not None else None
        if logger_class is None or vars(logger_class).get("filter") is not self._wrapper:
            return
        if self._had is None:
            del logger_class.filter
        else:
            logger_class.filter = self._had

    def _wrap(self, logging: Any) -> None:
        base, had = logging.Filterer, vars(logging.Logger).get("filter")

        def filter(logger: Any, record: Any) -> Any:
            __tracebackhide__ = True
            handled = record
            try:
                answer = (had or base.filter)(logger, record)
                if isinstance(answer, logging.LogRecord):  # from Python 3.12 on: another one in its place
                    handled = answer
                return answer
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise
            finally:
                try:
                    self._observe(logger, handled)
                except Exception as error:  # noqa: BLE001  # ours, not the user's: logging goes on without us
                    self._failed(error)

        self._had, self._wrapper = had, like(filter, had or base.filter)
        logging.Logger.filter = self._wrapper

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
