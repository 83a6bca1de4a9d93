"""Whose code made a call: the first frame of the user's own, cheap enough to look for it at every statement."""

from __future__ import annotations

from os import sep
from os.path import abspath, dirname
from types import FrameType
from typing import Any, Callable, Dict, Optional

from .source import Sources

USERS, OTHERS, RUNNERS = 1, 0, -1  # kinds of files
_UNKNOWN = 2
_get: Callable[[Dict[str, Any], str], Any] = dict.get  # the names may be a subclass's, which exec() takes, too

_PACKAGE = dirname(dirname(abspath(__file__))) + sep  # it may be vendored inside the user's project
# Below these stands nobody but who started the run: manage.py, which is the user's file, but not who asked.
_RUNNERS = (
    f"{sep}unittest{sep}case.py",
    f"{sep}unittest{sep}suite.py",
    f"{sep}unittest{sep}async_case.py",
    f"{sep}_pytest{sep}",
    f"{sep}pluggy{sep}",
)
# But for these, which a test has called, and which call what they are given: assertRaises(Error, connect, address).
_OF_UNITTEST = ("assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex", "handle")
_ASSERTIONS = frozenset((*_OF_UNITTEST, "raises", "warns", "deprecated_call"))


class CallSites:
    """Finds user's frames. kinds: of the files met so far, by the name that code objects have for them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.kinds: Dict[str, int] = {}

    def find(self, frame: Optional[FrameType]) -> Optional[FrameType]:
        """Return the first frame of the user's own code from `frame` outwards; None: the runner's comes first. Hot.

        A look at a frame's code is told to whoever audits, the network's guard for one, and costs ten times one at its
        module: most frames are of modules of others', and go by those.
        """
        get: Callable[[Any, int], int] = self.kinds.get
        while frame is not None:
            if get(_get(frame.f_globals, "__file__"), _UNKNOWN):  # else it is a module of others'
                kind = get(frame.f_code.co_filename, _UNKNOWN)
                if kind == _UNKNOWN:
                    kind = self.classify(frame.f_code.co_filename)
                if kind == USERS:
                    return frame
                if kind == RUNNERS and frame.f_code.co_name not in _ASSERTIONS:
                    return None
            frame = frame.f_back
        return None

    def classify(self, filename: str) -> int:
        """Say whose file it is, and remember it."""
        if any(mark in filename for mark in _RUNNERS):
            kind = RUNNERS
        elif filename.startswith(_PACKAGE):
            kind = OTHERS
        else:
            try:
                kind = USERS if self._sources.is_users(filename) else OTHERS
            except Exception:  # noqa: BLE001  # the test has patched what paths are made with: asked again later
                return OTHERS
        self.kinds[filename] = kind
        return kind

    @property
    def root(self) -> str:
        """Return the folder that the user's files are in."""
        return self._sources.root

    def relative(self, filename: str) -> str:
        """Return a file as records have it."""
        return self._sources.relative(filename)

    def location(self, filename: str, line: int) -> str:
        """Return "file:line" as records have it."""
        return f"{self.relative(filename)}:{line}"
