"""A script, run by a module that was started with `-m` as Python itself would run it."""

from __future__ import annotations

import builtins
import io
import os
import sys
from types import ModuleType, TracebackType
from typing import Any, Callable, List, Optional, Sequence


def run_script(words: Sequence[str]) -> None:
    """Do what `python *words` does: words[0] is the path of a script, or of a folder or zip file with a __main__.py.

    What it raises leaves this function; when nobody catches it, it is shown without our frames.
    """
    sys.argv[:] = words
    is_safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not is_safe:
        del sys.path[0]  # the working directory, which stands there for the sake of -m
    try:
        # From 3.9 on the script's path is absolute but in sys.argv (What's New In Python 3.9).
        path = os.path.abspath(words[0]) if sys.version_info >= (3, 9) else words[0]
        if not _is_plain_file(path):
            sys.path.insert(0, path)
            _run_main_module()
        else:
            if not is_safe:
                sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
            _execute(path)
    except BaseException:  # whatever the script ends with: raised again, and shown without our frames
        sys.excepthook = without_our_frames(sys.excepthook, _scripts_frames)
        raise


def _is_plain_file(path: str) -> bool:
    from pkgutil import get_importer  # Python's own way to tell

    return get_importer(path) is None


def _run_main_module() -> None:
    """Run the __main__.py of the folder or zip file that is first in sys.path."""
    import runpy

    sys.modules["__main__"] = _new_main()
    # Private, but it is what the interpreter itself calls for such a script: errors and frames are the same.
    runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]  # private, as said above


def _execute(path: str) -> None:
    """Run a file as __main__, and leave it there: what it registered with atexit may still look there."""
    from importlib.machinery import SourceFileLoader  # of all doors, only this one needs it

    module = _new_main()
    vars(module).update(__file__=path, __loader__=SourceFileLoader("__main__", path), __cached__=None)
    with io.open_code(path) as file:
        source = file.read()
    code = compile(source, path, "exec", dont_inherit=True)
    sys.modules["__main__"] = module
    exec(code, vars(module))  # the user's own script, which is what we were asked to run


def _new_main() -> ModuleType:
    module = ModuleType("__main__")
    vars(module).update(__builtins__=builtins, __annotations__={})
    return module


_Hook = Callable[[Any, BaseException, Optional[TracebackType]], Any]


def without_our_frames(hook: _Hook, kept_of: Callable[[Optional[TracebackType]], Optional[TracebackType]]) -> _Hook:
    """Return a sys.excepthook that shows a traceback as it would be without us."""

    def show(kind: Any, error: BaseException, traceback: Optional[TracebackType]) -> Any:
        kept = kept_of(traceback)
        return hook(kind, error.with_traceback(kept), kept)

    return show


def others_frames(traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """Drop this package's frames."""
    return _joined([frame for frame in _frames(traceback) if not _is_ours(frame)])


def _scripts_frames(traceback: Optional[TracebackType]) -> Optional[TracebackType]:
    """Drop this package's frames, and those of whoever called it from outside."""
    frames = _frames(traceback)
    ours = [_is_ours(frame) for frame in frames]
    first = ours.index(True) if True in ours else 0
    return _joined([frame for frame, mine in zip(frames[first:], ours[first:]) if not mine])


def _frames(traceback: Optional[TracebackType]) -> List[TracebackType]:
    frames: List[TracebackType] = []
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    return frames


def _joined(frames: List[TracebackType]) -> Optional[TracebackType]:
    for frame, inner in zip(frames, [*frames[1:], None]):
        frame.tb_next = inner
    return frames[0] if frames else None


def _is_ours(traceback: TracebackType) -> bool:
    package = traceback.tb_frame.f_globals.get("__package__")
    return isinstance(package, str) and f"{package}.".startswith(f"{__package__}.")
