"""What a refused call raises where only errors of the operating system are borne."""

from __future__ import annotations

import _socket
import errno
from typing import Any, Type

from ..errors import NetworkBlockedError


class LookupBlockedError(NetworkBlockedError, _socket.gaierror):
    """A name that was not looked up."""

    def __init__(self, *arguments: Any) -> None:
        NetworkBlockedError.__init__(self, *arguments)
        self.errno = _socket.EAI_NONAME
        self.strerror = "Name or service not known"


class ReverseLookupBlockedError(NetworkBlockedError, _socket.herror):
    """An address whose name was not looked up: getfqdn() bears nothing else."""

    def __init__(self, *arguments: Any) -> None:
        NetworkBlockedError.__init__(self, *arguments)
        self.errno = 1  # HOST_NOT_FOUND of netdb.h
        self.strerror = "Unknown host"


class ConnectionBlockedError(NetworkBlockedError, ConnectionRefusedError):
    """A connection that is refused as one that nobody listens to: `refuse_as = "connection-refused"`."""

    def __init__(self, *arguments: Any) -> None:
        NetworkBlockedError.__init__(self, *arguments)
        self.errno = errno.ECONNREFUSED
        self.strerror = "Connection refused"


def kind_of(operation: str, as_outage: bool) -> Type[NetworkBlockedError]:
    """Return what a refused operation raises. as_outage: what the operating system would, were the network down."""
    if operation == "gethostbyaddr":
        return ReverseLookupBlockedError
    if operation == "getnameinfo":
        return LookupBlockedError
    if not as_outage:
        return NetworkBlockedError
    return LookupBlockedError if operation.startswith("get") else ConnectionBlockedError
