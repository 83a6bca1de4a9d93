"""A pytest item's identity as a Case."""

from __future__ import annotations

import os
from typing import Any, List, Optional, Sequence, Tuple

from .collectors.source import Sources
from .pytest_fixtures import is_xunit
from .record import Case
from .texts import bounded_id, clean, cut_items

_NAME_LIMIT = 1_000
_PATH_LIMIT = 500


class CaseFactory:
    """Makes the Case of an item; what is the same for the items of a file or class is looked up once.

    directory: where pytest was called from; `rerun` is relative to it, as node ids are to the root.
    """

    def __init__(self, sources: Sources, directory: str) -> None:
        self._sources = sources
        self._root = sources.root
        self._directory = directory
        self._file: Tuple[str, str, str] = ("", "", "")  # path, relative to the root, to the directory

    def __call__(self, item: Any) -> Case:
        """Return the identity of any item: a function, a method, a doctest, a plugin's own kind."""
        path = str(getattr(item, "path", None) or item.fspath)
        if path != self._file[0]:
            self._file = (path, self._sources.relative(path), os.path.relpath(path, self._directory))
        _, relative, from_here = self._file
        module = getattr(item, "module", None)
        line, defined_at = self._place(item, path)
        return Case(
            bounded_id(item.nodeid),
            clean(item.name)[:_NAME_LIMIT],
            clean(_class_name(item))[:_PATH_LIMIT],
            clean(getattr(module, "__name__", "") or "")[:_PATH_LIMIT],
            relative,
            line,
            defined_at,
            _tags(item),
            _fixtures(item),
            self._rerun(item, from_here),
        )

    def relative(self, nodeid: str) -> str:
        """Return a node's file relative to the root, as records have it."""
        return self._sources.relative(os.path.join(self._root, nodeid.partition("::")[0])) if nodeid else ""

    def _place(self, item: Any, path: str) -> Tuple[Optional[int], Optional[str]]:
        """Return the line of the `def` in the collected file; else, for an inherited test, where it is defined."""
        definition = self._sources.definition(getattr(item, "obj", None)) if hasattr(item, "obj") else None
        if definition is None:
            place, line = item.location[0], item.location[1]
            return (line + 1, None) if line is not None and os.path.join(self._root, place) == path else (None, None)
        if definition[0] == path or os.path.realpath(definition[0]) == os.path.realpath(path):
            return definition[1], None
        return None, f"{self._sources.relative(definition[0])}:{definition[1]}"

    def _rerun(self, item: Any, from_here: str) -> Sequence[str]:
        _, separator, rest = item.nodeid.partition("::")
        return [clean(from_here.replace(os.sep, "/") + separator + rest)]


def _class_name(item: Any) -> str:
    kind = getattr(item, "cls", None)
    return str(kind.__qualname__) if isinstance(kind, type) else ""


def _tags(item: Any) -> List[str]:
    names = list(dict.fromkeys(mark.name for mark in item.iter_markers()))
    return cut_items(names, "tags", []) if names else names


def _fixtures(item: Any) -> List[str]:
    names = [name for name in getattr(item, "fixturenames", ()) if name != "request" and not is_xunit(name)]
    return cut_items(names, "fixtures", []) if names else names
