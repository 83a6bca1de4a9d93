"""Stands for the outside in a network namespace, and writes down what really arrives there."""

from __future__ import annotations

import selectors
import socket
import struct
import subprocess
import threading
from typing import Any, List, Set

HOST, HOST6, NAME_SERVER = "203.0.113.10", "2001:db8::10", "203.0.113.53"  # RFC 5737, RFC 3849
_SETUP = (
    "ip link set lo up",
    "ip route add local 203.0.113.0/24 dev lo",
    "ip -6 addr add 2001:db8::10/128 dev lo nodad",
)


def set_up() -> None:
    """Have the addresses of the outside arrive here. Raises OSError or CalledProcessError where that can't be."""
    for command in _SETUP:
        subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Witness:
    """Listens on a range of ports, one for each probe, and to questions for names."""

    def __init__(self, first_port: int, count: int) -> None:
        self._selector = selectors.DefaultSelector()
        self.ports: Set[int] = set()
        self.names: Set[str] = set()
        for port in range(first_port, first_port + count):
            for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, HOST6)):
                self._listen(family, socket.SOCK_STREAM, (host, port), self._accept)
                self._listen(family, socket.SOCK_DGRAM, (host, port), self._receive)
        self._listen(socket.AF_INET, socket.SOCK_DGRAM, (NAME_SERVER, 53), self._answer)
        threading.Thread(target=self._serve, daemon=True).start()

    def _listen(self, family: int, kind: int, address: Any, handle: Any) -> None:
        made = socket.socket(family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.listen(20)
        self._selector.register(made, selectors.EVENT_READ, handle)

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                try:
                    key.data(key.fileobj)
                except OSError:
                    continue

    def _accept(self, listening: socket.socket) -> None:
        accepted, _ = listening.accept()
        self.ports.add(listening.getsockname()[1])
        accepted.close()

    def _receive(self, listening: socket.socket) -> None:
        listening.recv(2_000)
        self.ports.add(listening.getsockname()[1])

    def _answer(self, listening: socket.socket) -> None:
        question, asker = listening.recvfrom(2_000)
        labels, place = [], 12
        while question[place]:
            length = question[place]
            labels.append(question[place + 1 : place + 1 + length].decode("ascii", "replace"))
            place += length + 1
        self.names.add(".".join(labels).lower())
        (kind,) = struct.unpack("!H", question[place + 1 : place + 3])
        is_address = kind == 1
        head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_address), 0, 0)
        answer = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(HOST) if is_address else b""
        listening.sendto(head + question[12 : place + 5] + answer, asker)

    def take(self) -> List[str]:
        """Return what has arrived since this was last asked: ports, and names."""
        found = [*map(str, sorted(self.ports)), *sorted(self.names)]
        self.ports.clear()
        self.names.clear()
        return found
