"""A line on stderr, for what a person at the screen is to know."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Write it; stderr may be closed, or was none from the start: then nobody can be told."""
    try:
        sys.stderr.write(f"trim-telemetry: {text}\n")
    except (OSError, ValueError, AttributeError):
        pass
