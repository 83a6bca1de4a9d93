"""Which hosts may be reached: entries as they are written in settings and markers, and what they admit.

An entry is a host name, `*.suffix`, an address, a network (CIDR), each with `:port` if only that is meant
(`[v6]:port`); `private` (RFC 1918, unique local, names of one label) or `*`, everything.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Set, Tuple

from .addresses import is_private, name_of, parse

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_RESOLVED_LIMIT = 10_000
Port = Optional[int]  # None: any


class AllowList:
    """Admits what its entries name, and the addresses that a name was resolved to. Raises ValueError for an entry."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._names: Dict[str, Set[Port]] = {}
        self._suffixes: List[Tuple[str, Port]] = []
        self._networks: List[Tuple[int, int, int, Port]] = []  # bytes, first address and bits that count, of each
        self._private = False
        self._resolved: Dict[bytes, Set[Port]] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: str) -> None:
        """Admit what one more entry names."""
        if entry == "private":
            self._private = True
            return
        host, port = _parted(entry)
        if host == "*":
            self._suffixes.append(("", port))
            self._networks += [(4, 0, 0, port), (16, 0, 0, port)]
        elif host.startswith("*."):
            self._suffixes.append((f".{_checked_name(host[2:])}", port))
        elif "/" in host or parse(host) is not None:
            self._networks.append((*_network(host), port))
        else:
            self._names.setdefault(_checked_name(host), set()).add(port)

    def admits_name(self, name: str, port: Port) -> bool:
        """May this name (in its one spelling) be resolved, to reach this port? None: it is not said which."""
        ports = self._names.get(name)
        if ports is not None and _fits(ports, port):
            return True
        if self._private and "." not in name and parse(name) is None:
            return True
        return any(name.endswith(suffix) and _fits((own,), port) for suffix, own in self._suffixes)

    def admits_address(self, address: bytes, port: Port) -> bool:
        """May this port of this address be reached?"""
        if self._private and is_private(address):
            return True
        ports = self._resolved.get(address)
        if ports is not None and _fits(ports, port):
            return True
        size, number = len(address), int.from_bytes(address, "big")
        return any(
            size == wanted and number & bits == first and _fits((own,), port)
            for wanted, first, bits, own in self._networks
        )

    def resolved(self, name: str, address: bytes) -> None:
        """An admitted name was resolved to this address."""
        ports = set(self._names.get(name, ()))
        ports.update(own for suffix, own in self._suffixes if name.endswith(suffix))
        if self._private and "." not in name:
            ports.add(None)
        if ports and (address in self._resolved or len(self._resolved) < _RESOLVED_LIMIT):
            self._resolved.setdefault(address, set()).update(ports)


def _fits(ports: Iterable[Port], port: Port) -> bool:
    return any(own is None or port is None or own == port for own in ports)


def _parted(entry: str) -> Tuple[str, Port]:
    """Part an entry from its port. An IPv6 address is one without brackets, too."""
    if entry.startswith("["):
        host, closing, rest = entry[1:].partition("]")
        if not closing or (rest and not rest.startswith(":")):
            raise ValueError(entry)
        return host, _port(rest[1:], entry) if rest else None
    host, colon, port = entry.partition(":")
    if not colon or ":" in port:
        return entry, None
    return host, _port(port, entry)


def _port(text: str, entry: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(entry)
    return int(text)


def _network(text: str) -> Tuple[int, int, int]:
    host, slash, length = text.partition("/")
    address = parse(host) if host else None
    if address is None:
        raise ValueError(text)
    size = len(address)
    if not slash:
        length = str(8 * size)
    if not length.isascii() or not length.isdigit() or int(length) > 8 * size:
        raise ValueError(text)
    bits = (1 << 8 * size) - (1 << 8 * size - int(length))
    return size, int.from_bytes(address, "big") & bits, bits


def _checked_name(text: str) -> str:
    name = name_of(text)
    if not name or not _NAME.issuperset(name):
        raise ValueError(text)
    return name
