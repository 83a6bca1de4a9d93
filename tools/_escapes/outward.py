"""Ways out, each a function of a Target: whatever arrives there, or at its name server, is an escape.

They swallow what they are refused with; those whose library is not installed raise ImportError.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import textwrap
from typing import Any, Callable, Dict, NamedTuple

from early import early_getaddrinfo, early_socket

TIMEOUT = 2.0  # seconds
PROBES: Dict[str, Callable[[Target], Any]] = {}


class Target(NamedTuple):
    """Where a probe tries to get to: its own port, and its own name, so that the witness can tell it from others."""

    host: str
    host6: str
    port: int
    name: str

    @property
    def address(self) -> Any:
        return self.host, self.port


def probe(function: Callable[[Target], Any]) -> Callable[[Target], Any]:
    PROBES[function.__name__] = function
    return function


def tcp(kind: Any = None, **named: Any) -> Any:
    made = (kind or socket.socket)(**named)
    made.settimeout(TIMEOUT)
    return made


def udp() -> Any:
    return socket.socket(type=socket.SOCK_DGRAM)


# -- TCP ---


@probe
def create_connection(t: Target) -> None:
    socket.create_connection(t.address, TIMEOUT)


@probe
def connect(t: Target) -> None:
    tcp().connect(t.address)


@probe
def connect_ex(t: Target) -> None:
    tcp().connect_ex(t.address)


@probe
def connect_without_waiting(t: Target) -> None:
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(t.address)


@probe
def connect_ipv6(t: Target) -> None:
    tcp(family=socket.AF_INET6).connect((t.host6, t.port))


@probe
def connect_ipv6_mapped(t: Target) -> None:
    tcp(family=socket.AF_INET6).connect((f"::ffff:{t.host}", t.port))


@probe
def connect_bytes(t: Target) -> None:
    tcp().connect((t.host.encode(), t.port))


@probe
def connect_bytearray(t: Target) -> None:
    tcp().connect((bytearray(t.host.encode()), t.port))


class Liar(str):
    """Looks like this machine."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("127.0.0.1")

    def __str__(self) -> str:
        return "127.0.0.1"


@probe
def connect_lying_text(t: Target) -> None:
    tcp().connect((Liar(t.host), t.port))


class LyingAddress(tuple):  # type: ignore[type-arg]  # of whatever
    """Looks like this machine's."""

    def __getitem__(self, index: Any) -> Any:
        return ("127.0.0.1", 1)[index]


@probe
def connect_lying_tuple(t: Target) -> None:
    tcp().connect(LyingAddress(t.address))


def number(t: Target) -> int:
    return int.from_bytes(socket.inet_aton(t.host), "big")


@probe
def connect_decimal(t: Target) -> None:
    tcp().connect((str(number(t)), t.port))


@probe
def connect_hexadecimal(t: Target) -> None:
    tcp().connect((hex(number(t)), t.port))


@probe
def connect_octal(t: Target) -> None:
    tcp().connect((".".join(f"0{int(part):o}" for part in t.host.split(".")), t.port))


@probe
def connect_early_reference(t: Target) -> None:
    tcp(early_socket).connect(t.address)


@probe
def connect_socket_type(t: Target) -> None:
    tcp(socket.SocketType).connect(t.address)


@probe
def connect_c_socket(t: Target) -> None:
    import _socket

    tcp(_socket.socket).connect(t.address)


@probe
def connect_unbound(t: Target) -> None:
    import _socket

    _socket.socket.connect(tcp(), t.address)


@probe
def connect_subclass(t: Target) -> None:
    class Own(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect(address)

    tcp(Own).connect(t.address)


@probe
def connect_subclass_to_c(t: Target) -> None:
    import _socket

    class Own(socket.socket):
        def connect(self, address: Any) -> None:
            _socket.socket.connect(self, address)

    tcp(Own).connect(t.address)


@probe
def connect_ssl(t: Target) -> None:
    import ssl

    context = ssl.create_default_context()
    context.wrap_socket(tcp(), server_hostname="x").connect(t.address)


@probe
def connect_by_descriptor(t: Target) -> None:
    first = tcp()
    tcp(fileno=os.dup(first.fileno())).connect(t.address)


@probe
def connect_fromfd(t: Target) -> None:
    first = tcp()
    socket.fromfd(first.fileno(), socket.AF_INET, socket.SOCK_STREAM).connect(t.address)


@probe
def connect_twice_disguised(t: Target) -> None:
    sock = udp()
    sock.connect(("127.0.0.1", 9))
    sock.connect(t.address)
    sock.send(b"x")


# -- UDP ---


@probe
def sendto(t: Target) -> None:
    udp().sendto(b"x", t.address)


@probe
def sendto_flags(t: Target) -> None:
    udp().sendto(b"x", 0, t.address)


@probe
def sendto_ipv6(t: Target) -> None:
    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", (t.host6, t.port))


@probe
def sendmsg(t: Target) -> None:
    udp().sendmsg([b"x"], [], 0, t.address)


@probe
def udp_connect(t: Target) -> None:
    sock = udp()
    sock.connect(t.address)
    sock.send(b"x")


@probe
def udp_c_socket(t: Target) -> None:
    import _socket

    _socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", t.address)


@probe
def udp_name(t: Target) -> None:
    udp().sendto(b"x", (t.name, t.port))


# -- names ---


@probe
def getaddrinfo(t: Target) -> None:
    socket.getaddrinfo(t.name, t.port)


@probe
def getaddrinfo_early_reference(t: Target) -> None:
    early_getaddrinfo(t.name, t.port)


@probe
def getaddrinfo_c(t: Target) -> None:
    import _socket

    _socket.getaddrinfo(t.name, t.port)


@probe
def getaddrinfo_bytes(t: Target) -> None:
    socket.getaddrinfo(t.name.encode(), t.port)


@probe
def gethostbyname(t: Target) -> None:
    socket.gethostbyname(t.name)


@probe
def gethostbyname_ex(t: Target) -> None:
    socket.gethostbyname_ex(t.name)


@probe
def gethostbyaddr(t: Target) -> None:
    socket.gethostbyaddr(t.name)


@probe
def getfqdn(t: Target) -> None:
    socket.getfqdn(t.name)


@probe
def getnameinfo(t: Target) -> None:
    socket.getnameinfo((t.host.rpartition(".")[0] + f".{t.port % 200 + 20}", 80), 0)


@probe
def connect_name(t: Target) -> None:
    tcp().connect((t.name, t.port))


@probe
def create_connection_name(t: Target) -> None:
    socket.create_connection((t.name, t.port), TIMEOUT)


# -- the standard library's clients ---


@probe
def http_client(t: Target) -> None:
    import http.client

    http.client.HTTPConnection(t.host, t.port, timeout=TIMEOUT).request("GET", "/")


@probe
def https_client(t: Target) -> None:
    import http.client

    http.client.HTTPSConnection(t.host, t.port, timeout=TIMEOUT).request("GET", "/")


@probe
def urllib_request(t: Target) -> None:
    import urllib.request

    urllib.request.urlopen(f"http://{t.host}:{t.port}/", timeout=TIMEOUT)


@probe
def smtplib_client(t: Target) -> None:
    import smtplib

    smtplib.SMTP(t.host, t.port, timeout=TIMEOUT)


@probe
def ftplib_client(t: Target) -> None:
    import ftplib

    ftplib.FTP(timeout=TIMEOUT).connect(t.host, t.port)


@probe
def imaplib_client(t: Target) -> None:
    import imaplib

    socket.setdefaulttimeout(TIMEOUT)
    try:
        imaplib.IMAP4(t.host, t.port)
    finally:
        socket.setdefaulttimeout(None)


@probe
def poplib_client(t: Target) -> None:
    import poplib

    poplib.POP3(t.host, t.port, timeout=TIMEOUT)


@probe
def xmlrpc_client(t: Target) -> None:
    import xmlrpc.client

    socket.setdefaulttimeout(TIMEOUT)
    try:
        xmlrpc.client.ServerProxy(f"http://{t.host}:{t.port}").method()
    finally:
        socket.setdefaulttimeout(None)


@probe
def logging_handler(t: Target) -> None:
    import logging
    import logging.handlers

    handler = logging.handlers.DatagramHandler(t.host, t.port)
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # it would print
    handler.emit(logging.makeLogRecord({"msg": "x"}))


@probe
def multiprocessing_client(t: Target) -> None:
    from multiprocessing.connection import Client

    socket.setdefaulttimeout(TIMEOUT)
    try:
        Client(t.address)
    finally:
        socket.setdefaulttimeout(None)


# -- asyncio ---


def run(main: Any) -> None:
    import asyncio

    asyncio.run(asyncio.wait_for(main, TIMEOUT))


@probe
def asyncio_open_connection(t: Target) -> None:
    import asyncio

    run(asyncio.open_connection(t.host, t.port))


@probe
def asyncio_name(t: Target) -> None:
    import asyncio

    run(asyncio.open_connection(t.name, t.port))


@probe
def asyncio_getaddrinfo(t: Target) -> None:
    import asyncio

    async def main() -> None:
        await asyncio.get_running_loop().getaddrinfo(t.name, t.port)

    run(main())


@probe
def asyncio_sock_connect(t: Target) -> None:
    import asyncio

    async def main() -> None:
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, t.address)

    run(main())


@probe
def asyncio_datagram(t: Target) -> None:
    import asyncio

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=t.address)
        transport.sendto(b"x")

    run(main())


@probe
def asyncio_datagram_sendto(t: Target) -> None:
    import asyncio

    async def main() -> None:
        loop = asyncio.get_running_loop()
        endpoint = loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("0.0.0.0", 0))
        transport, _ = await endpoint
        transport.sendto(b"x", t.address)

    run(main())


# -- threads, signals, the collector ---


def swallowing(function: Callable[..., Any], *arguments: Any) -> None:
    with contextlib.suppress(Exception):
        function(*arguments)


@probe
def in_thread(t: Target) -> None:
    import threading

    thread = threading.Thread(target=swallowing, args=(create_connection, t))
    thread.start()
    thread.join()


@probe
def in_bare_thread(t: Target) -> None:
    import _thread

    lock = _thread.allocate_lock()
    lock.acquire()

    def work() -> None:
        swallowing(create_connection, t)
        lock.release()

    _thread.start_new_thread(work, ())
    lock.acquire()


@probe
def in_executor(t: Target) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(create_connection, t).result()


@probe
def in_signal_handler(t: Target) -> None:
    import signal

    before = signal.signal(signal.SIGUSR1, lambda number, frame: swallowing(create_connection, t))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@probe
def in_finalizer(t: Target) -> None:
    class Dying:
        def __del__(self) -> None:
            swallowing(create_connection, t)

    Dying()


# -- children ---

CODE = "import socket; socket.create_connection(({host!r}, {port}), 2)"


def code(t: Target) -> str:
    return CODE.format(host=t.host, port=t.port)


def started(*command: str, **named: Any) -> None:
    import subprocess

    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20, **named)


@probe
def child_fork(t: Target) -> None:
    child = os.fork()
    if not child:
        swallowing(create_connection, t)
        os._exit(0)
    os.waitpid(child, 0)


def child_of(method: str, t: Target) -> None:
    import multiprocessing

    child = multiprocessing.get_context(method).Process(target=swallowing, args=(create_connection, t))
    child.start()
    child.join(20)


@probe
def child_multiprocessing_fork(t: Target) -> None:
    child_of("fork", t)


@probe
def child_multiprocessing_spawn(t: Target) -> None:
    child_of("spawn", t)


@probe
def child_multiprocessing_forkserver(t: Target) -> None:
    child_of("forkserver", t)


@probe
def child_python(t: Target) -> None:
    started(sys.executable, "-c", code(t))


@probe
def child_python_bare_environment(t: Target) -> None:
    started(sys.executable, "-c", code(t), env={})


@probe
def child_of_child(t: Target) -> None:
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code(t)!r}], stderr=-3)"
    started(sys.executable, "-c", inner)


@probe
def child_python_isolated(t: Target) -> None:
    started(sys.executable, "-I", "-S", "-c", code(t))


@probe
def child_bash(t: Target) -> None:
    started("bash", "-c", f"exec 3<>/dev/tcp/{t.host}/{t.port}")


@probe
def child_curl(t: Target) -> None:
    started("curl", "-m", "2", f"http://{t.host}:{t.port}/")


@probe
def ctypes_connect(t: Target) -> None:
    import ctypes
    import struct

    libc = ctypes.CDLL(None)
    address = struct.pack("<H", socket.AF_INET) + struct.pack("!H", t.port) + socket.inet_aton(t.host) + bytes(8)
    sock = tcp()
    sock.setblocking(False)
    libc.connect(sock.fileno(), address, len(address))


# -- libraries ---


@probe
def uvloop_open_connection(t: Target) -> None:
    import asyncio

    import uvloop

    loop = uvloop.new_event_loop()
    loop.run_until_complete(asyncio.wait_for(loop.create_connection(asyncio.Protocol, t.host, t.port), TIMEOUT))


@probe
def uvloop_getaddrinfo(t: Target) -> None:
    import uvloop

    loop = uvloop.new_event_loop()
    loop.run_until_complete(loop.getaddrinfo(t.name, t.port))


@probe
def gevent_socket(t: Target) -> None:
    import gevent.socket

    gevent.socket.create_connection(t.address, TIMEOUT)


@probe
def gevent_name(t: Target) -> None:
    import gevent.socket

    gevent.socket.getaddrinfo(t.name, t.port)


@probe
def trio_connection(t: Target) -> None:
    import trio

    trio.run(trio.open_tcp_stream, t.host, t.port)


@probe
def trio_name(t: Target) -> None:
    import trio

    trio.run(trio.open_tcp_stream, t.name, t.port)


@probe
def anyio_connection(t: Target) -> None:
    import anyio

    anyio.run(anyio.connect_tcp, t.host, t.port)


@probe
def requests_get(t: Target) -> None:
    import requests

    requests.get(f"http://{t.host}:{t.port}/", timeout=TIMEOUT)


@probe
def urllib3_get(t: Target) -> None:
    import urllib3

    urllib3.PoolManager().request("GET", f"http://{t.host}:{t.port}/", timeout=TIMEOUT, retries=False)


@probe
def httpx_get(t: Target) -> None:
    import httpx

    httpx.get(f"http://{t.host}:{t.port}/", timeout=TIMEOUT)


@probe
def httpx_get_asynchronous(t: Target) -> None:
    import httpx

    async def main() -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            await client.get(f"http://{t.name}:{t.port}/")

    run(main())


@probe
def aiohttp_get(t: Target) -> None:
    import aiohttp

    async def main() -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(TIMEOUT)) as session:
            await session.get(f"http://{t.name}:{t.port}/")

    run(main())


@probe
def tornado_fetch(t: Target) -> None:
    import asyncio

    from tornado.httpclient import AsyncHTTPClient

    async def main() -> None:
        await asyncio.wait_for(AsyncHTTPClient().fetch(f"http://{t.host}:{t.port}/"), TIMEOUT)

    run(main())


@probe
def redis_ping(t: Target) -> None:
    import redis

    redis.Redis(t.host, t.port, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT).ping()


@probe
def pycurl_perform(t: Target) -> None:
    import pycurl

    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"http://{t.host}:{t.port}/")
    curl.setopt(pycurl.TIMEOUT, 2)
    curl.perform()


@probe
def pycurl_multi(t: Target) -> None:
    import pycurl

    curl, multi = pycurl.Curl(), pycurl.CurlMulti()
    curl.setopt(pycurl.URL, f"http://{t.host}:{t.port}/")
    multi.add_handle(curl)
    for _ in range(20):
        multi.perform()
        multi.select(0.05)


@probe
def curl_cffi_get(t: Target) -> None:
    import curl_cffi.requests

    curl_cffi.requests.get(f"http://{t.host}:{t.port}/", timeout=2)


@probe
def curl_cffi_asynchronous(t: Target) -> None:
    import curl_cffi.requests

    async def main() -> None:
        async with curl_cffi.requests.AsyncSession() as session:
            await session.get(f"http://{t.host}:{t.port}/", timeout=2)

    run(main())


@probe
def grpc_call(t: Target) -> None:
    import grpc

    with grpc.insecure_channel(f"{t.host}:{t.port}") as channel:
        channel.unary_unary("/a/b")(b"x", timeout=1)


@probe
def grpc_ready(t: Target) -> None:
    import grpc

    with grpc.insecure_channel(f"{t.host}:{t.port}") as channel:
        grpc.channel_ready_future(channel).result(timeout=1)


@probe
def grpc_call_asynchronous(t: Target) -> None:
    import grpc

    async def main() -> None:
        async with grpc.aio.insecure_channel(f"{t.host}:{t.port}") as channel:
            await channel.unary_unary("/a/b")(b"x", timeout=1)

    run(main())


@probe
def psycopg2_connect(t: Target) -> None:
    import psycopg2

    psycopg2.connect(f"host={t.host} port={t.port} connect_timeout=2")


@probe
def psycopg_connect(t: Target) -> None:
    import psycopg

    psycopg.connect(f"host={t.host} port={t.port} connect_timeout=2")


@probe
def psycopg_connect_asynchronous(t: Target) -> None:
    import psycopg

    run(psycopg.AsyncConnection.connect(f"host={t.host} port={t.port} connect_timeout=2"))


@probe
def zmq_connect(t: Target) -> None:
    import zmq

    context = zmq.Context()
    sock = context.socket(zmq.PUSH)
    sock.setsockopt(zmq.LINGER, 300)
    sock.setsockopt(zmq.SNDTIMEO, 500)
    try:
        sock.connect(f"tcp://{t.host}:{t.port}")
        sock.send(b"x")
    finally:
        context.destroy(300)


@probe
def pycares_query(t: Target) -> None:
    import time

    import pycares

    channel = pycares.Channel(timeout=1, tries=1)
    channel.query(t.name, getattr(pycares, "QUERY_TYPE_A", 1), callback=lambda *found: None)
    time.sleep(0.3)


@probe
def script_of_python(t: Target) -> None:
    """A script whose first line names this Python."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "script")
        with open(path, "w") as file:
            file.write(textwrap.dedent(f"#!{sys.executable}\n{code(t)}\n"))
        os.chmod(path, 0o755)
        started(path)
