"""Methods of sockets that reach out, written as a subclass of socket.socket, and installed on the class itself.

A class put in the place of socket.socket would leave out whoever has taken the name before, accepted sockets and
ssl.SSLSocket; isinstance would say no (research: network.md). The class stays what it was; references taken before the
run, and classes derived from it, have the methods, too.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

from ..addresses import host_of
from ..collectors.network import ledger
from ..errors import NetworkBlockedError
from ..stand_ins import Patches, like, unseen
from .judging import judge, judged_connect, passed

_known = ledger.hosts.known
_connect: Any = socket.socket.connect
_connect_ex: Any = socket.socket.connect_ex
_sendto: Any = socket.socket.sendto
_sendmsg: Any = getattr(socket.socket, "sendmsg", None)  # not on Windows
_bind: Any = socket.socket.bind


class GuardedSocket(socket.socket):
    """A socket that asks before it reaches out."""

    def connect(self, address: Any) -> Any:
        __tracebackhide__ = True
        if type(address) is tuple and address and type(address[0]) is str and address[0] in _known:  # by far the most
            try:
                return _connect(self, address)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise
        return passed(_connect, self, (address,), address, judged_connect(self, address, "connect"))

    def connect_ex(self, address: Any) -> Any:
        __tracebackhide__ = True
        try:
            attempt = judged_connect(self, address, "connect")
        except NetworkBlockedError:
            if ledger.refuses_as_outage:
                return errno.ECONNREFUSED
            raise
        return passed(_connect_ex, self, (address,), address, attempt)

    def sendto(self, *arguments: Any) -> Any:  # of two shapes, which C tells apart
        __tracebackhide__ = True
        address = arguments[-1] if arguments else None
        return passed(_sendto, self, arguments, address, judge(self, address, "sendto"))

    def sendmsg(self, *arguments: Any) -> Any:
        __tracebackhide__ = True
        address = arguments[3] if len(arguments) > 3 else None
        return passed(_sendmsg, self, arguments, address, judge(self, address, "sendmsg"))

    def bind(self, address: Any) -> Any:
        __tracebackhide__ = True
        try:
            _bind(self, address)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        if isinstance(address, tuple) and address and address[0] not in _known:
            ledger.hosts.bound(host_of(address[0]))


def install() -> None:
    """Give the class itself these methods, and whoever has taken one: pytest-socket puts its own back after a test."""
    originals = {"connect": _connect, "connect_ex": _connect_ex, "sendto": _sendto, "sendmsg": _sendmsg, "bind": _bind}
    pairs = []
    for name, original in originals.items():
        if original is not None:
            stand_in = like(vars(GuardedSocket)[name], original)
            setattr(socket.socket, name, stand_in)
            pairs.append((original, stand_in))
    Patches().replace_everywhere(*pairs, keeper=__name__)
