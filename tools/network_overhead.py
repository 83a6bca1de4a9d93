"""What the network guard costs: loops of one operation in unittest runs, guarded and with `network = off`, in turn.

    python tools/network_overhead.py            # 9 rounds
    python tools/network_overhead.py --rounds 3

The figures are CPU of the loop, nanoseconds an operation, the least of the rounds: the machine's other work only adds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Subject(NamedTuple):
    """What goes before a loop, what is in it, and how often that is done."""

    before: str
    operation: str
    times: int


_SERVER = """
server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(128); address = server.getsockname()
def both():
    client = socket.socket(); client.connect(address); accepted, _ = server.accept(); client.close(); accepted.close()
"""
_SUBJECTS = {
    "UDP connect to 127.0.0.1, which is a system call alone": Subject(
        "sock = socket.socket(type=socket.SOCK_DGRAM); address = ('127.0.0.1', 9)", "sock.connect(address)", 200_000
    ),
    "TCP connect, accept and close on loopback": Subject(_SERVER, "both()", 20_000),
    "sendto 127.0.0.1": Subject(
        "sock = socket.socket(type=socket.SOCK_DGRAM); address = ('127.0.0.1', 9)",
        "sock.sendto(b'x', address)",
        100_000,
    ),
    "getaddrinfo of an address": Subject("", "socket.getaddrinfo('127.0.0.1', 80)", 100_000),
    "open and close of a file": Subject("import os; path = os.devnull", "open(path).close()", 100_000),
    "a socket pair, sent over and closed": Subject(
        "", "one, other = socket.socketpair(); one.send(b'x'); other.recv(1); one.close(); other.close()", 20_000
    ),
}
_LOOP = """
import socket, time, unittest

class T(unittest.TestCase):
    def test_it(self):
        for name, before, operation, times in {subjects!r}:
            names = {{"socket": socket, "time": time}}
            exec(before, names)
            exec("def loop():\\n    began = time.process_time_ns()\\n    for _ in range(%d):\\n        %s\\n"
                 "    return time.process_time_ns() - began" % (times, operation), names)
            print("OVERHEAD", names["loop"]() / times, name)
"""


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    spent: Dict[str, Dict[str, List[float]]] = {mode: {} for mode in ("off", "block")}
    with tempfile.TemporaryDirectory() as folder:
        subjects = [(name, *subject) for name, subject in _SUBJECTS.items()]
        (Path(folder) / "test_loops.py").write_text(_LOOP.format(subjects=subjects))
        for _ in range(rounds):
            for mode, found in spent.items():
                for name, value in _measured(folder, mode).items():
                    found.setdefault(name, []).append(value)
    print("| operation | plain, ns | added, ns |\n| --- | --- | --- |")
    for name, plain in spent["off"].items():
        print(f"| {name} | {min(plain):.0f} | {min(spent['block'][name]) - min(plain):.0f} |")
    return 0


def _measured(folder: str, mode: str) -> Dict[str, float]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TRIM_NETWORK": mode, "TRIM_STDOUT": "off", "TRIM_QUERIES": "off"}
    command = [sys.executable, "-m", "trim_telemetry.unittest_instrumentation", "test_loops"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
    lines = [line.split(" ", 2) for line in done.stdout.decode().splitlines() if line.startswith("OVERHEAD")]
    return {name: float(value) for _, value, name in lines}


if __name__ == "__main__":
    sys.exit(main())
