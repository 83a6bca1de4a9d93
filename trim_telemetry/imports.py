"""Hearing of an import: the module is shown as soon as it has run, before anybody has taken a name from it."""

from __future__ import annotations

import sys
from typing import Any, Callable, Set


class ImportWatch:
    """A finder that finds nothing by itself: of the modules it waits for, it has the true finder's loader call back.

    names: of the modules; found: is called with each, once.
    """

    def __init__(self, names: Set[str], found: Callable[[Any], None]) -> None:
        self._names = names
        self._found = found

    def begin(self) -> None:
        """Wait from now on."""
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """See importlib.abc.MetaPathFinder."""
        if name not in self._names:
            return None
        spec = self._spec_of_others(name, path, target)
        if spec is not None:
            self._call_back(spec.loader)
        return spec

    def _spec_of_others(self, name: str, path: Any, target: Any) -> Any:
        finders = list(sys.meta_path)
        behind = finders[finders.index(self) + 1 :] if self in finders else finders
        for finder in behind:  # those in front have been asked, and another watch among them asks us
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                return spec
        return None

    def _call_back(self, loader: Any) -> None:
        """Have this loader, which is this import's alone, call back once. Nothing of it stays behind."""
        run = getattr(loader, "exec_module", None)
        if run is None or isinstance(loader, type):
            return
        waits = "exec_module" in vars(loader)
        if waits and not hasattr(run, "_trim_watch"):
            return

        def exec_module(module: Any) -> None:
            if waits:  # another watch, for the same module
                loader.exec_module = run
            else:
                del loader.exec_module
            run(module)
            self._found(module)

        exec_module._trim_watch = self  # type: ignore[attr-defined]  # a mark of our own
        loader.exec_module = exec_module
