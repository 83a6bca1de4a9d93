"""What a process ends with, as the system shows it."""

from __future__ import annotations

import os
from typing import Any


def exit_status(code: Any) -> int:
    """Return what a process ends with that calls sys.exit(code). POSIX keeps the last byte of a number."""
    if code is None:
        return 0
    status = int(code) if isinstance(code, int) else 1
    return status & 0xFF if os.name == "posix" else status
