"""Lines by a tool of our own in sys.monitoring (CPython 3.12 and up), beside whatever else traces or debugs.

An event is told once: then it is disabled, and armed again when a test is over, for the code objects that this test has
run, and for our tool alone. So a line costs a test nothing from the second time on, and code that is none of the
project's nothing at all.
"""

from __future__ import annotations

import sys
import weakref
from types import CodeType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..identity import identity
from . import coverage_py
from .coverage_py import Lines
from .pieces import KnownPieces, Piece, Pieces

_TOOL_IDS = (4, 3)  # the others have names, and owners: 0 debuggers, 1 coverage.py, 2 profilers, 5 optimizers
_NAME = "trim-telemetry"
_INSTRUCTION = 2  # bytes; none that begins a body has an argument beyond that
_OPTIMIZED = 0x1  # inspect.CO_OPTIMIZED: the body of a function; those of modules and classes lack it
# Run with the module or class that they stand in, though the compiler makes functions of them.
_INLINE = ("<generic parameters", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")
_MOST_KNOWN = 100  # pieces of one code object
NO_TOOL = "no-monitoring-tool"


class NoToolError(Exception):
    """No id is left for a tool of ours."""


class Taken(NamedTuple):
    """Lines by path: of functions, and of the bodies of modules and of their classes, which run when imported."""

    inner: Pieces
    outer: Pieces


class _Followed(weakref.ref):  # type: ignore[type-arg]  # which Python 3.8 can not evaluate
    """A code object whose lines are followed.

    number: its identity, also when it has gone; first: a line before which it has none; is_outer: see _is_outer();
    bits: lines of it that ran, of which `first` is the lowest; pieces: by their bits.
    """

    __slots__ = ("bits", "first", "is_outer", "number", "pieces")
    bits: int
    first: int
    is_outer: bool
    number: int
    pieces: Dict[int, Piece]

    def lower(self, code: Any) -> None:
        """Begin anew, with `first` the lowest line that there is: code made from a tree has what lines it was given."""
        lowest = min([line for _, _, line in code.co_lines() if line is not None], default=self.first)
        self.bits = 0
        if lowest < self.first:
            self.first = lowest
            self.pieces.clear()

    def piece(self, path: str, bits: int) -> Piece:
        """Return the piece of such lines that was not known yet."""
        if len(self.pieces) >= _MOST_KNOWN:
            self.pieces.clear()
        lines = [self.first + place for place, bit in enumerate(bin(bits)[:1:-1]) if bit == "1"]
        made = self.pieces[bits] = Piece(path, lines)
        return made


class Monitor:
    """Follows which lines run, in all threads, from its making until stop().

    path: gives the path of a file that is to be followed, by its name in a code object, or None; templates: see
    coverage_py.Rules. Raises NoToolError.
    """

    def __init__(self, path: Callable[[str], Optional[str]], templates: Optional[Mapping[str, Any]] = None) -> None:
        self._path = path
        self._monitoring: Any = vars(sys)["monitoring"]  # of Python 3.12 and up, and so of one half of mypy's runs
        self._set_local_events = self._monitoring.set_local_events
        self._line_event = self._monitoring.events.LINE
        self._tool = self._free_tool()
        self._told: List[Any] = []  # in turn a code object, and a line of it that ran
        self._begun: Dict[int, CodeType] = {}  # those of `_inline` that were called
        # By identity of the code object: hashing the object itself walks through all of it.
        self._codes: Dict[int, _Followed] = {}
        self._inline: Set[int] = set()  # identities of those that begin in the line of their `def`
        self._templates: Lines = {}
        self._template_pieces = KnownPieces()
        self.problem: Optional[str] = None  # what went wrong in a callback
        self._plugin: Any = coverage_py.template_plugin(templates) if templates is not None else None
        self._start()

    def _free_tool(self) -> int:
        for tool in _TOOL_IDS:
            try:
                self._monitoring.use_tool_id(tool, _NAME)
                return tool
            except ValueError:  # it is somebody's
                pass
        raise NoToolError(NO_TOOL)

    def _start(self) -> None:
        """Register the callbacks. They are closures over what they need: each runs once for each line of a test."""
        events = self._monitoring.events
        tool, path_of, plugin = self._tool, self._path, self._plugin
        inline, begun, tell = self._inline, self._begun, self._told.extend
        set_local_events, disable, line_event = self._monitoring.set_local_events, self._monitoring.DISABLE, events.LINE
        add_code, start_event = self._add_code, events.PY_START

        def on_start(code: CodeType, offset: int) -> Any:
            try:
                number = identity(code)
                if number in inline:
                    begun[number] = code
                    return None
                if path_of(code.co_filename) is not None:
                    add_code(code, offset)
                    set_local_events(tool, code, line_event)
                    if number in inline:
                        return None
                elif plugin is not None and self._is_rendering(code):
                    return self._render(sys._getframe(1))
            except Exception as error:  # noqa: BLE001  # else it would be raised in the user's code
                self.problem = f"{type(error).__name__}: {error}"
                return None  # next time it may go well: a test has replaced what is needed
            return disable

        def on_line(code: CodeType, line: int) -> Any:
            tell((code, line))  # in one step, whatever other threads do
            return disable

        self._monitoring.register_callback(tool, start_event, on_start)
        self._monitoring.register_callback(tool, line_event, on_line)
        self._monitoring.set_events(tool, start_event)

    def _add_code(self, code: CodeType, start: int) -> None:
        number = identity(code)
        if number in self._codes:  # another thread has begun it, too
            return
        followed = _Followed(code, self._forget)
        followed.number, followed.first = number, code.co_firstlineno - 1  # where a module begins, in line 0
        followed.is_outer = _is_outer(code)
        followed.bits, followed.pieces = 0, {}
        self._codes[number] = followed
        if not followed.is_outer and _is_inline(code, start):
            self._inline.add(number)

    def _forget(self, followed: Any) -> None:
        self._codes.pop(followed.number, None)
        self._inline.discard(followed.number)

    def _is_rendering(self, code: CodeType) -> bool:
        plugin = self._plugin
        return code.co_name in plugin.RENDER_METHODS and plugin.file_tracer(code.co_filename) is not None

    def _render(self, frame: Any) -> None:
        """A node of a template is about to be rendered: which lines of which file are its own?"""
        filename = self._plugin.dynamic_source_filename(frame.f_code.co_filename, frame)
        if filename is not None:
            first, last = self._plugin.line_number_range(frame)
            if first > 0:
                self._templates.setdefault(filename, set()).update(range(first, last + 1))

    def take(self) -> Taken:
        """Return the lines that ran since this was last asked."""
        inner: Pieces = {}
        outer: Pieces = {}
        path_of = self._path
        tool, line_event, set_local_events = self._tool, self._line_event, self._set_local_events
        for code, followed in self._ran():
            bits, followed.bits = followed.bits, 0
            set_local_events(tool, code, 0)
            set_local_events(tool, code, line_event)
            path = path_of(code.co_filename)
            if path is not None:
                piece = followed.pieces.get(bits) or followed.piece(path, bits)
                into = outer if followed.is_outer else inner
                if path in into:
                    into[path].append(piece)
                else:
                    into[path] = [piece]
        if self._templates:
            templates = list(self._templates.items())
            self._templates.clear()
            inner.update({path: [self._template_pieces.of(path, found)] for path, found in templates})
        return Taken(inner, outer)

    def _ran(self) -> List[Tuple[CodeType, _Followed]]:
        """Return the code objects that were told of since this was last asked; `bits` of each are its lines."""
        told = self._told[:]
        del self._told[: len(told)]  # another thread may have told more meanwhile
        while self._begun:
            _, code = self._begun.popitem()
            told += (code, code.co_firstlineno)
        try:
            return self._marked(told)
        except ValueError:  # a negative shift
            for code in {identity(code): code for code in told[::2]}.values():
                self._codes[identity(code)].lower(code)
            return self._marked(told)

    def _marked(self, told: List[Any]) -> List[Tuple[CodeType, _Followed]]:
        ran: List[Tuple[CodeType, _Followed]] = []
        codes, number_of = self._codes, identity
        last: Any = None
        followed: Any = None
        first = bits = 0
        turns = iter(told)
        for code, line in zip(turns, turns):  # a test may run thousands: what is asked of their code is kept
            if code is not last:
                if followed is not None:
                    followed.bits = bits
                last, followed = code, codes[number_of(code)]
                first, bits = followed.first, followed.bits
                if not bits:
                    ran.append((code, followed))
            bits |= 1 << line - first
        if followed is not None:
            followed.bits = bits
        return ran

    def stop(self) -> None:
        """Follow nothing any more."""
        monitoring, tool = self._monitoring, self._tool
        monitoring.set_events(tool, 0)
        live: List[Optional[CodeType]] = [reference() for reference in list(self._codes.values())]
        for code in live:
            if code is not None:
                monitoring.set_local_events(tool, code, 0)
        for event in (monitoring.events.PY_START, monitoring.events.LINE):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
        self._told.clear()
        self._begun.clear()


def _is_inline(code: Any, start: int) -> bool:
    """Does the body begin in the line of the `def`, or the lambda? start: offset of the instruction that begins it.

    Once armed again, CPython 3.13 tells nothing of such a line: it takes it for the one that it is in already. So the
    start of such a function is told each time, and stands for the line.
    """
    body = start + _INSTRUCTION
    for begin, end, line in code.co_lines():
        if begin <= body < end:
            return bool(line == code.co_firstlineno)
    return False


def _is_outer(code: Any) -> bool:
    is_body = not code.co_flags & _OPTIMIZED or code.co_name.startswith(_INLINE)
    return is_body and "<locals>" not in code.co_qualname
