"""SIGTERM: the summary is written, and the process ends as it would have without us."""

from __future__ import annotations

import os
from typing import Any, Callable

from .session import Session

_SHELL_BASE = 128  # a shell shows a death by signal n as exit code 128 + n


def on_sigterm(session: Session) -> Callable[[], None]:
    """Close the session when SIGTERM comes, where nobody has a handler of their own; return what takes that back.

    Only in the main thread. A test that sets a handler wins. A forked child gets the default back at once: a handler in
    Python would keep it from dying in a long C call.
    """
    try:
        import signal

        sigterm, default = signal.SIGTERM, signal.SIG_DFL
        get, put = signal.getsignal, signal.signal
    except (ImportError, AttributeError):  # a platform without it
        return _nothing
    owner, getpid, kill = os.getpid(), os.getpid, os.kill

    def handle(number: int, frame: Any) -> None:
        session.when_idle(die)

    def die() -> None:
        if getpid() == owner:
            session.interrupted("SIGTERM")
            session.close(_SHELL_BASE + int(sigterm), "interrupted")
        put(sigterm, default)
        kill(getpid(), sigterm)

    def give_back() -> None:
        if get(sigterm) is handle:
            put(sigterm, default)

    try:
        if get(sigterm) is not default:
            return _nothing
        put(sigterm, handle)
    except ValueError:  # not the main thread
        return _nothing
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=give_back)
    return give_back


def _nothing() -> None:
    """There was no handler to take back."""
