"""What a run tells `collect`, which started it: where its file is, and, when asked, what all its threads do.

`collect` names a folder in the environment (TRIM_COLLECT). Each run makes a file there that bears its run id, each of
its workers one with its own name behind that. The first line is a JSON object; whenever SIGURG comes, the stacks of all
threads are appended; the last line of a process that was done by itself is "closed".
"""

from __future__ import annotations

import os
from typing import Any, Optional, Tuple

from .config import Config
from .sections import dumps
from .sinks.descriptor import Descriptor, own_copy

_CLOSED = b"closed\n"


class Announcement:
    """Tells the collector in `config.collector` of a run, or of a worker, that writes `config.file`. Raises OSError."""

    def __init__(self, config: Config, worker: Optional[str] = None) -> None:
        path = os.path.join(config.collector or "", f"{config.run_id}.{worker}" if worker else config.run_id)
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            number = own_copy(made)
        finally:
            os.close(made)
        self._descriptor = Descriptor(number)
        self._descriptor.write(
            dumps({"file": config.file, "pid": os.getpid(), "worker": worker}).encode("ascii") + b"\n"
        )
        self._faulthandler, self._signal = _show_stacks_in(number)

    def close(self) -> None:
        """Say that the run ended by itself."""
        if self._faulthandler is not None and self._descriptor.is_mine:
            self._faulthandler.unregister(self._signal)
        self._descriptor.write(_CLOSED)
        self._descriptor.close()


def _show_stacks_in(number: int) -> Tuple[Any, Any]:
    """Have SIGURG show them: who has not asked for that signal does not notice it (that is why Go uses it, too)."""
    try:
        import faulthandler
        from signal import SIGURG

        faulthandler.register(SIGURG, number, all_threads=True)
    except (ImportError, AttributeError, RuntimeError):  # a platform without it
        return None, None
    return faulthandler, SIGURG
