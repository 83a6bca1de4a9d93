"""Start the database servers that some tests need, where they are installed and not up.

    python tools/servers.py        exit code 0: each that is installed takes connections on its standard port

It asks the system to start them, as `service postgresql start` does, and waits until they answer; that may take root.
"""

import shutil
import socket
import subprocess
import sys
import time
from typing import NamedTuple, Sequence

_PATIENCE = 30.0  # s


class Server(NamedTuple):
    """A kind of server: its port, programs of which one is there if it is installed, the names of its service."""

    name: str
    port: int
    programs: Sequence[str]
    services: Sequence[str]


SERVERS = (
    Server("PostgreSQL", 5432, ("pg_ctlcluster", "pg_ctl", "postgres"), ("postgresql",)),
    Server("MariaDB", 3306, ("mariadbd", "mysqld"), ("mariadb", "mysql")),
)


def main() -> int:
    """Start what is not up, and say of each server what it is."""
    return max(_look_after(server) for server in SERVERS)


def _look_after(server: Server) -> int:
    if is_up(server.port):
        return _say(server, "is up", 0)
    if not is_installed(server):
        return _say(server, "is not installed: its tests will be skipped", 0)
    if _start(server):
        return _say(server, "is up now", 0)
    return _say(server, f"is installed, and does not answer on 127.0.0.1:{server.port}", 1)


def is_installed(server: Server) -> bool:
    """Is one of its programs on the path, or where Debian hides a server's?"""
    path = ":".join(("/usr/sbin", "/sbin"))
    return any(shutil.which(program) or shutil.which(program, path=path) for program in server.programs)


def is_up(port: int) -> bool:
    """Does somebody listen on the port of this machine?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def _start(server: Server) -> bool:
    for service in server.services:
        try:
            subprocess.run(["service", service, "start"], stdin=subprocess.DEVNULL, check=False, timeout=_PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"service {service} start: {error}", flush=True)
        began = time.monotonic()
        while time.monotonic() - began < _PATIENCE / len(server.services):
            if is_up(server.port):
                return True
            time.sleep(0.2)
    return False


def _say(server: Server, what: str, code: int) -> int:
    print(f"{server.name} {what}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
