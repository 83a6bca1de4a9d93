"""Parameters of statements: told apart without keeping them, and without running any code of the user's."""

from __future__ import annotations

from typing import Any, Optional

_SHOWN_LIMIT = 1_000  # characters
_DEPTH_LIMIT = 3  # of lists within lists

PLAIN = {int, str, bytes, float, bool, complex, type(None)}
# Their hashes are the standard library's own; they are imported by whoever uses them, not by us.
_KNOWN = {
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "time"),
    ("datetime", "timedelta"),
    ("decimal", "Decimal"),
    ("uuid", "UUID"),
}


def digest(parameters: Any) -> Optional[int]:
    """Return a number that executions with the same parameters share; None where they can't be told from others.

    It is salted as Python's hashes of texts are, and never leaves the process. An object of the user's own class is
    never asked anything: its __hash__, __eq__ or __iter__ may raise, or count how often it is called.
    """
    kind = type(parameters)
    if kind is tuple:
        values = parameters
    elif kind is list:
        values = tuple(parameters)
    elif kind is dict:
        values = (*parameters, *parameters.values())
    elif issubclass(kind, tuple) and kind.__iter__ is tuple.__iter__:  # a named one
        values = tuple(parameters)
    else:
        return None
    if PLAIN.issuperset(map(type, values)):
        return hash(values)
    PLAIN.update(kind for kind in map(type, values) if (kind.__module__, kind.__qualname__) in _KNOWN)
    return hash(values) if PLAIN.issuperset(map(type, values)) else _of_parts(values, _DEPTH_LIMIT)


def _of_parts(values: Any, depth: int) -> Optional[int]:
    hashes = []
    for value in values:
        kind = type(value)
        if kind in PLAIN:
            hashes.append(hash(value))
        elif kind in (list, tuple) and depth:
            part = _of_parts(value, depth - 1)
            if part is None:
                return None
            hashes.append(part)
        elif kind in (bytearray, memoryview):
            hashes.append(hash(bytes(value)))
        else:
            return None
    return hash(tuple(hashes))


def shown(parameters: Any) -> str:
    """Return parameters as text, for those who have asked to see them."""
    try:
        return repr(parameters)[:_SHOWN_LIMIT]
    except Exception as error:  # noqa: BLE001  # the user's own class
        return f"<{type(parameters).__name__}: repr() raised {type(error).__name__}>"
