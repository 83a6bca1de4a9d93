"""Puts the hooks in: once in the life of a process, whatever runs there are."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict

from ..collectors.network import ledger
from ..imports import ImportWatch
from . import audit, children, clients, event_loops, resolver


def _socket_imported(module: Any) -> None:
    from .sockets import install

    install()


_IMPORTED: Dict[str, Callable[[Any], None]] = {
    "socket": _socket_imported,
    "subprocess": children.patch_subprocess,
    "multiprocessing.util": children.patch_multiprocessing,
    **dict(clients.patches()),
    **dict(event_loops.patches()),
}
_watch = ImportWatch(set(_IMPORTED), lambda module: _imported(module))


_installed = False


def install() -> None:
    """Put the hooks in, if they are not; those of a module that nobody has imported yet, as soon as somebody does."""
    global _installed
    if _installed:
        return
    _installed = True
    resolver.install()
    children.install()
    for name in _IMPORTED:
        module = sys.modules.get(name)
        if module is not None:
            _imported(module)
    _watch.begin()
    audit.install()  # last: it would hear of each step of the others


def _imported(module: Any) -> None:
    try:
        _IMPORTED[module.__name__](module)
    except Exception as error:  # noqa: BLE001  # an import of the user's must not fail of us
        ledger.broke(error)
