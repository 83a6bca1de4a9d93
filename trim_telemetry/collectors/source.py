"""Where code stands: files relative to the root, the line of a `def`, the user's own frame of a traceback."""

from __future__ import annotations

import re
from os import __file__ as _os_file
from os import sep
from os.path import abspath, dirname, isabs, join, realpath
from types import CodeType, FunctionType, TracebackType
from typing import Any, Dict, List, Optional, Tuple

from ..outcome import Failure
from ..texts import clean

_open = open  # kept from the start, like the path functions: tests replace them
_NOT_THE_USERS = tuple(f"{sep}{folder}{sep}" for folder in ("site-packages", "dist-packages"))
_STDLIB = dirname(realpath(_os_file)) + sep
_DEF = re.compile(rb"\s*(?:async\s+)?def\s+([^\s(\[]+)")
_PARTIAL_METHOD = "_method"  # what a partialmethod is called when it is looked up in a class
_PATH_LIMIT = 500
_SOURCE_LIMIT = 50_000_000  # bytes; nobody writes such a test file, but a generated one must not fill the memory


class Sources:
    """Looks up places in source files; paths come out relative to `root`, with forward slashes."""

    def __init__(self, root: str) -> None:
        self.root = join(realpath(root), "")
        self._plain_root = join(abspath(root), "")
        self._relative: Dict[str, str] = {}
        self._file = ""  # the one read last, as tests come file by file;
        self._lines: List[bytes] = []  # and its lines

    def relative(self, path: str) -> str:
        """Return path relative to the root, absolute outside it."""
        known = self._relative.get(path)
        if known is None:
            known = self._relative[path] = self._find_relative(path)
        return known

    def _find_relative(self, path: str) -> str:
        absolute = abspath(path)
        # realpath() only if need be: it asks the disk, by functions that a test may have replaced.
        if absolute.startswith(self._plain_root):
            absolute = absolute[len(self._plain_root) :]
        else:
            real = realpath(absolute)
            absolute = real[len(self.root) :] if real.startswith(self.root) else absolute
        return clean(absolute.replace(sep, "/"))[:_PATH_LIMIT]

    def definition(self, function: Any) -> Optional[Tuple[str, int]]:
        """Return the file (as Python names it) and the 1-based line of the `def` of a function behind its wrappers.

        None: it has no place, as those that are made from a text: decorators that keep signatures do that.
        """
        code = code_of(function)
        if code is None or code.co_filename.startswith("<"):
            return None
        return code.co_filename, self._def_line(code)

    def _def_line(self, code: CodeType) -> int:
        """co_firstlineno is the first decorator's line: look for the `def` from there on.

        By its name, because a decorator may have code in a text. A name that is spelled another way: the first `def`.
        """
        first = code.co_firstlineno
        if self._file != code.co_filename:
            self._file, self._lines = code.co_filename, _read_lines(code.co_filename)
        lines = self._lines
        if first > len(lines) or lines[first - 1].lstrip()[:1] != b"@":
            return first
        name = code.co_name.encode("utf-8", "replace")
        any_def = 0
        for number in range(first, len(lines) + 1):
            match = _DEF.match(lines[number - 1])
            if match is not None and match.group(1) == name:
                return number
            any_def = any_def or (number if match is not None else 0)
        return any_def or first

    def failure(self, error: Any, traceback: Optional[TracebackType], phase: Optional[str], text: str) -> Failure:
        """Return an exception as text. text: the traceback as the runner prints it."""
        try:
            place = self._unparsed_place(error) or self._users_place(traceback)
            file, line = (self.relative(place[0]), place[1]) if place else (None, None)
        except Exception:  # noqa: BLE001  # the test has patched what paths are made with, and not put it back yet
            file = line = None
        return Failure(phase, _type_name(error), safe_str(error), text, file, line)

    def _unparsed_place(self, error: Any) -> Optional[Tuple[str, int]]:
        """A SyntaxError names the place in the user's file that the parser, where it was raised, could not read."""
        if isinstance(error, SyntaxError) and error.filename and error.lineno and self.is_users(error.filename):
            return error.filename, error.lineno
        return None

    def _users_place(self, traceback: Optional[TracebackType]) -> Optional[Tuple[str, int]]:
        """The innermost frame in the user's own code; where there is none, the innermost of all."""
        place = None
        users = False
        while traceback is not None:
            filename = traceback.tb_frame.f_code.co_filename
            mine = self.is_users(filename)
            if mine or not users:
                place = (filename, traceback.tb_lineno)
                users = users or mine
            traceback = traceback.tb_next
        return place

    def is_users(self, filename: str) -> bool:
        """Is it a file of the user's project: neither the standard library's nor an installed package's?"""
        if filename.startswith(("<", _STDLIB)) or any(mark in filename for mark in _NOT_THE_USERS):
            return False
        return not isabs(self.relative(filename))


def code_of(function: Any) -> Optional[CodeType]:
    """Return the code object behind methods, functools.partial and wrappers that name what they wrap; or None."""
    # By far the most are plain ones. (Not by their __dict__: each would have one from then on.)
    if type(function) is FunctionType and getattr(function, "__wrapped__", None) is None:
        plain = function.__code__
        if plain.co_name != _PARTIAL_METHOD:
            return plain
    for _ in range(100):  # a __wrapped__ may lead back to itself
        inner = getattr(function, "__wrapped__", None) or getattr(function, "__func__", None)
        if inner is None:
            inner = _partial_of(function)
        if inner is None:
            break
        function = inner
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _partial_of(function: Any) -> Any:
    """Return what functools.partial or partialmethod made the function of; None: it is neither's."""
    code = getattr(function, "__code__", None)
    if code is None:
        return getattr(function, "func", None)
    if getattr(code, "co_name", "") != _PARTIAL_METHOD:
        return None
    return getattr(function, "__partialmethod__", None) or getattr(function, "_partialmethod", None)  # 3.13, before


def safe_str(value: Any) -> str:
    """Return str(value), or what can be said of a value whose __str__ raises."""
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001  # the user's own class: its error is not the test's
        return f"<{type(value).__name__}: str() raised {type(error).__name__}>"


def _type_name(error: Any) -> str:
    kind = error if isinstance(error, type) else type(error)
    module = getattr(kind, "__module__", "")
    name = getattr(kind, "__qualname__", kind.__name__)
    return str(name) if module in ("builtins", "__main__", None, "") else f"{module}.{name}"


def _read_lines(filename: str) -> List[bytes]:
    try:
        with _open(filename, "rb") as file:
            return file.read(_SOURCE_LIMIT).splitlines()
    except (OSError, ValueError):  # made by exec, inside a zip, or gone: the line stays the first one
        return []
