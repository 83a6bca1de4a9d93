"""Our lines taken out of what a command writes to stdout; everything else is passed on as it comes."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, Match, NamedTuple, Optional, Tuple, Union

from ..record import RESULT_MARKER, SUMMARY_MARKER

_TYPES = {RESULT_MARKER.encode(): "test_result", SUMMARY_MARKER.encode(): "run_summary"}
_MARKER = re.compile(b"|".join(map(re.escape, _TYPES)))
_BEGINNINGS = {
    (b"\r\n" + marker)[start:end]
    for marker in _TYPES
    for start in (0, 1, 2)
    for end in range(start + 1, len(marker) + 3)
}
_LONGEST_BEGINNING = max(map(len, _BEGINNINGS))
_LONGEST_LINE = 1 << 20  # bytes that are waited for: our lines are below 64,000
_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$")
_scan = json.JSONDecoder().raw_decode


class Found(NamedTuple):
    """A record. line: its JSON text, without the marker."""

    record_type: str
    content: Dict[str, Any]
    line: str


class Markers:
    """Parts a stream into records (Found) and everything else (bytes), in their order.

    A marker may stand anywhere in a line, behind dots or behind what a log service puts in front. Of a line that is all
    ours the newlines before and behind it go, too: what is passed on is what the command would have written without us.
    """

    def __init__(self) -> None:
        self._held = b""
        self._is_new_line = True  # does what comes next begin a line?

    def feed(self, data: bytes) -> Iterator[Union[bytes, Found]]:
        """Take more in."""
        yield from self._part(self._held + data, is_end=False)

    def end(self) -> Iterator[Union[bytes, Found]]:
        """The stream is over: yield what was waited with."""
        yield from self._part(self._held, is_end=True)

    def _part(self, data: bytes, is_end: bool) -> Iterator[Union[bytes, Found]]:
        self._held = b""
        while data:
            marker = _MARKER.search(data)
            if marker is None:
                yield from self._keep(data, len(data) if is_end else len(data) - _beginning(data))
                return
            end = data.find(b"\n", marker.end())
            if end < 0 and not is_end and len(data) - marker.start() < _LONGEST_LINE:
                yield from self._keep(data, _without_newline(data, marker.start()))
                return
            found, first, last = self._record(data, marker, end if end >= 0 else len(data))
            yield from self._pass(data[:first])
            if found is not None:
                yield found
            data = data[last:]

    def _keep(self, data: bytes, size: int) -> Iterator[bytes]:
        """Pass on so many bytes, and wait with the rest."""
        self._held = data[size:]
        yield from self._pass(data[:size])

    def _pass(self, data: bytes) -> Iterator[bytes]:
        if data:
            self._is_new_line = data.endswith(b"\n")
            yield data

    def _record(self, data: bytes, marker: Match[bytes], end: int) -> Tuple[Optional[Found], int, int]:
        """Return the record behind a marker, how much before it is passed on, and where what follows it begins."""
        text = data[marker.end() : end].decode("latin-1")  # one character a byte
        try:
            content, size = _scan(text)
        except (ValueError, RecursionError):
            content, size = None, 0
        if not _is_ours(content):
            return None, marker.end(), marker.end()
        found = Found(_TYPES[marker.group()], content, text[:size])
        before = data[: marker.start()]
        is_alone = before.endswith(b"\n") or (not before and self._is_new_line)
        if is_alone and not text[size:].strip():
            return found, _without_newline(data, marker.start()), end + 1
        return found, marker.start(), marker.end() + size


def _is_ours(content: Any) -> bool:
    """Is it a record of a run? Its id becomes the name of a file."""
    run_id = content.get("run_id") if isinstance(content, dict) else None
    return isinstance(run_id, str) and _RUN_ID.match(run_id) is not None


def _beginning(data: bytes) -> int:
    """How many bytes at the end of data may be the beginning of a line of ours?"""
    sizes = range(min(len(data), _LONGEST_BEGINNING), 0, -1)
    return next((size for size in sizes if data[-size:] in _BEGINNINGS), 0)


def _without_newline(data: bytes, place: int) -> int:
    """Return the place before the newline that ends at `place`, or `place` where there is none."""
    if data[:place].endswith(b"\r\n"):
        return place - 2
    return place - 1 if data[:place].endswith(b"\n") else place
