"""Which hosts a test, or a class of tests, may reach beside those of the settings."""

from __future__ import annotations

from typing import Any, Callable, Iterator, Sequence, TypeVar

MARKER = "trim_network"  # pytest's, whose keyword is `allow`
_ATTRIBUTE = "_trim_network"

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def trim_network(allow: Sequence[str]) -> Callable[[_Decorated], _Decorated]:
    """Let a test function, or all tests of a class and its set-up, reach these hosts; does nothing without a run.

    allow: entries as `network_allow` has them. For unittest, Django and pytest alike; it changes neither the function
    nor the class, but for an attribute.
    """

    def decorate(decorated: _Decorated) -> _Decorated:
        setattr(decorated, _ATTRIBUTE, [*entries_in(allow), *getattr(decorated, _ATTRIBUTE, ())])
        return decorated

    return decorate


def entries_in(value: Any) -> Sequence[Any]:
    """Return the entries of an `allow`, be it one or several."""
    return [value] if isinstance(value, str) else list(value or ())


def decorated_with(*holders: Any) -> Iterator[Any]:
    """Yield the entries that functions and classes were decorated with."""
    for holder in holders:
        yield from getattr(holder, _ATTRIBUTE, ())
