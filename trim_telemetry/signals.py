"""SIGTERM: the summary is written, and the process ends as it would have without us."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Dict, Optional, Union

from .session import Session

_SHELL_BASE = 128  # a shell shows a death by signal n as exit code 128 + n
_PATIENCE = 5.0  # seconds: whoever stops a run gives it 10 (docker) or 30 (kubernetes) until SIGKILL


def _nothing() -> None:
    """There is nothing to do."""


class NotYet:
    """Stands for the session of a run that a door is only on its way to; the session's own handler takes its place.

    end: writes the summary of a run without tests. It may come in the middle of an import, and fail of that.
    """

    def __init__(self, end: Callable[[int], None]) -> None:
        self._end = end

    def when_idle(self, action: Callable[[], None]) -> None:
        """See Session."""
        action()

    def interrupted(self, by: str) -> None:
        """See Session. `end` knows it."""

    def close(self, exit_code: int, exit_reason: Optional[str] = None) -> None:
        """See Session."""
        try:
            self._end(exit_code)
        except Exception:  # noqa: BLE001  # the process dies next, whatever it is
            pass


def on_sigterm(session: Union[Session, NotYet], before: Callable[[], None] = _nothing) -> Callable[[], None]:
    """Close the session when SIGTERM comes, where nobody has a handler of their own; return what takes that back.

    before: is called first; a recorder may say there what it has not told the session yet.
    Only in the main thread. A test that sets a handler wins. A forked child gets the default back at once.
    """
    try:
        import signal

        handler = _Handler(session, before, signal)
        known = signal.getsignal(handler.number)
        if known is not signal.SIG_DFL and not _gives_way(known):
            return _nothing
        signal.signal(handler.number, handler.handle)
    except (ImportError, AttributeError, ValueError):  # a platform without it, or not the main thread
        return _nothing
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=handler.fork_begins, after_in_parent=handler.fork_ends, after_in_child=handler.fork_ends_in_child
        )
    return handler.give_back


def _gives_way(known: Any) -> bool:
    handler = getattr(known, "__self__", None)
    return isinstance(handler, _Handler) and isinstance(handler.session, NotYet)


class _Handler:
    """Ends the process after the summary. Functions are kept from the start: tests replace them."""

    def __init__(self, session: Union[Session, NotYet], before: Callable[[], None], signal: Any) -> None:
        import _thread

        self.number = signal.SIGTERM
        self.handle = self._handle  # one object, to be known again
        self.session, self._before = session, before
        self._asked = False
        self._patient = True
        self._owner = os.getpid()
        self._main_thread = _thread.get_ident()
        self._get, self._put, self._default = signal.getsignal, signal.signal, signal.SIG_DFL
        self._getpid, self._kill, self._sleep = os.getpid, os.kill, time.sleep
        self._kill_thread: Any = getattr(signal, "pthread_kill", None)
        self._mask: Any = getattr(signal, "pthread_sigmask", None)
        self._block, self._set_mask = getattr(signal, "SIG_BLOCK", None), getattr(signal, "SIG_SETMASK", None)
        self._masks: Dict[int, Any] = {}  # of threads that fork, as they were before
        self._thread: Callable[[], int] = _thread.get_ident
        self._start_thread = _thread.start_new_thread

    def give_back(self) -> None:
        """Have SIGTERM do what it did, unless somebody has set a handler after us."""
        if self._get(self.number) is self.handle:
            self._put(self.number, self._default)

    def fork_begins(self) -> None:
        """Keep SIGTERM waiting: one that came to the child before it has the default back would be lost."""
        if self._mask is not None and self._get(self.number) is self.handle:
            self._masks[self._thread()] = self._mask(self._block, {self.number})

    def fork_ends(self) -> None:
        """Let SIGTERM through again."""
        mask = self._masks.pop(self._thread(), None)
        if mask is not None:
            self._mask(self._set_mask, mask)

    def fork_ends_in_child(self) -> None:
        """Let SIGTERM kill the child at once: a handler in Python would wait for the end of a long call."""
        self.give_back()
        self.fork_ends()

    def _handle(self, number: int, frame: Any) -> None:
        if not self._patient:
            self._die()
        elif not self._asked:  # timeout(1) signals a process twice: directly, and with its group
            self._asked = True
            if self._kill_thread is not None:
                self._start_thread(self._watch, ())
            self.session.when_idle(self._close_and_die)

    def _watch(self) -> None:
        """In a thread: nobody may read stdout any more, and then the summary can't be written, ever."""
        self._sleep(_PATIENCE)
        self._patient = False
        self._kill_thread(self._main_thread, self.number)

    def _close_and_die(self) -> None:
        if self._getpid() == self._owner:
            self.session.interrupted("SIGTERM")
            self._before()
            self.session.close(_SHELL_BASE + int(self.number), "interrupted")
        self._die()

    def _die(self) -> None:
        self._put(self.number, self._default)
        self._kill(self._getpid(), self.number)
