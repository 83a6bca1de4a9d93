"""PyMySQL and mysqlclient: each way to send a statement, held against the server's count; what must not be noticed."""

import importlib
import sys
import threading
import traceback
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from .servers import MYSQL, need
from .watching import Hostile, Watched

QUESTIONS = "SHOW SESSION STATUS LIKE 'Questions'"


class MySQL:
    """A driver, and a connection of it whose session the server counts the statements of."""

    def __init__(self, name: str) -> None:
        self.driver = pytest.importorskip(name)
        self.cursors = pytest.importorskip(f"{name}.cursors")
        self.name = name
        need("MySQL", self.connect)
        self.connection = self.connect()
        self.connection.query("CREATE TEMPORARY TABLE t (n int, s text)")
        self._before = self._asked()

    def connect(self, **named: Any) -> Any:
        """Return a new connection."""
        return self.driver.connect(**MYSQL, autocommit=True, **named)

    def cursor(self, kind: str = "Cursor") -> Any:
        """Return a new cursor of that class."""
        return self.connection.cursor(getattr(self.cursors, kind))

    def _asked(self) -> int:
        """Ask the server, past any cursor."""
        self.connection.query(QUESTIONS)
        if self.name == "pymysql":
            row = self.connection._result.rows[0]
        else:
            (row,) = self.connection.store_result().fetch_row(0)
        return int(row[1])

    def questions(self) -> int:
        """How many statements the server has been sent since."""
        return self._asked() - self._before - 1


@pytest.fixture(params=["pymysql", "MySQLdb"])
def mysql(request: Any) -> Iterator[MySQL]:
    made = MySQL(request.param)
    yield made
    made.connection.close()


@pytest.fixture
def watched(mysql: MySQL) -> Iterator[Watched]:
    with Watched() as found:
        yield found


def executed(cursor: Any, *given: Any) -> Any:
    cursor.execute(*(given or ("SELECT 1 UNION SELECT 2",)))
    return cursor


def many(cursor: Any) -> None:
    cursor.executemany("INSERT INTO t (n) VALUES (%s)", [(1,), (2,), (3,)])


def many_by_one(cursor: Any) -> None:
    cursor.executemany("UPDATE t SET n = %s", [(1,), (2,), (3,)])


def many_at_once(cursor: Any) -> None:
    cursor.max_stmt_length = 30
    many(cursor)


def procedure(m: MySQL) -> None:
    cursor = m.cursor()
    cursor.callproc("test.no_such_procedure", (1,))


def failing(send: Callable[[], Any], m: MySQL) -> None:
    with pytest.raises(m.driver.Error):
        send()


def own(m: MySQL) -> Any:
    class Own(m.cursors.DictCursor):  # type: ignore[misc,name-defined]  # the driver may not be installed
        """A user's own."""

        def execute(self, *given: Any) -> Any:
            super().execute("SELECT 'first'")
            return super().execute(*given)

    return m.connection.cursor(Own)


def with_cursor(m: MySQL) -> None:
    with m.connection.cursor() as cursor:
        executed(cursor)


# What is sent; how many statements that is to us, and to the server.
STYLES: Dict[str, Tuple[Callable[[MySQL], Any], int, int]] = {
    "execute": (lambda m: executed(m.cursor()), 1, 1),
    "parameters": (lambda m: executed(m.cursor(), "SELECT %s", (1,)), 1, 1),
    "args=": (lambda m: m.cursor().execute("SELECT %(a)s", args={"a": 1}), 1, 1),
    "query=": (lambda m: m.cursor().execute(query="SELECT 1"), 1, 1),
    "with": (with_cursor, 1, 1),
    "iterated": (lambda m: list(executed(m.cursor())), 1, 1),
    "DictCursor": (lambda m: executed(m.cursor("DictCursor")).fetchall(), 1, 1),
    "SSCursor": (lambda m: executed(m.cursor("SSCursor")).fetchall(), 1, 1),
    "SSDictCursor": (lambda m: list(executed(m.cursor("SSDictCursor"))), 1, 1),
    "executemany, one INSERT": (lambda m: many(m.cursor()), 1, 1),
    "executemany, several INSERTs": (lambda m: many_at_once(m.cursor()), 1, 3),
    "executemany, row by row": (lambda m: many_by_one(m.cursor()), 1, 3),
    "callproc": (lambda m: failing(lambda: procedure(m), m), 1, 2),
    "failed": (lambda m: failing(lambda: executed(m.cursor(), "SELECT * FROM nowhere"), m), 1, 1),
    "own cursor": (lambda m: executed(own(m), "SELECT 1"), 2, 2),
    "mogrify": (lambda m: m.cursor().mogrify("SELECT %s", (1,)), 0, 0),
    "transaction": (lambda m: (m.connection.begin(), m.connection.rollback()), 0, 2),
}


@pytest.mark.parametrize("style", STYLES)
def test_each_way_to_send_is_counted_as_the_server_sees_it(style: str, watched: Watched, mysql: MySQL) -> None:
    send, ours, the_servers = STYLES[style]
    if style == "mogrify" and not hasattr(mysql.cursor(), "mogrify"):
        pytest.skip("an old mysqlclient has none")
    if style == "transaction" and not hasattr(mysql.connection, "begin"):
        pytest.skip("mysqlclient has no begin()")
    send(mysql)
    assert (watched.count(), mysql.questions()) == (ours, the_servers)


def test_connection_goes_by_its_database_and_says_no_password(watched: Watched, mysql: MySQL) -> None:
    executed(mysql.cursor())
    (query,) = watched.sent()
    assert query.connection == f"{mysql.name}:{MYSQL['database']}"


def test_statements_are_taken_as_they_were_passed(watched: Watched, mysql: MySQL) -> None:
    cursor = mysql.cursor()
    executed(cursor, b"SELECT 1")
    executed(cursor, "SELECT %s", (1,))
    many(cursor)
    assert watched.counts() == {"SELECT 1": 1, "SELECT %s": 1, "INSERT INTO t (n) VALUES (%s)": 1}


def test_parameters_tell_executions_apart_and_many_are_not_looked_at(watched: Watched, mysql: MySQL) -> None:
    cursor = mysql.cursor()
    for value in (1, 2, 2):
        executed(cursor, "SELECT %s", (value,))
    asked: List[int] = []
    cursor.executemany("INSERT INTO t (n) VALUES (%s)", (asked.append(number) or (number,) for number in range(3)))
    one, several = watched.sent()
    assert (sorted(one.parameters.values()), one.untold) == ([1, 2], 0)
    assert (asked, several.count, several.untold) == ([0, 1, 2], 1, 1)


def test_time_of_rows_that_wait_in_the_server_is_the_statements(watched: Watched, mysql: MySQL) -> None:
    cursor = executed(mysql.cursor("SSCursor"), "SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5")
    (query,) = watched.now()
    seen = [query.spent]
    for fetch in (cursor.fetchone, lambda: next(iter(cursor)), lambda: cursor.fetchmany(1), cursor.fetchall):
        fetch()
        seen.append(query.spent)
    assert seen == sorted(set(seen))
    assert (query.count, query.longest) == (1, query.spent)


def test_what_the_user_sees_stays_as_it_was(watched: Watched, mysql: MySQL) -> None:
    cursor = mysql.cursor()
    assert type(cursor) is mysql.cursors.Cursor
    assert cursor.connection is mysql.connection
    assert cursor.execute("SELECT 1 UNION SELECT 2") == 2
    base = getattr(mysql.cursors, "BaseCursor", mysql.cursors.Cursor)
    assert (base.execute.__name__, base.execute.__qualname__) == ("execute", f"{base.__name__}.execute")


def test_classes_are_as_they_were_when_the_run_is_over(mysql: MySQL) -> None:
    kinds = ("Cursor", "SSCursor", "BaseCursor", "CursorUseResultMixIn")
    known = [getattr(mysql.cursors, name) for name in kinds if hasattr(mysql.cursors, name)]
    before = [dict(vars(kind)) for kind in known]
    with Watched():
        assert [dict(vars(kind)) for kind in known] != before
    assert [dict(vars(kind)) for kind in known] == before


def test_errors_look_as_they_do_without_us(watched: Watched, mysql: MySQL) -> None:
    cursor = mysql.cursor()
    with pytest.raises(mysql.driver.ProgrammingError) as raised:
        cursor.execute("SELECT * FROM nowhere")
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    if sys.version_info >= (3, 11):  # before, `raise` puts the innermost frame back
        assert frames[:2] == ["test_errors_look_as_they_do_without_us", "execute"]
        files = [frame.filename for frame in traceback.extract_tb(raised.value.__traceback__)]
        assert [name for name in files if "trim_telemetry" in name] == []
    cursor.close()
    with pytest.raises(mysql.driver.ProgrammingError, match=r"(?i)cursor closed"):
        cursor.execute("SELECT 1")
    assert [(query.sql, query.failed) for query in watched.sent()] == [("SELECT * FROM nowhere", 1), ("SELECT 1", 1)]


def test_warning_is_about_the_line_that_it_is_about_without_us(watched: Watched, mysql: MySQL) -> None:
    if mysql.name == "MySQLdb" or not hasattr(mysql.cursors.Cursor, "_mogrify"):
        pytest.skip("has no such warning")
    with pytest.warns(DeprecationWarning, match="single argument") as seen:
        mysql.cursor().execute("SELECT %s", 1)
    assert {warning.filename for warning in seen} == {__file__}


@pytest.mark.filterwarnings("ignore:single argument is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    "statement, parameters",
    [
        ("", None),
        ("SELECT 1 \0", None),
        (f"SELECT length('{'x' * 10_000_000}')", None),
        (None, None),
        (b"SELECT '\xff'", None),
        ("SELECT %s", (Hostile(),)),
        ("SELECT %s", (object,)),
        ("SELECT %s, %s", (number for number in (1, 2))),
        ("SELECT %s", ()),
    ],
    ids=["empty", "NUL", "10 MB", "None", "bytes", "hostile", "unknown", "generator", "too few"],
)
def test_hostile_statements_end_as_they_would_without_us(
    statement: Any, parameters: Any, watched: Watched, mysql: MySQL
) -> None:
    ends: List[Any] = []
    base = getattr(mysql.cursors, "BaseCursor", mysql.cursors.Cursor)
    given = (statement,) if parameters is None else (statement, parameters)
    for execute in (base.execute.__wrapped__, base.execute):
        connection = mysql.connect()
        cursor = connection.cursor()
        if ends and not isinstance(parameters, (tuple, type(None))):
            given = (statement, (number for number in (1, 2)))  # the first run has used it up
        try:
            ends.append((execute(cursor, *given), cursor.fetchall()))
        except Exception as error:  # noqa: BLE001  # whatever it is, with us or without
            ends.append((type(error), str(error)))
    assert ends[0] == ends[1]
    (query,) = watched.sent()
    assert (query.count, query.failed) == (1, int(isinstance(ends[1][0], type)))
    assert len(query.sql) < 101_000


def test_cursor_closed_in_another_thread_and_connection_closed_in_mid_iteration(watched: Watched, mysql: MySQL) -> None:
    cursor = executed(mysql.cursor())
    closing = threading.Thread(target=cursor.close)
    closing.start()
    closing.join()
    with pytest.raises(mysql.driver.Error):
        cursor.execute("SELECT 1")
    connection = mysql.connect()
    rows = executed(connection.cursor(mysql.cursors.SSCursor))
    rows.fetchone()
    connection.close()
    if mysql.name == "pymysql":
        rows._result.unbuffered_active = False  # or it complains of itself when it is collected
    failing(lambda: rows.execute("SELECT 1"), mysql)
    assert sum(query.failed for query in watched.now()) == 2
    assert watched.count() == 4


def test_pymysql_that_goes_by_the_others_name_is_counted(monkeypatch: Any) -> None:
    pymysql = pytest.importorskip("pymysql")
    need("MySQL", lambda: pymysql.connect(**MYSQL))
    for name in [name for name in sys.modules if name.partition(".")[0] == "MySQLdb"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(pymysql, "cursors", pymysql.cursors)  # importing the other's sets it
    for name in ("MySQLdb", "_mysql"):
        monkeypatch.setitem(sys.modules, name, None)
    with Watched() as watched:
        pymysql.install_as_MySQLdb()
        driver = importlib.import_module("MySQLdb")
        cursors = importlib.import_module("MySQLdb.cursors")
        connection = driver.connect(**MYSQL)
        executed(connection.cursor())
        executed(connection.cursor(cursors.DictCursor))
        connection.close()
        assert watched.count() == 2
    for name in [name for name in sys.modules if name.partition(".")[0] == "MySQLdb"]:
        del sys.modules[name]
