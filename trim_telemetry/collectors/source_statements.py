"""The statements of source files, found once and kept on the disk: to parse a large file takes as long as many tests.

A kept one is good for the very file (path, size, time), Python, coverage.py and settings that it was made of. Any
number of processes may share the folder: an entry is written aside and put in place whole. One that can't be read is
made anew, and where nothing can be written, nothing is kept.
"""

from __future__ import annotations

import json
import os
import sys
from hashlib import sha256
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from . import coverage_py
from .function_bodies import bodies_of

_FORMAT = 2  # of an entry: another one is another file
_FOLDER = "trim-telemetry"

# Made once, and kept: a test may replace the functions of os and json, or open().
_dumps = json.JSONEncoder().encode
_loads = json.JSONDecoder().decode
_open, _stat, _replace, _makedirs, _unlink = open, os.stat, os.replace, os.makedirs, os.unlink


class Statements(NamedTuple):
    """Of one file: its statements by their first lines, of each further line the first one; the rest as in Bodies.

    stamp: size and time of the file that this was made of.
    """

    statements: Sequence[int]
    first: Mapping[int, int]
    outer: Sequence[int]
    ambiguous: Sequence[int]
    certain: Sequence[int]
    stamp: Tuple[int, int]


class SourceStatements:
    """Finds them. exclude: see coverage_py.Rules; folder: where they are kept, None for nowhere."""

    def __init__(self, exclude: str, folder: Optional[str]) -> None:
        self._exclude = exclude
        self._folder = folder
        self._made_of: Optional[str] = None

    def of(self, path: str) -> Statements:
        """Return a file's. Raises UnparsableError, and OSError where it is not there."""
        stamp = stamp_of(path)
        place = self._place(path)
        found = _read(place, stamp) if place else None
        if found is None:
            found = self._parse(path, stamp)
            if place and not _write(place, found):
                self._folder = None
        return found

    def _place(self, path: str) -> Optional[str]:
        if self._folder is None:
            return None
        if self._made_of is None:
            self._made_of = "\0".join([str(_FORMAT), sys.version, coverage_py.version(), self._exclude])
        name = sha256(f"{self._made_of}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return os.path.join(self._folder, name[:2], f"{name}.json")

    def _parse(self, path: str, stamp: Tuple[int, int]) -> Statements:
        tree, statements, first = coverage_py.parse(path, self._exclude)
        return Statements(statements, first, *bodies_of(tree, statements, first), stamp)


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
        first = made["first"]
        lists: List[List[int]] = [made[name] for name in ("statements", "outer", "ambiguous", "certain")]
        for numbers in (first, *lists):
            if not isinstance(numbers, list) or not {*map(type, numbers)} <= {int}:
                return None
        statements, outer, ambiguous, certain = lists
        return Statements(statements, dict(zip(first[::2], first[1::2])), outer, ambiguous, certain, stamp)
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or somebody else's, or half of one
        return None


def _write(place: str, made: Statements) -> bool:
    """Keep it; return whether that was possible."""
    first = [number for pair in made.first.items() for number in pair]
    aside = f"{place}.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        _makedirs(os.path.dirname(place), exist_ok=True)
        with _open(aside, "w", encoding="ascii") as file:
            file.write(_dumps({**made._asdict(), "first": first}))
        _replace(aside, place)
        return True
    except OSError:  # a read-only home, a full disk
        try:
            _unlink(aside)
        except OSError:  # it was never made
            pass
        return False
