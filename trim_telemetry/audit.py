"""The one audit hook of a process (PEP 578). It can't be taken out again, and each audited event pays for it."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, Mapping, Tuple

Hear = Callable[[Tuple[Any, ...]], None]

_heard: Dict[str, Hear] = {}
_installed = False


def hear(events: Mapping[str, Hear]) -> None:
    """Have functions called with the arguments of these events, as soon as there is a hook."""
    _heard.update(events)


def is_installed() -> bool:
    """Is there a hook? Who would only like to hear something asks, and does not pay for one."""
    return _installed


def install() -> None:
    """Begin to hear."""
    global _installed
    if _installed:
        return
    _installed = True
    heard = _heard

    def hook(event: str, arguments: Tuple[Any, ...]) -> None:
        if event in heard:  # by far the most are not: no call for those, a hash is what is left
            heard[event](arguments)

    sys.addaudithook(hook)
