"""The shape of a statement: what it is without its values, comments and spacing."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Set

from .sql_tokens import LIMIT, LONGEST_SHORT, is_gap, remembered, split


def fingerprint(sql: str, ansi_quotes: bool = True) -> str:
    """Return the statement's shape: the same for statements that differ in their values, comments and spacing.

    Literals, numbers and placeholders are `?`, lists of IN and rows of VALUES have every element once, and names that
    are made up each time (savepoints, cursors) are `?`. ansi_quotes: a word in double quotes is a name, and a
    backslash is a character; False, as MySQL has it by default: both are otherwise.
    """
    return _ansi_fingerprint(sql) if ansi_quotes else _mysql_fingerprint(sql)


@remembered
def _ansi_fingerprint(sql: str) -> str:
    return _fingerprint(sql, True)


@remembered
def _mysql_fingerprint(sql: str) -> str:
    return _fingerprint(sql, False)


def _fingerprint(sql: str, ansi_quotes: bool) -> str:
    tokens = split(sql[:LIMIT], ansi_quotes)
    if tokens and _has_no_end(tokens[-1]):
        tokens[-1] = "?"
    if ";" in sql or _first(tokens, ansi_quotes) in _NAMERS:
        _hide_names(tokens, ansi_quotes)
    shape = _Shape(ansi_quotes)
    add, treat = shape.out.append, shape.treatments.get
    for token in tokens:
        treatment = treat(token[0])
        if treatment is None:
            add(token)
        else:
            treatment(token)
    return shape.text(is_cut=len(sql) > LIMIT)


def _has_no_end(token: str) -> bool:
    """A quoted name without an end has the rest of the text in it, values too."""
    return token[0] in '"`' and (len(token.rstrip(".")) == 1 or token.count(token[0]) % 2 == 1)


_SIGNS = ("-", "+")
_OPERATORS = "(=<>!+-*/%|&^~#@:[;"
_BEFORE_A_SIGN = {
    *("SELECT", "DISTINCT", "ALL", "TOP", "WHERE", "AND", "OR", "XOR", "NOT", "BETWEEN", "IN", "LIKE", "ILIKE", "IS"),
    *("CASE", "WHEN", "THEN", "ELSE", "ON", "HAVING", "BY", "SET", "LIMIT", "OFFSET", "VALUES", "RETURNING", "RETURN"),
    *("DEFAULT", "DIV", "MOD", "FROM", "FOR", "TO", "USING", "INTERVAL", "FETCH", "FIRST", "NEXT", "FORWARD"),
    *("BACKWARD", "ABSOLUTE", "RELATIVE", "MOVE"),
}
_SUBQUERIES = ("SELECT", "WITH", "VALUES", "TABLE")
_DEEPEST = 20  # parentheses; further in, nothing is taken together: no statement is so, and each level costs a copy


class _Frame:
    """An open parenthesis, or the whole statement: where it starts, commas of a list, rows of a VALUES in it."""

    __slots__ = ("commas", "row", "row_end", "rows", "start")

    def __init__(self, start: int, is_list: bool) -> None:
        self.start = start
        self.commas: Optional[List[int]] = [] if is_list else None
        self.rows: Optional[Set[str]] = None
        self.row = self.row_end = -1


class _Shape:
    """The fingerprint as it grows, a token at a time. What a token's first character has no treatment for, is kept."""

    def __init__(self, ansi_quotes: bool) -> None:
        self.out = ["", "("]  # never written: so that there is always something in front
        self.frames = [_Frame(1, False)]
        self.treatments: Dict[str, Callable[[str], None]] = {
            **dict.fromkeys(" \t\n\r\f\v", self.gap),
            **dict.fromkeys("'?0123456789", self.value),
            **dict.fromkeys("-/", self.comment_or_operator),
            **dict.fromkeys("$.:%@", self.value_or_operator),
            **dict.fromkeys("eEbBxXnNuU", self.value_or_name),
            "(": self.open,
            ")": self.close,
            ",": self.comma,
        }
        if not ansi_quotes:
            self.treatments.update({'"': self.value, "#": self.gap})

    def gap(self, token: str) -> None:
        if self.out[-1] not in (" ", ", ", "("):
            self.out.append(" ")

    def comment_or_operator(self, token: str) -> None:
        if len(token) > 1:
            self.gap(token)
        else:
            self.out.append(token)

    def value_or_operator(self, token: str) -> None:
        if len(token) == 1 or token in ("::", "%%") or token.startswith("@@"):
            self.out.append(token)
        else:
            self.value(token)

    def value_or_name(self, token: str) -> None:
        if token[1:2] == "'" or token[1:3] == "&'":
            self.value(token)
        else:
            self.out.append(token)

    def value(self, token: str) -> None:
        out = self.out
        while True:  # signs; a minus behind a value or a name is an operator
            sign = -2 if out[-1] == " " else -1
            if out[sign] not in _SIGNS:
                break
            before = out[sign - 1]
            if before == " ":
                before = out[sign - 2]
            if before[-1] not in _OPERATORS and before != ", " and before.upper() not in _BEFORE_A_SIGN:
                break
            del out[sign:]
        out.append("?")

    def open(self, token: str) -> None:
        out = self.out
        before = (out[-2] if out[-1] == " " else out[-1]).upper()
        if before == "VALUES":
            frame = self.frames[-1]
            frame.rows, frame.row = set(), len(out)
        self.frames.append(_Frame(len(out), before == "IN"))
        out.append("(")

    def comma(self, token: str) -> None:
        self._end_gap()
        out, frame = self.out, self.frames[-1]
        if frame.rows is not None:
            if len(out) == frame.row_end:
                frame.row = len(out) + 1
            else:
                frame.rows = None
        elif frame.commas is not None:
            frame.commas.append(len(out))
        out.append(", ")

    def close(self, token: str) -> None:
        self._end_gap()
        if len(self.frames) == 1:
            self.out.append(")")
            return
        frame = self.frames.pop()
        if frame.commas and len(self.frames) < _DEEPEST:
            self._each_once(frame.start + 1, frame.commas)
        self.out.append(")")
        outer = self.frames[-1]
        if outer.rows is not None and len(self.frames) < _DEEPEST:
            self._end_row(outer, outer.rows, frame)

    def _end_gap(self) -> None:
        if self.out[-1] == " ":
            self.out.pop()

    def _each_once(self, start: int, commas: List[int]) -> None:
        out = self.out
        if start < len(out) and out[start].upper() not in _SUBQUERIES:
            starts, ends = [start, *(comma + 1 for comma in commas)], [*commas, len(out)]
            items = dict.fromkeys("".join(out[one:other]) for one, other in zip(starts, ends))
            out[start:] = [", ".join(items)]

    def _end_row(self, outer: _Frame, rows: Set[str], row: _Frame) -> None:
        if row.start != outer.row:
            outer.rows = None
            return
        text = "".join(self.out[row.start :])
        if text in rows:
            del self.out[row.start - 1 :]  # with the comma in front of it
        rows.add(text)
        outer.row_end = len(self.out)

    def text(self, is_cut: bool) -> str:
        """What came out, without what is left of a row or a list that was cut through."""
        out = self.out
        if is_cut:
            self._drop_rest()
        while len(out) > 2 and out[-1] in (" ", ";"):
            out.pop()
        return "".join(out[2:]).rstrip(" ")

    def _drop_rest(self) -> None:
        for frame in self.frames[:_DEEPEST]:
            if frame.rows:
                del self.out[frame.row_end :]
                return
            if frame.commas:
                del self.out[frame.commas[-1] :]
                self._each_once(frame.start + 1, frame.commas[:-1])
                return


# Statements whose names are often made up for one use.
_NAMERS = {"SAVEPOINT", "RELEASE", "ROLLBACK", "DECLARE", "FETCH", "MOVE", "CLOSE"}
_NAMERS_WORDS = _NAMERS | {
    *("WORK", "TRAN", "TRANSACTION", "TO", "FROM", "IN", "NEXT", "PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE"),
    *("ALL", "FORWARD", "BACKWARD"),
}


def _first(tokens: List[str], ansi_quotes: bool) -> str:
    return next((token.upper() for token in tokens if not is_gap(token, ansi_quotes)), "")


def _hide_names(tokens: List[str], ansi_quotes: bool) -> None:
    statement: List[int] = []
    for place, token in enumerate(tokens):
        if token == ";":
            _hide_name(tokens, statement)
            statement = []
        elif not is_gap(token, ansi_quotes):
            statement.append(place)
    _hide_name(tokens, statement)


def _hide_name(tokens: List[str], statement: List[int]) -> None:
    """Mask the name in one statement, given as places in tokens: DECLARE's first, the others' last."""
    words = [tokens[place].upper() for place in statement[:LONGEST_SHORT]]
    if not words or words[0] not in _NAMERS or (words[0] == "ROLLBACK" and "TO" not in words):
        return
    if words[0] == "DECLARE":
        words = words[:2]
    elif "INTO" in words:
        words = words[: words.index("INTO")]
    place, name = statement[len(words) - 1], words[-1]
    if name not in _NAMERS_WORDS and (name[0] in '"`_' or name[0].isalpha()) and "'" not in name:
        tokens[place] = "?"
