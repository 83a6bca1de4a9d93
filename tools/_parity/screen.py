"""What two runs of one command print that is no difference: our marker lines, timings, addresses, frames of the door.

Everything here works line by line, so that an output of any size takes no memory.
"""

from __future__ import annotations

import re
from typing import Callable, Iterable, Iterator, Sequence, Tuple

_MARKERS = (b"TEST_RESULT:", b"TEST_SUMMARY:")
_NOTICE = b"trim-telemetry: coverage was traced, "  # the last line on stderr, on Python before 3.12
_PLUGINS = "plugins: "
_ANSI = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")


def without_markers(lines: Iterable[bytes], run_id: bytes, take: Callable[[bytes], None]) -> Iterator[bytes]:
    """Take the marker lines of the run `run_id` out of an output, each with the newline that was written before it;
    and what we say to the user.

    lines: with their line ends. take: is given each marker line.
    """
    held = bytearray()  # the line before, which goes on behind a marker
    for line in lines:
        if line.startswith(_NOTICE):
            continue
        if line.startswith(_MARKERS) and run_id in line:
            take(line)
            if held.endswith(b"\n"):
                del held[-1:]
            continue
        if held.endswith(b"\n"):
            yield bytes(held)
            held.clear()
        held += line
    if held:
        yield bytes(held)


def as_text(lines: Iterable[bytes]) -> Iterator[str]:
    """Decode an output's lines, and take their line ends off."""
    for line in lines:
        yield line.decode("utf-8", "backslashreplace").rstrip("\r\n")


def without_colours(lines: Iterable[str]) -> Iterator[str]:
    """Take ANSI escapes out."""
    for line in lines:
        yield _ANSI.sub("", line) if "\x1b" in line else line


# -- lines that only one of two runs has, or in another order ----------------------------------------------------------

_DURATION = re.compile(r"\d+\.\d\d+s +(call|setup|teardown|\S+ \(|\S+\.\S)")  # pytest's table, and unittest's (3.12 on)
_HIDDEN_DURATIONS = re.compile(r"\(\d+ durations? < [\d.]+s hidden\.")
_FRAME = re.compile(r'(?P<prefix>\S*> ?)?(?P<indent> *)File "(?P<file>[^"]*)", line \d+')
_OUR_FRAMES = re.compile(r"[\\/]trim_telemetry[\\/]|[\\/](unittest|pytest)[\\/]__main__\.py$|[\\/]py\.?test$|\brunpy\b")


def comparable(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what differs between any two runs as a whole line: tables of durations, and the frames of the ways in.

    (Those are the door's own modules in the instrumented run, and `python -m`'s in both.)
    """
    frame_indent = -1  # of the frame that is being left out
    for line in lines:
        if frame_indent >= 0 and _indent(line) > frame_indent:
            continue
        frame_indent = -1
        frame = _FRAME.match(line) if 'File "' in line else None
        if frame is not None and _OUR_FRAMES.search(frame["file"]):
            frame_indent = len(frame["prefix"] or "") + len(frame["indent"])
        elif not (line[:1].isdigit() and _DURATION.match(line)) and not _HIDDEN_DURATIONS.match(line):
            yield line


def _indent(line: str) -> int:
    """Return how far a line is indented, behind pytest's `INTERNALERROR> `."""
    start = len("INTERNALERROR>") if line.startswith("INTERNALERROR>") else 0
    return start + len(line[start:]) - len(line[start:].lstrip(" ")) if line[start:].strip() else -1


# -- words of a line ---------------------------------------------------------------------------------------------------


# What a line must hold for the pattern to be tried (that spares most of the time), the pattern, what stands for it.
_RULES: Sequence[Tuple[str, str, str]] = (
    ("\x1b", r"\x1b\[[0-?]*[ -/]*[@-~]", ""),
    ("-", r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
    ("s", r"\b\d+(?:\.\d+(?:e-\d+)?)? ?(?:seconds?|secs?|s|ms|us|µs|ns)\b(?: \(\d+:\d\d:\d\d\))?", "<duration>"),
    ("-", r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?", "<time>"),
    ("-", r"\b\d{4}-\d\d-\d\d\b", "<date>"),
    (":", r"\b\d\d?:\d\d:\d\d([.,]\d+)?", "<time>"),
    ("0x", r"0x[0-9a-fA-F]{4,16}\b", "<address>"),
    ("pytest-of-", r"(pytest-of-[^/\\]+[/\\]pytest-)\d+", r"\1<n>"),
    ("tmp", r"\btmp[a-z0-9_]{8}\b", "<temporary>"),
    ("d", r"\b([Pp]id|PID|[Tt]hread(?: id)?)([ =:#]{1,3})\d{3,}", r"\1\2<n>"),
    ("rocess", r"\b([Pp]rocess(?: id)?)([ =:#]{1,3})\d{3,}", r"\1\2<n>"),
    ("eed", r"([Ss]eed[ =:(]{1,3})\d+", r"\1<n>"),
    (".", r"(\d\.\d+\.\d+\.\d+'?(?::|, ))\d{4,5}\b", r"\1<port>"),
    ("::1", r"(::1\]?'?(?::|, ))\d{4,5}\b", r"\1<port>"),
    ("localhost", r"(localhost'?(?::|, ))\d{4,5}\b", r"\1<port>"),
    ("1", r"\b1[34]\d{13}\b", "<thread>"),
    ("1", r"\b1[6-9]\d{8}(\.\d+)?\b", "<epoch>"),
    ("Previous line", r"(\[Previous line repeated )\d+", r"\1<n>"),
)
_PATTERNS = [(needed, re.compile(pattern), replacement) for needed, pattern, replacement in _RULES]
_PADDED = re.compile(r"(=+|-+) (.*<duration>.*) (=+|-+)")  # a ruler is as long as the text in it leaves room for


def without_our_plugin(lines: Iterable[str]) -> Iterator[str]:
    """Take our name out of pytest's `plugins:` line, where it stands when the installed package is named with -p."""
    for line in lines:
        if line.startswith(_PLUGINS):
            names = [name for name in line[len(_PLUGINS) :].split(", ") if not name.startswith("trim-telemetry-")]
            if not names:
                continue
            line = _PLUGINS + ", ".join(names)
        yield line


class Normaliser:
    """Replaces what differs between any two runs by a word for it. own: texts that are the run's own (folders)."""

    def __init__(self, own: Sequence[str] = ()) -> None:
        self._own = [text for text in own if text]

    def __call__(self, line: str) -> str:
        """Return the line without what differs between any two runs."""
        for text in self._own:
            line = line.replace(text, "<run>")
        for needed, pattern, replacement in _PATTERNS:
            if needed in line:
                line = pattern.sub(replacement, line)
        padded = _PADDED.fullmatch(line) if "<duration>" in line else None
        return f"= {padded[2]} =" if padded else line


def shape(line: str) -> str:
    """Return a normalised line with all its numbers alike."""
    return re.sub(r"\d+", "#", line)
