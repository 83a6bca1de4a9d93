"""Lines by a tool of our own in sys.monitoring (CPython 3.12 and up), beside whatever else traces or debugs.

An event is told once: then it is disabled, and armed again when a test is over, for the code objects that this test has
run, and for our tool alone. So a line costs a test nothing from the second time on, and code that is none of the
project's nothing at all.
"""

from __future__ import annotations

import sys
import weakref
from opcode import opmap
from types import CodeType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from . import coverage_py
from .coverage_py import Lines, Pieces

_TOOL_IDS = (4, 3)  # the others have names, and owners: 0 debuggers, 1 coverage.py, 2 profilers, 5 optimizers
_NAME = "trim-telemetry"
_OPTIMIZED = 0x1  # inspect.CO_OPTIMIZED: the body of a function; those of modules and classes lack it
_RESUME = opmap.get("RESUME")  # begins the body of a function, behind what sets up its closure or its generator
# Run with the module or class that they stand in, though the compiler makes functions of them.
_INLINE = ("<generic parameters", "<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")
NO_TOOL = "no-monitoring-tool"


class NoToolError(Exception):
    """No id is left for a tool of ours."""


class Taken(NamedTuple):
    """Lines by path: of functions, and of the bodies of modules and of their classes, which run when imported."""

    inner: Pieces
    outer: Pieces


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
        # By id of the code object: hashing the object itself walks through all of it.
        self._hits: Dict[int, Tuple[CodeType, Set[int]]] = {}
        self._adders: Dict[int, Callable[[int], None]] = {}  # the same sets' add()
        self._codes: Dict[int, weakref.ref[CodeType]] = {}
        self._outer: Set[int] = set()  # ids of those that run when their module is imported
        self._inline: Set[int] = set()  # ids of those that begin in the line of their `def`
        self._templates: Lines = {}
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
        tool, adders, path_of, plugin = self._tool, self._adders, self._path, self._plugin
        inline = self._inline
        set_local_events, disable, line_event = self._monitoring.set_local_events, self._monitoring.DISABLE, events.LINE
        add_code, start_event = self._add_code, events.PY_START

        def on_start(code: CodeType, offset: int) -> Any:
            try:
                if id(code) in inline:
                    on_line(code, code.co_firstlineno)
                    return None
                if path_of(code.co_filename) is not None:
                    add_code(code)
                    set_local_events(tool, code, line_event)
                    if id(code) in inline:
                        return None
                elif plugin is not None and self._is_rendering(code):
                    return self._render(sys._getframe(1))
            except Exception as error:  # noqa: BLE001  # else it would be raised in the user's code
                self.problem = f"{type(error).__name__}: {error}"
                return None  # next time it may go well: a test has replaced what is needed
            return disable

        def on_line(code: CodeType, line: int) -> Any:
            try:
                adders[id(code)](line)
            except KeyError:  # the first line of it in this test
                self._hit(code, line)
            return disable

        self._monitoring.register_callback(tool, start_event, on_start)
        self._monitoring.register_callback(tool, line_event, on_line)
        self._monitoring.set_events(tool, start_event)

    def _add_code(self, code: CodeType) -> None:
        number, codes, outer, inline = id(code), self._codes, self._outer, self._inline

        def forget(_: Any) -> None:
            codes.pop(number, None)
            outer.discard(number)
            inline.discard(number)

        codes[number] = weakref.ref(code, forget)
        if _is_outer(code):
            outer.add(number)
        elif _is_inline(code):
            inline.add(number)

    def _hit(self, code: CodeType, line: int) -> None:
        number, lines = id(code), {line}
        self._hits[number] = (code, lines)
        self._adders[number] = lines.add

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
        hits, tool, line_event, outers = self._hits, self._tool, self._line_event, self._outer
        set_local_events, path_of, forget = self._set_local_events, self._path, self._adders.pop
        while hits:
            number, (code, lines) = hits.popitem()
            forget(number, None)
            set_local_events(tool, code, 0)
            set_local_events(tool, code, line_event)
            path = path_of(code.co_filename)
            if path is not None:
                into = outer if number in outers else inner
                if path in into:
                    into[path].append(tuple(lines))
                else:
                    into[path] = [tuple(lines)]
        if self._templates:
            templates = list(self._templates.items())
            self._templates.clear()
            inner.update({path: [tuple(found)] for path, found in templates})
        return Taken(inner, outer)

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
        self._hits.clear()
        self._adders.clear()


def _is_inline(code: Any) -> bool:
    """Does the body begin in the line of the `def`, or the lambda?

    Once armed again, CPython 3.13 tells nothing of such a line: it takes it for the one that it is in already. So the
    start of such a function is told each time, and stands for the line.
    """
    offset = 0
    instructions = code.co_code
    while offset < len(instructions) and instructions[offset] != _RESUME:
        offset += 2
    body = offset + 2
    for begin, end, line in code.co_lines():
        if begin <= body < end:
            return bool(line == code.co_firstlineno)
    return False


def _is_outer(code: Any) -> bool:
    is_body = not code.co_flags & _OPTIMIZED or code.co_name.startswith(_INLINE)
    return is_body and "<locals>" not in code.co_qualname
