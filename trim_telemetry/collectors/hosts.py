"""Which hosts are this machine, which others every test may reach, and which names were resolved to what."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterable, List, Optional, Sequence, Set

from .. import addresses
from ..allow_list import AllowList
from ..services import Service, of_django, of_environment

_KNOWN = 1_000  # spellings of this machine that are remembered
_NAMES = 10_000  # addresses whose name is remembered


class Hosts:
    """What is known of hosts so far.

    known: spellings of this machine, by far the most that are asked for; services: those that the project's settings
    name, which are allowed.
    """

    def __init__(self) -> None:
        self.known: Set[str] = {"127.0.0.1", "localhost", "::1", "0.0.0.0", ""}
        self.services: List[Service] = []
        self._allowed = AllowList(())
        self._own_names: Set[str] = set()
        self._own: Set[bytes] = set()  # addresses of this machine beside loopback
        self._names: Dict[bytes, str] = {}  # by address, what was resolved to it
        self._knows_django = False

    def start(self, entries: Sequence[str], own_name: str) -> None:
        """A run begins. entries: of its allow-list; own_name: this machine's."""
        self._allowed = AllowList(entries)
        self._own_names = {name for name in (own_name.lower(), own_name.partition(".")[0].lower()) if name}
        self.services, self._knows_django = [], False
        self._add_services(of_environment(os.environ))
        self.find_services()

    def find_services(self) -> None:
        """Allow what Django's settings name, as soon as there are any."""
        conf: Any = sys.modules.get("django.conf")
        if not self._knows_django and conf is not None and getattr(conf.settings, "configured", False):
            self._knows_django = True
            self._add_services(of_django(conf.settings))

    def _add_services(self, found: Sequence[Service]) -> None:
        for service in found:
            if not self._is_known(service.entry):
                self.services.append(service)
                self._allowed.add(service.entry)

    def _is_known(self, entry: str) -> bool:
        """Is it this machine, or allowed already?"""
        host = entry.rpartition(":")[0] if entry.rpartition(":")[2].isdigit() and entry.count(":") == 1 else entry
        return self.is_this_machine(host.strip("[]")) or any(entry == service.entry for service in self.services)

    def is_this_machine(self, host: str) -> bool:
        """Does a host, however it is spelled, stand for this machine?"""
        address = addresses.parse(host)
        if address is None:
            name = addresses.name_of(host)
            spelled = addresses.parse(name)  # in digits of another script
            local = spelled is not None and addresses.is_this_machine(spelled)
            return local or addresses.is_local_name(name) or name in self._own_names
        if addresses.is_this_machine(address):
            if len(self.known) < _KNOWN:
                self.known.add(host)
            return True
        return address in self._own

    def name_of(self, address: bytes, host: str) -> str:
        """Return what an address was looked up as; else `host`, as it was asked for."""
        return self._names.get(address, host)

    def admits(self, host: str, address: Optional[bytes], port: Optional[int], own: Optional[AllowList]) -> bool:
        """May it be reached? own: what the test may reach beside the others."""
        self.find_services()
        lists = [self._allowed] if own is None else [self._allowed, own]
        if address is None:
            name = addresses.name_of(host)
            return any(allowed.admits_name(name, port) for allowed in lists)
        return any(allowed.admits_address(address, port) for allowed in lists)

    def resolved(self, host: str, found: Iterable[Any], own: Optional[AllowList]) -> None:
        """A name was looked up. found: what the resolver returned, addresses and other names; own: as for admits()."""
        name = addresses.name_of(host)
        is_own = name in self._own_names
        for text in filter(None, map(addresses.host_of, found)):
            address = addresses.parse(text)
            if address is None:
                if is_own:
                    self._own_names.add(addresses.name_of(text))  # its name with a domain
            elif is_own:
                self._own.add(address)
            elif not addresses.is_this_machine(address):
                self._take_name(name, address, own)

    def _take_name(self, name: str, address: bytes, own: Optional[AllowList]) -> None:
        self._allowed.resolved(name, address)
        if own is not None:
            own.resolved(name, address)
        if len(self._names) < _NAMES:
            self._names[address] = name

    def bound(self, host: Optional[str]) -> None:
        """A socket was bound to this host: it is an address of this machine."""
        address = None if host is None else addresses.parse(host)
        if address is not None and addresses.is_unicast(address) and len(self._own) < _KNOWN:
            self._own.add(address)
