"""The functions that ask name servers, judged before the question leaves.

They are replaced where C has them and wherever they were copied to; socket.getaddrinfo, which is Python, asks C's.
"""

from __future__ import annotations

import _socket
from time import perf_counter_ns
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Tuple

from ..addresses import host_of, name_of, parse
from ..collectors.network import ledger
from ..stand_ins import Patches, like, unseen
from .passes import passes

Question = Tuple[Optional[str], Any]  # host and port

_FLAGS = 5  # getaddrinfo's position of them
_now = perf_counter_ns


def asks_for(host: Any) -> Optional[str]:
    """Return a name that will be asked for; None: nobody needs to be asked."""
    if type(host) is str and host in ledger.hosts.known:  # by far the most
        return None
    text = host_of(host)
    return None if text is None or parse(text) is not None or parse(name_of(text)) is not None else text


def _of_getaddrinfo(arguments: Sequence[Any], named: Mapping[str, Any]) -> Question:
    host = arguments[0] if arguments else named.get("host")
    port = arguments[1] if len(arguments) > 1 else named.get("port")
    flags = arguments[_FLAGS] if len(arguments) > _FLAGS else named.get("flags", 0)
    return (None, None) if flags & _socket.AI_NUMERICHOST else (asks_for(host), port)


def _of_host(arguments: Sequence[Any], named: Mapping[str, Any]) -> Question:
    return asks_for(arguments[0]) if arguments else None, None


def _of_reverse(arguments: Sequence[Any], named: Mapping[str, Any]) -> Question:
    """An address's name is asked of name servers, too; but for this machine's it is not."""
    return host_of(arguments[0]) if arguments else None, None


def _of_getnameinfo(arguments: Sequence[Any], named: Mapping[str, Any]) -> Question:
    if len(arguments) < 2 or not isinstance(arguments[0], tuple) or not arguments[0]:
        return None, None
    return (None, None) if arguments[1] & _socket.NI_NUMERICHOST else (host_of(arguments[0][0]), None)


def _in_getaddrinfo(found: Any) -> Iterator[Any]:
    for *_, canonical, address in found:
        yield address[0]
        yield canonical


def _in_one(found: Any) -> Iterator[Any]:
    yield found


def _in_triple(found: Any) -> Iterator[Any]:
    yield found[0]
    for part in found[1:]:
        yield from part


def _in_none(found: Any) -> Iterator[Any]:
    return iter(())


_RESOLVERS = {
    "getaddrinfo": (_of_getaddrinfo, _in_getaddrinfo),
    "gethostbyname": (_of_host, _in_one),
    "gethostbyname_ex": (_of_host, _in_triple),
    "gethostbyaddr": (_of_reverse, _in_triple),
    "getnameinfo": (_of_getnameinfo, _in_none),
}


def _judged(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    question_of, hosts_in = _RESOLVERS[name]

    def stand_in(*arguments: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        try:
            host, port = question_of(arguments, named)
        except (TypeError, ValueError, LookupError):  # C will say what is wrong
            host, port = None, None
        attempt = ledger.judge(host, port, name)
        started = _now()
        passes.lookups += 1
        try:
            found = original(*arguments, **named)
        except BaseException as error:  # raised again, as it came
            unseen(error)
            raise
        finally:
            passes.lookups -= 1
            if attempt is not None:
                ledger.spent(attempt, _now() - started)
        if host is not None:
            ledger.resolved(host, hosts_in(found))
        return found

    return like(stand_in, original)


def install() -> None:
    """Replace them."""
    originals = {name: getattr(_socket, name) for name in _RESOLVERS}
    Patches().replace_everywhere(*((original, _judged(original, name)) for name, original in originals.items()))
