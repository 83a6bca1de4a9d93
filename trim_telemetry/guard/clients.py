"""Clients written in C, which no hook of Python's sees: judged at their Python classes, where somebody imports them."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple
from weakref import WeakKeyDictionary

from ..addresses import host_of
from ..collectors.network import ledger
from ..collectors.request import current
from ..stand_ins import Patches, like, unseen

Place = Tuple[Optional[str], Any]  # host and port
_NOWHERE: Place = (None, None)
_CURLOPT_URL = 10002  # of curl.h
_USUAL_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


def place_of_url(text: Any) -> Place:
    """Return host and port of a URL, of which libcurl lets the scheme be missing."""
    url = host_of(text)
    if url is None:
        return _NOWHERE
    scheme, has_scheme, rest = url.partition("://")
    if not has_scheme:
        scheme, rest = "http", url
    if scheme.lower() == "file":
        return _NOWHERE
    for end in "/?#":
        rest = rest.partition(end)[0]
    host, port = _parted(rest.rpartition("@")[2])
    return host, port or _USUAL_PORTS.get(scheme.lower())


def _parted(place: str) -> Place:
    """host:port, [v6]:port, or a host alone."""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, port[1:] or None
    host, _, port = place.partition(":")
    return (place, None) if ":" in port else (host, port or None)


def judge_url(url: Any, operation: str) -> None:
    """May this URL be asked for? Raises NetworkBlockedError."""
    __tracebackhide__ = True
    text = host_of(url)
    token = current.set((None, text if text and "://" in text else None))
    try:
        ledger.judge(*place_of_url(url), operation)
    finally:
        current.reset(token)


def _before(judge: Callable[..., None]) -> Callable[[Any], Callable[..., Any]]:
    """Make functions that judge their arguments before they call the original."""

    def make(original: Any) -> Callable[..., Any]:
        def stand_in(*arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            judge(*arguments, **named)
            try:
                return original(*arguments, **named)
            except BaseException as error:  # raised again, as it came
                unseen(error)
                raise

        return like(stand_in, original)

    return make


def _patch(owner: Any, names: str, judge: Callable[..., None]) -> None:
    for name in names.split():
        Patches().replace(owner, name, _before(judge))


# -- curl ---


def patch_pycurl(module: Any) -> None:
    """pycurl: its classes can't be changed, and are replaced by ones derived from them."""
    urls: Any = WeakKeyDictionary()

    def setopt(curl: Any, plain: Any, option: Any, value: Any) -> Any:
        if option == _CURLOPT_URL:
            urls[curl] = value
        return plain(option, value)

    def perform(curl: Any, plain: Any, *arguments: Any) -> Any:
        __tracebackhide__ = True
        judge_url(urls.get(curl), "pycurl")
        return plain(*arguments)

    def add_handle(multi: Any, plain: Any, curl: Any) -> Any:
        __tracebackhide__ = True
        judge_url(urls.get(curl), "pycurl")
        return plain(curl)

    performs = dict.fromkeys(("perform", "perform_rb", "perform_rs"), perform)
    changed: Dict[str, Dict[str, Callable[..., Any]]] = {
        "Curl": {"setopt": setopt, **performs},
        "CurlMulti": {"add_handle": add_handle},
    }
    for name, methods in changed.items():
        original = getattr(module, name)
        Patches().replace_everywhere((original, _derived(original, methods)))


def _derived(original: Any, methods: Dict[str, Callable[..., Any]]) -> Any:
    """Return a subclass with these methods, which get the plain one; C looks its own up before a subclass's."""

    def __getattribute__(self: Any, name: str) -> Any:
        found = original.__getattribute__(self, name)
        method = methods.get(name)
        return found if method is None else partial(method, self, found)

    names = ("__module__", "__qualname__", "__doc__")
    shown = {name: getattr(original, name) for name in names if hasattr(original, name)}
    return type(original)(original.__name__, (original,), {**shown, "__getattribute__": __getattribute__})


def patch_curl_cffi(module: Any) -> None:
    """curl_cffi's Curl."""

    def noted(curl: Any, option: Any, value: Any) -> None:
        if int(option) == _CURLOPT_URL:
            curl._trim_url = value

    def judged(curl: Any, *arguments: Any, **named: Any) -> None:
        judge_url(getattr(curl, "_trim_url", None), "curl_cffi")

    _patch(module.Curl, "setopt", noted)
    _patch(module.Curl, "perform", judged)


def patch_curl_cffi_asynchronous(module: Any) -> None:
    """curl_cffi's AsyncCurl."""

    def judged(multi: Any, curl: Any, *arguments: Any) -> None:
        judge_url(getattr(curl, "_trim_url", None), "curl_cffi")

    _patch(module.AsyncCurl, "add_handle", judged)


# -- gRPC ---


def place_of_target(target: Any) -> Place:
    """Return host and port of a gRPC target: `host:port`, `dns:///host:port`, `ipv4:address:port`, `unix:path`."""
    text = (host_of(target) or "").partition(",")[0]
    scheme, _, rest = text.partition(":")
    if scheme in ("unix", "unix-abstract", "vsock"):
        return _NOWHERE
    if scheme in ("dns", "ipv4", "ipv6", "xds"):
        text = rest.rpartition("/")[2] if rest.startswith("//") else rest
    return _parted(text)


def patch_grpc(module: Any) -> None:
    """grpc's calls; a channel itself connects only when it is used."""

    def judged(call: Any, *arguments: Any, **named: Any) -> None:
        ledger.judge(*place_of_target(call._channel.target()), "grpc")

    for kind in _classes(module, "MultiCallable"):
        _patch(kind, "__call__ with_call future", judged)

    def subscribed(channel: Any, callback: Any, try_to_connect: Any = False) -> None:
        if try_to_connect:
            judged(channel)

    _patch(module.Channel, "subscribe", subscribed)


def patch_grpc_asynchronous(module: Any) -> None:
    """grpc.aio's calls, which know their channel, but not its target."""

    def told(channel: Any, target: Any, *arguments: Any, **named: Any) -> None:
        channel._trim_target = target

    def handing_on(original: Any) -> Callable[..., Any]:
        def stand_in(channel: Any, *arguments: Any, **named: Any) -> Any:
            made = original(channel, *arguments, **named)
            made._trim_target = getattr(channel, "_trim_target", None)
            return made

        return like(stand_in, original)

    def judged(call: Any, *arguments: Any, **named: Any) -> None:
        ledger.judge(*place_of_target(getattr(call, "_trim_target", None)), "grpc")

    _patch(module.Channel, "__init__", told)
    _patch(module.Channel, "channel_ready wait_for_state_change", judged)
    for name in ("unary_unary", "unary_stream", "stream_unary", "stream_stream"):
        Patches().replace(module.Channel, name, handing_on)
    for kind in _classes(module, "MultiCallable"):
        _patch(kind, "__call__", judged)


def _classes(module: Any, ending: str) -> List[type]:
    found = [kind for name, kind in vars(module).items() if name.endswith(ending) and isinstance(kind, type)]
    return [kind for kind in found if kind.__module__ == module.__name__]


# -- databases ---


def _judge_libpq(given: Dict[str, Any]) -> None:
    """May libpq connect? given: its parameters; what they lack is in the environment."""
    __tracebackhide__ = True
    hosts = str(
        given.get("hostaddr") or given.get("host") or os.environ.get("PGHOSTADDR") or os.environ.get("PGHOST") or ""
    )
    ports = str(given.get("port") or os.environ.get("PGPORT") or 5432).split(",")
    for number, host in enumerate(hosts.split(",")):
        if host and not host.startswith(("/", "@")):  # else a socket of this machine
            ledger.judge(host, ports[min(number, len(ports) - 1)], "libpq")


def patch_psycopg2(module: Any) -> None:
    """psycopg2's C function, which its connect() calls."""

    def judged(dsn: Any, *arguments: Any, **named: Any) -> None:
        _judge_libpq(sys.modules["psycopg2.extensions"].parse_dsn(dsn))

    _patch(module, "_connect", judged)


def patch_psycopg(module: Any) -> None:
    """psycopg 3's connections, of both kinds."""

    def judged(kind: Any, conninfo: Any = "", *arguments: Any, **named: Any) -> None:
        _judge_libpq(sys.modules["psycopg.conninfo"].conninfo_to_dict(conninfo))

    for kind in module.Connection.__mro__:
        _patch(kind, "_connect_gen", judged)


def patch_mysqlclient(module: Any) -> None:
    """mysqlclient's connections."""

    def judged(connection: Any, host: Any = None, *arguments: Any, **named: Any) -> None:
        if not named.get("unix_socket"):
            ledger.judge(host_of(host or named.get("host")), named.get("port") or 3306, "mysqlclient")

    _patch(module.Connection, "__init__", judged)


# -- others ---


def patch_zmq(module: Any) -> None:
    """pyzmq's sockets."""

    def judged(sock: Any, address: Any = None, **named: Any) -> None:
        transport, _, rest = (host_of(address if address is not None else named.get("addr")) or "").partition("://")
        if transport in ("tcp", "udp", "ws", "wss", "norm", "pgm", "epgm", "tipc"):
            host, port = _parted(rest.rpartition(";")[2].partition("/")[0])
            ledger.judge(host, port, "zmq")

    _patch(module.Socket, "connect", judged)


def patch_pycares(module: Any) -> None:
    """pycares' questions, but for those to a server of this machine that was named."""

    def told(channel: Any, *arguments: Any, **named: Any) -> None:
        channel._trim_servers = named.get("servers") or ()

    def judged(channel: Any, name: Any, *arguments: Any, **named: Any) -> None:
        servers = list(getattr(channel, "_trim_servers", ()))
        if not servers or not all(ledger.hosts.is_this_machine(host_of(server) or "") for server in servers):
            host = name[0] if isinstance(name, tuple) else name
            ledger.judge(host_of(host), None, "getaddrinfo: pycares")

    _patch(module.Channel, "__init__", told)
    _patch(module.Channel, "query search getaddrinfo gethostbyname gethostbyaddr getnameinfo", judged)


def patches() -> Iterator[Tuple[str, Callable[[Any], None]]]:
    """Yield each module's name with what patches it."""
    yield "pycurl", patch_pycurl
    yield "curl_cffi.curl", patch_curl_cffi
    yield "curl_cffi.aio", patch_curl_cffi_asynchronous
    yield "grpc._channel", patch_grpc
    yield "grpc.aio._channel", patch_grpc_asynchronous
    yield "psycopg2", patch_psycopg2
    yield "psycopg.connection", patch_psycopg
    yield "MySQLdb.connections", patch_mysqlclient
    yield "zmq.sugar.socket", patch_zmq
    yield "pycares", patch_pycares
