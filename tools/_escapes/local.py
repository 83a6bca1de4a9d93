"""What must go on working: uses of this machine alone. Each raises where it does not."""

from __future__ import annotations

import os
import socket
import sys
import threading
from typing import Any, Callable, Dict, Iterator

from early import early_socket

TIMEOUT = 10.0  # seconds
PROBES: Dict[str, Callable[[], Any]] = {}


def probe(function: Callable[[], Any]) -> Callable[[], Any]:
    PROBES[function.__name__] = function
    return function


def server(host: str = "127.0.0.1", family: int = socket.AF_INET) -> socket.socket:
    made = socket.socket(family)
    made.bind((host, 0))
    made.listen(5)
    made.settimeout(TIMEOUT)
    return made


def reached(host: str, family: int = socket.AF_INET, bound: str = "") -> None:
    """A connection by this spelling arrives."""
    listening = server(bound, family)
    client = socket.socket(family)
    client.settimeout(TIMEOUT)
    client.connect((host, listening.getsockname()[1]))
    accepted, _ = listening.accept()
    assert isinstance(accepted, socket.socket)
    accepted.sendall(b"x")
    assert client.recv(1) == b"x"
    for sock in (accepted, client, listening):
        sock.close()


def spelled(name: str, host: str, family: int = socket.AF_INET) -> None:
    def reaches() -> None:
        reached(host, family)

    PROBES[f"connect_{name}"] = reaches


spelled("127_0_0_1", "127.0.0.1")
spelled("127_1", "127.1")
spelled("hexadecimal", "0x7f000001")
spelled("decimal", "2130706433")
spelled("127_0_0_5", "127.0.0.5")
spelled("0_0_0_0", "0.0.0.0")
spelled("empty", "")
spelled("localhost", "localhost")
spelled("LocalHost", "LocalHost")
spelled("own_name", socket.gethostname())
spelled("ipv6_loopback", "::1", socket.AF_INET6)
spelled("ipv6_any", "::", socket.AF_INET6)
spelled("ipv6_mapped", "::ffff:127.0.0.1", socket.AF_INET6)


@probe
def connect_bytes() -> None:
    listening = server()
    socket.create_connection((b"127.0.0.1", listening.getsockname()[1]), TIMEOUT).close()  # type: ignore[arg-type]  # C takes it


@probe
def connect_ex() -> None:
    listening = server()
    client = socket.socket()
    assert client.connect_ex(listening.getsockname()) == 0
    assert isinstance(socket.socket().connect_ex(("127.0.0.1", 1)), int)


@probe
def refused_as_ever() -> None:
    try:
        socket.create_connection(("127.0.0.1", 1), TIMEOUT)
    except ConnectionRefusedError:
        return
    raise AssertionError("nobody listens there")


@probe
def unix_socket() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        listening.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect(path)
        other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        other.bind(path + "2")
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", path + "2")
        assert other.recv(1) == b"x"


@probe
def abstract_unix_socket() -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"\0trim-{os.getpid()}")
    listening.listen()
    socket.socket(socket.AF_UNIX).connect(f"\0trim-{os.getpid()}")


@probe
def socket_pair() -> None:
    one, other = socket.socketpair()
    one.send(b"x")
    assert other.recv(1) == b"x"
    one.sendmsg([b"y"])
    assert other.recv(1) == b"y"


@probe
def pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"x")
    assert os.read(read, 1) == b"x"


@probe
def datagrams() -> None:
    listening = socket.socket(type=socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.settimeout(TIMEOUT)
    sender = socket.socket(type=socket.SOCK_DGRAM)
    sender.sendto(b"a", listening.getsockname())
    sender.sendto(b"b", 0, listening.getsockname())
    sender.sendmsg([b"c"], [], 0, listening.getsockname())
    sender.connect(listening.getsockname())
    sender.sendmsg([b"d"])
    assert {listening.recv(1) for _ in range(4)} == {b"a", b"b", b"c", b"d"}


@probe
def made_and_never_connected() -> None:
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        socket.socket(family).close()
    if hasattr(socket, "AF_NETLINK"):
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        sock.bind((0, 0))
        sock.close()


@probe
def classes_are_what_they_were() -> None:
    import ssl

    assert early_socket is socket.socket
    assert issubclass(ssl.SSLSocket, socket.socket)
    assert socket.socket.__module__ == "socket"
    assert isinstance(socket.socket(), early_socket)


@probe
def subclass_of_the_users() -> None:
    class Own(socket.socket):
        pass

    listening = server()
    Own().connect(listening.getsockname())


@probe
def descriptor_taken_over() -> None:
    listening = server()
    first = socket.create_connection(listening.getsockname())
    again = socket.socket(fileno=os.dup(first.fileno()))
    assert again.getpeername() == listening.getsockname()
    socket.fromfd(first.fileno(), socket.AF_INET, socket.SOCK_STREAM).close()


@probe
def names_of_this_machine() -> None:
    socket.getfqdn()
    socket.getfqdn("203.0.113.77")  # whatever comes of it, it raises nothing
    socket.gethostbyname("localhost")
    socket.gethostbyname_ex("localhost")
    socket.gethostbyname(socket.gethostname())
    socket.getaddrinfo("localhost", 80)
    socket.gethostbyaddr("127.0.0.1")
    socket.getnameinfo(("127.0.0.1", 80), 0)


@probe
def look_ups_that_ask_nobody() -> None:
    socket.getaddrinfo("203.0.113.9", 80)
    socket.getaddrinfo(None, 0, flags=socket.AI_PASSIVE)
    socket.getaddrinfo("::1", "http")
    socket.getnameinfo(("203.0.113.9", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
    socket.getservbyname("http")
    socket.getaddrinfo(host=None, port=0)


@probe
def errors_are_what_they_were() -> None:
    for arguments in ((), ("127.0.0.1",), (("127.0.0.1",),), (("127.0.0.1", "x"),), (None,), (("127.0.0.1", 70000),)):
        try:
            socket.socket().connect(*arguments)
        except (TypeError, OverflowError, OSError):
            continue
        raise AssertionError(arguments)


def http_server() -> Any:
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments: Any) -> None:
            pass

    made = HTTPServer(("localhost", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def url_of(made: Any, host: str = "localhost") -> str:
    return f"http://{host}:{made.server_port}/"


@probe
def http_server_and_urllib() -> None:
    import urllib.request

    made = http_server()
    assert urllib.request.urlopen(url_of(made), timeout=TIMEOUT).read() == b"ok"
    made.shutdown()
    made.server_close()


@probe
def socketserver_threads() -> None:
    import socketserver

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(self.rfile.readline())

    with socketserver.ThreadingTCPServer(("", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        client = socket.create_connection(("127.0.0.1", made.server_address[1]), TIMEOUT)
        client.sendall(b"hello\n")
        assert client.recv(6) == b"hello\n"
        made.shutdown()


@probe
def wsgi_server() -> None:
    import urllib.request
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield b"ok"

    made = make_server("", 0, app, handler_class=Handler)  # type: ignore[type-var]  # a generator is an iterable
    threading.Thread(target=made.handle_request, daemon=True).start()
    assert urllib.request.urlopen(f"http://127.0.0.1:{made.server_port}/", timeout=TIMEOUT).read() == b"ok"
    made.server_close()


@probe
def asyncio_server() -> None:
    import asyncio

    async def main() -> None:
        async def serve(reader: Any, writer: Any) -> None:
            writer.write(await reader.readline())
            await writer.drain()
            writer.close()

        made = await asyncio.start_server(serve, "localhost", 0, family=socket.AF_INET)
        port = made.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port)
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        made.close()

    asyncio.run(asyncio.wait_for(main(), TIMEOUT))


@probe
def asyncio_datagrams() -> None:
    import asyncio

    async def main() -> None:
        loop = asyncio.get_running_loop()
        got = loop.create_future()

        class Listener(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, address: Any) -> None:
                got.set_result(data)

        listening, _ = await loop.create_datagram_endpoint(Listener, local_addr=("127.0.0.1", 0))
        address = listening.get_extra_info("sockname")
        sender, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        sender.sendto(b"x", address)
        assert await asyncio.wait_for(got, TIMEOUT) == b"x"
        for transport in (listening, sender):
            transport.close()

    asyncio.run(main())


@probe
def asyncio_loop_and_subprocess() -> None:
    import asyncio

    async def main() -> None:
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(1)", stdout=-1)
        assert (await child.communicate())[0].strip() == b"1"
        assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)

    asyncio.run(asyncio.wait_for(main(), TIMEOUT))


@probe
def asyncio_unix_server() -> None:
    import asyncio
    import tempfile

    async def main() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "s")

            async def serve(reader: Any, writer: Any) -> None:
                writer.write(b"x\n")
                await writer.drain()
                writer.close()

            made = await asyncio.start_unix_server(serve, path)
            reader, writer = await asyncio.open_unix_connection(path)
            assert await reader.readline() == b"x\n"
            writer.close()
            made.close()

    asyncio.run(asyncio.wait_for(main(), TIMEOUT))


@probe
def ssl_server() -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    listening = server()
    wrapped = context.wrap_socket(socket.socket(), do_handshake_on_connect=False)
    wrapped.connect(listening.getsockname())
    assert isinstance(wrapped, socket.socket)


def answers(queue: Any) -> None:
    listening = server()
    socket.create_connection(listening.getsockname(), TIMEOUT).close()
    queue.put("done")


def child_answers(method: str) -> None:
    import multiprocessing

    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=answers, args=(queue,))
    child.start()
    assert queue.get(timeout=20) == "done"
    child.join()
    assert child.exitcode == 0


@probe
def multiprocessing_fork() -> None:
    child_answers("fork")


@probe
def multiprocessing_spawn() -> None:
    child_answers("spawn")


@probe
def multiprocessing_forkserver() -> None:
    child_answers("forkserver")


@probe
def multiprocessing_manager() -> None:
    import multiprocessing

    with multiprocessing.get_context("fork").Manager() as manager:
        shared = manager.dict()
        shared["x"] = 1
        assert dict(shared) == {"x": 1}


@probe
def multiprocessing_listener() -> None:
    from multiprocessing.connection import Client, Listener

    with Listener(("localhost", 0), authkey=b"k") as listening:
        threading.Thread(target=lambda: Client(listening.address, authkey=b"k").send("x"), daemon=True).start()
        assert listening.accept().recv() == "x"


@probe
def process_pool() -> None:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1) as pool:
        assert pool.submit(pow, 2, 3).result(TIMEOUT) == 8


@probe
def child_sees_its_environment() -> None:
    import subprocess

    code = "import os, sys; print(sorted(os.environ) == ['A'] or sorted(os.environ), len(sys.path))"
    plain = len(sys.path)
    env = {"A": "b", "LC_CTYPE": "C.UTF-8"} if sys.version_info < (3, 7) else {"A": "b"}
    done = subprocess.run([sys.executable, "-c", code], env=env, stdout=-1, timeout=20)
    first = done.stdout.split()[0]
    assert first == b"True" or (b"LC_CTYPE" in done.stdout and b"TRIM" not in done.stdout), (done.stdout, plain)


@probe
def subprocess_and_shell() -> None:
    import subprocess

    assert subprocess.run("exit 3", shell=True).returncode == 3
    assert subprocess.check_output(["echo", "x"]) == b"x\n"
    assert os.system("true") == 0


@probe
def thread_pool() -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: reached("127.0.0.1"), range(8)))


@probe
def selectors_and_waking() -> None:
    import selectors

    listening = server()
    listening.setblocking(False)
    with selectors.DefaultSelector() as selector:
        selector.register(listening, selectors.EVENT_READ)
        client = socket.create_connection(listening.getsockname(), TIMEOUT)
        assert selector.select(TIMEOUT)
        client.close()


@probe
def xmlrpc_server() -> None:
    import xmlrpc.client
    from xmlrpc.server import SimpleXMLRPCServer

    with SimpleXMLRPCServer(("localhost", 0), logRequests=False) as made:
        made.register_function(pow)
        threading.Thread(target=made.handle_request, daemon=True).start()
        port = made.server_address[1]
        assert xmlrpc.client.ServerProxy(f"http://localhost:{port}").pow(2, 3) == 8


@probe
def logging_handler() -> None:
    import logging
    import logging.handlers

    listening = socket.socket(type=socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.settimeout(TIMEOUT)
    handler = logging.handlers.SysLogHandler(listening.getsockname())
    handler.emit(logging.makeLogRecord({"msg": "x"}))
    assert b"x" in listening.recv(100)
    handler.close()


# -- libraries ---


@probe
def requests_to_a_server() -> None:
    import requests

    made = http_server()
    for host in ("localhost", "127.0.0.1"):
        assert requests.get(url_of(made, host), timeout=TIMEOUT).text == "ok"
    made.shutdown()


@probe
def httpx_to_a_server() -> None:
    import httpx

    made = http_server()
    assert httpx.get(url_of(made), timeout=TIMEOUT).text == "ok"
    made.shutdown()


@probe
def aiohttp_both_ends() -> None:
    import asyncio

    import aiohttp
    from aiohttp import web

    async def main() -> None:
        async def answer(request: Any) -> Any:
            return web.Response(text="ok")

        app = web.Application()
        app.router.add_get("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "localhost", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as found:
            assert await found.text() == "ok"
        await runner.cleanup()

    asyncio.run(asyncio.wait_for(main(), TIMEOUT))


@probe
def uvloop_both_ends() -> None:
    import asyncio

    import uvloop

    async def main() -> None:
        async def serve(reader: Any, writer: Any) -> None:
            writer.write(b"x\n")
            await writer.drain()
            writer.close()

        made = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("localhost", made.sockets[0].getsockname()[1])
        assert await reader.readline() == b"x\n"
        writer.close()
        made.close()

    loop = uvloop.new_event_loop()
    loop.run_until_complete(asyncio.wait_for(main(), TIMEOUT))
    loop.close()


@probe
def trio_both_ends() -> None:
    import trio

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, lambda stream: stream.send_all(b"x"), 0)
            port = listeners[0].socket.getsockname()[1]
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                assert await stream.receive_some(1) == b"x"
            nursery.cancel_scope.cancel()

    trio.run(main)


@probe
def gevent_both_ends() -> None:
    import gevent.server
    import gevent.socket

    made = gevent.server.StreamServer(("127.0.0.1", 0), lambda sock, address: sock.sendall(b"x"))
    made.start()
    client = gevent.socket.create_connection(("localhost", made.server_port), TIMEOUT)
    assert client.recv(1) == b"x"
    made.stop()


@probe
def zmq_both_ends() -> None:
    import zmq

    context = zmq.Context()
    one, other = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    port = one.bind_to_random_port("tcp://127.0.0.1")
    other.connect(f"tcp://localhost:{port}")
    other.send(b"x")
    assert one.recv() == b"x"
    context.destroy()


@probe
def grpc_both_ends() -> None:
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    made = grpc.server(ThreadPoolExecutor(1))
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("a", {"b": handler}),))
    port = made.add_insecure_port("localhost:0")
    made.start()
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        assert channel.unary_unary("/a/b")(b"x", timeout=TIMEOUT) == b"x"
    grpc.insecure_channel("example.com:443").close()  # never used
    made.stop(None)


@probe
def pycurl_to_a_server() -> None:
    import io

    import pycurl

    made, found, curl = http_server(), io.BytesIO(), pycurl.Curl()
    assert isinstance(curl, pycurl.Curl)
    curl.setopt(pycurl.URL, url_of(made))
    curl.setopt(pycurl.WRITEDATA, found)
    curl.perform()
    assert found.getvalue() == b"ok"
    made.shutdown()


@probe
def curl_cffi_to_a_server() -> None:
    import curl_cffi.requests

    made = http_server()
    assert curl_cffi.requests.get(url_of(made, "127.0.0.1"), timeout=10).text == "ok"
    made.shutdown()
