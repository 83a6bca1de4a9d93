"""unittest's verbose listing, and the list of failures behind it, as Django prints them, too.

Before 3.11 a line is only written once for a test: `test_x (mod.Class) ... ` when it starts, then each verdict with a
line end. Failing subtests write nothing there, and failures of classes a bare word: the list of failures names both.
From 3.11 on a second verdict, a subtest's and a class's come with a description of their own.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Match, Optional

from . import verdicts
from .verdicts import Printed

_SUBTEST_SKIPPED = "skipped (subtest)"
_MEANINGS = {
    "ok": verdicts.PASSED,
    "FAIL": verdicts.FAILED,
    "ERROR": verdicts.ERROR,
    "skipped": verdicts.SKIPPED,
    "expected failure": verdicts.XFAILED,
    "unexpected success": verdicts.XPASSED_STRICT,
    _SUBTEST_SKIPPED: verdicts.SUBTEST_SKIPPED,
}
_WORD = r"ok|FAIL|ERROR|skipped(?= ['\"])|expected failure|unexpected success"
_STATUS = re.compile(rf"({_WORD})(?: ['\"].*)?")
_STATUS_AT_END = re.compile(rf"(?:.*?)({_WORD})(?: (['\"]).*\2)?$")
_DESCRIPTION = r"(?P<name>[^\s()](?:[^()]*[^\s()])?) \((?P<where>[^\s()]*)\)(?P<subtest> (?:\[.*\] )?\(.*\)| \[.*\])?"
_START = re.compile(rf" {{0,2}}{_DESCRIPTION}(?P<dots> \.\.\. |$)")
_DESCRIBED = re.compile(_DESCRIPTION)
_LISTED = re.compile(r"(FAIL|ERROR|UNEXPECTED SUCCESS): (.*)")
_RAN = re.compile(r"Ran (\d+) tests? in ")
_DOTS = " ... "
_FIXTURES = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")
_RULER = "=" * 70


def read(lines: Iterable[str]) -> Printed:
    """Read what a unittest runner wrote to stderr at verbosity 2."""
    listing = _Listing()
    total: Optional[int] = None
    previous = ""
    for line in lines:
        ran = _RAN.match(line)
        if ran is not None:
            total = int(ran[1])
        elif previous == _RULER and _LISTED.match(line):
            listing.failed(line)
        else:
            listing.line(line)
        previous = line
    return listing.printed(total)


def id_of(name: str, where: str) -> str:
    """Return the id of a test described as `test_x (mod.Class)`, from 3.11 on as `test_x (mod.Class.test_x)`."""
    if name in _FIXTURES:
        return f"{name} ({where})"
    return where if where.endswith(f".{name}") else f"{where}.{name}" if where else name


class _Listing:
    """The tests whose lines were read so far."""

    def __init__(self) -> None:
        self._words: Dict[str, List[str]] = {}
        self._bare: List[str] = []  # verdicts that stand alone
        self._id: Optional[str] = None  # the test whose verdict is awaited
        self._subtest = False
        self._described: Optional[Match[str]] = None  # a line that may be a description, with a docstring behind it
        self._guess: Optional[str] = None  # a verdict behind something that the test itself printed
        self._last = ""  # the test whose line came last: a second line of its own is a second verdict (3.11 on)
        self._started = 0

    def line(self, line: str) -> None:
        """Take in one line of the listing."""
        if self._described is not None:
            started, self._described = self._described, None
            _, dots, rest = line.partition(_DOTS)
            if dots:
                self._open(started)
                self._behind_dots(rest)
                return
        self._from_column_0(line)

    def _from_column_0(self, text: str) -> None:
        start = _START.match(text)
        if start is None:
            self._verdict(text)
        elif start["dots"]:
            self._open(start)
            self._from_column_0(text[start.end() :])  # another test, where this one had no verdict
        else:
            self._described = start

    def _behind_dots(self, text: str) -> None:
        """Take in what stands behind the dots of a docstring, which may have dots of its own."""
        last = text.rpartition(_DOTS)[2]
        if not _START.match(text) and _STATUS.fullmatch(last):
            text = last
        self._from_column_0(text)

    def _open(self, start: Match[str]) -> None:
        self._settle()
        self._id, self._subtest = id_of(start["name"], start["where"]), start["subtest"] is not None
        self._started += not self._subtest and self._id != self._last and start["name"] not in _FIXTURES
        self._last = self._id

    def _settle(self) -> None:
        """Nothing more comes for the test before."""
        if self._id is not None:
            self._add(self._guess)
        self._id = self._guess = None

    def _verdict(self, text: str) -> None:
        status = _STATUS.fullmatch(text)
        if self._id is None:
            if status is not None:
                self._bare.append(status[1])
            return
        if status is not None:
            self._add(status[1])
            self._id = self._guess = None
            return
        at_end = _STATUS_AT_END.match(text)
        if at_end is not None:
            self._guess = at_end[1]

    def _add(self, word: Optional[str]) -> None:
        assert self._id is not None
        words = self._words.setdefault(self._id, [])
        if word is not None:
            words.append(_SUBTEST_SKIPPED if self._subtest and word == "skipped" else word)

    def failed(self, line: str) -> None:
        """Take in the title of one entry of the list of failures."""
        self._settle()
        listed, described = _LISTED.match(line), None
        if listed is not None:
            described = _DESCRIBED.match(listed[2])
        if listed is None or described is None:
            return
        words = self._words.setdefault(id_of(described["name"], described["where"]), [])
        word = listed[1].lower() if listed[1].startswith("UNEXPECTED") else listed[1]
        if word not in words:
            words.append(word)

    def printed(self, total: Optional[int]) -> Printed:
        """Return what was read."""
        self._settle()
        unnamed = max(0, (total or 0) - self._started) + sum(word == "skipped" for word in self._bare)
        return Printed(self._words, _MEANINGS, unnamed, total, once=False)
