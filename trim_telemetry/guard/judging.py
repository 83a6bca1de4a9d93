"""What a socket is about to reach, judged: by its methods, and by the audit hook behind them."""

from __future__ import annotations

import _socket
from time import perf_counter_ns
from typing import Any, Callable, Optional

from ..addresses import host_of
from ..collectors.attempt import Attempt
from ..collectors.network import ledger
from ..errors import NetworkBlockedError
from ..stand_ins import unseen
from .passes import passes

_INET = (_socket.AF_INET, _socket.AF_INET6)
# Ints: the class's own properties make enums of them, which takes as long as all the rest.
_family: Callable[[Any], int] = _socket.socket.family.__get__
_type: Callable[[Any], int] = _socket.socket.type.__get__
_now = perf_counter_ns
_STREAM_BITS = 0xF  # Linux has flags above the type


def judge(sock: Any, address: Any, operation: str) -> Optional[Attempt]:
    """May this socket reach this address? Raises NetworkBlockedError; None: it is this machine, or no host at all."""
    __tracebackhide__ = True
    if not isinstance(address, tuple) or tuple.__len__(address) < 2 or _family(sock) not in _INET:
        return None
    return ledger.judge(host_of(tuple.__getitem__(address, 0)), tuple.__getitem__(address, 1), operation)


def judged_connect(sock: Any, address: Any, operation: str) -> Optional[Attempt]:
    """As judge(). A connection's socket is closed first: who catches nothing but OSError would leave it open."""
    __tracebackhide__ = True
    try:
        return judge(sock, address, operation)
    except NetworkBlockedError:
        if _type(sock) & _STREAM_BITS == _socket.SOCK_STREAM:
            sock.close()
        raise


def passed(original: Callable[..., Any], sock: Any, arguments: Any, address: Any, attempt: Optional[Attempt]) -> Any:
    """Call `original`, which was judged."""
    __tracebackhide__ = True
    passes.address = address
    started = _now()
    try:
        return original(sock, *arguments)
    except BaseException as error:  # raised again, as it came
        unseen(error)
        raise
    finally:
        passes.address = None
        if attempt is not None:
            ledger.spent(attempt, _now() - started)
