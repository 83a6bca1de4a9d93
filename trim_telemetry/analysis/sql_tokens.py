"""Statements cut into tokens, by one regular expression: in linear time, and whatever the text is.

No parser and no dialect. Where a text can be read in two ways, the one is taken that masks more.
"""

from __future__ import annotations

import re
from functools import lru_cache, wraps
from typing import Callable, Iterator, List, Pattern, Tuple, TypeVar

LIMIT = 100_000  # characters that are looked at, where the beginning of a statement says enough
LONG_LIMIT = 300_000  # ... and where it may not: a main verb behind CTEs, credentials
LONGEST_SHORT = 60  # tokens of one statement of transaction control, many times what any has
_CACHED_LENGTH = 2_000  # characters; longer texts are rare, and would make the caches large
_CACHED = 512  # texts a cache: 1 MB of ORM statements, 4 MB at the very worst

_Answer = TypeVar("_Answer")

NAME = r"[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*"
PLAIN = r"(?:'[^']*'?)+"  # with doubled quotes; one without an end goes on to the end of the text
ESCAPED = r"(?:'[^'\\]*(?:\\.[^'\\]*)*'?)+"
DOUBLE = r'(?:"[^"]*"?)+'
DOUBLE_ESCAPED = r'(?:"[^"\\]*(?:\\.[^"\\]*)*"?)+'
_DOTTED = r'(?:"[^"]*"\.?)+'  # "table"."column" is one token: half of an ORM's text is made of these
BACKTICKS = r"(?:`[^`]*`?)+"
DOLLARS = r"\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$.*?(?:\$(?P=tag)\$|\Z)"
LINE_COMMENT = r"--[^\r\n]*"
MYSQL_COMMENT = r"--(?!\d)[^\r\n]*|#[^\r\n]*"  # 1--1 is 1 - -1 there; to PostgreSQL # is an operator
BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"
_NUMBER = r"\.?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?[\w.]*"
_PLACEHOLDER = (
    r"\?\d*"
    r"|%%|%[sbtd](?!\w)|%\([^()]*\)[sbtd]"
    r"|\$\d+"
    r"|::|(?<![\w?)\]]):\w+"  # a:b is a slice of an array
    r"|@@?[A-Za-z_][\w.$]*"
)


@lru_cache(maxsize=None)
def _tokens(ansi_quotes: bool, has_dollars: bool) -> Pattern[str]:
    """The expression of which every match is a token, and which matches everywhere.

    has_dollars: the text has dollar quotes, which need a group; without one `findall` gives the tokens themselves.
    """
    string = PLAIN if ansi_quotes else ESCAPED
    alternatives = [
        r"\s+",
        rf"[eE]{ESCAPED}",
        rf"(?:[bBxXnN]|[uU]&)?{string}",
        NAME,
        rf'{_DOTTED}|"[^"]*' if ansi_quotes else DOUBLE_ESCAPED,
        *([DOLLARS] if has_dollars else []),
        BACKTICKS,
        LINE_COMMENT if ansi_quotes else MYSQL_COMMENT,
        BLOCK_COMMENT,
        _NUMBER,
        _PLACEHOLDER,
        ".",
    ]
    return re.compile("|".join(alternatives), re.ASCII | re.DOTALL)


def split(text: str, ansi_quotes: bool) -> List[str]:
    """Return all tokens of a text: together they are the text."""
    if "$" not in text:
        return _tokens(ansi_quotes, False).findall(text)
    return [found.group() for found in _tokens(ansi_quotes, True).finditer(text)]


def is_gap(token: str, ansi_quotes: bool = True) -> bool:
    """Is it white space or a comment?"""
    return token[0] in " \t\n\r\f\v" or token.startswith(("--", "/*")) or (token[0] == "#" and not ansi_quotes)


def significant(text: str) -> Iterator[Tuple[str, int]]:
    """Tokens without white space and comments, words in upper case, each with the place where it ends."""
    for found in _tokens(True, True).finditer(text):
        token = found.group()
        if not is_gap(token):
            yield token.upper(), found.end()


def remembered(answer: Callable[[str], _Answer]) -> Callable[[str], _Answer]:
    """Keep answers on short texts, the last few hundred."""
    known = lru_cache(maxsize=_CACHED)(answer)

    @wraps(answer)
    def ask(sql: str) -> _Answer:
        if type(sql) is not str:
            sql = str.__str__(sql)  # a subclass may have its own idea of a hash
        return known(sql) if len(sql) <= _CACHED_LENGTH else answer(sql)

    return ask
