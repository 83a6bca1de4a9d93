"""Functions that stand in for others': they look like those, and are seen in no traceback and no warning."""

from __future__ import annotations

import sys
from os.path import abspath, dirname, join
from typing import Any, Callable, List, Tuple

from .texts import STAND_INS

_PACKAGE = dirname(abspath(__file__))
_PLACES = (join("drivers", ""), join("guard", ""), join("collectors", "logs.py"))  # files that they are in
OURS = (*(join(_PACKAGE, place) for place in _PLACES), STAND_INS)


def like(stand_in: Callable[..., Any], original: Any) -> Callable[..., Any]:
    """Give a function the name of the one that it stands in for. functools.wraps would do that, and import more."""
    for name in ("__name__", "__qualname__", "__doc__", "__module__"):
        value = getattr(original, name, None)
        if value is not None:
            setattr(stand_in, name, value)
    stand_in.__wrapped__ = original  # type: ignore[attr-defined]  # as functools.wraps does it
    return disowned(stand_in)


def disowned(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function of ours, through which others' functions are called, be none that a warning is about."""
    code = function.__code__
    if code.co_filename.startswith(OURS):
        function.__code__ = code.replace(co_filename=STAND_INS)
    return function


def unseen(error: BaseException) -> None:
    """Take our own frames from the top of a traceback; Python before 3.11 puts the innermost back at `raise`."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(OURS):
        traceback = traceback.tb_next
    error.__traceback__ = traceback


class Patches:
    """Attributes that were replaced, to be put back at the end of the run."""

    def __init__(self) -> None:
        self._made: List[Tuple[Any, str, Any, Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace an attribute of a module or class (None: there is none), if it is its own, by what make() gives."""
        original = vars(owner).get(name) if owner is not None else None
        if original is None:
            return
        if isinstance(original, (classmethod, staticmethod)):
            stand_in: Any = type(original)(make(original.__func__))
        else:
            stand_in = make(original)
        self._put(owner, name, original, stand_in)

    def replace_everywhere(self, *pairs: Tuple[Any, Any], keeper: str = "") -> None:
        """Replace functions in every module that has taken them: `from sqlite3 import connect`, before we were here.

        pairs: each an original and what stands in for it; keeper: a module that keeps its originals, to call them.
        """
        stand_ins = {id(original): stand_in for original, stand_in in pairs}
        for module_name, module in list(sys.modules.items()):
            names = getattr(module, "__dict__", None) if module_name != keeper else None
            if not isinstance(names, dict) or stand_ins.keys().isdisjoint(map(id, list(names.values()))):  # most
                continue
            for name, value in list(names.items()):
                if id(value) in stand_ins:
                    self._put(module, name, value, stand_ins[id(value)])

    def _put(self, owner: Any, name: str, original: Any, stand_in: Any) -> None:
        setattr(owner, name, stand_in)
        self._made.append((owner, name, original, stand_in))

    def undo(self) -> None:
        """Put everything back that nobody has replaced again."""
        while self._made:
            owner, name, original, stand_in = self._made.pop()
            if vars(owner).get(name) is stand_in:
                setattr(owner, name, original)
