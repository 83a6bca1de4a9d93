"""pytest's verbose lines, and its short summary: what its own terminal says of each test, whatever the plugins."""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Optional, Set, Tuple

from . import verdicts
from .verdicts import Printed

_STRICT = "FAILED [XPASS(strict)]"
_MEANINGS = {
    "PASSED": verdicts.PASSED,
    "FAILED": verdicts.FAILED_OR_XPASSED,
    _STRICT: verdicts.XPASSED_STRICT,
    "ERROR": verdicts.ERROR,
    "SKIPPED": verdicts.SKIPPED,
    "XFAIL": verdicts.XFAILED,
    "XPASS": verdicts.XPASSED,
    "RERUN": verdicts.RERUN,
    "SUBPASS": verdicts.SUBTEST_PASSED,
    "SUBPASSED": verdicts.SUBTEST_PASSED,
    "SUBFAIL": verdicts.SUBTEST_FAILED,
    "SUBFAILED": verdicts.SUBTEST_FAILED,
    "SUBSKIP": verdicts.SUBTEST_SKIPPED,
    "SUBSKIPPED": verdicts.SUBTEST_SKIPPED,
}
_PROGRESS = r"(?:\s+\[ *[\d/ %]+\]|\s+[\d.]+ ?(?:ns|us|µs|ms|s|m)\b.*)?"
_SUBTEST = r"(?:(?: \[.*\])?(?: \(.*\))? )"  # pytest-subtests puts it before the word, pytest 9 behind
_LINE = re.compile(
    r"(?P<id>\S.*?)(?: <- \S+)?(?:"
    rf" (?P<word>PASSED|FAILED|ERROR|RERUN){_PROGRESS}"
    rf"| (?P<reasoned>SKIPPED|XFAIL|XPASS)(?: \(.*|{_PROGRESS})"
    rf"|{_SUBTEST}(?P<sub>SUB(?:PASS|FAIL|SKIP))(?: \(.*|{_PROGRESS})"
    r"| (?P<sub9>SUB(?:PASSED|FAILED|SKIPPED))[\[( ].*"
    r"| (?P<other>[A-Z]{4,})\s+\[ *\d+%\]"
    r")"
)
_BARE = re.compile(rf"(PASSED|FAILED|ERROR|RERUN|SKIPPED|XFAIL|XPASS)(?: \(.*|{_PROGRESS})")
_STARTED = re.compile(r"(\S+::\S+)(?: |$)")
_SUMMED = re.compile(
    r"(?:(PASSED|FAILED|ERROR|XFAIL|XPASS|RERUN)(?: at (?:setup|teardown) of)?"
    r"|.*?(SUBFAIL(?:ED)?)\b(?:\[.*?\])?(?: ?\(.*?\))?) (.+)"
)
_HEADING = re.compile(r"=+ (.+?) =+")
_RESULTS = re.compile(
    r"(ERRORS|FAILURES|PASSES|XFAILURES|XPASSES|warnings summary.*|slowest .*|short test summary info)"
)
_SUMMARY = "short test summary info"
_TITLE = re.compile(r"_{3,} (.+) _{3,}")
_TALLY = re.compile(r"(\d+) (failed|passed|skipped|xfailed|xpassed|errors?)\b")
_TALLIED = {
    "passed": ("PASSED",),
    "failed": ("FAILED", _STRICT, "SUBFAIL", "SUBFAILED"),
    "skipped": ("SKIPPED", "SUBSKIP", "SUBSKIPPED"),
    "xfailed": ("XFAIL",),
    "xpassed": ("XPASS",),
    "error": ("ERROR",),
    "errors": ("ERROR",),
}
_WORKERS = re.compile(r"(?:created: )?\d+/\d+ workers?\b|\d+ workers? \[|\[gw\d+\]|gw\d+ I\b")


def read(lines: Iterable[str]) -> Printed:
    """Read what pytest wrote to stdout with `--verbosity=1 -rA`."""
    screen = _Screen()
    for line in lines:
        screen.line(line)
    return screen.printed()


def uses_workers(lines: Iterable[str]) -> bool:
    """Did xdist hand the tests to workers?"""
    return any(_WORKERS.match(line) for line in lines)


class _Screen:
    """What was read of a run so far, up to and behind the first report of a failure."""

    def __init__(self) -> None:
        self._words: Dict[str, List[str]] = {}
        self._started: Optional[str] = None  # a test whose verdict stands on a later line
        self._in_progress = True
        self._summary: List[str] = []  # the last short summary's lines
        self._headings_since = 0
        self._tally = ""
        self._title = ""
        self._strict: Set[str] = set()

    def line(self, line: str) -> None:
        """Take in one line."""
        heading = _HEADING.fullmatch(line) if line.startswith("=") else None
        if heading is not None:
            self._heading(heading[1])
        elif self._in_progress:
            self._progress(line)
        elif line.startswith("[XPASS(strict)]"):
            self._strict.add(self._title)
        elif line.startswith("___"):
            title = _TITLE.fullmatch(line)
            self._title = title[1] if title is not None else ""
        elif self._headings_since == 0:
            self._summary.append(line)

    def _heading(self, text: str) -> None:
        if _RESULTS.fullmatch(text):
            self._in_progress = False
        self._headings_since += 1
        if text == _SUMMARY:
            self._summary, self._headings_since = [], 0
        self._tally = text

    def _progress(self, line: str) -> None:
        found = _LINE.fullmatch(line)
        if found is not None:
            word = next(filter(None, (found["word"], found["reasoned"], found["sub"], found["sub9"], found["other"])))
            self._words.setdefault(found["id"], []).append(word)
            self._started = None
            return
        bare = _BARE.fullmatch(line)
        if bare is not None and self._started is not None:
            self._words.setdefault(self._started, []).append(bare[1])
            self._started = None
        started = _STARTED.match(line)
        if started is not None:
            self._started = started[1]

    def printed(self) -> Printed:
        """Return what was read."""
        if self._headings_since == 1:  # else it is one of a pytest that ran in a test
            self._read_summary()
        for test_id, words in self._words.items():
            if test_id.partition("::")[2].replace("::", ".") in self._strict:
                words[:] = [_STRICT if word == "FAILED" else word for word in words]
        counts = {name: int(count) for count, name in _TALLY.findall(self._tally)}
        said = [word for words in self._words.values() for word in words]
        unread = sum(max(0, count - sum(word in _TALLIED[name] for word in said)) for name, count in counts.items())
        return Printed(self._words, _MEANINGS, unread, None, once=True)

    def _read_summary(self) -> None:
        listed = set(self._words)
        for line in self._summary:
            found = _SUMMED.fullmatch(line)
            if found is None:
                continue
            test_id, message = _split_message(found[3], listed)
            words = self._words.setdefault(test_id, [])
            word = found[1] or found[2]
            if word not in words:
                words.append(word)
            if message.startswith("[XPASS(strict)]"):
                self._strict.add(test_id.partition("::")[2].replace("::", "."))


def _split_message(text: str, listed: Set[str]) -> Tuple[str, str]:
    """Part the id from the message behind it; both may hold the dash that stands between."""
    for separator in (" - ", " "):
        end = len(text)
        while end > 0:
            if text[:end] in listed:
                return text[:end], text[end + len(separator) :]
            end = text.rfind(separator, 0, end)
    test_id, _, message = text.partition(" - ")
    return test_id, message
