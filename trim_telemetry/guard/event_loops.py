"""Event loops: what they hand to other threads is announced, and what they hand to C judged, by the task that asks.

There the user's own code is on the stack; a library's request may be only in the context, which its tasks inherit.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Tuple

from ..addresses import host_of
from ..collectors.network import ledger
from ..collectors.request import current
from ..stand_ins import Patches, like
from .judging import judge, judged_connect
from .resolver import asks_for

# -- asyncio ---


def patch_asyncio(module: Any) -> None:
    """asyncio's loops look names up in another thread, where that is judged. module: asyncio.base_events."""
    Patches().replace(module.BaseEventLoop, "getaddrinfo", _announced)


def _announced(original: Any) -> Callable[..., Any]:
    async def stand_in(loop: Any, host: Any, port: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        text = asks_for(host)
        if text is None:
            return await original(loop, host, port, **named)
        ledger.expect(text)
        try:
            return await original(loop, host, port, **named)
        finally:
            ledger.expect_no_more(text)

    return like(stand_in, original)


def patch_proactor(module: Any) -> None:
    """Windows' own loop, which connects and sends by C, past the sockets' methods. module: asyncio.windows_events."""
    Patches().replace(module.IocpProactor, "connect", _connecting)
    Patches().replace(module.IocpProactor, "sendto", _sending)


def _connecting(original: Any) -> Callable[..., Any]:
    def stand_in(proactor: Any, conn: Any, address: Any) -> Any:
        __tracebackhide__ = True
        judged_connect(conn, address, "connect")
        return original(proactor, conn, address)

    return like(stand_in, original)


def _sending(original: Any) -> Callable[..., Any]:
    def stand_in(proactor: Any, conn: Any, buf: Any, flags: Any = 0, addr: Any = None) -> Any:
        __tracebackhide__ = True
        judge(conn, addr, "sendto")
        return original(proactor, conn, buf, flags, addr)

    return like(stand_in, original)


# -- uvloop ---


def patch_uvloop(module: Any) -> None:
    """uvloop's loop, of which everything is in C but the class that is derived from that."""
    loop = module.Loop

    def connection(host: Any = None, port: Any = None, **named: Any) -> None:
        ledger.judge(host_of(host), port, "connect")

    def endpoint(local_addr: Any = None, remote_addr: Any = None, **named: Any) -> None:
        if isinstance(remote_addr, tuple) and len(remote_addr) > 1:
            ledger.judge(host_of(remote_addr[0]), remote_addr[1], "connect")

    def look_up(host: Any = None, port: Any = None, **named: Any) -> None:
        ledger.judge(asks_for(host), port, "getaddrinfo")

    def reverse(sockaddr: Any = (None,), flags: Any = 0) -> None:
        ledger.judge(host_of(sockaddr[0]), None, "getnameinfo")

    def to_socket(sock: Any = None, address: Any = None) -> None:
        if isinstance(address, tuple) and len(address) > 1:
            ledger.judge(asks_for(address[0]), address[1], "getaddrinfo")

    for name, judged, skipped in (
        ("create_connection", connection, 1),
        ("create_datagram_endpoint", endpoint, 1),
        ("getaddrinfo", look_up, 0),
        ("getnameinfo", reverse, 0),
        ("sock_connect", to_socket, 0),
    ):
        setattr(loop, name, _judged(getattr(loop, name), judged, skipped))


def _judged(original: Any, judged: Callable[..., None], skipped: int) -> Callable[..., Any]:
    """skipped: how many arguments, behind the loop, are not for `judged`."""

    async def stand_in(loop: Any, *arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            judged(*arguments[skipped:], **{name: value for name, value in named.items() if name != "protocol_factory"})
        except TypeError:  # the loop itself will say what is wrong
            pass
        return await original(loop, *arguments, **named)

    return like(stand_in, original)


# -- requests that run in several tasks ---


def patch_aiohttp(module: Any) -> None:
    """aiohttp's client: connections are made in tasks of their own."""

    def request_of(session: Any, method: Any, url: Any, **named: Any) -> Tuple[str, str]:
        return str(method), str(session._build_url(url) if hasattr(session, "_build_url") else url)

    Patches().replace(module.ClientSession, "_request", _remembering(request_of))


def patch_httpx(module: Any) -> None:
    """httpx's asynchronous client: as aiohttp's."""

    def request_of(client: Any, request: Any, **named: Any) -> Tuple[str, str]:
        return str(request.method), str(request.url)

    Patches().replace(module.AsyncClient, "_send_single_request", _remembering(request_of))


def _remembering(request_of: Callable[..., Tuple[str, str]]) -> Callable[[Any], Callable[..., Any]]:
    def make(original: Any) -> Callable[..., Any]:
        async def stand_in(*arguments: Any, **named: Any) -> Any:
            __tracebackhide__ = True
            try:
                token = current.set(request_of(*arguments, **named))
            except Exception:  # noqa: BLE001  # the library will say what is wrong with its arguments
                return await original(*arguments, **named)
            try:
                return await original(*arguments, **named)
            finally:
                current.reset(token)

        return like(stand_in, original)

    return make


def patches() -> Iterator[Tuple[str, Callable[[Any], None]]]:
    """Yield each module's name with what patches it."""
    yield "asyncio.base_events", patch_asyncio
    yield "asyncio.windows_events", patch_proactor
    yield "uvloop", patch_uvloop
    yield "aiohttp.client", patch_aiohttp
    yield "httpx._client", patch_httpx
