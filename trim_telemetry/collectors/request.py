"""Which HTTP request a call is made for: read off the stack of the libraries that are known, or told by a wrapper."""

from __future__ import annotations

from contextvars import ContextVar
from types import FrameType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

Request = Tuple[Optional[str], Optional[str]]  # method and URL
Locals = Mapping[str, Any]

_NONE: Request = (None, None)
_DEPTH = 200  # frames
_LONGEST = 2_000  # characters of a URL

# Where a library's own stack is not that of the request: in another task, which inherits the context.
current: ContextVar[Request] = ContextVar("trim_telemetry_request", default=_NONE)


def _of_http_client(found: Locals) -> Request:
    connection, url = found["self"], str(found["url"])
    scheme = "https" if "HTTPS" in type(connection).__name__ else "http"
    return str(found["method"]), _joined(scheme, connection.host, connection.port, url)


def _of_urllib3(found: Locals) -> Request:
    pool = found["self"]
    return str(found["method"]), _joined(pool.scheme, pool.host, pool.port, str(found["url"]))


def _of_httpx(found: Locals) -> Request:
    request = found["request"]
    return str(request.method), str(request.url)[:_LONGEST]


def _joined(scheme: str, host: Any, port: Any, url: str) -> str:
    if "://" in url:  # to a proxy
        return url[:_LONGEST]
    usual = {"http": 80, "https": 443}[scheme]
    place = f"[{host}]" if ":" in str(host) else str(host)
    return f"{scheme}://{place}{'' if port in (None, usual) else f':{port}'}{url}"[:_LONGEST]


_READERS: Dict[Tuple[str, str], Callable[[Locals], Request]] = {
    ("http.client", "_send_request"): _of_http_client,
    ("urllib3.connectionpool", "_make_request"): _of_urllib3,
    ("urllib3.connectionpool", "urlopen"): _of_urllib3,
    ("httpx._client", "_send_single_request"): _of_httpx,
}
_FUNCTIONS = frozenset(function for _, function in _READERS)


def request_of(frame: Optional[FrameType]) -> Request:
    """Return method and URL of the request that the innermost known library on the stack makes; None: of none."""
    for _ in range(_DEPTH):
        if frame is None:
            break
        if frame.f_code.co_name in _FUNCTIONS:
            read = _READERS.get((str(frame.f_globals.get("__name__")), frame.f_code.co_name))
            if read is not None:
                try:
                    return read(frame.f_locals)
                except Exception:  # noqa: BLE001  # another version of the library, or the user's own subclass
                    return current.get()
        frame = frame.f_back
    return current.get()
