"""Statements told apart and taken together, by hand: verbs, transaction control, fingerprints, folding, credentials."""

import subprocess
import sys

import pytest

from trim_telemetry.analysis import sql_tokens
from trim_telemetry.analysis.sql import fingerprint, fold, is_transaction, mask_credentials, verb

from .support import ROOT

BACKSLASH = "\\"
MARK = "[redacted:password]"


# -- verbs ---


@pytest.mark.parametrize(
    "text, expected",
    [
        ("SELECT 1", "SELECT"),
        ("select 1", "SELECT"),
        ("SELECT", "SELECT"),
        ("SELECT*FROM t", "SELECT"),
        ("  \n\t(( SELECT 1))", "SELECT"),
        ("\ufeffSELECT 1", "SELECT"),
        ("; SELECT 1", "SELECT"),
        ("-- DELETE\nSELECT 1", "SELECT"),
        ("/* DELETE */ /* again */ SELECT 1", "SELECT"),
        ("/*+ hint */(-- x\r\nSELECT 1)", "SELECT"),
        ("INSERT INTO t SELECT 1", "INSERT"),
        ("INSERT OR REPLACE INTO t VALUES (1)", "INSERT"),
        ("Update t SET a = 1", "UPDATE"),
        ("DELETE FROM t", "DELETE"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", "SELECT"),
        ("WITH a AS (SELECT 1), b (x, y) AS (SELECT 2, 3) INSERT INTO t SELECT * FROM a", "INSERT"),
        ("WITH RECURSIVE a AS (SELECT 1 UNION SELECT 2) UPDATE t SET a = 1", "UPDATE"),
        ("WITH a AS NOT MATERIALIZED (SELECT ')') /* INSERT */ DELETE FROM t", "DELETE"),
        ("WITH update AS (SELECT 1) DELETE FROM t", "DELETE"),
        ("WITH a AS (SELECT 1) (SELECT * FROM a)", "SELECT"),
        ("WITH a AS (SELECT 1) ((SELECT * FROM a))", "SELECT"),
        ("WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE", "OTHER"),
        ("WITH a AS (SELECT 1) VALUES (1)", "OTHER"),
        ("WITH \"insert\" AS (SELECT 'x) INSERT') SELECT 1", "SELECT"),
        ("WITH a AS (SELECT 1", "OTHER"),
        *(
            (other, "OTHER")
            for other in (
                "",
                " ",
                "-- SELECT",
                "/* SELECT",
                "SELECTED",
                "SELECT_1",
                "'SELECT'",
                "EXPLAIN SELECT 1",
                "REPLACE INTO t VALUES (1)",
                "MERGE INTO t",
                "PRAGMA foreign_keys",
                "SET x = 1",
                "CREATE TABLE t AS SELECT 1",
                "COPY t FROM STDIN",
                "VALUES (1)",
                "CALL f()",
                "BEGIN",
                "DECLARE c CURSOR FOR SELECT 1",
                "\ud800SELECT",
                "\0",
            )
        ),
    ],
)
def test_verb(text, expected):
    assert verb(text) == expected


# -- transaction control ---


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN",
        "begin;",
        " /* x */ BEGIN -- y",
        "BEGIN IMMEDIATE",
        "BEGIN EXCLUSIVE TRANSACTION",
        "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY",
        "BEGIN WORK",
        "BEGIN NOT DEFERRABLE",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT",
        "COMMIT",
        "COMMIT AND CHAIN",
        "COMMIT PREPARED 'x'",
        "END",
        "END TRANSACTION",
        "ROLLBACK",
        "ROLLBACK TO SAVEPOINT x",
        "ROLLBACK PREPARED 'x'",
        "ABORT",
        'SAVEPOINT "s1_x2"',
        "RELEASE SAVEPOINT x",
        "RELEASE x",
        "PREPARE TRANSACTION 'x'",
        "SAVE TRANSACTION x",
        "XA START 'x'",
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET SESSION TRANSACTION READ ONLY",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET autocommit = 0",
        "SET AUTOCOMMIT=1",
        "SET SESSION autocommit = 1",
        "SET @@autocommit = 1",
        "SET @@session.autocommit = 1",
        "COMMIT; BEGIN;",
    ],
)
def test_transaction_control_is_known(text):
    assert is_transaction(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "SELECT 1",
        "BEGIN INSERT INTO t VALUES (1); END",
        "BEGIN NOT ATOMIC SELECT 1; END",
        "BEGIN TRY SELECT 1 END TRY",
        "BEGIN; INSERT INTO t VALUES (1); COMMIT",
        "BEGINNING",
        "END IF",
        "START REPLICA",
        "PREPARE x AS SELECT 1",
        "SET search_path = public",
        "SET SESSION sql_mode = ''",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SET",
        "SELECT 'COMMIT'",
        "-- COMMIT",
        "PREPARE",
        "COMMIT " + "x " * 100,
    ],
)
def test_other_statements_are_no_transaction_control(text):
    assert not is_transaction(text)


# -- fingerprints ---


@pytest.mark.parametrize(
    "one, other",
    [
        ("SELECT 1", "SELECT  2 ;"),
        ("SELECT a FROM t WHERE b = 'x'", "SELECT a FROM t WHERE b = 'it''s'"),
        ("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE b = 'x'"),
        ("SELECT a FROM t WHERE b = %s", "SELECT a FROM t WHERE b = %(b)s"),
        ("SELECT a FROM t WHERE b = ?1", "SELECT a FROM t WHERE b = ?2"),
        ("SELECT a FROM t WHERE b = $1", "SELECT a FROM t WHERE b = $12"),
        ("SELECT a FROM t WHERE b = :one", "SELECT a FROM t WHERE b = :other"),
        ("SELECT a FROM t WHERE b = @p1", "SELECT a FROM t WHERE b = @p2"),
        ("SELECT a FROM t", "SELECT a\n\tFROM t"),
        ("SELECT a FROM t", "/* trace=1 */ SELECT a /* x */ FROM t -- y\n"),
        ("SELECT a FROM t /*traceparent='00-1-2-01'*/", "SELECT a FROM t /*traceparent='00-3-4-01'*/;"),
        ("SELECT a,b FROM t", "SELECT a , b FROM t"),
        ("SELECT f(a)", "SELECT f( a )"),
        ("SELECT a WHERE b = -1", "SELECT a WHERE b = 1"),
        ("SELECT a WHERE b = - 1", "SELECT a WHERE b = +1.5e-7"),
        ("SELECT a WHERE b IN (1, -2)", "SELECT a WHERE b IN (1, 2)"),
        ("SELECT a WHERE b BETWEEN -1 AND -2", "SELECT a WHERE b BETWEEN 1 AND 2"),
        ("SELECT a - -1", "SELECT a - 1"),
        ("SELECT 0xFF", "SELECT .5"),
        ("SELECT a WHERE b IN (1)", "SELECT a WHERE b IN (1, 2, 3)"),
        ("SELECT a WHERE b IN (%s,%s)", "SELECT a WHERE b IN ( %s, %s , %s )"),
        ("SELECT a WHERE b in (1, NULL)", "SELECT a WHERE b in (1, 2, NULL, 3)"),
        ("SELECT a WHERE (b, c) IN ((1, 2))", "SELECT a WHERE (b, c) IN ((1, 2), (3, 4))"),
        ("INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (1, 'a'), (2, 'b'),(3,'c')"),
        (
            "INSERT INTO t VALUES (%s, now()) ON CONFLICT (a) DO UPDATE SET b = (1), c = (1)",
            "INSERT INTO t VALUES (%s, now()), (%s, now()) ON CONFLICT (a) DO UPDATE SET b = (1), c = (1)",
        ),
        ("SELECT * FROM (VALUES (1)) AS t (a)", "SELECT * FROM (VALUES (1), (2)) AS t (a)"),
        ("SELECT a IN (VALUES (1))", "SELECT a IN (VALUES (1), (2))"),
        ('SAVEPOINT "s1_x1"', 'SAVEPOINT "s1_x2"'),
        ("RELEASE SAVEPOINT a", "RELEASE SAVEPOINT b"),
        ("RELEASE a", "RELEASE b;"),
        ("ROLLBACK TO SAVEPOINT a", "ROLLBACK TO SAVEPOINT b"),
        ("ROLLBACK TO a", "ROLLBACK TO `b`"),
        ("DECLARE _c1 NO SCROLL CURSOR FOR SELECT 1", "DECLARE _c2 NO SCROLL CURSOR FOR SELECT 2"),
        ("FETCH FORWARD 100 FROM _c1", "FETCH FORWARD 10 FROM _c2"),
        ("FETCH NEXT FROM a INTO x", "FETCH NEXT FROM b INTO x"),
        ("CLOSE a", 'CLOSE "b"'),
        ("SAVEPOINT a; SELECT 1", "SAVEPOINT b; SELECT 1"),
        ("SELECT $$it's$$", "SELECT $tag$ $$ ' $tag$"),
        ("SELECT 'a', b", f"SELECT E'it{BACKSLASH}'s', b"),
        ("SELECT 'a', b", "SELECT N'it''s', b"),
        ("SELECT X'00', b", "SELECT U&'x', b"),
        (f"SELECT a LIKE b ESCAPE '{BACKSLASH}' AND c = 'x'", "SELECT a LIKE b ESCAPE 'y' AND c = 'z'"),
    ],
)
def test_statements_that_differ_in_values_only_have_one_fingerprint(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    "one, other",
    [
        ("SELECT a", "SELECT b"),
        ("SELECT a", "SELECT A"),
        ("SELECT t1.a", "SELECT t2.a"),
        ('SELECT "a"', 'SELECT "b"'),
        ("SELECT `a`", "SELECT `b`"),
        ("SELECT a - 1", "SELECT a + 1"),
        ("SELECT f(1)", "SELECT f(1, 2)"),
        ("SELECT a IS NULL", "SELECT a IS TRUE"),
        ("SELECT a WHERE b IN (SELECT c, c FROM d)", "SELECT a WHERE b IN (SELECT c FROM d)"),
        ("INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1, 2)"),
        ("ROLLBACK", "ROLLBACK TO a"),
        ("SELECT @@version", "SELECT @@identity"),
        ("SELECT a::int", "SELECT a::text"),
    ],
)
def test_statements_that_differ_in_more_have_two_fingerprints(one, other):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ""),
        (" ; ", ""),
        ("-- only", ""),
        ("SELECT  a,b\nFROM t1 WHERE c=-1.5 ;", "SELECT a, b FROM t1 WHERE c=?"),
        (
            'SELECT "T"."x y" FROM "T" WHERE "T"."id" = %s LIMIT 21',
            'SELECT "T"."x y" FROM "T" WHERE "T"."id" = ? LIMIT ?',
        ),
        ("SELECT a[1:2], a[lower:upper], b::int", "SELECT a[?:?], a[lower:upper], b::int"),
        ("SELECT a - 1, a -b, 1-2", "SELECT a - ?, a -b, ?-?"),
        ("SELECT a ->> 'x', b ? 'y', c ?| d, e ?& f, g @> '{}'", "SELECT a ->> ?, b ? ?, c ?| d, e ?& f, g @> ?"),
        ("SELECT a #>> '{b,c}' FROM t", "SELECT a #>> ? FROM t"),
        ("SELECT a %% 2, b % c", "SELECT a %% ?, b % c"),
        ("SELECT 'never ends", "SELECT ?"),
        ('SELECT "never ends, 5', "SELECT ?"),
        ('SELECT "a"."never ends, 5', 'SELECT "a".?'),
        ("SELECT `never ends, 5", "SELECT ?"),
        ("SELECT $$never ends", "SELECT ?"),
        ("SELECT 1 /* never ends", "SELECT ?"),
        ("SELECT v$session FROM a$b$c", "SELECT v$session FROM a$b$c"),
        ("SELECT ) , (", "SELECT), ("),
        ("DECLARE @x INT", "DECLARE ? INT"),
        ("FETCH ALL", "FETCH ALL"),
        ("CLOSE a ,", "CLOSE a,"),
        ("SELECT é, \ud800 FROM ü1", "SELECT é, \ud800 FROM ü1"),
        ("SELECT \0", "SELECT \0"),
        ("INSERT INTO t VALUES (1), (NULL), (2), (NULL)", "INSERT INTO t VALUES (?), (NULL)"),
        (
            "UPDATE t SET a = VALUES(a), b = VALUES(a), c = (1), d = (1)",
            "UPDATE t SET a = VALUES(a), b = VALUES(a), c = (?), d = (?)",
        ),
    ],
)
def test_fingerprint_reads_as_the_statement_without_its_values(text, expected):
    assert fingerprint(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ('SELECT a FROM t WHERE b = "it\'s"', "SELECT a FROM t WHERE b = ?"),
        (f"SELECT a WHERE b = 'it{BACKSLASH}'s' AND c = 'x'", "SELECT a WHERE b = ? AND c = ?"),
        (f'SELECT a WHERE b = "it{BACKSLASH}"s" AND c = "x"', "SELECT a WHERE b = ? AND c = ?"),
        ("SELECT a # comment, it's\nFROM t", "SELECT a FROM t"),
        ("RELEASE a # it's\n;", "RELEASE ?"),
        ("# it's\nCLOSE a", "CLOSE ?"),
        ("SELECT a -- comment, it's\nFROM t", "SELECT a FROM t"),
        ("SELECT 5--1", "SELECT ?-?"),
        ("SELECT `a b` FROM t", "SELECT `a b` FROM t"),
        ("SELECT _utf8mb4'x'", "SELECT _utf8mb4?"),
    ],
)
def test_mysql_quotes_otherwise(text, expected):
    assert fingerprint(text, ansi_quotes=False) == expected


def test_bulk_insert_of_any_size_has_one_fingerprint():
    rows = ["(%s, %s, 'x')"] * 50_000
    assert fingerprint("INSERT INTO t VALUES " + ", ".join(rows)) == "INSERT INTO t VALUES (?, ?, ?)"
    assert fingerprint("INSERT INTO t VALUES " + ",".join(rows[:2])) == "INSERT INTO t VALUES (?, ?, ?)"


def test_list_that_is_cut_through_is_shown_open():
    assert fingerprint("SELECT a WHERE b IN (" + "1234567, " * 50_000 + "1)") == "SELECT a WHERE b IN (?"


# -- folding ---


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", ""),
        (" \n ", ""),
        ("SELECT 1", "SELECT 1"),
        (" SELECT  a,\n\tb ", "SELECT a, b"),
        ("SELECT 'a  b',  \"c  d\", `e  f`, $$g  h$$", "SELECT 'a  b', \"c  d\", `e  f`, $$g  h$$"),
        ("SELECT  %s,  ?1 /* a  b */", "SELECT %s, ?1 /* a  b */"),
        ("SELECT a  -- b  c\n  FROM t", "SELECT a -- b  c\nFROM t"),
        ("SELECT a  -- b  c\r\n  FROM t", "SELECT a -- b  c\r\nFROM t"),
        ("SELECT a -- b\n", "SELECT a -- b"),
        ("SELECT 'it''s  x',  1", "SELECT 'it''s  x', 1"),
        (f"SELECT  'it{BACKSLASH}'s  x',  1", f"SELECT 'it{BACKSLASH}'s  x',  1"),
        ("SELECT  a # it's\n, 'b  c'", "SELECT a # it's\n, 'b  c'"),
        ("SELECT 'never  ends ", "SELECT 'never  ends "),
        ("SELECT\xa0 a", "SELECT\xa0 a"),
    ],
)
def test_white_space_outside_of_quotes_is_folded(text, expected):
    assert fold(text) == expected


# -- credentials ---


@pytest.mark.parametrize(
    "text",
    [
        "ALTER ROLE x PASSWORD '~'",
        "ALTER ROLE x WITH ENCRYPTED PASSWORD '~' VALID UNTIL 'infinity'",
        "CREATE USER x password\n/* new */ '~'",
        "CREATE ROLE x PASSWORD E'~'",
        "CREATE ROLE x PASSWORD $$~$$",
        "CREATE ROLE x PASSWORD $a$~$a$",
        "SET PASSWORD = '~'",
        "SET PASSWORD FOR 'bob'@'localhost' = '~'",
        "SET PASSWORD FOR bob = PASSWORD('~')",
        'SET PASSWORD = PASSWORD("~")',
        "CREATE USER 'bob'@'%' IDENTIFIED BY '~'",
        "CREATE USER 'bob'@'%' IDENTIFIED BY '~', 'eve'@'%' IDENTIFIED BY '~'",
        "CREATE USER bob IDENTIFIED BY PASSWORD '~'",
        "CREATE USER bob IDENTIFIED WITH mysql_native_password BY '~'",
        "CREATE USER bob IDENTIFIED WITH 'caching_sha2_password' BY '~'",
        "CREATE USER bob IDENTIFIED WITH mysql_native_password AS '~' REQUIRE NONE",
        "CREATE USER bob IDENTIFIED VIA ed25519 USING PASSWORD('~')",
        "ALTER USER bob IDENTIFIED BY '~' REPLACE '~'",
        "CREATE USER bob IDENTIFIED BY ~ ACCOUNT UNLOCK",
        "GRANT ALL ON a.b TO c IDENTIFIED BY '~'",
        "CREATE LOGIN x WITH PASSWORD = N'~', DEFAULT_DATABASE = y",
        "CHANGE MASTER TO MASTER_USER='u', MASTER_PASSWORD='~'",
        "CREATE USER MAPPING FOR a SERVER b OPTIONS (user 'u', password '~')",
        "CREATE SECRET s (TYPE s3, KEY_ID 'k', SECRET '~')",
        'UPDATE "auth_user" SET "password" = \'~\' WHERE "id" = %s',
        "UPDATE `auth_user` SET `password` = '~'",
        "SELECT * FROM dblink('host=h user=u password=~', 'SELECT 1')",
        "SELECT * FROM dblink('host=h password=''~'' user=u', 'SELECT 1')",
        "CREATE SUBSCRIPTION s CONNECTION 'host=h password=~ dbname=d' PUBLICATION p",
        "SELECT f('Server=h;Uid=u;Pwd=~;Database=d')",
        "SELECT f('postgres://u:~@h/d')",
        "ATTACH 'mysql://u:~@h:3306/d?x=y' AS z",
        'SELECT f(\'{"password": "~", "user": "u"}\')',
        "DO $$ BEGIN EXECUTE 'ALTER USER x PASSWORD ''~'''; END $$",
        "DO $a$ BEGIN ALTER USER x PASSWORD '~'; END $a$",
        f"SELECT 'it{BACKSLASH}'s'; SET PASSWORD = '~'",
        f"SELECT 'c:{BACKSLASH}'; SET PASSWORD = '~'",
        "SELECT 'password ', 'x'; ALTER USER x PASSWORD '~'",
        "SELECT 'password = '; ALTER USER x PASSWORD '~'",
        "-- it's\nALTER USER x PASSWORD '~'",
        "/* ' */ ALTER USER x PASSWORD '~'",
        "-- ALTER USER x PASSWORD ''~''\nSELECT 1",
        "ALTER USER x PASSWORD '~",
    ],
)
def test_credentials_are_masked_and_nothing_else(text):
    assert mask_credentials(text.replace("~", "s3cretvalue")) == text.replace("~", MARK)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 'x'",
        "SELECT password, 'x' FROM t WHERE a = 'y'",
        'SELECT "auth_user"."password" AS "col3" FROM "auth_user" WHERE "auth_user"."password" = %s',
        "INSERT INTO t (name, password) VALUES (%s, %s)",
        "SELECT 'Your password is wrong', 'x'",
        "SELECT a FROM t WHERE kind = 'password' AND b = 'x'",
        'SELECT a FROM t JOIN u ON t.password = "u"."x"',
        "CREATE TABLE t (password varchar(128) DEFAULT 'x')",
        "ALTER ROLE x PASSWORD NULL",
        "ALTER ROLE x PASSWORD %s",
        "CREATE USER x IDENTIFIED BY %s",
        "SET PASSWORD = ''",
        "SELECT passwords 'x', password_set 'x', identified_by 'x'",
        "SELECT 'https://example.org/a@b'",
    ],
)
def test_what_is_no_credential_stays(text):
    assert mask_credentials(text) == text


@pytest.mark.parametrize("before", ["SELECT 5--1", "# it's, 'x\n", "-- it's\n", "SELECT 'c:\\'", "SELECT 'it\\'s'"])
def test_password_is_found_behind_what_databases_read_differently(before):
    assert "s3cret" not in mask_credentials(f"{before}; SET PASSWORD FOR 'u'@'h' = 's3cretvalue'")


def test_quotes_taken_the_wrong_way_round_never_give_a_password_away():
    masked = mask_credentials("/* a /* b */ it's nested */ SET PASSWORD FOR 'u'@'h' = 's3cretvalue'")
    assert "s3cret" not in masked


def test_two_readings_of_a_backslash_never_give_a_password_away():
    text = f"SELECT '{BACKSLASH}', 'PASSWORD '; SET PASSWORD = 's3cret!value' -- '"
    assert "s3cret" not in mask_credentials(text)


# -- whatever comes ---

HUGE = {
    "literals": "INSERT INTO t (password) VALUES " + "('abc', 'password=d')," * 450_000,
    "an unbalanced quote": "SELECT '" + "password " * 1_100_000,
    "parentheses": "(" * 10_000_000,
    "nested lists": "IN(a," * 2_000_000,
    "nested rows": "(VALUES(1)," * 900_000,
    "comments": "/**/" * 2_500_000,
    "line comments": "-- \n" * 2_500_000,
    "dashes": "-" * 10_000_000,
    "spaces": " " * 10_000_000,
    "dollars": "$a$ $b$ " * 1_250_000,
    "keys": "password identified " * 500_000,
    "keys behind an open quote": '"' + "identified /* pwd for 'password '" * 300_000,
    "keys and comments": "pwd /* " * 1_400_000,
    "keys in one word": "€password" * 1_100_000,
    "URLs": "secret ://" + "a:" * 5_000_000,
    "backslashes": "'password=" + "\\" * 10_000_000,
    "percents": "%(" * 5_000_000,
    "a word": "WITH " + "a" * 10_000_000,
    "CTE": "WITH a AS (" + "x," * 5_000_000,
    "digits": "1e+" * 3_000_000,
    "transactions": "BEGIN;" * 1_600_000,
    "signs": "- " * 5_000_000 + "1",
}


@pytest.mark.parametrize("name", HUGE)
def test_ten_megabytes_are_no_matter(name):
    """A text that took quadratic time would take hours: the suite's own limit would end it."""
    text = HUGE[name]
    for function in (verb, is_transaction, fingerprint, fold, mask_credentials):
        assert function(text) is not None
    assert fingerprint(text, ansi_quotes=False) is not None


def test_text_with_a_hash_of_its_own_is_a_text():
    class Odd(str):
        __hash__ = None

        def __str__(self):
            raise ValueError

    assert (verb(Odd("SELECT 1")), fingerprint(Odd("SELECT 1"))) == ("SELECT", "SELECT ?")
    assert type(fold(Odd("SELECT 1"))) is str


def test_importing_compiles_nothing():
    code = "import re; del re.compile; from trim_telemetry.analysis import sql, sql_tokens as tokens"
    code += "; print(tokens._tokens.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=-1, stderr=-1, timeout=60)
    assert (done.stdout.split(), done.stderr) == ([b"0"], b"")


def test_answers_on_short_texts_only_are_kept():
    asked = []
    ask = sql_tokens.remembered(lambda text: asked.append(len(text)))
    for text in ("a" * 10, "a" * 10, "a" * 3_000, "a" * 3_000):
        ask(text)
    assert asked == [10, 3_000, 3_000]
