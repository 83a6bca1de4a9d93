"""The statements of source files, found once and kept on the disk: to parse a large file takes as long as many tests.

A kept one is good for the very file (path, size, time), Python, coverage.py and settings that it was made of. Any
number of processes may share the folder: an entry is written aside and put in place whole. One that can't be read is
made anew, and where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import warnings
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple

from . import coverage_py
from .function_bodies import Bodies, bodies_of
from .statement_scan import Scanned, StatementScan

_FORMAT = 2  # of an entry: another one is another file
_FOLDER = "trim-telemetry"
_NO_WARNING = ("ignore", None, Warning, None, 0)  # as warnings.filters has such a rule
_LISTS = ("statements", "first", *Bodies._fields)  # of numbers, in an entry

# Made once, and kept: a test may replace the functions of os and json, or open().
_dumps = json.JSONEncoder().encode
_loads = json.JSONDecoder().decode
_open, _stat, _replace, _makedirs, _unlink = open, os.stat, os.replace, os.makedirs, os.unlink


class Statements(NamedTuple):
    """Of one file: its statements by their first lines, of each further line of a statement the first one.

    bodies: which of them are outside of functions; None where nobody has asked for it: that takes a parser.
    stamp: size and time of the file that this was made of.
    """

    statements: Sequence[int]
    first: Mapping[int, int]
    bodies: Optional[Bodies]
    stamp: Tuple[int, int]


class SourceStatements:
    """Finds them. exclude: see coverage_py.Rules, None for coverage.py's own; folder: where they are kept, or None."""

    def __init__(self, exclude: Optional[str], folder: Optional[str]) -> None:
        self._asked_exclude = exclude
        self._folder = folder
        self._made_of: Optional[str] = None
        self._exclude = ""
        self._scan: Optional[StatementScan] = None

    def of(self, path: str, with_bodies: bool = True) -> Statements:
        """Return a file's. Raises UnparsableError, and OSError where it is not there."""
        stamp = stamp_of(path)
        place = self._place(path)
        found = _read(place, stamp) if place else None
        if found is None or (with_bodies and found.bodies is None):
            with _unwarned():  # of what stands in the user's file: who has imported it was told already
                found = self._find(path, stamp, with_bodies)
            if place and not _write(place, found):
                self._folder = None
        return found

    def _place(self, path: str) -> Optional[str]:
        if self._folder is None:
            return None
        if self._made_of is None:
            exclude = "" if self._asked_exclude is None else f"={self._asked_exclude}"
            self._made_of = "\0".join([str(_FORMAT), sys.version, coverage_py.release(), exclude])
        name = sha256(f"{self._made_of}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.path.join(self._folder, name[:2], f"{name}.json")

    def _find(self, path: str, stamp: Tuple[int, int], with_bodies: bool) -> Statements:
        if self._scan is None:
            asked = self._asked_exclude
            self._exclude = exclude = coverage_py.default_exclude() if asked is None else asked
            self._scan = StatementScan(exclude, lambda text: coverage_py.parse_text(text, exclude))
        scanned = self._scan.of(path, stamp)
        if scanned is not None:
            try:
                return _made_of(scanned, stamp, with_bodies)
            except (SyntaxError, ValueError, RecursionError, MemoryError):  # deeper than this parser goes
                pass
        tree, statements, first = coverage_py.parse(path, self._exclude)
        return Statements(statements, first, bodies_of(tree, statements, first), stamp)


def _made_of(scanned: Scanned, stamp: Tuple[int, int], with_bodies: bool) -> Statements:
    statements, first, text = scanned
    bodies = bodies_of(ast.parse(text), statements, first, "lambda" in text) if with_bodies else None
    return Statements(statements, first, bodies, stamp)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Have Python warn of nothing, past warnings.catch_warnings(): after that, what is told once is told again."""
    rules: Any = warnings.filters
    rules.insert(0, _NO_WARNING)
    try:
        yield
    finally:
        rules.remove(_NO_WARNING)


def stamp_of(path: str) -> Tuple[int, int]:
    """Return what tells a file from itself at another time. Raises OSError."""
    found = _stat(path)
    return found.st_size, found.st_mtime_ns


def default_folder(environ: Mapping[str, str]) -> Optional[str]:
    """Return where this user's programs keep what they can make anew; None where they have no such place."""
    if sys.platform == "win32":
        base = environ.get("LOCALAPPDATA")
    else:
        home = os.path.expanduser("~")
        usual = os.path.join(home, "Library", "Caches") if sys.platform == "darwin" else os.path.join(home, ".cache")
        base = environ.get("XDG_CACHE_HOME") or (usual if os.path.isabs(home) else None)
    return os.path.join(base, _FOLDER, "statements") if base and os.path.isabs(base) else None


def _read(place: str, stamp: Tuple[int, int]) -> Optional[Statements]:
    try:
        with _open(place, encoding="ascii") as file:
            made: Dict[str, Any] = _loads(file.read())
        if made["stamp"] != list(stamp):
            return None
        statements, first, *bodies = (made[name] for name in _LISTS)
        has_bodies = bodies != [None] * len(bodies)
        for numbers in (statements, first, *(bodies if has_bodies else ())):
            if not isinstance(numbers, list) or not {*map(type, numbers)} <= {int}:
                return None
        first_of = dict(zip(first[::2], first[1::2]))
        return Statements(statements, first_of, Bodies(*bodies) if has_bodies else None, stamp)
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or somebody else's, or half of one
        return None


def _write(place: str, made: Statements) -> bool:
    """Keep it; return whether that was possible."""
    first = [number for pair in made.first.items() for number in pair]
    lists = (made.statements, first, *(made.bodies or (None, None, None)))
    aside = f"{place}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        _makedirs(os.path.dirname(place), exist_ok=True)
        with _open(aside, "w", encoding="ascii") as file:
            file.write(_dumps({"stamp": made.stamp, **dict(zip(_LISTS, lists))}))
        _replace(aside, place)
        return True
    except OSError:  # a read-only home, a full disk
        try:
            _unlink(aside)
        except OSError:  # it was never made
            pass
        return False
