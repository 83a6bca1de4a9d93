"""A pytest item's identity as a Case."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import pytest

from .collectors.source import Sources
from .pytest_fixtures import is_parameter, xunit_function
from .record import Case
from .texts import bounded_id, clean, cut_items

_NAME_LIMIT = 1_000
_PATH_LIMIT = 500
_PACKAGE = __name__.partition(".")[0]
_PYTEST_7 = int(pytest.__version__.partition(".")[0]) >= 7
_PLACE = "path" if _PYTEST_7 else "fspath"  # deprecated from 7 on


class _Surroundings:
    """What is the same for all items of one class or file."""

    __slots__ = ("class_name", "file", "from_here", "module", "parent", "path", "place", "tags")

    def __init__(self, item: Any, sources: Sources, from_here: Callable[[str], str]) -> None:
        self.parent = item.parent
        self.place = getattr(item, _PLACE)
        self.path = str(self.place)
        self.file = sources.relative(self.path)
        self.from_here = from_here(self.path)
        self.class_name = clean(_class_name(item))[:_PATH_LIMIT]
        self.module = clean(_module_name(item))[:_PATH_LIMIT]
        self.tags = [mark.name for mark in item.parent.iter_markers()] if item.parent is not None else []


class CaseFactory:
    """Makes the Case of an item.

    directory: where pytest was called from; `rerun` is relative to it, as node ids are to the root. arguments: what it
    was called with.
    """

    def __init__(self, sources: Sources, directory: str, arguments: Sequence[str]) -> None:
        self._sources = sources
        self._here = os.path.join(directory, "")
        self._options = options_to_keep(arguments)
        self._around: Optional[_Surroundings] = None
        self._same_file: Dict[Tuple[str, str], bool] = {}

    def __call__(self, item: Any, nodeid: Optional[str] = None) -> Case:
        """Return the identity of any item: a function, a method, a doctest, a plugin's own kind.

        nodeid: its own, where a plugin has changed it.
        """
        around = self._around
        if around is None or item.parent is not around.parent or getattr(item, _PLACE) is not around.place:
            around = self._around = _Surroundings(item, self._sources, self._from_here)
        nodeid = nodeid or item.nodeid
        line, defined_at = self._definition(item, around.path)
        return Case(
            bounded_id(nodeid),
            clean(item.name)[:_NAME_LIMIT],
            around.class_name,
            around.module,
            around.file,
            line,
            defined_at,
            _tags(item, around.tags),
            _fixtures(item),
            self._rerun(nodeid, around.from_here),
        )

    def of_nodeid(self, nodeid: str) -> Case:
        """Return as much of a test's identity as its node id says."""
        file, *names = nodeid.partition("[")[0].split("::")
        names[-1:] = [nodeid[len("::".join([file, *names[:-1], ""])) :]]
        here = self._from_here(os.path.join(self._sources.root, file))
        return Case(
            bounded_id(nodeid),
            clean(names[-1])[:_NAME_LIMIT],
            clean(".".join(names[:-1]))[:_PATH_LIMIT],
            file=self.relative(nodeid),
            rerun=self._rerun(nodeid, here),
        )

    def relative(self, nodeid: str) -> str:
        """Return a node's file relative to the root, as records have it."""
        return self._sources.relative(os.path.join(self._sources.root, nodeid.partition("::")[0])) if nodeid else ""

    def _definition(self, item: Any, path: str) -> Tuple[Optional[int], Optional[str]]:
        """Return the line of the `def` in the collected file; else, for an inherited test, where it is defined."""
        found = self._sources.definition(getattr(item, "obj", None))
        if found is None:
            place, line = item.location[:2]
            at_home = line is not None and os.path.join(self._sources.root, place) == path
            return (line + 1 if at_home else None), None
        if found[0] == path or self._is_same_file(found[0], path):
            return found[1], None
        return None, f"{self._sources.relative(found[0])}:{found[1]}"

    def _is_same_file(self, one: str, other: str) -> bool:
        known = self._same_file.get((one, other))
        if known is None:
            known = self._same_file[one, other] = os.path.realpath(one) == os.path.realpath(other)
        return known

    def _from_here(self, path: str) -> str:
        """Return a path as one writes it in the directory that pytest was called from."""
        plain = path.startswith(self._here) and os.pardir not in path  # spares most files a look at each of its parts
        return (path[len(self._here) :] if plain else os.path.relpath(path, self._here)).replace(os.sep, "/")

    def _rerun(self, nodeid: str, file: str) -> Optional[Sequence[str]]:
        _, separator, rest = nodeid.partition("::")
        return [*self._options, file + separator + rest] if can_be_named(file, rest) else None


def can_be_named(file: str, rest: str) -> bool:
    """Does a node id on pytest's command line lead to the test?

    pytest 7 and later look for parameters from the first "[" on; 6 parts the whole at each "::". Escaped NULs are the
    node id's own, a lone surrogate and control characters don't survive the way into JSON.
    """
    if not rest.isprintable() and clean(rest) != rest:
        return False
    return "[" not in file if _PYTEST_7 else "::" not in rest.partition("[")[2]


def options_to_keep(arguments: Sequence[str]) -> List[str]:
    """Return those options of pytest's command line without which one of its tests might not be found again."""
    import argparse

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in ("-m", "--import-mode", "--rootdir", "--confcutdir", "--doctest-glob"):
        parser.add_argument(option, dest=option)
    parser.add_argument("-c", "--config-file", dest="-c")
    parser.add_argument("-o", "--override-ini", dest="-o", action="append")
    parser.add_argument("-p", dest="-p", action="append")
    parser.add_argument("--doctest-modules", dest="--doctest-modules", action="store_true")
    try:
        given = vars(parser.parse_known_args([str(argument) for argument in arguments])[0])
    except SystemExit:  # an option that lacks its value, which pytest has refused already
        return []
    return [word for option, value in given.items() for word in _words(option, value)]


def _words(option: str, value: Any) -> List[str]:
    if value is True:
        return [option]
    values = value if isinstance(value, list) else [value] if value else []
    ours = option == "-p"
    return [w for text in values if not (ours and text.startswith(_PACKAGE)) for w in _spelled(option, text)]


def _spelled(option: str, value: str) -> List[str]:
    return [f"{option}={value}"] if option.startswith("--") else [option, value]


def _class_name(item: Any) -> str:
    kind = getattr(item, "cls", None)
    return str(kind.__qualname__) if isinstance(kind, type) else ""


def _module_name(item: Any) -> str:
    examples = getattr(item, "dtest", None)
    if examples is not None:  # a doctest's; of a text file, it is __main__
        name = examples.globs.get("__name__", "__main__")
        return "" if name == "__main__" else str(name)
    return str(getattr(getattr(item, "module", None), "__name__", None) or "")


def _tags(item: Any, inherited: List[str]) -> Sequence[str]:
    own = item.own_markers
    if not own and not inherited:
        return ()
    return cut_items(list(dict.fromkeys([*(mark.name for mark in own), *inherited])), "tags", [])


def _fixtures(item: Any) -> Sequence[str]:
    names = getattr(item, "fixturenames", None)
    if not names:
        return ()
    parameters = _parameters(item)
    kept = [name for name in names if name != "request" and name not in parameters and not xunit_function(name)]
    return cut_items(kept, "fixtures", []) if kept else kept


def _parameters(item: Any) -> Sequence[str]:
    """Return the arguments that are no fixtures but come from `parametrize`."""
    callspec = getattr(item, "callspec", None)
    if callspec is None:
        return ()
    known = item._fixtureinfo.name2fixturedefs  # there is no public way to ask
    return [name for name in callspec.params if name not in known or is_parameter(known[name][-1])]
