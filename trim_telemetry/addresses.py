"""Hosts as they are spelled: which are addresses, which are this machine, which are names. No text is compared.

An address is its bytes in network order: 4 of IPv4, 16 of IPv6; an IPv4 address within IPv6 (`::ffff:127.0.0.1`) is 4.
"""

from __future__ import annotations

from _socket import AF_INET6, inet_ntop, inet_pton  # socket itself is Python, which few tests need
from typing import Any, Optional

_DIGITS = {8: frozenset("01234567"), 10: frozenset("0123456789"), 16: frozenset("0123456789abcdefABCDEF")}
_MAPPED = b"\0" * 10 + b"\xff\xff"  # RFC 4291, 2.5.5.2
_ANY_V4, _ANY_V6 = bytes(4), bytes(16)  # to connect to these is to connect to this machine
_LOOPBACK_V6 = bytes(15) + b"\1"
_BROADCAST = b"\xff" * 4
_LOCAL_NAMES = frozenset(("localhost", "localhost.localdomain", "localhost4", "localhost6", "ip6-localhost"))
_LONGEST_NAME = 1_000


def host_of(value: Any) -> Optional[str]:
    """Return a host as text, exactly as C will read it: subclasses of str may say otherwise. None: it is no host."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    return None


def port_of(value: Any) -> Optional[int]:
    """Return a port as a number; None: it is none that a call could reach."""
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 < number < 65536 else None


def parse(host: str) -> Optional[bytes]:
    """Return the address that a host spells, in any way that the resolver takes for one; None: it is a name.

    `127.1`, `0x7f000001` and `2130706433` are addresses, as inet_aton(3) has them; "" is any of this machine's.
    """
    if not host:
        return _ANY_V4
    if host == "<broadcast>":
        return _BROADCAST
    if ":" in host:
        return _parse_v6(host)
    return _parse_v4(host)


def _parse_v6(host: str) -> Optional[bytes]:
    try:
        address: bytes = inet_pton(AF_INET6, host.partition("%")[0])  # the zone names an interface
    except (OSError, ValueError):
        return None
    return address[12:] if address.startswith(_MAPPED) else address


def _parse_v4(host: str) -> Optional[bytes]:
    """As inet_aton(3): one to four numbers, of which the last fills what the others leave."""
    parts = host.split(".")
    if len(parts) > 4 or len(host) > 64:
        return None
    numbers = [_number(part) for part in parts]
    *firsts, last = numbers
    if last is None or last >> 8 * (5 - len(parts)):
        return None
    address = 0
    for number in firsts:
        if number is None or number > 255:
            return None
        address = (address << 8) + number
    return ((address << 8 * (5 - len(parts))) + last).to_bytes(4, "big")


def _number(text: str) -> Optional[int]:
    """C's strtoul: "0x" and hex, "0" and octal, decimal."""
    if text[:2] in ("0x", "0X"):
        base, digits = 16, text[2:]
    elif text[:1] == "0" and len(text) > 1:
        base, digits = 8, text[1:]
    else:
        base, digits = 10, text
    return int(digits, base) if digits and _DIGITS[base].issuperset(digits) else None


def shown(address: bytes) -> str:
    """Return an address as it is usually written."""
    if len(address) == 4:
        return ".".join(map(str, address))
    return inet_ntop(AF_INET6, address)


def is_this_machine(address: bytes) -> bool:
    """Is it loopback, or the address that stands for any of this machine's?"""
    if len(address) == 4:
        return address[0] == 127 or address == _ANY_V4
    return address in (_LOOPBACK_V6, _ANY_V6)


def is_unicast(address: bytes) -> bool:
    """Is it one machine's, so that whoever is bound to it is that machine?"""
    return address[0] < 224 if len(address) == 4 else address[0] != 0xFF


def is_private(address: bytes) -> bool:
    """Is it of a network of one's own: RFC 1918, or unique local (RFC 4193)? Link-local is not: metadata services."""
    if len(address) == 16:
        return address[0] & 0xFE == 0xFC
    first, second = address[0], address[1]
    return first == 10 or (first == 172 and 16 <= second < 32) or (first == 192 and second == 168)


def name_of(host: str) -> str:
    """Return a host name in its one spelling: lower case, ASCII, without the root's dot."""
    host = host[:_LONGEST_NAME]
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")  # as C has it
        except UnicodeError:
            pass  # C won't take it either
    return host[:-1].lower() if host.endswith(".") else host.lower()


def is_local_name(name: str) -> bool:
    """Does a name, in its one spelling, stand for this machine everywhere (RFC 6761, 6.3)?"""
    return name in _LOCAL_NAMES or name.endswith(".localhost")
