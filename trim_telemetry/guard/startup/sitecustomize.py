"""Runs when a Python that a test has started begins: guards it as soon as it imports what reaches out.

It stands alone (not even typing is imported, for which the child would pay), and leaves the environment and sys.path as
they would have been; a sitecustomize of the user's own is imported behind it.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import typing

_OTHER_NAME = "_trim_telemetry_guard"
_AWAITED = ("socket", "_socket", "subprocess", "multiprocessing", "ctypes")  # by which a process reaches out
_VARIABLE = "TRIM_GUARDED_CHILD"


def _start(given: dict[str, object]) -> None:
    """Guard at once what is imported already, else wait for it."""
    if any(name in sys.modules for name in _AWAITED):
        _guard(given)
    else:
        sys.meta_path.insert(0, _Watch(given))


def _guard(given: dict[str, object]) -> None:
    try:
        from importlib import import_module, util

        name, path = str(given["name"]), str(given["package"])
        known = util.find_spec(name) if name.isidentifier() else None
        if known is not None and os.path.realpath(known.origin or "") != os.path.join(path, "__init__.py"):
            name = _OTHER_NAME  # the child has another copy for itself
        if name not in sys.modules:
            start = os.path.join(path, "__init__.py")
            spec = util.spec_from_file_location(name, start, submodule_search_locations=[path])
            module = sys.modules[name] = util.module_from_spec(spec)  # type: ignore[arg-type]  # it is a file that is there
            spec.loader.exec_module(module)  # type: ignore[union-attr]  # as above
        import_module(name + ".guard.child").start(given)
    except Exception:  # noqa: BLE001  # the child is the user's: it goes on without a guard
        pass


class _Watch:
    """A finder that finds nothing: it guards the process when one of those is first asked for."""

    def __init__(self, given: dict[str, object]) -> None:
        self._given = given

    def find_spec(self, name: str, path: typing.Any = None, target: typing.Any = None) -> typing.Any:
        if name not in _AWAITED:
            return None
        sys.meta_path.remove(self)
        _guard(self._given)
        if name in sys.modules:  # the guard has imported it for itself
            from importlib.machinery import ModuleSpec

            return ModuleSpec(name, _loaded(sys.modules[name]))
        finders: list[typing.Any] = list(sys.meta_path)  # the guard's among them, which the import has not heard of
        return next(filter(None, (finder.find_spec(name, path, target) for finder in finders)), None)


def _loaded(module: object) -> typing.Any:
    return _Loaded(module)


class _Loaded:
    """A loader of a module that is there."""

    def __init__(self, module: object) -> None:
        self._module = module

    def create_module(self, spec: object) -> object:
        return self._module

    def exec_module(self, module: object) -> None:
        """It has run."""


def _from_environment() -> dict[str, object]:
    """Take over what the parent has put there, and put back what it was."""
    given: dict[str, object] = json.loads(os.environ.pop(_VARIABLE))
    if given["pythonpath"] is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = str(given["pythonpath"])
    here = os.path.dirname(__file__)
    sys.path[:] = [entry for entry in sys.path if entry != here]
    return given


if "GIVEN" in globals():  # multiprocessing's: there is neither an environment nor a sitecustomize
    _start(json.loads(globals()["GIVEN"]))
elif _VARIABLE in os.environ:
    _start(_from_environment())
    _ours = sys.modules.pop("sitecustomize")
    try:
        __import__("sitecustomize")  # the user's own, which ours stood before
    except ImportError as _error:
        if _error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", _ours)
