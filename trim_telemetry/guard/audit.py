"""An audit hook behind the other hooks: it sees whoever goes past them, by `_socket`, by `SocketType`, by ctypes.

It can't be taken out again, so there is one. Each audited event of the process pays for the look into a dict.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

from .. import audit
from ..addresses import host_of
from ..collectors.network import ledger
from .children import started
from .judging import judge, judged_connect
from .passes import passes
from .resolver import asks_for

_known = ledger.hosts.known
# Functions of C by which ctypes would reach out. An address that C gets there can't be seen.
_BY_CTYPES = frozenset(
    ("connect", "connectx", "sendto", "sendmsg", "sendmmsg", "getaddrinfo", "gethostbyname", "gethostbyname2")
)


def _socket_event(operation: str, judge: Callable[[Any, Any, str], Any] = judge) -> Callable[[Tuple[Any, ...]], None]:
    def hear(arguments: Tuple[Any, ...]) -> None:
        sock, address = arguments
        if type(address) is tuple and type(address[0]) is str and address[0] in _known:  # by far the most
            return
        if address is not passes.address:
            judge(sock, address, operation)

    return hear


def _look_up(operation: str) -> Callable[[Tuple[Any, ...]], None]:
    def hear(arguments: Tuple[Any, ...]) -> None:
        if not passes.lookups:
            host = asks_for(arguments[0])
            ledger.judge(host, arguments[1] if len(arguments) > 1 else None, operation)

    return hear


def _reverse(arguments: Tuple[Any, ...]) -> None:
    if not passes.lookups:
        ledger.judge(host_of(arguments[0]), None, "gethostbyaddr")


def _dlsym(arguments: Tuple[Any, ...]) -> None:
    if arguments[1] in _BY_CTYPES:
        ledger.refuse(f"ctypes: {arguments[1]}")


_HEARD: Dict[str, Callable[[Tuple[Any, ...]], None]] = {
    "socket.connect": _socket_event("connect", judged_connect),
    "socket.sendto": _socket_event("sendto"),
    "socket.sendmsg": _socket_event("sendmsg"),
    "socket.getaddrinfo": _look_up("getaddrinfo"),
    "socket.gethostbyname": _look_up("gethostbyname"),
    "socket.gethostbyaddr": _reverse,
    "ctypes.dlsym": _dlsym,
    **started,
}


def install() -> None:
    """Begin to hear."""
    audit.hear(_HEARD)
    audit.install()
