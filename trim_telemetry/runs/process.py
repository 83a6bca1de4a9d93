"""The command's process: started as a guest on our terminal, signalled as we are."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from typing import Any, Dict, List, Mapping, Optional

from .command import Command

SHELL_BASE = 128  # a shell shows a death by signal n as exit code 128 + n
NOT_FOUND, NOT_EXECUTABLE = 127, 126  # as a shell has it
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_BY_KEYBOARD = ("SIGINT", "SIGQUIT")  # a terminal sends these to all processes in its foreground
_PATIENCE = 5.0  # seconds between SIGTERM and SIGKILL


class Signals:
    """Keeps the signals that come to this process, so that they can be passed on. Only in the main thread."""

    def __init__(self) -> None:
        self.waiting: List[int] = []
        self._before: Dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for name in _FORWARDED:
            number = getattr(signal, name, None)  # Windows lacks most
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):  # nohup, background jobs
                self._before[number] = signal.signal(number, self._keep)
        return self

    def _keep(self, number: int, frame: Any) -> None:
        self.waiting.append(number)

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class Process:
    """A command that runs. output: subprocess.PIPE, or None for our stdout. Raises OSError if it can't be started."""

    def __init__(self, command: Command, environ: Mapping[str, str], output: Optional[int]) -> None:
        if not command.words:  # nothing but VAR=x
            raise FileNotFoundError(errno.ENOENT, "there is no command")
        self._is_shell = command.is_shell
        self._process = subprocess.Popen(command.words, env={**environ, **command.variables}, stdout=output)
        self.pid = self._process.pid
        self.output = self._process.stdout

    @property
    def code(self) -> Optional[int]:
        """Its exit code as a shell shows it; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else SHELL_BASE - code

    @property
    def ended_by(self) -> Optional[int]:
        """The signal that ended it, as far as can be known; None for none. A shell tells it by its exit code alone."""
        code = self._process.poll() or 0
        if code < 0:
            return -code
        return code - SHELL_BASE if self._is_shell and name_of(code - SHELL_BASE) else None

    def forward(self, number: int) -> None:
        """Pass a signal on that came to us, but for one that the command has got from the terminal, as we have."""
        if name_of(number) not in _BY_KEYBOARD or not _in_foreground():
            self._send(number)

    def end(self) -> None:
        """Have it end: SIGTERM, and SIGKILL a while later."""
        self._send(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, number: int) -> None:
        try:
            self._process.send_signal(number)
        except (OSError, ValueError):  # it has just ended; Windows knows few signals
            pass


def _in_foreground() -> bool:
    """Are we in the foreground of a terminal? Then so is the command, which is in our process group."""
    try:
        number = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except (OSError, AttributeError):  # no terminal, or no such thing on this platform
        return False
    try:
        return os.tcgetpgrp(number) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(number)


def name_of(number: int) -> Optional[str]:
    """Return a signal's name; None where there is none of that number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return None


def signal_process(pid: int, name: str) -> None:
    """Send a process that may be gone a signal that the platform may lack."""
    number = getattr(signal, name, None)
    if number is not None:
        try:
            os.kill(pid, number)
        except OSError:
            pass
