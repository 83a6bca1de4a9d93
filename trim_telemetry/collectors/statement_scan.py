"""The statements of a source file as coverage.py finds them, without its parser: that takes ten times as long.

A regular expression finds the statements that go over several lines, and the docstrings; the lines that can run at all
are those that the compiled module has. Whatever is out of the ordinary is left to coverage.py: then the answer is None.
Ours is trusted where both say the same of a text in which all is that may be counted in one way or another: releases of
coverage.py differ.
"""

from __future__ import annotations

import marshal
import re
import sys
from bisect import bisect_left
from importlib.util import MAGIC_NUMBER, cache_from_source
from types import CodeType
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

_open = open  # kept from the start: tests replace it

_BOM = b"\xef\xbb\xbf"
_COOKIE = re.compile(rb"(?:[ \t\f]*(?:#[^\n]*)?\n)?[ \t\f]*#[^\n]*coding[:=]")
_NOTHING = re.compile(r"\s*(?:#[^\n]*\n\s*)*\Z")
_TOKENS = re.compile(
    r"""
    [^()\[\]{}'"\#\\]*  # which is faster than to search; what follows always matches
  (?:
    \#[^\n]*                                                # a comment
  | [(\[{][^()\[\]{}\n'"\#\\]*[)\]}]                        # brackets with nothing of interest in them
  | ( \"{3}[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*\"{3}
    | '{3}[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'{3}
    | "[^"\\\n]*(?:\\.[^"\\\n]*)*"
    | '[^'\\\n]*(?:\\.[^'\\\n]*)*' )
  | ([(\[{])
  | ([)\]}])
  | (\\\n)
  | (["'\\])                                                # a string that has no end, or what is no Python
  | \Z
  )
    """,
    re.VERBOSE | re.DOTALL,
)
_STRING, _OPEN, _CLOSE, _CONTINUED = 1, 2, 3, 4
_DEFINITION = re.compile(r"[ \t]*(?:class|def|async[ \t]+def)\b")
_CASE = re.compile(r"^[ \t]*case\b", re.MULTILINE)
_ALONE = re.compile(r"[ \t]*(?:#[^\n]*)?\n")
_BRACES = re.compile(r"\{+|\}+")
_BEFORE_DOCSTRING = re.compile(r"(.*?)([rRuU]?)\Z")
# What coverage.py excludes by itself, with a text that must be there: to look for these takes longer than all the rest.
_SLOW_EXCLUDES = (
    (r"|(?:^\s*(((async )?def .*?)?[\])]+(\s*->.*?)?:\s*)?\.\.\.\s*(#|$))", "..."),
    (r"|(?:^\s*(((async )?def .*?)?\)(\s*->.*?)?:\s*)?\.\.\.\s*(#|$))", "..."),
    (r"|(?:^\s*if (typing\.)?TYPE_CHECKING:)", "TYPE_CHECKING:"),
    (r"|(?:if (typing\.)?TYPE_CHECKING:)", "TYPE_CHECKING:"),
)

Found = Tuple[List[int], Dict[int, int]]  # as in coverage_py.Parsed
Range = Tuple[int, int]  # first and last line


class _UnsureError(Exception):
    """coverage.py's parser has to say it."""


class _Outline(NamedTuple):
    """ranges: of the statements that go over several lines; docstrings: their lines."""

    ranges: List[Range]
    docstrings: Set[int]


class Scanned(NamedTuple):
    """What was found of a file, as in coverage_py.Parsed, and its text."""

    statements: List[int]
    first: Dict[int, int]
    text: str


class StatementScan:
    """Finds them. exclude: see coverage_py.Rules; parse: coverage.py's way, of a text, for the comparison."""

    def __init__(self, exclude: str, parse: Callable[[str], Found]) -> None:
        self._exclude = exclude
        self._is_trusted = sys.version_info >= (3, 10) and self._agrees(parse)  # code objects have co_lines() since

    def _agrees(self, parse: Callable[[str], Found]) -> bool:
        try:
            return self._found(_PROBE, compile(_PROBE, "<probe>", "exec", dont_inherit=True)) == parse(_PROBE)
        except Exception:  # noqa: BLE001  # whatever a release that nobody knows yet may raise
            return False

    def of(self, path: str, stamp: Tuple[int, int]) -> Optional[Scanned]:
        """Return those of a file, None where coverage.py has to be asked. Raises OSError."""
        if not self._is_trusted:
            return None
        with _open(path, "rb") as file:
            data = file.read()
        if data.startswith(_BOM) or _COOKIE.match(data) or b"\0" in data:
            return None
        try:
            text = _text(data)
            code = _compiled(path, stamp) or compile(text, path, "exec", dont_inherit=True)
            return Scanned(*self._found(text, code), text)
        except (_UnsureError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def _found(self, text: str, code: CodeType) -> Found:
        if _NOTHING.match(text):
            return [], {}
        outline = _outline(text)
        first = {line: begin for begin, end in outline.ranges for line in range(begin + 1, end + 1)}
        lines = _lines_of(code)
        ignored = self._excluded(text, outline, first) | outline.docstrings
        return sorted({first.get(line, line) for line in lines - ignored} - ignored), first

    def _excluded(self, text: str, outline: _Outline, first: Dict[int, int]) -> Set[int]:
        """The lines that the settings exclude, and those of the suites below them."""
        excluded = _matching(text, self._exclude)
        if not excluded:
            return excluded
        if "\t" in text or _CASE.search(text):  # widths can't be compared; newer releases have a rule for `case _`
            raise _UnsureError
        return {first.get(line, line) for line in _with_suites(text, outline, excluded)}


def _text(data: bytes) -> str:
    """As coverage.py has it. Raises UnicodeDecodeError."""
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\f", b" ").decode("utf-8")
    return text if not text or text.endswith("\n") else text + "\n"


def _compiled(path: str, stamp: Tuple[int, int]) -> Optional[CodeType]:
    """The code object that an import of the file has left beside it, where it is of this very file."""
    size, modified = stamp
    numbers = (modified // 1_000_000_000 & 0xFFFFFFFF).to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    header = MAGIC_NUMBER + bytes(4) + numbers  # the flags are 0: made by time, not by hash
    try:
        with _open(cache_from_source(path), "rb") as file:
            data = file.read()
        made = marshal.loads(data[len(header) :]) if data.startswith(header) else None
    except (OSError, ValueError, EOFError, TypeError, NotImplementedError):  # there is none, or half of one
        return None
    return made if isinstance(made, CodeType) else None


def _lines_of(code: CodeType) -> Set[int]:
    """The lines that have instructions."""
    lines: Set[Optional[int]] = set()
    waiting: List[Any] = [code]  # co_lines() is not in the types of 3.8 and 3.9
    while waiting:
        one = waiting.pop()
        waiting += [constant for constant in one.co_consts if type(constant) is CodeType]
        if one.co_name != "__annotate__":  # nobody runs annotations
            lines.update([line for _, _, line in one.co_lines()])
    return {line for line in lines if line}


def _outline(text: str) -> _Outline:
    """Raises _UnsureError."""
    made = _Outline([], set())
    ranges = made.ranges
    line = counted = 0
    for kind, begin, end in _outermost(text):
        line, counted = line + text.count("\n", counted, begin), begin
        first_line, last_line = line + 1, line + 1 + text.count("\n", begin, end)
        if _may_begin_a_statement(text, kind, begin) and _is_docstrings_place(text, begin, first_line, ranges):
            if kind != _STRING or not _ALONE.match(text, end):
                raise _UnsureError
            made.docstrings.update(range(first_line, last_line + 1))
        if last_line == first_line:
            continue
        if ranges and ranges[-1][1] == first_line:
            ranges[-1] = (ranges[-1][0], last_line)
        else:
            ranges.append((first_line, last_line))
    return made


def _outermost(text: str) -> Iterator[Tuple[int, int, int]]:
    """Yield kind, begin and end of strings, brackets and continued lines that are in no others, as far as they go over
    several lines or may begin a statement. Raises _UnsureError."""
    depth = opened = 0
    for token in _TOKENS.finditer(text):
        kind = token.lastindex
        if kind is None:
            continue
        begin, end = token.span(kind)
        if kind == _OPEN:
            depth += 1
            opened = begin if depth == 1 else opened
            continue
        if kind == _CLOSE:
            depth -= 1
            kind, begin = _OPEN, opened
        elif kind == _STRING:
            if text[begin - 1] in "fFtT" and sys.version_info >= (3, 12):
                _check_fields(token.group(kind))
        elif kind == _CONTINUED:
            if not depth:
                _check_continued(text, begin)
        else:
            raise _UnsureError
        if not depth and (text.find("\n", begin, end) >= 0 or _may_begin_a_statement(text, kind, begin)):
            yield kind, begin, end
    if depth:
        raise _UnsureError


def _may_begin_a_statement(text: str, kind: int, begin: int) -> bool:
    """A string may be a docstring; so may one in brackets."""
    if kind == _STRING:
        return text[begin - 1] in " \t\n:rRuU"
    return text[begin] == "(" and text[begin - 1] in " \t\n:"


def _check_fields(string: str) -> None:
    """From Python 3.12 on, a field of an f-string may have the string's own quotes in it."""
    depth = 0
    for braces in _BRACES.findall(string):
        count = len(braces)
        if braces[0] == "{":
            depth += count if depth else count % 2  # two of them stand for one, outside of a field
        else:
            depth, count = max(0, depth - count), max(0, count - depth)
            if count % 2:
                raise _UnsureError
    if depth:
        raise _UnsureError


def _check_continued(text: str, begin: int) -> None:
    """A backslash at the end of a line joins it to the next one, where both have something in them."""
    line = text[text.rfind("\n", 0, begin) + 1 : begin]
    end = text.find("\n", begin + 2)
    following = text[begin + 2 : end].strip()
    if not line.strip() or not following or following.startswith("#"):
        raise _UnsureError


def _is_docstrings_place(text: str, begin: int, line: int, ranges: List[Range]) -> bool:
    """Is what begins here the first statement of a module, a class or a function? Raises _UnsureError."""
    start = text.rfind("\n", 0, begin) + 1
    match = _BEFORE_DOCSTRING.match(text, start, begin)
    before = match.group(1).rstrip() if match else ""
    is_joined = bool(ranges) and ranges[-1][1] == line
    if before:
        if before.endswith(":"):  # all in one line, perhaps
            head = _start_of(text, start, line - ranges[-1][0]) if is_joined else start
            if _DEFINITION.match(text, head):
                raise _UnsureError
        return False
    if is_joined:
        return False
    while start:  # what stands before?
        line, end = line - 1, start - 1
        start = text.rfind("\n", 0, end) + 1
        if ranges and ranges[-1][1] == line:
            start = _start_of(text, start, line - ranges[-1][0])
        elif not text[start:end].strip() or text[start:end].lstrip().startswith("#"):
            continue
        return bool(_DEFINITION.match(text, start)) and _width(text, start) < _width(
            text, text.rfind("\n", 0, begin) + 1
        )
    return True


def _start_of(text: str, start: int, lines: int) -> int:
    """Where the line begins that is so many lines above the one that begins at start."""
    for _ in range(lines):
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def _width(text: str, start: int) -> int:
    end = start
    while text[end] in " \t":
        end += 1
    return end - start


def _matching(text: str, exclude: str) -> Set[int]:
    """The lines in which the pattern is found, as coverage.py looks for it: it may go over several."""
    for pattern, needed in _SLOW_EXCLUDES:
        if needed not in text:
            exclude = exclude.replace(pattern, "")
    found: Set[int] = set()
    if exclude:
        line = counted = 0
        for match in re.finditer(exclude, text, re.MULTILINE):
            begin, end = match.span()
            line, counted = line + text.count("\n", counted, begin), begin
            found.update(range(line + 1, line + text.count("\n", begin, end) + 2))
    return found


def _with_suites(text: str, outline: _Outline, excluded: Set[int]) -> Set[int]:
    """Add the statements that are below an excluded one, and functions and classes with an excluded decorator."""
    excluded = set(excluded)
    ordered = sorted(excluded)
    until: Optional[int] = None  # the width at which what is excluded ends
    decorated: Optional[int] = None  # the line of the first decorator
    for begin, end, width, next_width, bare in _statements_of(text, outline.ranges):
        if until is not None and width <= until:
            until = None
        if until is not None:
            excluded.add(begin)
            continue
        if bare[0] == "@":
            decorated = decorated or begin
            continue
        head = begin
        if decorated is not None:
            head, decorated = decorated, None
        place = bisect_left(ordered, head)
        if place < len(ordered) and ordered[place] <= end:
            if head != begin:
                excluded.update(range(head, begin + 1))
            if next_width > width:
                until = width
    return excluded


def _statements_of(text: str, ranges: List[Range]) -> Iterator[Tuple[int, int, int, int, str]]:
    """Yield each statement's first and last line, its width of indentation, the next one's, and its text."""
    lines = text.split("\n")
    ends = dict(ranges)
    last: Optional[Tuple[int, int, int, str]] = None
    number, total = 1, len(lines)
    while number <= total:
        line = lines[number - 1]
        bare = line.lstrip()
        end = ends.get(number, number)
        if bare and bare[0] != "#":
            width = len(line) - len(bare)
            if last is not None:
                yield (*last[:3], width, last[3])
            last = number, end, width, bare
        number = end + 1
    if last is not None:
        yield (*last[:3], 0, last[3])


_PROBE = '''
"""A module."""
import os, \\
    sys


@os.wrap(
    1)
# @
def excluded(a: int) -> None:
    return a


class A:
    """A class,
    described."""

    x: int = 3
    def one(self): return 1

    def f(
        self,
        b,  # @
    ):
        return {
            b: 1,
        }

    def g(self):
        """Described."""


def h(a) -> int: ...


if os.TYPE_CHECKING:
    import typing
if TYPE_CHECKING:
    import typing

for i in range(3):  # @
    print(i)
    print("""
    """, [
        i
    ])
else:
    "no docstring"
    print(f"{i}" "a")
'''.replace("@\n", "pragma: no cover\n")
