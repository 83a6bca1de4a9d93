"""Statements made of whatever, against what must hold of them, and against sqlparse."""

import re

import sqlparse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trim_telemetry.analysis.sql import fingerprint, fold, is_transaction, mask_credentials, verb

from . import hostile

PIECES = (
    *(
        "SELECT",
        "WITH",
        "AS",
        "IN",
        "VALUES",
        "FROM",
        "WHERE",
        "AND",
        "SAVEPOINT",
        "RELEASE",
        "ROLLBACK",
        "TO",
        "FETCH",
    ),
    *("DECLARE", "CLOSE", "INTO", "INSERT", "BEGIN", "COMMIT", "NULL", "E", "N", "U&", "PASSWORD", "IDENTIFIED BY"),
    *("a", "t1", '"a"', '"a"."b"', "`a`", "'x'", "'it''s'", "''", "$$", "$a$", "1", "-1", "1.5e-3", ".5", "0x1f"),
    *("?", "?1", "%s", "%(a)s", "%%", "%", ":a", ":1", "::", ":", "$1", "@a", "@@a", "@", "#", "(", ")", "[", "]"),
    *(",", ";", ".", "-", "+", "--", "--1", "/*", "*/", "/", "*", "=", "<", "|", "&", "'", '"', "`", "\\", "\\'"),
    *(" ", "  ", "\n", "\r", "\t", "\0", "\xa0", "é", "\ud800", "\ufeff"),
)
soups = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    hostile.texts,
)
names = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z").map(lambda name: "n" + name)
literals = st.text(alphabet="abc '\"$%?:@-/*;(),0\n", max_size=12)


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


values = st.one_of(
    literals.map(quoted),
    st.integers(-(10**9), 10**9).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(("%s", "?", "?1", ":p1", "%(p)s", "$1", "@p")),
)
gaps = st.sampled_from((" ", "  ", "\n", "\t ", " /* it's */ ", " -- it's\n"))


@st.composite
def templates(draw):
    """A statement with places for values, as a function of the values and the gaps; and its verb."""
    table, column = draw(names), draw(names)
    count = draw(st.integers(1, 3))
    places = ", ".join(["{}"] * count)
    text, kind = draw(
        st.sampled_from(
            (
                (f"SELECT {column} FROM {table} WHERE {column} = {{}} AND f({places}) > {{}}", "SELECT"),
                (f'SELECT "{column}" FROM "{table}" WHERE "{column}" BETWEEN {{}} AND {{}} LIMIT {{}}', "SELECT"),
                (f"INSERT INTO {table} ({column}) VALUES ({places})", "INSERT"),
                (f"UPDATE {table} SET {column} = {{}} WHERE id = {{}}", "UPDATE"),
                (f"DELETE FROM {table} WHERE {column} <> {{}}", "DELETE"),
                (f"WITH x AS (SELECT {{}}), y AS (DELETE FROM b) INSERT INTO {table} SELECT {{}} FROM x", "INSERT"),
                (f"WITH RECURSIVE x (a) AS (SELECT {{}}) SELECT {column} FROM x", "SELECT"),
                (f"MERGE INTO {table} USING x ON {column} = {{}} WHEN MATCHED THEN DELETE", "OTHER"),
            )
        )
    )
    return text, kind


def filled(draw, text):
    """The template with values and gaps drawn anew."""
    for _ in range(text.count("{}")):
        text = text.replace("{}", draw(values).replace("{", "").replace("}", ""), 1)
    return text


def spaced(draw, text):
    return "".join(draw(gaps) if part == " " else part for part in re.split("( )", text))


@given(soups, st.booleans())
@example("a\ud800'", True)
@settings(max_examples=500)
def test_every_text_has_an_answer(text, ansi_quotes):
    assert verb(text) in ("SELECT", "INSERT", "UPDATE", "DELETE", "OTHER")
    assert is_transaction(text) in (True, False)
    for answer in (fingerprint(text, ansi_quotes), fold(text), mask_credentials(text)):
        assert isinstance(answer, str)


@given(soups, st.booleans())
@settings(max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
def test_fingerprint_of_a_fingerprint_is_itself(text, ansi_quotes):
    once = fingerprint(text, ansi_quotes)
    assert fingerprint(once, ansi_quotes) == once


@given(soups)
@settings(max_examples=500)
def test_folding_twice_folds_no_more(text):
    assert fold(fold(text)) == fold(text)


@given(templates(), st.data())
@settings(max_examples=300)
def test_values_and_spacing_do_not_show_in_a_fingerprint(template, data):
    text, _ = template
    one, other = (spaced(data.draw, text) for _ in range(2))
    assert fingerprint(filled(data.draw, one)) == fingerprint(filled(data.draw, other))


@given(templates(), st.data())
@settings(max_examples=300)
def test_verb_is_the_one_it_was_made_with_and_sqlparses(template, data):
    text, kind = template
    statement = filled(data.draw, text)
    assert verb(spaced(data.draw, text)) == verb(statement) == kind
    if kind != "OTHER":
        assert sqlparse.parse(statement.replace("\n", " "))[0].get_type() == kind


@given(
    st.lists(st.tuples(st.sampled_from(("a = ", "f(", "IN (", "VALUES (", ", ", "-")), st.text("xyz '", min_size=3)))
)
def test_no_literal_is_left_in_a_fingerprint(pieces):
    text = "SELECT " + " ".join(before + quoted(f"Q{literal}Q") for before, literal in pieces)
    assert "Q" not in fingerprint(text)
    assert "Q" not in fingerprint(text, ansi_quotes=False)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=9), st.lists(st.integers(0, 99), min_size=1, max_size=9))
def test_lengths_of_lists_and_rows_do_not_show(one, other):
    for text in ("SELECT a FROM t WHERE a IN ({})", "INSERT INTO t VALUES ({})"):
        separator = ", " if "IN (" in text else "), ("
        first, second = (text.format(separator.join(map(str, numbers))) for numbers in (one, other))
        assert fingerprint(first) == fingerprint(second)


@given(templates(), st.data())
@settings(max_examples=300)
def test_folding_changes_no_token(template, data):
    text = filled(data.draw, spaced(data.draw, template[0]))
    assert tokens(fold(text)) == tokens(text)


def tokens(text):
    """What sqlparse sees in a text, but for white space; it takes the end of the line for a part of the comment."""
    pieces = sqlparse.lexer.tokenize(text)
    return [value.strip() if "--" in value else value for kind, value in pieces if value.strip()]


@given(soups)
@settings(max_examples=500)
def test_no_password_is_left_whatever_stands_before_it(text):
    text = text.replace("\\", "").replace("--", "").replace("/*", "") + "; ALTER ROLE x PASSWORD 'QQQQ'"
    assert "QQQQ" not in mask_credentials(text)


@given(st.text("abcXYZ019!#:/ ", min_size=4, max_size=20).map(str.strip).filter(lambda text: len(text) > 3), gaps)
def test_no_password_is_left_in_a_statement(password, gap):
    password = f"Q{password}Q"
    for text in (
        "ALTER ROLE x PASSWORD{}{}",
        "CREATE USER 'u'@'h' IDENTIFIED BY{}{}",
        "SET PASSWORD FOR 'u'@'h' ={}{}",
        "CREATE USER MAPPING FOR a SERVER b OPTIONS (user 'u', password{}{})",
    ):
        masked = mask_credentials(text.format(gap, quoted(password)))
        assert masked == text.format(gap, "'[redacted:password]'")
        assert mask_credentials(masked) == masked
