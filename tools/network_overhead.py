"""What the network guard costs: loops of one operation in unittest runs, guarded and with `network = off`, in turn.

    python tools/network_overhead.py            # 9 rounds
    python tools/network_overhead.py --rounds 3
    python tools/network_overhead.py --requests # a request to Django, in instructions, too: needs valgrind

The figures are CPU of the loop, nanoseconds an operation, the least of the rounds: the machine's other work only adds.
Instructions are those of a request when all is warm, the garbage collector off: it comes at one request in many.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, NamedTuple

from _costs import environment


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
# A small project: one view renders a template that extends another, one sends three queries.
_REQUESTS = """
import gc, os, time, unittest
import django
from django.conf import settings

BASE = "<html><title>{{% block title %}}{{% endblock %}}</title>{{% block body %}}{{% endblock %}}</html>"
PAGE = (
    "{{% extends 'base.html' %}}{{% block title %}}{{{{ title }}}}{{% endblock %}}{{% block body %}}"
    "{{% for item in items %}}<li>{{{{ item.name|upper }}}}: {{{{ item.price }}}}</li>{{% endfor %}}{{% endblock %}}"
)
LOADER = ("django.template.loaders.locmem.Loader", {{"base.html": BASE, "page.html": PAGE}})
ENGINE = {{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {{"loaders": [LOADER]}}}}
if not settings.configured:
    settings.configure(
        DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
        INSTALLED_APPS=["django.contrib.contenttypes"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        TEMPLATES=[ENGINE], ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", USE_TZ=True,
    )
    django.setup()
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.test import Client
from django.urls import path

def page(request):
    items = [{{"name": "item %d" % number, "price": number}} for number in range(10)]
    return render(request, "page.html", {{"title": "Page", "items": items}})

def rows(request):
    first = ContentType.objects.get(app_label="a0")
    count = ContentType.objects.filter(model__startswith="b").count()
    return HttpResponse("%d %d %d" % (first.pk, count, len(list(ContentType.objects.order_by("id")[:5]))))

urlpatterns = [path("page/", page), path("rows/", rows)]

class Requests(unittest.TestCase):
    def test_it(self):
        with connection.schema_editor() as editor:
            editor.create_model(ContentType)
        for number in range(5):
            ContentType.objects.create(app_label="a%d" % number, model="b%d" % number)
        client = Client()
        for place in ("/page/", "/rows/"):
            for _ in range(10):
                self.assertEqual(client.get(place).status_code, 200)
            gc.collect()
            gc.disable()
            os.getloadavg()  # where callgrind begins to count anew
            for _ in range({times}):
                client.get(place)
            os.getloadavg()
            for _ in range(int(os.environ.get("CHUNKS", 0))):
                began = time.process_time_ns()
                for _ in range(10):
                    client.get(place)
                print("OVERHEAD", (time.process_time_ns() - began) / 10, place)
            gc.enable()
"""
_TIMES = 50
_CHUNKS = 100
_VIEWS = {  # by place, and the dump that has its loop
    "a view that renders a template": ("/page/", 2),
    "a view that sends three queries to SQLite": ("/rows/", 4),
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", action="store_true", help="measure requests to Django instead")
    options = parser.parse_args()
    if options.requests:
        return _measure_requests(options.rounds)
    _time_operations(options.rounds)
    return 0


def _measure_requests(rounds: int) -> int:
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing was counted", file=sys.stderr)
        return 2
    print("| request | queries | plain, instructions | added | of it | plain, us of CPU | added |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_requests.py").write_text(_REQUESTS.format(times=_TIMES))
        for queries in ("off", "on"):
            plain, guarded = _counted(folder, "off", queries), _counted(folder, "block", queries)
            cpu = _least(folder, queries, rounds)
            for name, count in plain.items():
                added, (unguarded, slower) = guarded[name] - count, cpu[name]
                row = f"| {name} | {queries} | {count:,} | {added:,} | {added / count:.1%}"
                print(f"{row} | {unguarded:.1f} | {slower - unguarded:.1f} |", flush=True)
    return 0


def _least(folder: str, queries: str, rounds: int) -> Dict[str, List[float]]:
    """Return us of CPU of a request to each view, unguarded and guarded: the least of many, in turn."""
    found: Dict[str, List[float]] = {name: [float("inf"), float("inf")] for name in _VIEWS}
    for _ in range(rounds):
        for number, mode in enumerate(("off", "block")):
            env = {**_environment(mode), "TRIM_QUERIES": queries, "CHUNKS": str(_CHUNKS)}
            for line in _told(folder, "test_requests", env):
                _, spent, place = line.split(" ")
                name = next(name for name, (own, _) in _VIEWS.items() if own == place)
                found[name][number] = min(found[name][number], float(spent) / 1_000)
    return found


def _counted(folder: str, network: str, queries: str) -> Dict[str, int]:
    """Return how many instructions a request to each view takes."""
    out = Path(folder, f"{network}-{queries}")
    callgrind = ["valgrind", "--tool=callgrind", "--dump-before=getloadavg", f"--callgrind-out-file={out}"]
    env = {**_environment(network), "TRIM_QUERIES": queries, "PYTHONHASHSEED": "0"}
    command = [*callgrind, sys.executable, "-m", "trim_telemetry.unittest_instrumentation", "test_requests"]
    subprocess.run(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return {name: _total(Path(f"{out}.{number}")) // _TIMES for name, (_, number) in _VIEWS.items()}


def _total(path: Path) -> int:
    found = re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{path.name}: callgrind wrote no totals")
    return int(found.group(1))


def _time_operations(rounds: int) -> None:
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


def _measured(folder: str, mode: str) -> Dict[str, float]:
    env = {**_environment(mode), "TRIM_QUERIES": "off"}
    lines = [line.split(" ", 2) for line in _told(folder, "test_loops", env)]
    return {name: float(value) for _, value, name in lines}


def _told(folder: str, module: str, env: Dict[str, str]) -> List[str]:
    command = [sys.executable, "-m", "trim_telemetry.unittest_instrumentation", module]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
    return [line for line in done.stdout.decode().splitlines() if line.startswith("OVERHEAD")]


def _environment(network: str) -> Dict[str, str]:
    return environment(TRIM_NETWORK=network, TRIM_STDOUT="off", TRIM_COVERAGE="off")


if __name__ == "__main__":
    sys.exit(main())
