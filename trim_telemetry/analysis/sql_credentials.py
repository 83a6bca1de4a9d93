"""Statements without the passwords in them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import List, Optional, Pattern, Tuple

from .sql_tokens import (
    BACKTICKS,
    BLOCK_COMMENT,
    DOLLARS,
    DOUBLE,
    DOUBLE_ESCAPED,
    ESCAPED,
    LINE_COMMENT,
    LONG_LIMIT,
    MYSQL_COMMENT,
    NAME,
    PLAIN,
    remembered,
)

_Spans = List[Tuple[int, int]]  # from, to
_MARK = "[redacted:password]"
_MAY_HAVE_CREDENTIALS = ("passw", "passphrase", "pwd", "secret", "identified", "credentials", "://")
_KEY = "passw(?:or)?d|passphrase|pwd|secret(?:_?access)?(?:_?key)?|credentials"
_WHOLE_KEY = rf"(?:{_KEY}|identified)(?![\w$\x80-\U0010ffff])"
_LEAD_ON = {"TO", "BY", "PASSWORD", "OLD_PASSWORD", "NOT", "LIKE", "IN"}
_BEHIND_BY = {"PASSWORD", "RANDOM", "VALUES"}
_LONGEST_URL = 1_000  # characters, of one that is not in a literal
_NEAR = 30  # tokens
_FAR = 1_000  # characters
_EMBEDDED = 3  # levels of dollar quotes within dollar quotes that are read as SQL


@lru_cache(maxsize=None)
def _words_and_quotes(as_mysql: bool) -> Pattern[str]:
    """What a credential may stand behind, and what has to be stepped over as a whole to find it."""
    string, double, line = (ESCAPED, DOUBLE_ESCAPED, MYSQL_COMMENT) if as_mysql else (PLAIN, DOUBLE, LINE_COMMENT)
    return re.compile(
        r"(?=[psciPSCI'\"`$/:#-])(?:"  # most characters begin none of it
        rf"(?P<quoted>{string}|{double}|{BACKTICKS})"
        rf"|(?P<comment>{line}|{BLOCK_COMMENT})"
        rf"|(?P<dollars>(?<![\w$]){DOLLARS})"
        rf"|(?P<key>{_WHOLE_KEY})"
        r"|(?P<url>://))",
        re.ASCII | re.DOTALL | re.IGNORECASE,
    )


@lru_cache(maxsize=None)
def _behind_a_key(as_mysql: bool) -> Pattern[str]:
    """The tokens between PASSWORD or IDENTIFIED and the value, and the value."""
    string, double, line = (ESCAPED, DOUBLE_ESCAPED, MYSQL_COMMENT) if as_mysql else (PLAIN, DOUBLE, LINE_COMMENT)
    return re.compile(
        rf"(?P<gap>\s+|{line}|{BLOCK_COMMENT})"
        rf"|(?P<value>(?:[eEnNbBxX]|[uU]&)?{string}|{double}|{DOLLARS}|0[xX][0-9a-fA-F]+)"
        rf"|(?P<word>{NAME})"
        r"|(?P<operator>[=:<>!~(])"
        r"|(?P<other>.)",
        re.ASCII | re.DOTALL,
    )


@lru_cache(maxsize=None)
def _in_a_literal() -> Pattern[str]:
    """Credentials in connection strings, JSON and SQL that is itself a literal: each value is in a group of its own."""
    quoted = r"(?:\\*'){1,2}(?P<one>[^'\\]*)|\\*\"(?P<two>[^\"\\]*)|\{(?P<three>[^}]*)"
    return re.compile(
        rf"(?:{_KEY})(?:\\*[\"'])?\s{{0,9}}(?:=>?|:)\s{{0,9}}(?:{quoted}|(?P<bare>[^\s;&'\"]*[^\s;&'\",]))"
        rf"|(?:{_KEY}|identified\s{{1,9}}by)\s{{1,9}}(?:\\*'){{1,2}}(?P<four>[^'\\]*)"
        r"|://[^\s/:@'\"<>]*:(?P<url>[^\s/'\"<>]+)@",
        re.ASCII | re.IGNORECASE,
    )


@remembered
def mask_credentials(sql: str) -> str:
    """Return the text with [redacted:password] in place of each password, quotes kept.

    That is what follows PASSWORD, IDENTIFIED BY, SECRET and kin, and the passwords of URLs and connection strings in
    literals. Not what stands far from the word, as in INSERT INTO users (password) VALUES (...): that is data. Of a
    text with such a word the first 300,000 characters are returned.
    """
    lower = sql.lower()
    if not any(word in lower for word in _MAY_HAVE_CREDENTIALS):
        return sql
    text = sql if len(sql) <= LONG_LIMIT else sql[:LONG_LIMIT]
    spans = _credentials(text, False)
    # What is an escape or a comment to MySQL and is not to others: mask what either would take for a password.
    if any(sign in text for sign in ("\\", "--", "#")):
        spans += _credentials(text, True)
    return _replace(text, spans)


def _replace(text: str, spans: _Spans) -> str:
    pieces, done = [], 0
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if start >= done:
            pieces += [text[done:start], _MARK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _credentials(text: str, as_mysql: bool) -> _Spans:
    """Return where the credentials are. Dollar quotes are read again, from within: they may hold SQL."""
    spans: _Spans = []
    parts = [(0, len(text), 0)]
    pattern = _words_and_quotes(as_mysql)
    while parts:
        place, end, level = parts.pop()
        found = pattern.search(text, place, end)
        while found is not None:
            place, kind = found.end(), found.lastgroup
            if place == len(text) and _is_open(found.group()):
                spans += _regardless_of_quotes(text, as_mysql)
            if kind == "key" or (kind == "quoted" and _is_key(found.group())):
                place = _follow(text, found, end, as_mysql, spans)
            elif kind == "url":
                url = _in_a_literal().match(text, found.start(), min(end, place + _LONGEST_URL))
                spans += [url.span("url")] if url else []
            else:
                _look_into(text, found.start(), place, spans)
                if kind == "dollars" and level < _EMBEDDED:
                    parts.append((found.end("tag") + 1, place, level + 1))
            found = pattern.search(text, place, end)
    return spans


def _is_open(token: str) -> bool:
    """Has a quoted text or a comment no end? Then the quotes before it may have been taken the wrong way round."""
    if token[0] in "'\"`":
        return token.count(token[0]) % 2 == 1 or token[-1] != token[0]
    return token.startswith("/*") and not token.endswith("*/")


def _regardless_of_quotes(text: str, as_mysql: bool) -> _Spans:
    """What looks like a credential, be it in a literal or not."""
    spans: _Spans = []
    pattern = re.compile(_WHOLE_KEY, re.ASCII | re.IGNORECASE)
    key = pattern.search(text)
    while key is not None:
        place = _follow(text, key, len(text), as_mysql, spans, _NEAR)
        key = pattern.search(text, key.end() if place - key.end() < _FAR else place)
    return spans


def _is_key(quoted: str) -> bool:
    """Is it a quoted name such as "user"."password"?"""
    if quoted[0] == "'":
        return False
    return re.search(rf"(?:{_KEY}).\Z", quoted[-40:], re.IGNORECASE | re.DOTALL) is not None


def _look_into(text: str, start: int, end: int, spans: _Spans) -> None:
    spans += [found.span(found.lastgroup or 0) for found in _in_a_literal().finditer(text, start, end)]


class _Path:
    """What stands between a key and its value: which words may, and whose literal is the next."""

    def __init__(self, is_identified: bool) -> None:
        self.is_identified = is_identified
        self.last = ""  # the last word
        self.is_user = False  # SET PASSWORD FOR 'user'@'host' = ...

    def leads_on(self, kind: Optional[str], token: str) -> bool:
        """Take in a token that is no value: may a value follow?"""
        if kind == "word":
            self.last = token.upper()
            if self.is_user or self.last == "FOR":
                self.is_user = self.last != "TO"
                return True
            return self.is_identified or self.last in _LEAD_ON
        if token == "=":
            self.is_user = False
        return kind in ("gap", "operator") or (self.is_user and token != ";")

    def is_secret(self, kind: Optional[str], token: str) -> bool:
        """Is this token the secret? Oracle has passwords that are not quoted."""
        if kind == "word":
            return self.is_identified and self.last == "BY" and token.upper() not in _BEHIND_BY
        return kind == "value" and not self.is_user and self.last not in ("WITH", "VIA")


def _follow(text: str, key: re.Match[str], end: int, as_mysql: bool, spans: _Spans, limit: Optional[int] = None) -> int:
    """Find what follows the key, within so many tokens; return where to go on."""
    path = _Path(key.group().upper() == "IDENTIFIED")
    place = key.end()
    for found in islice(_behind_a_key(as_mysql).finditer(text, place, end), limit):
        kind, token = found.lastgroup, found.group()
        if path.is_secret(kind, token):
            if token[0] == '"' and text[found.end() : found.end() + 1] == ".":
                return place  # the name of a table
            spans.append(_inside(found))
            path.last = ""
            if not path.is_identified:
                return found.end()
        elif kind != "value" and not path.leads_on(kind, token):
            return place
        place = found.end()
    return place


def _inside(value: re.Match[str]) -> Tuple[int, int]:
    """Where a literal's text is, without prefix and quotes."""
    start, end, token = value.start(), value.end(), value.group()
    if token[0] == "$":
        delimiter = f"${value.group('tag')}$"
        return start + len(delimiter), end - len(delimiter) * token.endswith(delimiter, len(delimiter))
    quote = min((place for place in map(token.find, "'\"") if place >= 0), default=-1)
    if quote < 0:
        return start, end
    return start + quote + 1, end - token.endswith(token[quote], quote + 1)
