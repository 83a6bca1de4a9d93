"""What a statement is: its verb, whether it is transaction control, its fingerprint, and its text without credentials.

Any text has an answer, in linear time; of a very long one the first part decides.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Iterator, List, Pattern, Tuple

from .sql_credentials import mask_credentials
from .sql_fingerprint import fingerprint
from .sql_tokens import (
    BACKTICKS,
    BLOCK_COMMENT,
    DOLLARS,
    DOUBLE,
    LIMIT,
    LINE_COMMENT,
    LONG_LIMIT,
    LONGEST_SHORT,
    NAME,
    PLAIN,
    remembered,
    significant,
)

__all__ = ["fingerprint", "fold", "is_transaction", "mask_credentials", "verb"]

_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_MAIN = {*_VERBS, "MERGE", "REPLACE", "VALUES", "TABLE"}  # what may follow CTEs
_BEFORE_A_VERB = "(;"
_BOM = "\ufeff"


@remembered
def verb(sql: str) -> str:
    """Return SELECT, INSERT, UPDATE, DELETE or OTHER: the first word; with CTEs the first verb after them."""
    text = sql[:LONG_LIMIT].lstrip(_BOM)
    tokens = significant(text)
    for token, _ in tokens:
        if token == "WITH":
            return _main_verb(tokens, text)
        if token not in _BEFORE_A_VERB:
            return token if token in _VERBS else "OTHER"
    return "OTHER"


def _main_verb(tokens: Iterator[Tuple[str, int]], sql: str) -> str:
    depth, last = 0, ""
    for token, end in tokens:
        if token == "(" and (
            depth or last not in (")", "(")
        ):  # right behind a CTE: the main query itself is in parentheses
            depth += 1
        elif token == ")":
            depth -= 1
        elif depth <= 0 and token in _MAIN and not _names_cte(sql, end):
            return token if token in _VERBS else "OTHER"
        last = token
    return "OTHER"


def _names_cte(sql: str, end: int) -> bool:
    """WITH update AS (...): PostgreSQL does not reserve these words."""
    return next(significant(sql[end : end + 1_000]), ("", 0))[0] == "AS"


_CONTROL = {"COMMIT", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "XA"}
_OPENS = {"BEGIN", "END", "START", "PREPARE", "SAVE", "SET", *_CONTROL}
_BLOCK = ("NOT", "ATOMIC")  # BEGIN NOT ATOMIC: a compound statement of MariaDB
_SECOND = {  # BEGIN with any other word is the beginning of a procedure's body
    "BEGIN": {
        *("", "WORK", "TRAN", "TRANSACTION", "DEFERRED", "IMMEDIATE", "EXCLUSIVE", "CONCURRENT"),
        *("ISOLATION", "READ", "NOT", "DEFERRABLE"),
    },
    "END": {"", "WORK", "TRAN", "TRANSACTION", "AND"},
    "START": {"TRANSACTION"},
    "PREPARE": {"TRANSACTION"},
    "SAVE": {"TRAN", "TRANSACTION"},
}
_SCOPES = {"SESSION", "GLOBAL", "LOCAL"}
_SETTINGS = {"TRANSACTION", "CHARACTERISTICS", "AUTOCOMMIT", "IMPLICIT_TRANSACTIONS"}
_FIRST_WORDS = 3  # that tell what a statement is


@remembered
def is_transaction(sql: str) -> bool:
    """Is it transaction control: BEGIN, COMMIT, ROLLBACK, SAVEPOINT and kin? A script is when nothing else is in it."""
    words: List[str] = []
    seen = False
    for token, _ in significant(sql[:LIMIT]):
        if token == ";":
            if words and not _is_control(words):
                return False
            words = []
            continue
        words.append(token)
        seen = True
        if words[0] not in _OPENS or len(words) > LONGEST_SHORT:
            return False
    return seen and (not words or _is_control(words))


def _is_control(words: List[str]) -> bool:
    first, second, third = (*words[:_FIRST_WORDS], "", "")[:_FIRST_WORDS]
    if first in _CONTROL:
        return True
    if first == "SET":
        setting = third if second in _SCOPES else second
        return setting in _SETTINGS or (setting.startswith("@@") and setting.endswith("AUTOCOMMIT"))
    return second in _SECOND[first] and (second, third) != _BLOCK


_TO_FOLD = ("  ", "\n", "\t", "\r", "\f", "\v")


@lru_cache(maxsize=None)
def _folding() -> Pattern[str]:
    """White space; or what has to stay: in group 1, or a comment in group 3."""
    kept = f"{PLAIN}|{DOUBLE}|{BACKTICKS}|{DOLLARS}|{BLOCK_COMMENT}"
    return re.compile(rf"({kept}|{NAME})|({LINE_COMMENT}(?:\r\n|[\r\n])?)\s*|\s+", re.ASCII | re.DOTALL)


@remembered
def fold(sql: str) -> str:
    """Return the text as it was passed, white space outside of quotes and comments folded to one space.

    From a backslash or # on nothing is folded: what is a quote or a comment behind them depends on the database.
    """
    if not any(space in sql for space in _TO_FOLD) and sql[:1] != " " != sql[-1:]:
        return sql
    doubt = min([LIMIT, *(place for place in map(sql.find, "\\#") if place >= 0)])
    clear, rest = sql[:doubt], sql[doubt:]
    end = -1 if rest else len(clear)

    def piece(found: re.Match[str]) -> str:
        if found.group(1):
            return found.group()
        if found.group(3):
            return found.group(3).rstrip() if found.end() == end else found.group(3)
        return "" if found.start() == 0 or found.end() == end else " "

    return _folding().sub(piece, clear) + rest
